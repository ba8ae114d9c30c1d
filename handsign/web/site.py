"""The content of the page: its files, the models and a manifest of both. `export` writes them as a static folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from handsign.bundle.replacing import finish_replacing
from handsign.bundle.runtime import read_info
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.tasks import Task
    from handsign.web.config import WebConfig

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
"""Packages that `make web` fetches: too large for the repository."""
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
OVERRIDES = ("labels", "threshold", "min_consecutive", "refractory", "release", "min_interval")
"""Options that replace fields of a model's metadata, or of the trigger in it."""


@dataclass(frozen=True)
class Site:
    """What the page is given.

    models   paths of the bundles by the names that they are served under, the one of --model first
    changes  fields that replace those of the first model's metadata
    records  the task whose takes can be saved
    """

    models: Mapping[str, Path]
    changes: Mapping[str, Any]
    records: Task

    def manifest(self, served: bool = True) -> bytes:
        """The manifest as JSON, with the tasks that the page has a module of. Saving takes needs a server."""
        task = self.records
        content = {
            "models": [f"{MODELS}/{name}" for name in self.models],
            "changes": self.changes,
            "tasks": sorted(path.stem for path in (STATIC / "tasks").glob("*.js")),
            "records": {"task": task.name, "actions": task.examples, "sample": task.format.shape} if served else None,
        }
        return msgspec.json.encode(content)


def open_site(config: WebConfig, task: Task) -> Site:
    """A site with the bundle of `config.model`, if it exists, and all others in its folder.

    Raises:
        InputError: the page's packages are missing, or the model exists but cannot be used.
    """
    if not VENDOR.is_dir():
        raise InputError(f"{VENDOR} does not exist; 'make web' fetches it (needs npm)")
    finish_replacing(config.model)
    named, changes = config.model.with_suffix(".onnx"), {}
    if named.exists():
        task.load_model(config.model, config.labels)
        changes = {name: value for name in OVERRIDES if (value := getattr(config, name)) is not None}
        changes |= {"gate": False} if config.no_gate else {}
    elif config.model.exists():
        raise InputError(f"{config.model} has no {named.name} beside it, which browsers run; train again")
    return Site(bundles(named), changes, task)


def bundles(named: Path) -> dict[str, Path]:
    """The bundles in the folder of `named` by their file names, itself first; files that cannot be read are skipped."""
    others = sorted(path for path in named.parent.glob("*.onnx") if path != named)
    found = {}
    for path in [*([named] if named.exists() else []), *others]:
        try:
            read_info(path)
        except InputError:
            continue
        found[path.name] = path
    return found


def export(folder: Path, site: Site) -> None:
    """Write the page and the models into a folder for any web host; it cannot save takes.

    Raises:
        InputError: the folder exists and is not empty, or cannot be written.
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
    """The files that differ from the served ones: the policy is in the page, as a web host does not send `HEADERS`."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    assert "<head>" in page
    return {
        "index.html": page.replace("<head>", f"<head>\n    {policy}", 1).encode(),
        MANIFEST: site.manifest(served=False),
    }
