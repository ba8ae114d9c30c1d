"""Features of pictures and of their variations, computed once: kept by the pictures' own hashes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from handsign import variations
from handsign.errors import InputError
from handsign.files import atomic
from handsign.takes import UNREADABLE, open_npz
from handsign.variations import COUNT, vary

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]
HASH = 16
"""Bytes of a picture's hash."""
LIMIT = 40_000
"""Features that are kept, the last ones asked about: 200 MB."""
FOLDER = "HANDSIGN_CACHE"
"""The variable of the environment that names the folder; without it, .cache/handsign at home."""


class Seen:
    """What a network saw in pictures, now or in an earlier training; a context manager that keeps it at the end.

    `eye`: pictures (n, H, W, 3) -> features (n, width); `name` tells one network, with its weights, from another.
    A file that is damaged or cannot be written is done without.
    """

    def __init__(self, eye: keras.Model, name: str, folder: Path | None = None) -> None:
        self._eye = eye
        self._width = eye.output_shape[-1]
        made_by = name.encode() + Path(variations.__file__).read_bytes()
        folder = folder or Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "handsign")
        self.path = folder / f"features-{sha256(made_by).hexdigest()[:16]}.npz"
        self._known: dict[bytes, Array] = {}
        self._asked: dict[bytes, None] = {}
        self._new = False

    def __enter__(self) -> Seen:
        self._known = self._load()
        return self

    def __exit__(self, *error: object) -> None:
        if self._new:
            self._save()

    def bar(self, rows: Iterable[Any]) -> Iterable[Any]:
        """The rows, with a progress bar."""
        from tqdm import tqdm

        return tqdm(rows, "looking at pictures", disable=None, leave=False)

    def __call__(self, window: Array, copies: int = 0, seed: int = 0, flip: bool = True) -> Array:
        """Features (1 + copies, T, width) of a window (T, H, W, 3) and of its variations, see `variations.vary`."""
        seeds = range(seed, seed - (-copies // COUNT))
        each = [np.concatenate([self._see(p), *(self._see(p, one, flip) for one in seeds)]) for p in window]
        return np.stack(each, axis=1)[: copies + 1]

    def _see(self, picture: Array, seed: int | None = None, flip: bool = True) -> Array:
        """Features (1, width) of a picture (H, W, 3), or, with a seed, (COUNT, width) of its variations."""
        key = blake2b(np.ascontiguousarray(picture), digest_size=HASH, salt=f"{seed} {flip}".encode()[:16]).digest()
        if key not in self._known:
            pictures = picture[None] if seed is None else vary(picture, COUNT, seed, flip)
            self._known[key] = np.asarray(self._eye.predict_on_batch(pictures), np.float32)
            self._new = True
        self._asked[key] = None
        return self._known[key]

    def _load(self) -> dict[bytes, Array]:
        try:
            with open_npz(self.path) as file:
                keys, counts, features = file["keys"], file["counts"], file["features"]
        except UNREADABLE:
            return {}
        if features.shape != (counts.sum(), self._width) or keys.shape != (len(counts), HASH):
            return {}
        parts = np.split(features.astype(np.float32, copy=False), np.cumsum(counts)[:-1])
        return dict(zip((key.tobytes() for key in keys), parts, strict=True))

    def _save(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")), atomic(self.path) as temporary:
                known = {**self._load(), **self._known}
                order = [*self._asked, *(key for key in reversed(known) if key not in self._asked)]
                counts = np.array([len(known[key]) for key in order])
                order, counts = order[: (kept := int((counts.cumsum() <= LIMIT).sum()))], counts[:kept]
                keys = np.frombuffer(b"".join(order), np.uint8).reshape(-1, HASH)
                np.savez(temporary, keys=keys, counts=counts, features=np.concatenate([known[key] for key in order]))
        except (OSError, InputError) as error:
            print(f"features are not kept: {error}")
