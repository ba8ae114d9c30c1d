"""What is served: the page's files, the models, and a manifest of them. `export` writes the same as a static folder."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from handsign import bundle
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.task import Task

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
"""What `make web` fetches: too large for the repository."""
MANIFEST, MODELS = "site.json", "models"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".wasm": "application/wasm",
        ".onnx": "application/octet-stream",
    }
)
LEVELS = ("labels", "threshold", "hold", "rearm", "release", "every")


@dataclass(frozen=True)
class Site:
    """What the page finds.

    models   bundles by the names that they are served under, the one of --model first
    changes  what the options say about that one, against what it says itself
    records  the task whose takes can be saved
    """

    models: Mapping[str, Path]
    changes: Mapping[str, Any]
    records: Task

    def manifest(self, served: bool = True) -> bytes:
        """The same as JSON; the models tell the rest themselves. Takes need a server."""
        task = self.records
        records = {"task": task.name, "actions": task.actions, "sample": task.sample}
        models = [f"{MODELS}/{name}" for name in self.models]
        return msgspec.json.encode({"models": models, "changes": self.changes, "records": records if served else None})


def open_site(args: argparse.Namespace, task: Task) -> Site:
    """The bundle of --model, if it is there, and every other one beside it.

    Raises:
        InputError: what was fetched for the page is missing, or the named model is there but of no use.
    """
    if not VENDOR.is_dir():
        raise InputError(f"{VENDOR} is not there; 'make web' fetches it (needs npm)")
    named, changes = args.model.with_suffix(".onnx"), {}
    if named.exists():
        bundle.Bundle.load(args.model, task, args.labels)
        changes = {name: value for name in LEVELS if (value := getattr(args, name)) is not None}
        changes |= {"gate": False} if args.no_gate else {}
    elif args.model.exists():
        raise InputError(f"{args.model} has no {named.name} beside it, which is what a browser runs; train again")
    return Site(bundles(named), changes, task)


def bundles(named: Path) -> dict[str, Path]:
    """The bundles in the folder of `named`, itself first; other files there, and damaged ones, are passed over."""
    others = sorted(path for path in named.parent.glob("*.onnx") if path != named)
    found = {}
    for path in [*([named] if named.exists() else []), *others]:
        try:
            bundle.read_info(path)
        except InputError:
            continue
        found[path.name] = path
    return found


def export(folder: Path, site: Site) -> None:
    """Write the page and the models as a folder that any web host serves; it records nothing.

    Raises:
        InputError: something is there already, or the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not empty; name a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as temporary:
            made = Path(temporary, "site")
            shutil.copytree(STATIC, made)
            for path, text in _pages(site).items():
                (made / path).write_bytes(text)
            (made / MODELS).mkdir()
            for name, path in site.models.items():
                shutil.copyfile(path, made / MODELS / name)
            if folder.exists():
                folder.rmdir()
            made.rename(folder)
    except OSError as error:
        raise InputError(f"{folder} could not be written ({error.strerror or error})") from error


def _pages(site: Site) -> dict[str, bytes]:
    """The files that differ from those that are served: a web host does not send our headers."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    assert "<head>" in page
    return {
        "index.html": page.replace("<head>", f"<head>\n    {policy}", 1).encode(),
        MANIFEST: site.manifest(served=False),
    }
