"""A real browser in front of the page: a video as its camera, and models small enough to be made in a test."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import onnx
import pytest
import uvicorn
from onnx import TensorProto, helper, numpy_helper

from handsign.bundle.info import KEY, BundleInfo
from handsign.web import server, site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = (
    "chromium is not installed"
    if CHROMIUM is None
    else "the page's packages are not there: make web"
    if not site.VENDOR.is_dir()
    else ""
)
SIZE = (640, 480)
WAIT = 120_000
"""Milliseconds that anything may take, on a machine that does other things as well."""
Array = np.ndarray[Any, Any]


@contextmanager
def running(app: Any) -> Iterator[int]:
    """The port of a server in a thread."""
    with server._listen("127.0.0.1", 0) as listening:
        own = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", proxy_headers=False))
        thread = threading.Thread(target=own.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            own.should_exit = True
            thread.join()


@contextmanager
def driving() -> Iterator[Any]:
    """What starts browsers; there can only be one at a time."""
    with pytest.importorskip("playwright.sync_api").sync_playwright() as driver:
        yield driver


@contextmanager
def browser(driver: Any, camera: Path | None, *more: str) -> Iterator[Any]:
    """Chromium that reaches nothing but this machine, with a video for a camera."""
    flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *more]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    if camera:
        flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=WAIT)
    yield chromium
    chromium.close()


def frames(path: Path) -> Iterator[Array]:
    """The pictures (480, 640, 3) of a video, with black borders where it has other proportions."""
    capture = cv2.VideoCapture(str(path))
    while (read := capture.read())[0]:
        height, width = read[1].shape[:2]
        scale = min(SIZE[0] / width, SIZE[1] / height)
        small = cv2.resize(read[1], (round(scale * width), round(scale * height)), interpolation=cv2.INTER_AREA)
        top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        picture[top : top + small.shape[0], left : left + small.shape[1]] = small
        yield picture
    capture.release()


def camera_file(path: Path, pictures: Sequence[Array], rate: int) -> Path:
    """Pictures as a y4m file, which Chromium plays as its camera, over and over."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def save_bundle(path: Path, info: BundleInfo, nodes: Sequence[Any], shapes: tuple[Any, Any], **weights: Array) -> Path:
    """A network from `x` to `y` of the given shapes, as a bundle."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, s in zip("xy", shapes, strict=True)]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(list(nodes), "network", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {KEY: msgspec.json.encode(info).decode()})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def linear(path: Path, info: BundleInfo, weights: Array, bias: Array) -> Path:
    """A softmax of a linear function of the whole window: weights (window * sample, labels), bias (labels,)."""
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    shapes = ([None, info.window, *info.sample], [None, len(info.labels)])
    return save_bundle(path, info, nodes, shapes, w=weights.astype(np.float32), b=bias.astype(np.float32))


def negative(path: Path, info: BundleInfo) -> Path:
    """Films (n, any number, 40, 40, 1) -> the picture after each, which is its negative."""
    nodes = [helper.make_node("Sub", ["one", "x"], ["y"])]
    shape = [None, None, *info.sample]
    return save_bundle(path, info, nodes, (shape, shape), one=np.float32(1))
