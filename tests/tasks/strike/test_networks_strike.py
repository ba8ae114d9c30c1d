"""Classification of pictures: blocks, balanced actions, the head, the feature cache, and the baselines."""

from dataclasses import replace

import numpy as np
import pytest
from strikes import tiny_backbone

from handsign import tasks
from handsign.api import fit
from handsign.bundle.h5 import load_h5
from handsign.bundle.keras_loader import import_keras
from handsign.data import dataset
from handsign.data.prepare import prepare
from handsign.data.split import Split
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.evaluate.crossvalidation import results
from handsign.learn.config import TrainConfig
from handsign.learn.training import train
from handsign.tasks.strike import backbone, feature_cache, networks
from handsign.tasks.strike.augment import COPIES
from handsign.tasks.strike.images import ImageStore
from handsign.tasks.strike.networks import MAX_COPIES, PictureObjective, copies_for_balance
from handsign.tasks.strike.windowing import BLOCKS, PictureWindowing

HEIGHT, WIDTH = 56, 100


@pytest.fixture
def strike(monkeypatch, tmp_path):
    """The task with a tiny backbone and a cache of its own."""
    monkeypatch.setattr(backbone, "BACKBONES", {"lite0": tiny_backbone})
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
    store = ImageStore(tmp_path / "data")
    for i, (label, count) in enumerate((("punch", 12), ("punch", 18), ("kick", 10), ("other", 15))):
        store.add(take(label, count, seed=i, signer="me"))
    return tmp_path / "data"


def prepared(task, folder, split=None):
    """The dataset of the takes in a folder."""
    return prepare(folder, task.format, task.windowing, split or Split())[0]


WINDOWING = PictureWindowing(length=1, rate=10.0)
SHAPE = (1, HEIGHT, WIDTH, 3)
CONFIG = TrainConfig(epochs=15, batch=64, logs=None)


class TestBlocks:
    def test_all_pictures_of_an_action_in_five_contiguous_blocks(self):
        units = WINDOWING.split_units(
            [take(name="a", count=12), take(name="b", count=18), take("punch", 10, name="c")], ()
        )
        assert [unit.name for unit in units] == [
            "a#0",
            "a#1",
            *(f"b#{i}" for i in range(2, 5)),
            *(f"c#{i}" for i in range(5)),
        ]
        assert [len(unit.times) for unit in units] == [6, 6, 6, 6, 6, 2, 2, 2, 2, 2]
        assert np.concatenate([unit.times for unit in units[:2]]).tolist() == pytest.approx(
            (np.arange(12) / 10).tolist()
        )

    def test_a_take_at_a_border_is_cut(self):
        units = WINDOWING.split_units([take(name="a", count=3), take(name="b", count=7)], ())
        assert [(unit.name, len(unit.times)) for unit in units] == [
            ("a#0", 2), ("a#1", 1), ("b#1", 1), ("b#2", 2), ("b#3", 2), ("b#4", 2),
        ]  # fmt: skip
        assert {WINDOWING.group(unit) for unit in units} == {f"kick#{i}" for i in range(BLOCKS)}

    def test_a_block_is_in_one_part_of_a_split(self, strike, folder):
        data = prepared(strike, folder)
        label = data.y.argmax(axis=1)
        blocks = [f"{i}{name.rpartition('#')[2]}" for i, name in zip(label, data.take, strict=True)]
        assert all(len({p for p, b in zip(data.part, blocks, strict=True) if b == block}) == 1 for block in blocks)
        for i in range(3):
            assert set(data.part[label == i]) == {"train", "val", "test"}

    def test_many_takes_are_not_cut(self):
        takes = [take(name=str(i), count=4 + i) for i in range(7)]
        units = WINDOWING.split_units(takes, ())
        assert [len(unit.times) for unit in units] == [len(one.times) for one in takes]
        blocks = [int(unit.name.rpartition("#")[2]) for unit in units]
        assert blocks == sorted(blocks)
        assert set(blocks) == set(range(BLOCKS))

    def test_few_pictures_make_few_blocks(self):
        assert [len(unit.times) for unit in WINDOWING.split_units([take(count=2)], ())] == [1, 1]


class TestWindows:
    def test_every_picture_ends_a_window(self):
        found = list(WINDOWING.pairs(take(count=7), 10.0, ()))
        assert len(found) == 7
        assert found[3][0].shape == (1, HEIGHT, WIDTH, 3)
        assert {label for _, label in found} == {"kick"}

    @pytest.mark.parametrize("rate", [10.0, 30.0])
    def test_a_longer_window_ends_with_each_picture_that_has_enough_before_it(self, rate):
        one = take(count=30, rate=rate)
        found = [window for window, _ in replace(WINDOWING, length=4).pairs(one, 10.0, ())]
        step = round(rate / 10)
        assert len(found) == 30 - 3 * step
        np.testing.assert_allclose(found[0], one.samples[: 3 * step + 1 : step], atol=1e-3)

    def test_the_rate_is_the_tasks_own_and_short_takes_are_left_out(self, strike, tmp_path):
        store = ImageStore(tmp_path / "data")
        store.add(take(count=30))
        store.add(take("punch", 90, rate=30.0))
        store.add(take("other", 2))
        data = prepared(strike.with_shape(window=4), tmp_path / "data")
        assert data.rate == 10.0
        assert data.labels == ["kick", "punch"]
        assert "under 3 samples" in data.left_out[0][1]


class TestNetwork:
    @pytest.mark.parametrize(("binary", "labels", "count"), [(True, 2, 1_050_625), (False, 3, 1_052_675)])
    def test_the_head_has_the_articles_weights(self, binary, labels, count):
        head = PictureObjective(binary=binary)._head((1, 1024), ["a", "b", "c"][:labels])
        assert head.count_params() == count

    def test_only_the_head_learns(self, strike):
        model = strike.network().build(SHAPE, ["a", "b"])
        assert {id(v) for v in model.trainable_variables} == {
            id(v) for v in model.get_layer("head").trainable_variables
        }

    def test_the_backbone_is_given_the_mean_of_the_channels(self, strike):
        model = strike.network().build(SHAPE, ["a", "b"])
        x = np.random.default_rng(0).uniform(0, 255, (2, 1, HEIGHT, WIDTH, 3)).astype(np.float32)
        grey = np.repeat(x.mean(axis=-1, keepdims=True), 3, axis=-1)
        for other in (x[..., ::-1], grey):
            np.testing.assert_allclose(model.predict_on_batch(other), model.predict_on_batch(x), atol=1e-5)

    @pytest.mark.parametrize(("labels", "one"), [(["other", "punch"], 1), (["kick", "other"], 0), (["a", "b"], 1)])
    def test_one_sigmoid_is_two_probabilities(self, strike, labels, one):
        head = strike.network("binary").objective._head((1, 8), labels)
        x = np.random.default_rng(0).normal(0, 3, (5, 1, 8)).astype(np.float32)
        y_pred = head.predict_on_batch(x)
        np.testing.assert_allclose(y_pred.sum(axis=1), 1, atol=1e-6)
        keras = import_keras()
        sigmoid = keras.Model(head.input, next(o for o in (layer.output for layer in head.layers) if o.shape[-1] == 1))
        np.testing.assert_allclose(sigmoid.predict_on_batch(x)[:, 0], y_pred[:, one], atol=1e-6)

    def test_binary_takes_two_labels(self, strike):
        with pytest.raises(InputError, match="tells two actions apart, and there are 3: a, b, c"):
            strike.network("binary").build(SHAPE, ["a", "b", "c"])

    def test_networks_can_be_combined(self, strike):
        both = strike.network("binary", "original", "lstm")
        assert (both.objective.binary, both.objective.original, both.objective.cell) == (True, True, "LSTM")
        assert both.config == {"learning_rate": 1e-6, "weight_decay": 0.0, "epochs": 50}
        assert both.trigger.threshold == 0.4
        assert strike.network("original").config["epochs"] == 500
        with pytest.raises(InputError, match="needs no training: run realtime"):
            strike.network("silhouette")

    @pytest.mark.slow
    @pytest.mark.parametrize("names", [(), ("lstm",)])
    def test_a_recurrent_head_is_trained_saved_and_loaded(self, strike, folder, tmp_path, names):
        task = strike.with_shape(window=3)
        network = task.network(*names)
        training = fit(task, network, prepared(task, folder), tmp_path / "s.h5", replace(CONFIG, epochs=1))
        assert [type(layer).__name__ for layer in training.result.model.get_layer("head").layers][1] == (
            "LSTM" if names else "GRU"
        )
        training.save(tmp_path / "s.h5")
        x = np.random.default_rng(0).uniform(0, 255, (2, 3, HEIGHT, WIDTH, 3)).astype(np.float32)
        expected = training.predict(x)
        np.testing.assert_allclose(task.load_model(tmp_path / "s.h5").predict(x), expected, atol=1e-5)
        np.testing.assert_allclose(load_h5(tmp_path / "s.h5").predict_on_batch(x), expected, atol=1e-6)

    def test_the_original_loss_takes_probabilities_for_logits(self, strike):
        y, y_pred = np.array([[0, 1.0]], np.float32), np.array([[0.2, 0.8]], np.float32)
        binary = strike.network("binary", "original").objective.loss
        assert float(np.mean(binary(y, y_pred))) == pytest.approx(np.log(1 + np.exp(-0.8)), abs=1e-6)
        several = strike.network("original").objective.loss
        assert float(np.mean(several(y, y_pred))) == pytest.approx(np.log(1 + np.exp(-0.6)), abs=1e-6)


class TestTrainingView:
    def view(self, task, data, part="train"):
        """The whole model, then the trained one with its inputs and targets."""
        network = task.network()
        model = network.build(data.X.shape[1:], data.labels)
        return (model, *network.objective.training_view(model, data, part))

    @pytest.mark.slow
    def test_actions_are_balanced(self, strike, folder):
        data = prepared(strike, folder, Split(test_size=0))
        _, head, x, y = self.view(strike, data)
        counts = y.sum(axis=0)
        assert counts.max() == (COPIES + 1) * data.rows("train")[1].sum(axis=0).max()
        assert counts.min() == counts.max()
        assert x.shape == (len(y), 1, 8)
        assert head.input_shape == (None, 1, 8)

    def test_the_copies_of_a_picture_are_limited(self):
        y = np.eye(2)[[0] * 200 + [1]]
        assert copies_for_balance(y, COPIES).tolist() == [COPIES] * 200 + [MAX_COPIES]

    def test_validation_pictures_are_not_augmented(self, strike, folder):
        data = prepared(strike, folder)
        model, head, x, y = self.view(strike, data, "val")
        assert len(x) == len(y) == (data.part == "val").sum()
        expected = model.predict_on_batch(data.rows("val")[0])
        np.testing.assert_allclose(head.predict_on_batch(x), expected, atol=1e-5)

    def test_features_are_computed_once_whatever_the_split(self, strike, folder, monkeypatch):
        data = prepared(strike, folder)
        calls = []
        monkeypatch.setattr(
            feature_cache,
            "augment_image",
            lambda *args: calls.append(args) or np.zeros((COPIES, HEIGHT, WIDTH, 3), np.float32),
        )
        first = self.view(strike, data)[2]
        count = len(calls)
        assert count >= len(data.rows("train")[0])
        again = self.view(strike, data)[2]
        assert len(calls) == count
        np.testing.assert_array_equal(first, again)
        self.view(strike, replace(data, part=np.where(data.part == "test", "val", data.part)))
        assert len(calls) == count

    @pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", None])
    def test_a_damaged_cache_is_ignored(self, strike, folder, tmp_path, damage):
        data = prepared(strike, folder)
        first = self.view(strike, data, "val")[2]
        (file,) = (tmp_path / "cache").glob("features-*.npz")
        if damage is None:
            np.savez(
                file, keys=np.zeros((2, 16), np.uint8), counts=np.array([1, 5]), features=np.zeros((2, 8), np.float32)
            )
        else:
            file.write_bytes(damage)
        np.testing.assert_array_equal(self.view(strike, data, "val")[2], first)

    def test_the_cache_keeps_the_features_that_were_used_last(self, strike, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(feature_cache, "LIMIT", 5)
        data = prepared(strike, folder)
        self.view(strike, data, "val")
        (file,) = (tmp_path / "cache").glob("features-*.npz")
        with np.load(file) as found:
            assert len(found["features"]) == 5

    def test_a_cache_that_cannot_be_written_stops_nothing(self, strike, folder, tmp_path, caplog):
        (tmp_path / "cache").write_text("a file")
        data = prepared(strike, folder)
        assert len(self.view(strike, data, "val")[2])
        assert "features are not cached" in caplog.text

    def test_nothing_is_flipped_where_labels_name_sides(self, strike, folder, monkeypatch):
        flips = []
        nothing = np.zeros((COPIES, HEIGHT, WIDTH, 3), np.float32)
        monkeypatch.setattr(
            feature_cache, "augment_image", lambda picture, count, seed, flip: flips.append(flip) or nothing
        )
        data = prepared(strike, folder)
        self.view(strike, data)
        assert set(flips) == {True}
        self.view(strike, replace(data, labels=["left punch", "other", "right punch"]))
        assert flips[-1] is False

    def test_the_pictures_of_a_window_are_augmented_alike(self, strike, folder, monkeypatch):
        seeds = {}
        nothing = np.zeros((COPIES, HEIGHT, WIDTH, 3), np.float32)

        def augment_image(picture, count, seed, flip):
            seeds.setdefault(seed, []).append(picture)
            return nothing

        monkeypatch.setattr(feature_cache, "augment_image", augment_image)
        task = strike.with_shape(window=3)
        data = prepared(task, folder)
        _, _, x, _ = self.view(task, data)
        assert x.shape[1:] == (3, 8)
        takes = len(set(data.take[data.part == "train"]))
        assert len(seeds) <= 4 * takes  # one for each take, and more for those with more variations
        assert max(map(len, seeds.values())) >= 3


class TestEvaluator:
    @pytest.mark.slow
    def test_blocks_are_left_out_in_turn_and_evaluated_together(self, strike, folder, tmp_path):
        data = prepared(strike, folder, Split(test_size=0))
        planned = strike.evaluator.folds(data, "blocks", 10)
        assert planned.by == "block"
        assert len(planned.parts) == BLOCKS
        asked = np.sum([part == "test" for part in planned.parts], axis=0)
        assert (asked == 1).all()
        test = results(strike.network(), data, planned, CONFIG)["test"]
        assert test["rows"] == 55
        assert [fold["left_out"] for fold in test["folds"]] == [[f"block {i}"] for i in range(5)]
        baselines = strike.evaluator.baselines(data, planned.parts)
        assert set(baselines) == {"majority", "raw_pixels", "silhouette"}
        assert baselines["majority"] == pytest.approx(30 / 55)
        assert baselines["raw_pixels"] == 1.0

    @pytest.mark.slow
    def test_the_trained_network_is_better_than_chance(self, strike, folder, tmp_path):
        """The bar's side has to survive flipping, so kick and punch cannot be told apart; other can."""
        data = prepared(strike, folder)
        trained = train(strike.network(), data, tmp_path / "s.h5", CONFIG)
        X, y = data.rows("test")
        y_pred = trained.model.predict(X, verbose=0).argmax(axis=1)
        other = y.argmax(axis=1) == data.labels.index("other")
        assert ((y_pred == data.labels.index("other")) == other).all()
        assert trained.learned

    def test_a_protocol_that_cannot_be_run_is_one_line(self, strike, folder):
        data = prepared(strike, folder)
        with pytest.raises(InputError, match="sign cannot be evaluated by blocks"):
            tasks.load("sign").evaluator.folds(replace(data, task="sign"), "blocks", 10)
        one = replace(data, take=np.array([f"{name.partition('#')[0]}#0" for name in data.take]))
        with pytest.raises(InputError, match="too few pictures"):
            strike.evaluator.folds(one, "blocks", 10)
        assert strike.evaluator.folds(data, None, 10) is None

    def test_without_a_test_part_there_are_no_baselines(self, strike, folder):
        data = prepared(strike, folder, Split(test_size=0))
        assert strike.evaluator.baselines(data, []) == {}

    def test_the_summary_has_the_balance_and_the_baselines(self, strike, folder):
        data = prepared(strike, folder)
        text = strike.evaluator.summary({"baselines": {"majority": 0.5, "raw_pixels": 0.75}}, data)
        assert "on the same pictures: majority 50.0%, raw pixels 75.0%" in text
        assert "punch 18 (x 17)" in text
        assert dataset.PARTS == ("train", "val", "test")
        assert networks.UNITS == 1024
