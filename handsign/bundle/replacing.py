"""Replace the files of a model as a whole.

Four files cannot be renamed at once, but the folder that they were made in can: its rename decides. Then they are moved
out of it one by one, and whoever opens or saves the model next goes on with that if it was interrupted.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from handsign.errors import InputError
from handsign.files import sync


def model_files(path: Path) -> list[Path]:
    """The files of a model: Keras' whole and weights, the architecture, the bundle."""
    return [path.with_name(path.stem + end) for end in (".h5", ".weights.h5", ".json", ".onnx")]


def replace_model(folder: Path, path: Path) -> None:
    """Replace the files of the model `path` by those in `folder`, beside it, which is gone then.

    Raises:
        OSError: the old ones are still there, whole.
        InputError: as `finish_replacing`.
    """
    finish_replacing(path)
    for made in folder.iterdir():
        sync(made)
    sync(folder)
    folder.rename(_decided(path))
    finish_replacing(path)


def finish_replacing(path: Path) -> None:
    """Go on with `replace_model` where it was interrupted; a bundle's path is as good as the model's.

    Raises:
        InputError: the folder cannot be written to.
    """
    folder = _decided(path)
    if not folder.is_dir():
        return
    try:
        sync(path.parent)
        for target in model_files(path):
            with suppress(FileNotFoundError):  # moved before, or by another program just now
                (folder / target.name).replace(target)
        sync(path.parent)
        with suppress(FileNotFoundError):
            folder.rmdir()
    except OSError as error:
        raise InputError(
            f"{path} was saved to {folder}, but not moved from there ({error.strerror or error})"
        ) from error


def _decided(path: Path) -> Path:
    return path.with_name(f".{path.stem}.saved")
