"""The goal of pictures: blocks, balance, features that are computed once, and what it is measured against."""

from dataclasses import replace

import numpy as np
import pytest

from handsign import backbone, dataset, glance, seen
from handsign import task as tasks
from handsign.crossvalidation import plan, results
from handsign.dataset import Split, prepare
from handsign.errors import InputError
from handsign.frames import Pictures
from handsign.glance import BLOCKS, MOST, Glance
from handsign.networks import import_keras
from handsign.takes import Take, TakeInfo
from handsign.training import Options, train
from handsign.variations import COUNT

HEIGHT, WIDTH = 56, 100


def tiny(shape):
    """In place of a backbone: eight features, and its weights are always the same."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    picture = keras.Input(shape)
    x = keras.layers.Conv2D(8, 9, strides=8, activation="relu")(picture)
    return keras.Model(picture, keras.layers.GlobalAveragePooling2D()(x), name="tiny")


@pytest.fixture
def strike(monkeypatch, tmp_path):
    """The task with a tiny backbone and a cache of its own."""
    monkeypatch.setattr(backbone, "BACKBONES", {"lite0": tiny})
    monkeypatch.setenv("HANDSIGN_CACHE", str(tmp_path / "cache"))
    return tasks.load("strike")


def pictures(label, count, rng):
    """Noise with a bright bar: at the left for kick, at the right for punch, nowhere for other."""
    samples = rng.uniform(0, 60, (count, HEIGHT, WIDTH, 3)).astype(np.float32)
    place = {"kick": slice(0, 30), "punch": slice(70, 100), "other": slice(0, 0)}[label]
    samples[:, :, place] += 150
    return samples


def take(label="kick", count=10, rate=10.0, name="a", seed=0, **info):
    samples = pictures(label, count, np.random.default_rng(seed))
    return Take(samples, np.arange(count) / rate, TakeInfo(action=label, **info), name)


@pytest.fixture
def folder(tmp_path):
    """30 pictures of a punch in two takes, 10 of a kick, 15 of other."""
    store = Pictures(tmp_path / "data")
    for i, (label, count) in enumerate((("punch", 12), ("punch", 18), ("kick", 10), ("other", 15))):
        store.add(take(label, count, seed=i, signer="me"))
    return tmp_path / "data"


class TestBlocks:
    def test_all_pictures_of_an_action_in_five_contiguous_blocks(self):
        pieces = Glance().pieces([take(name="a", count=12), take(name="b", count=18), take("punch", 10, name="c")], ())
        assert [piece.name for piece in pieces] == [
            "a#0",
            "a#1",
            *(f"b#{i}" for i in range(2, 5)),
            *(f"c#{i}" for i in range(5)),
        ] or [(p.name, len(p.times)) for p in pieces] == []
        assert [len(piece.times) for piece in pieces] == [6, 6, 6, 6, 6, 2, 2, 2, 2, 2]
        assert np.concatenate([piece.times for piece in pieces[:2]]).tolist() == pytest.approx(
            (np.arange(12) / 10).tolist()
        )

    def test_a_take_at_a_border_is_cut(self):
        pieces = Glance().pieces([take(name="a", count=3), take(name="b", count=7)], ())
        assert [(piece.name, len(piece.times)) for piece in pieces] == [
            ("a#0", 2), ("a#1", 1), ("b#1", 1), ("b#2", 2), ("b#3", 2), ("b#4", 2),
        ]  # fmt: skip
        assert {Glance().unit(piece) for piece in pieces} == {f"kick#{i}" for i in range(BLOCKS)}

    def test_no_block_is_torn_apart_by_a_split(self, strike, folder):
        data, _ = prepare(strike, folder, Split())
        label = data.y.argmax(axis=1)
        units = [f"{i}{name.rpartition('#')[2]}" for i, name in zip(label, data.take, strict=True)]
        assert all(len({p for p, u in zip(data.part, units, strict=True) if u == unit}) == 1 for unit in units)
        for i in range(3):
            assert set(data.part[label == i]) == {"train", "val", "test"}

    def test_many_takes_stay_whole(self):
        takes = [take(name=str(i), count=4 + i) for i in range(7)]
        pieces = Glance().pieces(takes, ())
        assert [len(piece.times) for piece in pieces] == [len(one.times) for one in takes]
        blocks = [int(piece.name.rpartition("#")[2]) for piece in pieces]
        assert blocks == sorted(blocks)
        assert set(blocks) == set(range(BLOCKS))

    def test_few_pictures_make_few_blocks(self):
        assert [len(piece.times) for piece in Glance().pieces([take(count=2)], ())] == [1, 1]


class TestWindows:
    def test_every_picture_is_one(self):
        found = list(Glance().pairs(take(count=7), 1, 10.0, ()))
        assert len(found) == 7
        assert found[3][0].shape == (1, HEIGHT, WIDTH, 3)
        assert {label for _, label in found} == {"kick"}

    @pytest.mark.parametrize("rate", [10.0, 30.0])
    def test_longer_ones_end_with_each_picture_that_has_enough_before_it(self, rate):
        one = take(count=30, rate=rate)
        found = [window for window, _ in Glance().pairs(one, 4, 10.0, ())]
        step = round(rate / 10)
        assert len(found) == 30 - 3 * step
        np.testing.assert_allclose(found[0], one.samples[: 3 * step + 1 : step], atol=1e-3)

    def test_the_rate_is_the_tasks_own_and_short_takes_are_told(self, strike, tmp_path):
        store = Pictures(tmp_path / "data")
        store.add(take(count=30))
        store.add(take("punch", 90, rate=30.0))
        store.add(take("other", 2))
        data, _ = prepare(replace(strike, window=4), tmp_path / "data", Split())
        assert data.rate == 10.0
        assert data.labels == ["kick", "punch"]
        assert "under 3 samples" in data.left_out[0][1]


class TestNetwork:
    @pytest.mark.parametrize(("binary", "labels", "count"), [(True, 2, 1_050_625), (False, 3, 1_052_675)])
    def test_the_head_has_the_articles_weights(self, binary, labels, count):
        head = Glance(binary=binary)._head((1, 1024), ["a", "b", "c"][:labels])
        assert head.count_params() == count

    def test_only_the_head_learns(self, strike):
        model = strike.build((1, HEIGHT, WIDTH, 3), ["a", "b"])
        assert {id(v) for v in model.trainable_variables} == {
            id(v) for v in model.get_layer("head").trainable_variables
        }

    def test_it_sees_the_mean_of_the_channels(self, strike):
        model = strike.build((1, HEIGHT, WIDTH, 3), ["a", "b"])
        x = np.random.default_rng(0).uniform(0, 255, (2, 1, HEIGHT, WIDTH, 3)).astype(np.float32)
        grey = np.repeat(x.mean(axis=-1, keepdims=True), 3, axis=-1)
        for other in (x[..., ::-1], grey):
            np.testing.assert_allclose(model.predict_on_batch(other), model.predict_on_batch(x), atol=1e-5)

    @pytest.mark.parametrize(("labels", "one"), [(["other", "punch"], 1), (["kick", "other"], 0), (["a", "b"], 1)])
    def test_one_sigmoid_is_two_probabilities(self, strike, labels, one):
        goal = strike.variant("binary").goal
        head = goal._head((1, 8), labels)
        x = np.random.default_rng(0).normal(0, 3, (5, 1, 8)).astype(np.float32)
        said = head.predict_on_batch(x)
        np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-6)
        keras = import_keras()
        sigmoid = keras.Model(head.input, next(o for o in (layer.output for layer in head.layers) if o.shape[-1] == 1))
        np.testing.assert_allclose(sigmoid.predict_on_batch(x)[:, 0], said[:, one], atol=1e-6)

    def test_binary_takes_two_labels(self, strike):
        with pytest.raises(InputError, match="tells two actions apart, and there are 3: a, b, c"):
            strike.variant("binary").build((1, HEIGHT, WIDTH, 3), ["a", "b", "c"])

    def test_variants_go_together(self, strike):
        both = strike.variant("binary").variant("original").variant("lstm")
        assert (both.goal.binary, both.goal.original, both.goal.cell) == (True, True, "LSTM")
        assert both.training == {"learning_rate": 1e-6, "weight_decay": 0.0, "epochs": 50}
        assert both.trigger["threshold"] == 0.4
        assert strike.variant("original").training["epochs"] == 500
        with pytest.raises(InputError, match="needs no training: run realtime"):
            strike.variant("silhouette")

    def test_the_original_loss_takes_probabilities_for_logits(self, strike):
        y, said = np.array([[0, 1.0]], np.float32), np.array([[0.2, 0.8]], np.float32)
        binary = strike.variant("binary").variant("original").goal.loss
        assert float(np.mean(binary(y, said))) == pytest.approx(np.log(1 + np.exp(-0.8)), abs=1e-6)
        several = strike.variant("original").goal.loss
        assert float(np.mean(several(y, said))) == pytest.approx(np.log(1 + np.exp(-0.6)), abs=1e-6)


class TestLesson:
    def lesson(self, task, data, part="train"):
        model = task.build(data.X.shape[1:], data.labels)
        return (model, *task.goal.lesson(model, data, part))

    def test_actions_are_brought_into_balance(self, strike, folder):
        data, _ = prepare(strike, folder, Split(test_size=0))
        _, head, x, y = self.lesson(strike, data)
        counts = y.sum(axis=0)
        assert counts.max() == (COUNT + 1) * data.rows("train")[1].sum(axis=0).max()
        assert counts.min() == counts.max()
        assert x.shape == (len(y), 1, 8)
        assert head.input_shape == (None, 1, 8)

    def test_but_no_picture_is_varied_for_ever(self):
        y = np.eye(2)[[0] * 200 + [1]]
        assert Glance()._counts(y).tolist() == [COUNT] * 200 + [MOST]

    def test_others_are_shown_as_they_are(self, strike, folder):
        data, _ = prepare(strike, folder, Split())
        model, head, x, y = self.lesson(strike, data, "val")
        assert len(x) == len(y) == (data.part == "val").sum()
        expected = model.predict_on_batch(data.rows("val")[0])
        np.testing.assert_allclose(head.predict_on_batch(x), expected, atol=1e-5)

    def test_features_are_computed_once_whatever_else_is_learned_from(self, strike, folder, monkeypatch):
        data, _ = prepare(strike, folder, Split())
        calls = []
        monkeypatch.setattr(
            seen, "vary", lambda *args: calls.append(args) or np.zeros((COUNT, HEIGHT, WIDTH, 3), np.float32)
        )
        first = self.lesson(strike, data)[2]
        count = len(calls)
        assert count >= len(data.rows("train")[0])
        again = self.lesson(strike, data)[2]
        assert len(calls) == count
        np.testing.assert_array_equal(first, again)
        self.lesson(strike, replace(data, part=np.where(data.part == "test", "val", data.part)))
        assert len(calls) == count

    @pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", None])
    def test_a_damaged_cache_is_done_without(self, strike, folder, tmp_path, damage):
        data, _ = prepare(strike, folder, Split())
        first = self.lesson(strike, data, "val")[2]
        (file,) = (tmp_path / "cache").glob("features-*.npz")
        if damage is None:
            np.savez(
                file, keys=np.zeros((2, 16), np.uint8), counts=np.array([1, 5]), features=np.zeros((2, 8), np.float32)
            )
        else:
            file.write_bytes(damage)
        np.testing.assert_array_equal(self.lesson(strike, data, "val")[2], first)

    def test_the_cache_keeps_what_was_asked_last(self, strike, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(seen, "LIMIT", 5)
        data, _ = prepare(strike, folder, Split())
        self.lesson(strike, data, "val")
        (file,) = (tmp_path / "cache").glob("features-*.npz")
        with np.load(file) as found:
            assert len(found["features"]) == 5

    def test_a_cache_that_cannot_be_written_stops_nothing(self, strike, folder, tmp_path, caplog):
        (tmp_path / "cache").write_text("a file")
        data, _ = prepare(strike, folder, Split())
        assert len(self.lesson(strike, data, "val")[2])
        assert "features are not cached" in caplog.text

    def test_features_of_another_version_are_not_used(self, strike, folder, tmp_path, monkeypatch):
        data, _ = prepare(strike, folder, Split())
        self.lesson(strike, data, "val")
        monkeypatch.setattr(seen, "VERSION", 2)
        self.lesson(strike, data, "val")
        names = sorted(path.name for path in (tmp_path / "cache").glob("features-*.npz"))
        assert [name[:12] for name in names] == ["features-v1-", "features-v2-"]

    def test_sides_that_have_names_are_not_flipped(self, strike, folder, monkeypatch):
        flips = []
        nothing = np.zeros((COUNT, HEIGHT, WIDTH, 3), np.float32)
        monkeypatch.setattr(seen, "vary", lambda picture, count, seed, flip: flips.append(flip) or nothing)
        data, _ = prepare(strike, folder, Split())
        self.lesson(strike, data)
        assert set(flips) == {True}
        self.lesson(strike, replace(data, labels=["left punch", "other", "right punch"]))
        assert flips[-1] is False

    def test_the_pictures_of_a_window_vary_together(self, strike, folder, monkeypatch):
        seeds = {}
        nothing = np.zeros((COUNT, HEIGHT, WIDTH, 3), np.float32)

        def vary(picture, count, seed, flip):
            seeds.setdefault(seed, []).append(picture)
            return nothing

        monkeypatch.setattr(seen, "vary", vary)
        task = replace(strike, window=3)
        data, _ = prepare(task, folder, Split())
        _, _, x, _ = self.lesson(task, data)
        assert x.shape[1:] == (3, 8)
        takes = len(set(data.take[data.part == "train"]))
        assert len(seeds) <= 4 * takes  # one for each take, and more for those with more variations
        assert max(map(len, seeds.values())) >= 3


class TestMeasures:
    def test_blocks_are_left_out_in_turn_and_put_together(self, strike, folder, tmp_path):
        data, _ = prepare(strike, folder, Split(test_size=0))
        planned = plan(strike, data, "blocks", 10)
        assert planned.by == "block"
        assert len(planned.parts) == BLOCKS
        asked = np.sum([part == "test" for part in planned.parts], axis=0)
        assert (asked == 1).all()
        test = results(strike, data, planned, Options(epochs=15, batch=64, logs=None))["test"]
        assert test["rows"] == 55
        assert [fold["left_out"] for fold in test["folds"]] == [[f"block {i}"] for i in range(5)]
        baselines = strike.goal.baselines(data, planned.parts)
        assert set(baselines) == {"majority", "raw_pixels", "silhouette"}
        assert baselines["majority"] == pytest.approx(30 / 55)
        assert baselines["raw_pixels"] == 1.0

    def test_what_learns_is_better_than_guessing(self, strike, folder, tmp_path):
        """The bar's side has to survive flipping, so of kick and punch nothing can be known; other is seen."""
        data, _ = prepare(strike, folder, Split())
        trained = train(strike, data, tmp_path / "s.h5", Options(epochs=15, batch=64, logs=None))
        X, y = data.rows("test")
        said = trained.model.predict(X, verbose=0).argmax(axis=1)
        other = y.argmax(axis=1) == data.labels.index("other")
        assert ((said == data.labels.index("other")) == other).all()
        assert trained.learned

    def test_other_trials_are_refused_in_a_line(self, strike, folder):
        data, _ = prepare(strike, folder, Split())
        with pytest.raises(InputError, match="sign cannot be evaluated by blocks"):
            plan(tasks.load("sign"), data, "blocks", 10)
        one = replace(data, take=np.array([f"{name.partition('#')[0]}#0" for name in data.take]))
        with pytest.raises(InputError, match="too few pictures"):
            plan(strike, one, "blocks", 10)
        assert plan(strike, data, None, 10) is None

    def test_without_a_test_part_nothing_is_compared(self, strike, folder):
        data, _ = prepare(strike, folder, Split(test_size=0))
        assert strike.goal.baselines(data, []) == {}

    def test_the_summary_tells_the_balance_and_what_is_easy_to_beat(self, strike, folder):
        data, _ = prepare(strike, folder, Split())
        told = strike.goal.summary({"baselines": {"majority": 0.5, "raw_pixels": 0.75}}, data)
        assert "on the same pictures: majority 50.0%, raw pixels 75.0%" in told
        assert "punch 18 (x 17)" in told
        assert dataset.PARTS == ("train", "val", "test")
        assert glance.UNITS == 1024
