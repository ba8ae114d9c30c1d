"""A training in a process of its own: its progress, its error, its end."""

from __future__ import annotations

import sys

from handsign.live.training_process import TrainingProcess


def test_progress_follows_the_epochs():
    code = "import json\nfor i in 1, 2: print(json.dumps({'epoch': i, 'epochs': 4}), flush=True)\nprint('done')"
    training = TrainingProcess([sys.executable, "-c", code])
    training._reader.join(60)
    training._process.wait(60)
    assert (training.progress, training.status) == (0.5, "epoch 2 of 4")
    assert (training.finished, training.error) == (True, "")


def test_error_is_the_last_line():
    training = TrainingProcess([sys.executable, "-c", "import sys; sys.exit('train.py: nothing to learn from')"])
    training._reader.join(60)
    training._process.wait(60)
    assert training.finished
    assert training.error == "train.py: nothing to learn from"


def test_stop_ends_it():
    training = TrainingProcess([sys.executable, "-c", "input() if False else __import__('threading').Event().wait()"])
    assert not training.finished
    training.stop()
    assert training.finished
    assert training.error


def test_it_has_the_given_environment():
    code = "import os, json; print(json.dumps({'epoch': int(os.environ['EPOCH']), 'epochs': 4}))"
    training = TrainingProcess([sys.executable, "-c", code], {"EPOCH": "3"})
    training._reader.join(60)
    training._process.wait(60)
    assert training.status == "epoch 3 of 4"
