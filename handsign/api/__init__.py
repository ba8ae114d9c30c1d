"""Handsign from a program: load a model, watch a source, train on takes. See docs/API.md."""

from handsign.api.model import LiveRecogniser, Model, Result, annotate, load
from handsign.api.training import Training, fit, train

__all__ = ["LiveRecogniser", "Model", "Result", "Training", "annotate", "fit", "load", "train"]
