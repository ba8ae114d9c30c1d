"""The task `signer`: features, identification, verification, enrolment, transfer, and the scripts."""

import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from conftest import ROOT
from test_motion_image import stroke
from tiny import make_network

from benchmarks import crowd
from handsign import tasks
from handsign.bundle.h5 import load_h5
from handsign.bundle.info import BundleInfo
from handsign.data.prepare import prepare
from handsign.data.readers import read
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.landmarks.holistic import HAND_NAMES, HOLISTIC
from handsign.learn.transfer import with_weights
from handsign.tasks.signer import enrolment, features, verification
from handsign.tasks.signer.identification import SignerWindowing, runs, timed, together
from handsign.tasks.signer.scores import Claim, log_odds, verification_metrics


def take(signer="ann", session="one", count=50, name="", seed=0):
    rng = np.random.default_rng(seed)
    samples = np.column_stack([rng.random((count, 2)), np.zeros((count, 2))]).astype(np.float32)
    return Take(
        samples, np.cumsum(rng.uniform(0.01, 0.03, count)), TakeInfo(action="x", signer=signer, session=session), name
    )


class TestFeatures:
    def test_an_action_ends_with_a_rest_and_with_a_click(self):
        path = np.concatenate([stroke(0), stroke(90), stroke(180)])
        assert len(features.action_features(path)) == 1
        path[12, 3] = 1.0
        assert len(features.action_features(path)) == 2
        path[22, 2] = 1
        assert len(features.action_features(path)) == 3

    def test_long_actions_are_cut_and_short_ones_left_out(self):
        assert len(features.action_features(stroke(count=3 * features.MAX_STEPS + 1))) == 3
        assert len(features.action_features(stroke(count=features.MIN_STEPS))) == 0

    def test_duration_length_and_direction_of_a_straight_action(self):
        count, duration, total, chord, dx, dy, straightness, angle = features.action_features(
            stroke(90, 0.5, count=26)
        )[0][:8]
        assert (count, duration) == (25, pytest.approx(0.5, abs=1e-3))
        assert (total, chord, dy) == (pytest.approx(0.25, rel=1e-3),) * 3
        assert (dx, straightness, angle) == (
            pytest.approx(0, abs=1e-4),
            pytest.approx(1, abs=1e-3),
            pytest.approx(np.pi / 2),
        )

    def test_the_features_of_an_action_do_not_depend_on_the_others(self):
        one, other = stroke(10, 0.3, 2.0), stroke(120, 1.0, count=20)
        other[0, 3] = 5.0
        both = features.action_features(np.concatenate([one, other]))
        np.testing.assert_allclose(both[0][:7], features.action_features(one)[0][:7], rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("extract", [features.action_features, features.segment_features])
    @pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 40, 1000])
    def test_every_recording_has_the_same_number_of_finite_features(self, extract, count):
        rows = extract(take(count=count).samples if count else np.zeros((0, 4), np.float32))
        assert rows.shape[1] == extract(stroke()).shape[1]
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()

    def test_the_features_of_a_segment_depend_on_the_clock(self):
        slow, quick = (
            features.segment_features(stroke(interval=interval, count=100))[0][: len(features.INTERVAL_EDGES) - 1]
            for interval in (0.0156, 0.008)
        )
        assert np.argmax(slow[1:]) != np.argmax(quick[1:])


class TestIdentification:
    def test_windows_are_samples_as_they_came_and_at_most_so_many(self):
        samples = np.arange(1000, dtype=np.float32)[:, None]
        found = list(runs(samples, 100, 1000))
        assert [int(w[0, 0]) for w in found[:3]] == [0, 50, 100]
        assert (len(found), found[-1][-1, 0]) == (19, 999)
        capped = list(runs(samples, 100, 5))
        assert [int(w[0, 0]) for w in capped] == [0, 225, 450, 675, 900]

    def test_a_short_recording_is_one_window_that_begins_at_rest(self):
        (window,) = runs(np.arange(1, 4, dtype=np.float32)[:, None], 6, 10)
        assert window[:, 0].tolist() == [1, 1, 1, 1, 2, 3]

    def test_the_seconds_since_the_last_sample_are_those_of_the_times(self):
        given = take()
        assert timed(given).samples[0, -1] == 0
        np.testing.assert_allclose(timed(given).samples[1:, -1], np.diff(given.times), rtol=1e-5)
        assert not given.samples[:, -1].any()

    def test_the_label_is_the_signer_and_a_recording_session_is_in_one_part(self, tmp_path):
        store, task = Store(tmp_path), tasks.load("signer")
        for person in ("ann", "ben"):
            for session in "abcdef":
                for n in range(3):
                    store.add(take(person, session, 220, seed=n))
        data, _ = prepare(tmp_path, task.format, task.windowing, Split())
        assert data.labels == ["ann", "ben"]
        where = {}
        for signer, session, part in zip(data.signer, data.session, data.part, strict=True):
            where.setdefault((signer, session), set()).add(part)
        assert {len(parts) for parts in where.values()} == {1}
        for person in data.labels:
            assert {"train", "val", "test"} == {next(iter(p)) for (who, _), p in where.items() if who == person}

    def test_one_person_cannot_be_told_apart(self):
        with pytest.raises(InputError, match="at least two people"):
            SignerWindowing(length=200, rate=30.0).targets(["ann", "ann"])

    def test_one_certain_window_does_not_outvote_the_others(self):
        mostly = np.array([[0.7, 0.3]] * 9 + [[0.0, 1.0]])
        assert together(mostly).argmax() == 0


class TestFingertipPath:
    def test_it_is_the_index_fingertip_and_stays_while_there_is_none(self):
        keypoints = np.zeros((6, HOLISTIC.size), np.float32)
        hand = HOLISTIC.view(keypoints, "right_hand")
        hand[[1, 2, 4]] = 0.5
        hand[[1, 2, 4], HAND_NAMES.index("index_finger_tip"), 0] = [0.1, 0.2, 0.4]
        path = tasks.load("signer").format.adapt(keypoints)
        assert path.shape == (6, 4)
        np.testing.assert_allclose(path[:, 0], [0.1, 0.1, 0.2, 0.2, 0.4, 0.4])
        np.testing.assert_allclose(path[:, 1], 0.375)

    def test_takes_of_signs_are_read_as_paths(self, tmp_path):
        keypoints = np.full((30, HOLISTIC.size), 0.5, np.float32)
        Store(tmp_path).add(Take(keypoints, np.arange(30) / 12, TakeInfo(action="hello", signer="ann")))
        task = tasks.load("signer")
        (found,) = read(tmp_path, task.format, task.windowing.duration)
        assert found.samples.shape == (30, 4)
        assert timed(found).samples[5, 3] == pytest.approx(1 / 12)


def claims(*pairs):
    return [Claim(str(i), person, genuine, None) for i, (person, genuine) in enumerate(pairs)]


class TestVerificationMetrics:
    LABELS = ("ann", "ben")

    def test_areas_are_1_for_a_perfect_order_and_0_for_the_reverse(self):
        made = claims(("ann", True), ("ann", False), ("ben", True), ("ben", False))
        evidence = np.array([[2.0, 0], [1, 0], [0, -3], [0, -1]])
        found = verification_metrics(evidence, made, list("0123"), self.LABELS)
        assert found["auc"] == {"ann": 1.0, "ben": 0.0}
        assert found["mean_auc"] == 0.5
        assert found["accuracy"] == 0.5
        assert (found["claims"], found["genuine"]) == (4, 2)

    def test_the_equal_error_rate_is_where_both_errors_are_equal(self):
        made = claims(*[("ann", i < 10) for i in range(20)])
        scores = [*range(10, 20), *range(10)]
        scores[0], scores[10] = 0.5, 15.5
        found = verification_metrics(np.array([[s, 0.0] for s in scores]), made, list(map(str, range(20))), self.LABELS)
        assert found["eer"] == pytest.approx(0.1)
        assert found["auc"]["ann"] == pytest.approx(1 - (10 + 6 - 1) / 100)

    def test_unusable_recordings_are_not_accepted_and_claims_of_unknown_truth_left_out(self):
        made = claims(("ann", True), ("ann", False), ("ann", None))
        found = verification_metrics(np.array([[-5.0, 5.0]]), made, ["0"], self.LABELS)
        assert found["auc"] == {"ann": 1.0}
        assert found["claims"] == 2

    def test_log_odds_do_not_depend_on_an_offset_of_a_recording(self):
        np.testing.assert_allclose(
            log_odds(np.array([[-1.0, -2, -9], [-4.0, -5, -12]]))[0], log_odds(np.array([[-4.0, -5, -12]]))[0]
        )

    def test_genuine_claims_alone_are_refused(self):
        with pytest.raises(InputError, match="by the people themselves and by others"):
            verification_metrics(np.zeros((1, 2)), claims(("ann", True)), ["0"], self.LABELS)

    @pytest.mark.parametrize("text", ["filename\nx\n", "filename,is_illegal\nx,maybe\n", "filename,is_illegal\nx\n"])
    def test_a_table_of_labels_without_its_columns_is_refused(self, tmp_path, text):
        (tmp_path / "labels.csv").write_text(text)
        with pytest.raises(InputError, match="filename and is_illegal"):
            verification._illegal(tmp_path / "labels.csv")


class TestEnrolment:
    def test_similar_recordings_score_high_and_others_like_the_cohort(self):
        rng = np.random.default_rng(0)
        cohort = rng.normal(0, 1, (200, 8)) + 5
        own = cohort[0] + rng.normal(0, 0.1, (3, 8))
        assert enrolment.z_norm(cohort[0] + 0.1, own, cohort[1:]) > 2
        others = [enrolment.z_norm(one, own, cohort[1:]) for one in cohort[1:]]
        assert np.mean(others) == pytest.approx(0, abs=1e-6)
        assert np.std(others) == pytest.approx(1, abs=1e-6)

    def test_people_are_saved_with_the_model_they_belong_to(self, tmp_path):
        people = enrolment.People(np.array(["ann"]), np.ones((1, 3)), np.eye(3), "one")
        path = tmp_path / "m.people.npz"
        people.save(path)
        info = BundleInfo(task="t", labels=[], window=1, rate=1.0, sample=(1,), h5="one")
        found = enrolment.People.load(path, info)
        assert found.names.tolist() == ["ann"]
        with pytest.raises(InputError, match="another model"):
            enrolment.People.load(path, msgspec.structs.replace(info, h5="two"))
        with pytest.raises(InputError, match="nobody is enrolled"):
            enrolment.People.load(tmp_path / "none.npz", info)


class TestTransfer:
    def model(self, labels, units=6):
        from keras import Input, Sequential, layers

        middle = [layers.Dense(units), layers.BatchNormalization(), layers.Dense(5)]
        return Sequential([Input((4,)), *middle, layers.Dense(len(labels), "softmax")])

    def network(self, units=6):
        return make_network(build=lambda shape, labels: self.model(labels, units))

    @pytest.mark.slow
    def test_layers_that_fit_are_copied_and_the_first_ones_frozen(self, tmp_path, caplog):
        caplog.set_level("INFO", "handsign")
        before = self.model("abc")
        before.save(tmp_path / "m.h5")
        model = with_weights(self.network(), tmp_path / "m.h5", 2).build((4,), "ab")
        for new, old in zip(model.layers[:3], before.layers[:3], strict=True):
            for a, b in zip(new.get_weights(), old.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
        assert [layer.trainable for layer in model.layers] == [False, False, True, True]
        assert "3 of 4 layers" in caplog.text
        frozen, free = model.layers[0].get_weights()[0], model.layers[2].get_weights()[0]
        model.compile("sgd", "categorical_crossentropy")
        model.fit(np.random.default_rng(0).random((8, 4)), np.eye(2)[[0, 1] * 4], verbose=0)
        np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen)
        assert (model.layers[2].get_weights()[0] != free).any()

    def test_weights_that_cannot_be_used_are_refused(self, tmp_path):
        with pytest.raises(InputError, match="takes --weights"):
            with_weights(self.network(), None, 2)
        with pytest.raises(InputError, match="is not there"):
            with_weights(self.network(), tmp_path / "no.h5").build((4,), "ab")
        self.model("abc").save(tmp_path / "m.h5")
        with pytest.raises(InputError, match="0 of 4 layers"):
            with_weights(self.network(7), tmp_path / "m.h5").build((4,), "abc")
        with pytest.raises(InputError, match="--freeze 4 takes more"):
            with_weights(self.network(), tmp_path / "m.h5", 4).build((4,), "ab")


class TestCrowd:
    def test_the_same_seed_gives_the_same_files_and_a_third_of_the_claims_is_false(self, tmp_path):
        size = crowd.CrowdSize(2, 1, 3, 4.0, (2.0, 3.0))
        for name in "ab":
            crowd.write_challenge(tmp_path / name, size)
        files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
        assert len(files) == 2 + 6 + 1
        assert all((tmp_path / "a" / p).read_bytes() == (tmp_path / "b" / p).read_bytes() for p in files)
        lines = (tmp_path / "a/public_labels.csv").read_text().split()
        assert [line[-1] for line in lines[1:]] == list("001001")

    def test_people_are_similar_and_differ_from_session_to_session(self):
        far, near = (np.std([one.fitts_slope for one in crowd.sample_people(20, close)]) for close in (1.0, 0.5))
        assert near == pytest.approx(far / 2)
        who, rng = crowd.sample_people(1)[0], np.random.default_rng(0)
        assert len({crowd.vary_session(who, rng).fitts_slope for _ in range(5)}) == 5


@pytest.fixture(scope="class")
def trained(tmp_path_factory):
    """Three synthetic people, imported, learned from for two epochs, and verified: the folder of it all."""
    folder = tmp_path_factory.mktemp("people")
    crowd.write_challenge(folder, crowd.CrowdSize(3, 3, 3, 25.0, (12.0, 15.0)))
    bad = folder / "test_files/user0/session_9bad"
    crowd.write_csv(bad, [("0.1", "0.1", "NoButton", "Move", "65535", "65535")] * 9)
    with (folder / "public_labels.csv").open("a") as labels:
        labels.write("session_9bad,1\nsession_elsewhere,0\n")
    run(folder, "collect.py", "import", "training_files")
    told = run(
        *(folder, "train.py", "--model", "m.h5", "--report", "report", "--logs", "logs", "--epochs", "2"),
        *("--evaluate", "verification", "--test", "test_files", "--labels", "public_labels.csv"),
    )
    return folder, told


def run(folder, script, *args, code=0):
    command = [sys.executable, ROOT / script, *args, "--task", "signer", "--data", "data"]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


class TestStages:
    @pytest.mark.slow
    def test_verification_is_in_the_metrics_and_in_the_report(self, trained):
        folder, told = trained
        found = json.loads((folder / "report/metrics.json").read_text())["verification"]
        assert set(found["auc"]) == {"user0", "user1", "user2"}
        assert found["mean_auc"] == pytest.approx(np.mean(list(found["auc"].values())))
        assert set(found["systems"]) == {"network", "actions", "pieces", "blend"}
        assert found["unusable"] == ["user0/session_9bad"]
        assert (found["recordings"], found["claims"], found["genuine"]) == (9, 10, 6)
        assert f"mean AUC {found['mean_auc']:.4f}" in told
        assert (folder / "report/verification.png").stat().st_size > 5000
        assert "Is it really them?" in (folder / "report/index.html").read_text()

    @pytest.mark.slow
    def test_the_embedding_is_what_keras_has_before_the_last_layer(self, trained):
        import keras

        folder, _ = trained
        model = load_h5(folder / "m.h5")
        x = np.random.default_rng(0).uniform(0, 255, (3, *model.input_shape[1:])).astype(np.float32)
        before = keras.Model(model.inputs, model.layers[-1].input).predict_on_batch(x)
        np.testing.assert_allclose(enrolment.embedder(folder / "m.onnx")(x), before, atol=1e-3)

    @pytest.mark.slow
    def test_somebody_is_enrolled_and_recordings_are_verified(self, trained):
        folder, _ = trained
        own = "test_files/user1"
        assert "new is enrolled from 3 recordings" in run(
            folder, "realtime.py", "enrol", own, "--signer", "new", "--model", "m.h5"
        )
        lines = run(folder, "realtime.py", "verify", own, "--signer", "new", "--model", "m.h5").splitlines()
        assert len(lines) == 3
        assert all(line.split(": ")[1].split()[0] in {"accepted", "rejected"} for line in lines)
        told = run(folder, "realtime.py", "verify", own, "--signer", "nobody", "--model", "m.h5", code=2)
        assert "nobody is not enrolled; there are: new" in told
        assert "Traceback" not in told

    @pytest.mark.slow
    def test_a_recording_is_classified_live(self, trained):
        folder, _ = trained
        told = run(folder, "realtime.py", "--model", "m.h5", "--source", "data/user0/user0_000.npz", "--headless")
        assert "ended: " in told

    @pytest.mark.slow
    def test_pictures_of_the_windows_are_saved(self, trained):
        folder, _ = trained
        assert "pictures: sheet.png" in run(folder, "preprocess.py", "--show", "sheet.png", "--out", "d.npz")
        assert (folder / "sheet.png").stat().st_size > 5000

    @pytest.mark.slow
    def test_training_begins_with_the_weights_of_another_model(self, trained):
        folder, _ = trained
        told = run(
            *(folder, "train.py", "--model", "n.h5", "--report", "r", "--logs", "logs", "--epochs", "1"),
            *("--weights", "m.h5", "--freeze", "4"),
        )
        assert "begin with the weights of m.h5, 4 of them keep these" in told
        old, new = (load_h5(folder / f"{name}.h5") for name in "mn")
        np.testing.assert_array_equal(old.layers[1].get_weights()[0], new.layers[1].get_weights()[0])

    @pytest.mark.slow
    def test_verification_without_its_labels_is_one_line(self, trained):
        folder, _ = trained
        told = run(
            *(folder, "train.py", "--model", "o.h5", "--epochs", "1", "--evaluate", "verification", "--logs", "logs"),
            *("--test", "test_files", "--labels", "data/none.csv"),
            code=2,
        )
        assert "data/none.csv is no table" in told
        assert "Traceback" not in told
