"""The models that lie in the repository: they open everywhere, are small, and know what they have not seen."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from handsign import tasks
from handsign.bundle.saving import model_files
from handsign.data.prepare import prepare
from handsign.data.split import Split
from handsign.data.take import is_rest
from handsign.tasks.nextframe import evaluator, squares

MODEL = ROOT / "action.h5"
WORDS = "- can coffee get hello large medium muffin no please small tea thank-you water".split()
LIMIT = 5 * 2**20


@pytest.fixture(scope="module")
def shipped():
    return tasks.load("sign").load_model(MODEL)


def test_it_is_whole_and_small(shipped):
    assert shipped.info.labels == WORDS
    assert [is_rest(label) for label in WORDS] == [True] + [False] * 13
    assert shipped.info.trigger.threshold == tasks.load("sign").network("conv").trigger.threshold
    assert sum(path.stat().st_size for path in model_files(MODEL)) < LIMIT


@pytest.mark.slow
def test_keras_opens_it_without_the_project_and_answers_the_same(shipped, tmp_path):
    windows = np.random.default_rng(0).random((4, 30, 1662), np.float32)
    np.save(tmp_path / "windows.npy", windows)
    code = (
        f"import keras, numpy; model = keras.models.load_model({str(MODEL)!r}, compile=False);"
        "numpy.save('answers.npy', model.predict_on_batch(numpy.load('windows.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(shipped.predict(windows), np.load(tmp_path / "answers.npy"), atol=1e-5)


def test_the_card_and_the_notice_name_what_it_learned_from():
    card = (ROOT / "docs/MODEL_CARD.md").read_text(encoding="utf-8")
    assert all(f"| {word} |" in card for word in WORDS if not is_rest(word))
    for text in (card, (ROOT / "NOTICE").read_text(encoding="utf-8")):
        assert "traduttore" in text
        assert "MIT" in text


def test_it_knows_a_stranger(shipped, shared):
    """For one word in seven, chance; the benchmark says how well (benchmarks/results/unseen.json)."""
    sign = tasks.load("sign")
    data = prepare(shared("asl_stranger/asl_stranger.npz"), sign.format, sign.windowing, Split())[0]
    predicted = np.array(WORDS)[shipped.predict(data.X).argmax(axis=1)]
    true = np.array(data.labels)[data.y.argmax(axis=1)]
    assert (predicted == true).mean() > 0.7


@pytest.mark.slow
def test_realtime_runs_with_it():
    command = [sys.executable, "realtime.py", "--source", "practice:1:2", "--headless"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ended: " in done.stdout


@pytest.mark.slow
def test_the_model_of_films_is_small_and_continues_those_it_has_not_seen():
    """As well as the issue asks for: 0.95 one step ahead and 0.60 over the eight pictures after the seventh."""
    path = ROOT / "nextframe.h5"
    model = tasks.load("nextframe").load_model(path)
    assert sum(path.stat().st_size for path in model_files(path)) < LIMIT
    of = evaluator.score(model.predict, *squares.films(60, np.random.default_rng(2)))["model"]
    assert of["iou_one_step"] > 0.95
    assert np.mean(of["iou_rollout"]) > 0.85
