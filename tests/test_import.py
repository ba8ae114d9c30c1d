"""`import handsign` costs nothing: what is heavy is imported when it is used."""

import subprocess
import sys

import pytest
from conftest import ROOT

import handsign

HEAVY = {"numpy", "cv2", "tensorflow", "keras", "onnxruntime", "mediapipe", "msgspec", "matplotlib", "scipy"}


def loaded(code):
    """The packages that a new process has imported after running `code`."""
    code += "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_alone_imports_nothing_heavy():
    assert not loaded("import handsign; handsign.__version__, dir(handsign)") & HEAVY


@pytest.mark.parametrize(
    "use", ["handsign.load('action.onnx')", "handsign.annotate", "handsign.train", "handsign.Event"]
)
def test_its_names_are_imported_when_they_are_used_and_without_tensorflow(use):
    assert not loaded(f"import handsign; {use}") & {"tensorflow", "keras", "mediapipe"}


def test_it_has_the_names_that_it_lists():
    assert all(callable(getattr(handsign, name)) for name in handsign.__all__)
    with pytest.raises(AttributeError, match="module 'handsign' has no attribute 'nothing'"):
        _ = handsign.nothing
