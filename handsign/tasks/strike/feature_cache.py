"""Cache on disk of the backbone's features of pictures and of their augmented copies, by the pictures' hashes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.errors import InputError
from handsign.files import atomic, cache_folder, locked
from handsign.reading import open_npz
from handsign.tasks.strike.augment import COPIES, VERSION, augment_image

if TYPE_CHECKING:
    import keras

    from handsign.types import Array

HASH = 16
"""Size of a picture's hash in bytes."""
LIMIT = 40_000
"""Most features (rows of float32) in the file, those used last are kept: 200 MB at 1280 a row."""


class FeatureCache:
    """Features of pictures by a network, computed once; a context manager that writes new ones to disk at its end.

    The file is named after `name` and `augment.VERSION`. One that is damaged is ignored and replaced; if it cannot
    be written, that is logged. Files of other versions are left: they can be removed at any time.

    Args:
        extractor: pictures (n, H, W, 3) in 0..255 -> features (n, width).
        name: identifies the extractor, its weights and its input size.
        folder: `files.cache_folder()` by default.
    """

    def __init__(self, extractor: keras.Model, name: str, folder: Path | None = None) -> None:
        self._extractor = extractor
        self._width = extractor.output_shape[-1]
        key = sha256(name.encode()).hexdigest()[:16]
        self.path = (folder or cache_folder()) / f"features-v{VERSION}-{key}.npz"
        self._known: dict[bytes, Array] = {}
        self._used: dict[bytes, None] = {}
        self._changed = False

    def __enter__(self) -> FeatureCache:
        self._known = self._load()
        return self

    def __exit__(self, *error: object) -> None:
        if self._changed:
            self._save()

    def progress(self, rows: Iterable[Any]) -> Iterable[Any]:
        """The rows, with a progress bar."""
        from tqdm import tqdm

        return tqdm(rows, "computing features", disable=None, leave=False)

    def __call__(self, window: Array, copies: int = 0, seed: int = 0, flip: bool = True) -> Array:
        """Features (1 + copies, T, width) float32 of a window (T, H, W, 3) and of `copies` augmented copies.

        `seed` and `flip` are those of `augment_image`; all pictures of the window are augmented in the same way.
        """
        seeds = range(seed, seed - (-copies // COPIES))
        each = [np.concatenate([self._of(p), *(self._of(p, one, flip) for one in seeds)]) for p in window]
        return np.stack(each, axis=1)[: copies + 1]

    def _of(self, picture: Array, seed: int | None = None, flip: bool = True) -> Array:
        """Features (1, width) of a picture (H, W, 3), or with a seed (COPIES, width) of its augmented copies."""
        key = blake2b(
            np.ascontiguousarray(picture).data, digest_size=HASH, salt=f"{seed} {flip}".encode()[:16]
        ).digest()
        if key not in self._known:
            pictures = picture[None] if seed is None else augment_image(picture, COPIES, seed, flip)
            self._known[key] = np.asarray(self._extractor.predict_on_batch(pictures), np.float32)
            self._changed = True
        self._used[key] = None
        return self._known[key]

    def _load(self) -> dict[bytes, Array]:
        try:
            with open_npz(self.path) as file:
                keys, counts, features = file["keys"], file["counts"], file["features"]
        except InputError:
            return {}
        if features.shape != (counts.sum(), self._width) or keys.shape != (len(counts), HASH):
            return {}
        parts = np.split(features.astype(np.float32, copy=False), np.cumsum(counts)[:-1])
        return dict(zip((key.tobytes() for key in keys), parts, strict=True))

    def _save(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.path.with_suffix(".lock")), atomic(self.path) as temporary:
                known = {**self._load(), **self._known}
                order = [*self._used, *(key for key in reversed(known) if key not in self._used)]
                counts = np.array([len(known[key]) for key in order])
                order, counts = order[: (kept := int((counts.cumsum() <= LIMIT).sum()))], counts[:kept]
                keys = np.frombuffer(b"".join(order), np.uint8).reshape(-1, HASH)
                np.savez(temporary, keys=keys, counts=counts, features=np.concatenate([known[key] for key in order]))
        except (OSError, InputError) as error:
            logging.getLogger("handsign").warning("features are not cached: %s", error)
