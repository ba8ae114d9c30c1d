"""How films are scored: the model beside the baselines, as numbers, a table and curves."""

import numpy as np

from handsign.tasks.nextframe import evaluator, squares


def test_the_model_and_the_baselines_are_scored_and_shown():
    X, following = squares.films(12, np.random.default_rng(5))
    test = evaluator.score(lambda x: x, X, following)
    for name in ("copy_last", "constant_velocity"):
        assert len(test[name]["iou_rollout"]) == len(test[name]["ssim_rollout"]) == 8
    for measure, values in test["copy_last"].items():  # which is what this model does
        np.testing.assert_allclose(test["model"][measure], values, rtol=1e-5)
    assert test["constant_velocity"]["iou_one_step"] > 0.9 > 0.75 > test["copy_last"]["iou_one_step"]
    lines = evaluator.summary({**test}).splitlines()
    assert [line.split("  ")[0] for line in lines[2:5]] == list(evaluator.NAMES.values())
    assert "nothing was kept" in evaluator.summary(None)
    assert len(evaluator.figure(test).axes) == 2
