"""Metrics of predicted frames, and baselines that learn nothing. Films are (n, T, H, W, 1) float in 0..1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import cv2
import numpy as np

from handsign.types import Array

OneStep = Callable[[Array], Array]
"""Films (n, T, H, W, 1) -> the predicted next frame after each of their frames, of the same shape."""

Rollout = Callable[[Array, int], Array]
"""Context (n, t, H, W, 1), number of steps -> predicted frames (n, steps, H, W, 1)."""

LIT = 0.5
"""Pixels above this count as lit, for the intersection over union."""

EPSILON = 1e-7
"""Probabilities are clipped to EPSILON..1 - EPSILON for the cross-entropy, as in Keras."""

METRICS = ("bce", "mse", "iou", "ssim")


def frame_metrics(y_pred: Array, y_true: Array) -> dict[str, Array]:
    """Each of `METRICS` (n, T) of every predicted frame; y_pred and y_true (n, T, H, W, 1).

    bce   binary cross-entropy in nats, mean over pixels
    mse   squared difference, mean over pixels
    iou   intersection over union of the lit pixels; 1 where no pixel is lit in either
    ssim  structural similarity (Wang et al., 2004), by OpenCV

    >>> frame = np.eye(8, dtype=np.float32).reshape(1, 1, 8, 8, 1)
    >>> {name: values.item() for name, values in frame_metrics(frame, 1 - frame).items() if name in ("mse", "iou")}
    {'mse': 1.0, 'iou': 0.0}
    """
    pixels = (-3, -2, -1)
    clipped = np.clip(y_pred, EPSILON, 1 - EPSILON)
    intersection = ((y_pred > LIT) & (y_true > LIT)).sum(pixels)
    union = ((y_pred > LIT) | (y_true > LIT)).sum(pixels)
    return {
        "bce": -(y_true * np.log(clipped) + (1 - y_true) * np.log1p(-clipped)).mean(pixels),
        "mse": np.square(y_pred - y_true).mean(pixels),
        "iou": np.where(union > 0, intersection / np.maximum(union, 1), 1.0),
        "ssim": _ssim(y_pred, y_true),
    }


def _ssim(y_pred: Array, y_true: Array) -> Array:
    """Structural similarity (n, T) of frames (n, T, H, W, 1)."""
    pairs = zip(*(films.reshape(-1, *films.shape[2:4]) for films in (y_pred, y_true)), strict=True)
    compute = cv2.quality.QualitySSIM_compute  # pyright: ignore[reportAttributeAccessIssue]  # missing in its stubs
    found = [compute(255 * one, 255 * other)[0][0] for one, other in pairs]  # its constants are for 0..255
    return np.array(found).reshape(y_pred.shape[:2])


def mean_metrics(one_step: tuple[Array, Array], rollout: tuple[Array, Array]) -> dict[str, Any]:
    """Means over films of the metrics of (y_pred, y_true) one step ahead and in a rollout.

    bce, mse, iou_one_step, ssim    number, over the frames predicted one step ahead
    bce_rollout, mse_rollout, ...   list, a number for each step of the rollout
    """
    near, far = frame_metrics(*one_step), frame_metrics(*rollout)
    means = {"bce": near["bce"], "mse": near["mse"], "iou_one_step": near["iou"], "ssim": near["ssim"]}
    return {
        **{name: float(values.mean()) for name, values in means.items()},
        **{f"{name}_rollout": values.mean(axis=0).tolist() for name, values in far.items()},
    }


def compare(
    one_step: Mapping[str, OneStep],
    rollouts: Mapping[str, Rollout],
    films: Array,
    following: Array,
    n_context: int,
    max_steps: int | None = None,
) -> dict[str, dict[str, Any]]:
    """`mean_metrics` of each method by name, on films (n, T, H, W, 1) and the frame following each of their frames.

    A rollout is given the first `n_context` frames and goes on to the end of the films, `max_steps` at most.
    """
    steps = min(films.shape[1] - n_context + 1, max_steps or films.shape[1])
    context, y_true = films[:, :n_context], following[:, n_context - 1 : n_context - 1 + steps]
    return {
        name: mean_metrics((one_step[name](films), following), (rollouts[name](context, steps), y_true))
        for name in one_step
    }


def step_by_step(rollout: Rollout) -> OneStep:
    """The one-step predictor that gives `rollout` each frame and those before it."""
    return lambda films: np.concatenate([rollout(films[:, :end], 1) for end in range(1, films.shape[1] + 1)], axis=1)


def copy_last(context: Array, steps: int) -> Array:
    """Baseline: the last frame of the context (n, t, H, W, 1), repeated: (n, steps, H, W, 1).

    >>> copy_last(np.arange(3.0).reshape(1, 3, 1, 1, 1), 2).ravel().tolist()
    [2.0, 2.0]
    """
    return np.repeat(context[:, -1:], steps, axis=1)


def constant_velocity(context: Array, steps: int) -> Array:
    """Baseline: pixels of the context (n, t, H, W, 1) keep their velocity: (n, steps, H, W, 1) float32; gaps are 0.

    The velocity is the optical flow between the last two frames, by DIS (Kroeger et al., "Fast Optical Flow using Dense
    Inverse Search", 2016), on enlarged frames: it misses objects a few pixels wide. Forward warping scored higher than
    backward warping, which needs the flow at the target, and beside a moving object that is 0.
    """
    if context.shape[1] < 2:
        return copy_last(context, steps)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    y_pred = np.zeros((len(context), steps, *context.shape[2:]), np.float32)
    for film, frames in zip(context, y_pred, strict=True):
        velocity = _velocity(flow, film[-2, ..., 0], film[-1, ..., 0])
        for step, frame in enumerate(frames[..., 0], 1):
            _warp(film[-1, ..., 0], step * velocity, frame)
    return y_pred


ENLARGE = 2
"""Factor by which frames are enlarged for the optical flow."""


def _velocity(flow: cv2.DISOpticalFlow, before: Array, after: Array) -> Array:
    """Optical flow (H, W, 2) between two frames (H, W) in 0..1: x and y in pixels."""
    grey = [(np.clip(frame, 0, 1) * 255).astype(np.uint8) for frame in (before, after)]
    first, second = (cv2.resize(frame, None, fx=ENLARGE, fy=ENLARGE) for frame in grey)
    velocity = flow.calc(first, second, cast("Array", None))
    return cv2.resize(velocity, after.shape[::-1], interpolation=cv2.INTER_AREA) / ENLARGE


def _warp(frame: Array, displacement: Array, target: Array) -> None:
    """Move each pixel of a frame (H, W) by its displacement (H, W, 2) into target (H, W); the brightest pixel wins."""
    height, width = frame.shape
    rows, columns = np.indices(frame.shape)
    rows, columns = (
        np.rint(rows + displacement[..., 1]).astype(int),
        np.rint(columns + displacement[..., 0]).astype(int),
    )
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    np.maximum.at(target, (rows[inside], columns[inside]), frame[inside])
