"""Every Python example of README.md and docs/API.md works as it is written."""

from __future__ import annotations

import linecache
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import ROOT

from handsign.capture import camera as camera_module
from handsign.capture.practice import PracticeSigner
from handsign.capture.source import Frame, Source
from handsign.capture.video import Video
from handsign.data.store import Store
from handsign.data.take import Take, TakeInfo

REAL_VIDEO = ROOT.parent / "shared" / "data" / "video" / "mexican_yo.mp4"
MODELS = ("action", "trajectory", "nextframe")
ACTIONS = ("hello", "nothing")


def snippets(document: str) -> list[tuple[int, str]]:
    """(number of the line before it, code) of every Python example, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.finditer(r"^```(?:python|py)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [(text[: match.start(1)].count("\n"), match[1]) for match in found]


class ClipAsCamera(Source):
    """In place of a camera: the frames of clip.mp4, and then it ends."""

    live = True

    def __init__(self, device: str = "0", size: tuple[int, int] = (640, 480), rate: float = 30.0) -> None:
        assert device == "0"
        self._video = Video(Path("clip.mp4"))

    def __iter__(self) -> Any:
        return iter(self._video)

    def close(self) -> None:
        self._video.close()


def make_clip(path: Path) -> None:
    """A person, small for speed, where there is a recording of one, else the practice signer."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (320, 180))
    with Video(REAL_VIDEO) if REAL_VIDEO.exists() else PracticeSigner(1, 1) as source:
        for frame in source:
            writer.write(cv2.resize(frame.image, (320, 180)))
    writer.release()


def make_takes(folder: Path) -> None:
    """Six takes of each action by the practice signer."""
    store = Store(folder)
    for action in ACTIONS:
        for seed in range(6):
            signer = PracticeSigner(seed, actions=[action])
            signer.cue(action)
            frames: list[Frame] = [frame for frame, _ in zip(signer, range(30), strict=False)]
            samples = np.stack([frame.sample for frame in frames])
            store.add(Take(samples, np.array([frame.time for frame in frames]), TakeInfo(action=action)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped models, a video and takes."""
    folder = tmp_path_factory.mktemp("snippets")
    for name in MODELS:
        for file in ROOT.glob(f"{name}.*"):
            shutil.copy(file, folder)
    make_clip(folder / "clip.mp4")
    make_takes(folder / "MP_Data")
    return folder


@pytest.fixture
def machine(files: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A machine with a camera and a screen, whose folder is `files`; the pictures that are shown."""
    shown: list[Any] = []
    capture = cv2.VideoCapture
    monkeypatch.chdir(files)
    monkeypatch.setattr(camera_module, "Camera", ClipAsCamera)
    monkeypatch.setattr(cv2, "VideoCapture", lambda source, *_: capture("clip.mp4" if source == 0 else source))
    monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append(image))
    monkeypatch.setattr(cv2, "waitKey", lambda wait=0: -1)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    return shown


def execute(document: str) -> dict[str, Any]:
    """The names that a document's examples define; they share them, as they do for a reader."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line, code in snippets(document):
        code, file = "\n" * line + code, f"<{document}>"
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)  # for tracebacks
        exec(compile(code, file, "exec"), names)
    return names


@pytest.mark.slow
@pytest.mark.timeout(600)  # it trains
def test_the_examples_of_the_api(machine, capsys):
    names = execute("docs/API.md")
    assert len(snippets("docs/API.md")) >= 10
    assert len(machine) > 40
    assert names["probabilities"].keys() == set(names["model"].labels)
    assert set(names["mine"].labels) == set(ACTIONS)
    assert names["labels"] == ["please"] or not REAL_VIDEO.exists()
    printed = capsys.readouterr().out
    assert "sign\n" in printed
    assert "there is no model nothing.onnx; make one with train.py, or name one with --model\n" in printed


@pytest.mark.slow
def test_the_examples_of_the_readme(machine):
    execute("README.md")


def test_every_example_is_found():
    """None is marked in a way that would leave it out."""
    for document in ("README.md", "docs/API.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        marked = re.findall(r"^\s*(?:```|~~~) ?(?:python3?|py|pycon|Python)\b", text, re.MULTILINE)
        assert len(marked) == len(snippets(document))


def test_an_example_that_fails_fails_the_test(monkeypatch):
    monkeypatch.setitem(globals(), "snippets", lambda document: [(3, "x = 1\n"), (9, "assert x == 2\n")])
    with pytest.raises(AssertionError) as raised:
        execute("README.md")
    assert raised.traceback[-1].lineno + 1 == 10
