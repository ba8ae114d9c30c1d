import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, make_take
from tiny import make_data

from handsign.data import prepare
from handsign.data.dataset import Dataset
from handsign.data.folds import UNKNOWN, folds
from handsign.data.split import Split, parts
from handsign.data.store import Store
from handsign.data.table import table
from handsign.data.windowing import ClassificationWindowing
from handsign.data.windows import span
from handsign.errors import InputError


@pytest.fixture
def recorded(tmp_path):
    """Three actions by two signers, 10 takes each, told apart by their values; returns the folder."""
    store = Store(tmp_path / "data")
    for value, action in enumerate(("yes", "no", "house"), 1):
        for i in range(10):
            store.add(make_take(action, value=value, signer="ann" if i < 6 else "ben", session=f"s{i % 2}"))
    return store.root


def prepared(task, path, split, rate=None):
    """The dataset of the takes at `path`, and those takes."""
    return prepare.prepare(path, task.format, task.windowing, split, rate)


def opened(task, path, split, seed=0):
    """The dataset at `path`, or made of the takes there."""
    return prepare.open_dataset(path, task.format, task.windowing, split, seed)


def by_take(data):
    """Take name -> the parts its windows are in."""
    return {take: set(data.part[data.take == take]) for take in set(data.take)}


class TestPrepare:
    def test_windows_and_answers_fit_together(self, recorded, sign):
        data, takes = prepared(sign, recorded, Split())
        assert data.X.shape == (30, 30, 1662)
        assert data.X.dtype == data.y.dtype == np.float32
        assert data.labels == ["house", "no", "yes"]
        assert (data.y.sum(axis=1) == 1).all()
        action = {"house": 3, "no": 2, "yes": 1}
        assert [action[data.labels[i]] for i in data.y.argmax(axis=1)] == data.X[:, 0, 0].astype(int).tolist()
        assert [name.split("/")[0] for name in data.take] == [data.labels[i] for i in data.y.argmax(axis=1)]
        assert [name.split("/")[1][:3] for name in data.take] == data.signer.tolist()
        assert len(takes) == 30
        assert data.left_out == []

    def test_every_action_is_in_every_part(self, recorded, sign):
        data, _ = prepared(sign, recorded, Split())
        counts = {part: data.rows(part)[1].sum(axis=0).tolist() for part in ("train", "val", "test")}
        assert counts == {"train": [6, 6, 6], "val": [2, 2, 2], "test": [2, 2, 2]}

    @pytest.mark.slow
    def test_windows_of_a_long_take_stay_together(self, tmp_path, sign):
        for action in ("a", "b"):
            for frames in (30, 30, 30, 90, 200):
                Store(tmp_path).add(make_take(action, frames))
        for seed in range(5):
            data, _ = prepared(sign, tmp_path, Split(seed=seed), rate=30.0)
            assert len(data.X) > 10
            assert all(len(found) == 1 for found in by_take(data).values())
            assert set(data.part) == {"train", "val", "test"}

    def test_rows_of_a_pack_that_are_of_one_take_stay_together(self, tmp_path, sign):
        X, y = np.ones((60, 30, 258)), np.repeat(["a", "b"], 30)
        np.savez(tmp_path / "cut.npz", X=X, y=y, take=np.tile(np.repeat(np.arange(10), 3), 2))
        data, _ = prepared(sign, tmp_path, Split())
        assert len(data.X) == 60
        assert len(by_take(data)) == 20
        assert all(len(found) == 1 for found in by_take(data).values())

    def test_a_window_is_as_long_as_the_recordings(self, tmp_path, sign):
        for action in ("a", "b"):
            for frames in (50, 60, 200):
                Store(tmp_path).add(make_take(action, frames))
        data, _ = prepared(sign, tmp_path, Split())
        assert data.rate == pytest.approx(30 / 2.0)
        first = data.X[data.take == "a/take_001.npz"][0, :, 0]
        assert np.diff(first) * 100 == pytest.approx(1 / data.rate, abs=1e-3)  # make_take puts the time into the values
        assert prepared(sign, tmp_path, Split(), rate=30.0)[0].rate == 30.0

    def test_takes_at_another_frame_rate_give_the_same_windows(self, tmp_path, sign):
        for action, rate in (("a", 15), ("b", 30), ("c", 60)):
            Store(tmp_path).add(make_take(action, rate, rate))
        data, _ = prepared(sign, tmp_path, Split(), rate=30.0)
        slow, normal, fast = data.X[:, :, 0]
        assert slow == pytest.approx(normal, abs=6e-4)  # half a frame of time at 15 frames a second
        assert fast == pytest.approx(normal, abs=6e-4)

    def test_what_is_damaged_or_short_is_left_out_with_its_reason(self, recorded, sign):
        Store(recorded).add(make_take("yes", 5, signer="cut"))
        (recorded / "no" / "ann_000.npz").write_bytes(b"")
        data, takes = prepared(sign, recorded, Split(), rate=30.0)
        reasons = dict(data.left_out)
        assert len(takes) == 29
        assert reasons.keys() == {"yes/cut_000.npz", "no/ann_000.npz"}
        assert "0.17 s, under half a window" in reasons["yes/cut_000.npz"]
        assert "cannot be read" in reasons["no/ann_000.npz"]

    def test_nothing_usable_says_why(self, tmp_path, sign):
        with pytest.raises(InputError, match="holds no usable take of sign; record some"):
            prepared(sign, tmp_path, Split())
        Store(tmp_path).add(make_take("a"))
        with pytest.raises(InputError, match=r"no usable take .*1 left out.*take_000.npz: lasts 1.00 s"):
            prepared(sign, tmp_path, Split(), rate=0.1)
        with pytest.raises(InputError, match="only one action, 'a'"):
            prepared(sign, tmp_path, Split())

    def test_labels_are_alphabetical_whatever_the_order(self):
        y, labels = ClassificationWindowing(length=30, rate=30.0).targets(["no", "-", "yes", "no"])
        assert labels == ["-", "no", "yes"]
        assert y.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


class TestSplit:
    ACTIONS = ("a",) * 40 + ("b",) * 20 + ("c",) * 2 + ("d",)
    SIGNERS = tuple(f"s{i % 5}" for i in range(len(ACTIONS)))

    def test_shares_are_of_every_action(self):
        part = parts(self.ACTIONS, self.SIGNERS, Split(test_size=0.05, val_size=0.1))
        found = {
            a: [int((part[np.array(self.ACTIONS) == a] == p).sum()) for p in ("train", "val", "test")] for a in "abcd"
        }
        assert found == {"a": [34, 4, 2], "b": [17, 2, 1], "c": [1, 0, 1], "d": [1, 0, 0]}

    @pytest.mark.parametrize("split", [Split(test_size=0.0, val_size=0.0), Split(test_size=1.0, val_size=1.0)])
    def test_extremes_still_leave_something_to_train_on(self, split):
        part = parts(self.ACTIONS, self.SIGNERS, split)
        assert {a for a, p in zip(self.ACTIONS, part, strict=True) if p == "train"} == set("abcd")
        assert ("test" in part) == (split.test_size > 0)

    @pytest.mark.parametrize("by", ["take", "signer"])
    def test_a_seed_is_a_split(self, by):
        drawn = [parts(self.ACTIONS[:60], self.SIGNERS[:60], Split(by=by, seed=seed)).tolist() for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_by_signer_nobody_is_on_both_sides(self):
        signers = self.SIGNERS[:60]
        part = parts(self.ACTIONS[:60], signers, Split(by="signer", test_size=0.4))
        tested = {s for s, p in zip(signers, part, strict=True) if p == "test"}
        assert len(tested) == 2
        assert all((p == "test") == (s in tested) for s, p in zip(signers, part, strict=True))
        assert "val" in part

    def test_holdout_names_who_is_tested(self, recorded, sign):
        data, _ = prepared(sign, recorded, Split(by="signer", holdout=("ben",)))
        assert set(data.signer[data.part == "test"]) == {"ben"}
        assert set(data.signer[data.part != "test"]) == {"ann"}

    @pytest.mark.parametrize(
        ("split", "signers", "message"),
        [
            (Split(holdout=("zoe",)), ["ann", "ben"], "no take is by 'zoe'; there are: 'ann', 'ben'"),
            (Split(by="signer"), ["ann", "ann"], "at least two people"),
            (Split(holdout=("ann", "ben")), ["ann", "ben"], "nobody is left to learn 'a' from"),
        ],
    )
    def test_impossible_ones_are_refused(self, split, signers, message):
        with pytest.raises(InputError, match=message):
            parts(["a", "b"], signers, split)


class TestFolds:
    def test_every_signer_is_left_out_once(self, recorded, sign):
        data, _ = prepared(sign, recorded, Split())
        found = folds(data)
        assert (found.by, len(found.parts)) == ("signer", 2)
        for name, part in zip(("ann", "ben"), found.parts, strict=True):
            assert set(data.signer[part == "test"]) == {name}
            assert name not in data.signer[part != "test"]
            assert (data.y[part == "val"].sum(axis=0) > 0).all()

    def test_without_two_signers_sessions_are_left_out(self, recorded, sign):
        data, _ = prepared(sign, recorded, Split())
        found = folds(replace(data, signer=np.full(30, "ann")))
        assert found.by == "session"
        assert [set(data.session[part == "test"]) for part in found.parts] == [{"s0"}, {"s1"}]

    def test_without_two_sessions_a_fifth_of_the_takes_is_left_out(self):
        data = replace(make_data(), take=np.array([f"t{i // 3}" for i in range(45)]))
        data = replace(data, y=np.eye(3, dtype=np.float32)[np.arange(45) // 3 % 3])
        found = folds(data)
        assert (found.by, len(found.parts)) == ("take", 5)
        for number, part in enumerate(found.parts, 1):
            chosen = replace(data, part=part)
            assert all(len(parts) == 1 for parts in by_take(chosen).values())
            assert set(found.group[part == "test"]) == {f"takes {number}"}
            assert data.y[part == "test"].sum(axis=0).tolist() == [3, 3, 3]
        assert (sum(part == "test" for part in found.parts) == 1).all()

    def test_many_signers_are_left_out_whole_and_several_at_a_time(self):
        data = make_data(tuple(f"s{i}" for i in range(13)))
        found = folds(data, 4)
        assert len(found.parts) == 4
        assert (sum(part == "test" for part in found.parts) == 1).all()
        for part in found.parts:
            assert not set(data.signer[part == "test"]) & set(data.signer[part != "test"])
            assert 8 <= (part == "test").sum() <= 15
        assert all((a == b).all() for a, b in zip(found.parts, folds(data, 4).parts, strict=True))
        other = folds(replace(data, split=Split(seed=1)), 4)
        assert any((a != b).any() for a, b in zip(found.parts, other.parts, strict=True))

    def test_validation_takes_the_share_it_is_told(self):
        data = make_data(("ann", "ben"))
        shares = {v: (folds(replace(data, split=Split(val_size=v))).parts[0] == "val").sum() for v in (0, 0.15, 0.3)}
        assert shares[0] == 0 < shares[0.15] < shares[0.3]

    def test_a_label_of_one_person_is_unknown_without_them(self):
        data = make_data(("ann", "ben"))
        up = data.y[:, 2] > 0
        data = replace(data, signer=np.where(up, "ben", data.signer))
        without_ann, without_ben = folds(data).parts
        assert UNKNOWN not in without_ann
        assert (without_ben[up] == UNKNOWN).all()
        assert set(without_ben[~up & (data.signer == "ben")]) == {"test"}

    def test_what_cannot_be_tested_is_not_tried(self):
        data = make_data()
        down = data.y[:, 0] > 0
        one = replace(data, signer=np.where(down & (np.arange(45) < 9), "ben", "ann"))
        assert [set(one.signer[part == "test"]) for part in folds(one).parts] == [{"ben"}]  # ben shows one label only
        by_label = replace(data, session=np.array(data.labels)[data.y.argmax(axis=1)])
        assert folds(by_label).by == "take"

    @pytest.mark.parametrize(("rows", "most", "message"), [(3, 10, "too few takes"), (45, 1, "--folds is at least 2")])
    def test_impossible_ones_are_refused(self, rows, most, message):
        data = make_data()
        columns = {n: getattr(data, n)[:rows] for n in ("X", "y", "part", "take", "signer", "session")}
        with pytest.raises(InputError, match=message):
            folds(replace(data, **columns), most)


class TestFile:
    def test_saved_is_loaded(self, recorded, sign, tmp_path):
        data, _ = prepared(sign, recorded, Split(holdout=("ben",)))
        data.left_out.append(("a", "b"))
        data.save(tmp_path / "set.data")  # any name will do
        found = Dataset.load(tmp_path / "set.data", "sign", (30, 1662))
        for name in ("X", "y", "part", "take", "signer", "session"):
            assert np.array_equal(getattr(found, name), getattr(data, name))
        for name in ("task", "labels", "rate", "split", "left_out"):
            assert getattr(found, name) == getattr(data, name)

    @pytest.mark.parametrize("keep", [0, 100, -100])
    def test_damaged_ones_are_refused(self, recorded, sign, keep):
        path = recorded / "dataset.npz"
        prepared(sign, recorded, Split())[0].save(path)
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(InputError, match="no whole dataset"):
            Dataset.load(path, "sign", (30, 1662))

    @pytest.mark.parametrize(("task", "shape"), [("other", (30, 1662)), ("sign", (20, 1662)), ("sign", (30, 258))])
    def test_those_of_another_task_are_refused(self, recorded, sign, task, shape):
        prepared(sign, recorded, Split())[0].save(recorded / "dataset.npz")
        with pytest.raises(InputError, match=r"was prepared for sign \(30, 1662\), not for"):
            Dataset.load(recorded / "dataset.npz", task, shape)

    def test_it_is_no_take(self, recorded, sign):
        prepared(sign, recorded, Split())[0].save(recorded / "dataset.npz")
        data, takes = prepared(sign, recorded, Split())
        assert len(takes) == 30
        assert data.left_out == []

    @pytest.mark.parametrize(
        "change",
        ["nothing", "new take", "take deleted", "folder renamed", "folder deleted", "folder moved in", "other split"],
    )
    def test_it_is_used_only_while_it_is_what_would_be_made_now(self, recorded, sign, change):
        (recorded / "README.md").write_text("about these takes")
        Store(recorded.parent / "other").add(make_take("please"))
        data = replace(prepared(sign, recorded, Split())[0], rate=4711.0)
        data.save(recorded / "dataset.npz")
        (recorded / "dataset.txt").write_text("its table is written after it")
        if change == "new take":
            Store(recorded).add(make_take("yes"))
        elif change == "take deleted":
            (recorded / "no" / "ann_000.npz").unlink()
        elif change == "folder renamed":
            (recorded / "no").rename(recorded / "nope")
        elif change == "folder deleted":
            shutil.rmtree(recorded / "no")
        elif change == "folder moved in":
            (recorded.parent / "other" / "please").rename(recorded / "please")
        split = Split(seed=1) if change == "other split" else Split()
        assert (opened(sign, recorded, split).rate == data.rate) == (change == "nothing")

    def test_a_file_that_is_named_is_used_as_it_is(self, recorded, sign, tmp_path):
        prepared(sign, recorded, Split(seed=7))[0].save(tmp_path / "mine.npz")
        assert opened(sign, tmp_path / "mine.npz", None, seed=3).split == Split(seed=7)
        with pytest.raises(InputError, match="is split by take, 20% for testing, seed 7; make it again"):
            opened(sign, tmp_path / "mine.npz", Split(seed=8))

    def test_made_again_for_new_takes_it_keeps_its_split_and_rate(self, recorded, sign):
        prepared(sign, recorded, Split(seed=7), rate=20.0)[0].save(recorded / "dataset.npz")
        Store(recorded).add(make_take("yes"))
        data = opened(sign, recorded, None)
        assert (data.split, data.rate, len(set(data.take))) == (Split(seed=7), 20.0, 31)

    def test_the_table_has_a_line_an_action(self, recorded, sign):
        take = make_take("yes", 45, signer="zoe")
        take.samples[:, 1536:1599] = 0
        Store(recorded).add(take)
        data, takes = prepared(sign, recorded, Split())
        head, *lines = (line.split() for line in table(data, takes, sign.windowing, sign.format.columns).splitlines())
        found = {line[0]: line for line in lines}
        assert head[:8] == ["action", "takes", "signers", "train", "val", "test", "seconds", "frames"]
        assert found.keys() == {"yes", "no", "house"}
        assert found["no"] == ["no", "10", "2", "6", "2", "2", "1.00", "30", "0%", "0%", "0%", "0%"]
        assert found["yes"][1:3] == ["11", "3"]
        assert found["yes"][6:] == ["1.00-1.50", "30-45", "0%", "0%", "9%", "0%"]
        assert span(take.times) == pytest.approx(1.5)

    @pytest.mark.slow
    def test_the_script_saves_the_set_and_its_table(self, recorded, sign):
        (recorded / "no" / "ann_000.npz").write_bytes(b"")
        command = [sys.executable, "preprocess.py", "--data", recorded, "--test-size", "0.05"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        saved = (recorded / "dataset.txt").read_text()
        assert "left out: no/ann_000.npz: cannot be read" in saved
        assert saved.strip() in done.stdout
        assert len(opened(sign, recorded, Split(test_size=0.05)).rows("test")[0]) == 3
