"""Comparing the numbers of two checkouts: what counts as equal, and what is told of the rest."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import compare
import compare_runs


def test_the_smallest_change_of_a_value_is_a_difference():
    old = np.ones(3, np.float32)
    new = old.copy()
    new[1] = np.nextafter(np.float32(1), np.float32(2))
    assert compare.difference(old, old.copy()) is None
    assert compare.difference(old, new).startswith("1 of 3 values differ")
    assert compare.difference(np.zeros(1), -np.zeros(1))
    assert compare.difference(old, old.astype(np.float64))


def test_not_a_number_equals_itself():
    assert compare.difference(np.array([np.nan]), np.array([np.nan])) is None


def test_a_renamed_array_is_a_note_and_a_lost_one_a_difference():
    old = {"kept": np.arange(3), "unit": np.arange(4), "lost": np.arange(5)}
    result = compare.compare("step", old, {"kept": np.arange(3), "group": np.arange(4), "more": np.arange(6)})
    assert result.equal == 7
    assert result.differences == ["lost: only in OLD"]
    assert result.notes == ["unit is called group in NEW", "more: only in NEW"]


def test_a_step_without_numbers_is_not_equal():
    assert compare.compare("step", {}, {}).differences


def test_events_have_the_new_names(tmp_path):
    for key in ("t", "time"):
        event = {key: 1.5, "label": "hello", "probability": 0.9}
        (tmp_path / "clip.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
        read = compare_runs.read_events(tmp_path / "clip.jsonl")
        assert {name: value.item() for name, value in read.items()} == {
            "clip/events": 1,
            "clip/0/time": 1.5,
            "clip/0/label": "hello",
            "clip/0/probability": 0.9,
        }


def test_ratios_are_old_by_new():
    found = compare.ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (found["ratio"], found["low"], found["high"]) == pytest.approx((2, 2, 2))
