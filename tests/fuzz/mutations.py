"""Mutated files for every reader: valid ones with bytes, numbers and members of archives changed at random.

`TARGETS` has a target for each reader: the valid files to begin with, and what reads a mutated one.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from handsign import tasks
from handsign.data import readers
from handsign.data.dataset import Dataset
from handsign.data.format import Format
from handsign.data.split import Split
from handsign.data.stills import read_still
from handsign.data.store import Store
from handsign.data.take import InvalidTake, Take
from handsign.landmarks.holistic import HAND_NAMES, POSE_NAMES
from handsign.live.actions import load_actions
from handsign.tasks.nextframe import films
from handsign.tasks.signer import verification
from handsign.tasks.signer.enrolment import People

NAMES = np.array(["ann", "bob", "ann"])

SMALL = Format("small", (4,))
"""A format of small samples: mutations reach more of a small file."""

ODD = [
    *(
        b"\0",
        b"\xff",
        b"\x7f",
        b"\x80",
        b"\0\0\0\0",
        b"\xff" * 4,
        b"\xff\xff\xff\x7f",
        b"\xff" * 8,
        b"\xff" * 7 + b"\x7f",
    ),
    *(
        struct.pack("<f", float("nan")),
        struct.pack("<f", float("inf")),
        struct.pack("<d", 1e308),
        struct.pack("<d", -1e308),
    ),
    *(b"nan", b"inf", b"1e999", b"-1", b"0", b"9" * 20, b"null", b'""', b"{}", b"[]", b"\xed\xa0\x80", b"\xc0\x80"),
    *(b"../", b"\n", b'"', b"'", b"(", b")", b"\\", b"\\ud800"),
]
"""Bytes that parsers stumble over."""

DIGITS = (b"0", b"9", b"-1", b"99999999", b"1e9", b"4294967296", b"3.5")


@dataclass(frozen=True)
class Target:
    """A reader: valid files, whether they are `.npz`, and what reads one from a folder of its own."""

    corpus: Callable[[], list[bytes]]
    read: Callable[[Path, bytes], Any]
    npz: bool = False

    def mutations(self, seed: int, count: int) -> list[bytes]:
        """`count` mutated files, the same for the same seed."""
        rng, corpus = random.Random(seed), self.corpus()
        change = mutate_npz if self.npz else mutate
        return [change(rng.choice(corpus), corpus, rng) for _ in range(count)]


def mutate(data: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """A file with some changes, most of them near its beginning, where its headers are."""
    new = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 10, 30))):
        size = len(new)
        at = min(rng.randrange(size + 1) if rng.random() < 0.6 else int(rng.expovariate(1 / 120)), max(size - 1, 0))
        match rng.randrange(9) if size else 8:
            case 0:
                new[at] ^= 1 << rng.randrange(8)
            case 1:
                new[at] = rng.randrange(256)
            case 2:
                del new[at : at + 1 + int(rng.expovariate(1 / 20))]
            case 3:
                new[at:at] = new[at : at + 1 + int(rng.expovariate(1 / 30))] * rng.choice((1, 1, 2, 50))
            case 4:
                odd = rng.choice(ODD)
                new[at : at + len(odd) * rng.randrange(2)] = odd
            case 5:
                del new[at:]
            case 6:
                other = rng.choice(corpus)
                start = rng.randrange(len(other) + 1)
                new[at : at + rng.randrange(1, 200)] = other[start : start + rng.randrange(1, 200)]
            case 7:
                digits = [i for i in range(max(0, at - 200), min(size, at + 200)) if 48 <= new[i] <= 57]
                if digits:
                    digit = rng.choice(digits)
                    new[digit : digit + 1] = rng.choice(DIGITS)
            case _:
                new[at:at] = rng.randbytes(rng.randrange(1, 40))
    return bytes(new)


def mutate_npz(data: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """An archive changed as a file, or, in half of the cases, inside of a member, whose checksum stays right."""
    if rng.random() < 0.45:
        return mutate(data, corpus, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(each.filename, archive.read(each)) for each in archive.infolist()]
    at, way = rng.randrange(len(members)), rng.random()
    name, body = members[at]
    if way < 0.85:
        members[at] = name, mutate(body, [each for _, each in members], rng)
    elif way < 0.9:
        del members[at]
    elif way < 0.95:
        members.append((rng.choice(("X.npy", "y.npy", "../x.npy", "dataset.npy", "info.npy", "take.npy")), body))
    else:
        other = rng.randrange(len(members))
        members[at], members[other] = (name, members[other][1]), (members[other][0], body)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, content in dict(members).items():
            archive.writestr(member, content)
    return made.getvalue()


def npz(**arrays: Any) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def npy(array: Any) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def info(**changes: Any) -> np.ndarray:
    fields = {"action": "hello", "signer": "me", "session": "s", "source": "x", "frame_size": [640, 480], "rate": 30.0}
    return np.frombuffer(json.dumps({**fields, "mirrored": False, "extractor": "e", **changes}).encode(), np.uint8)


def noise(*shape: int, kind: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32).astype(kind)


def drain(path: Path, form: Format) -> None:
    """Read all takes at a path, and use what the program uses first."""
    for found in readers.read(path, form, 1.0):
        assert isinstance(found, Take | InvalidTake), found
        assert "\n" not in getattr(found, "reason", "")
        found.name.encode()
        if isinstance(found, Take):
            msgspec.json.encode(found.info)
            _ = found.info.frame_size and found.info.frame_size[0] / found.info.frame_size[1]


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def reads_takes(name: str, form: Format) -> Callable[[Path, bytes], None]:
    """Reads one file, in the folder of an action, as takes."""
    return lambda folder, data: drain(write(folder / "hello" / name, data), form)


def read_take(folder: Path, data: bytes) -> None:
    reads_takes("me_000.npz", SMALL)(folder, data)
    Store(folder).sources()


def read_tree(folder: Path, data: bytes) -> None:
    write(folder / "tree" / "hello" / "0" / "0.npy", npy(noise(4)))
    write(folder / "tree" / "hello" / "0" / "1.npy", data)
    drain(folder / "tree", SMALL)


def read_dataset(folder: Path, data: bytes) -> None:
    found = Dataset.load(write(folder / "dataset.npz", data), "small", (5, 4))
    for part in ("train", "val", "test"):
        X, y = found.rows(part)
        assert len(X) == len(y)
    found.save(folder / "again.npz")


def read_posted(folder: Path, data: bytes) -> None:
    from handsign.web.app import parse_posted

    parse_posted(data).take(SMALL)


def dataset() -> bytes:
    data = Dataset(
        *("small", noise(6, 5, 4), np.eye(2, dtype=np.float32)[[0, 1] * 3], ["a", "b"]),
        *(np.array(["train"] * 4 + ["val", "test"]), np.array(list("abcdef")), np.array(["s"] * 6), np.array([""] * 6)),
        rate=30.0,
        split=Split(),
    )
    with tempfile.TemporaryDirectory() as folder:
        data.save(path := Path(folder, "dataset.npz"))
        return path.read_bytes()


def pose() -> bytes:
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    parts = {"POSE": POSE_NAMES, "FACE": map(str, range(468)), "LEFT_HAND": HAND_NAMES, "RIGHT_HAND": HAND_NAMES}
    components = [
        PoseHeaderComponent(f"{name}_LANDMARKS", list(points), [], [], "XYZC") for name, points in parts.items()
    ]
    body = NumPyPoseBody(30.0, noise(4, 1, 543, 3) * 400, noise(4, 1, 543))
    made = io.BytesIO()
    Pose(PoseHeader(0.2, PoseHeaderDimensions(640, 480, 1), components), body).write(made)
    return made.getvalue()


def points() -> list[bytes]:
    floats = [[float(i), i * 2.5] for i in range(20)]
    whole = [[i, 300 + i] for i in range(20)]
    pickles = [pickle.dumps(each, protocol) for each in (floats, whole) for protocol in range(6)]
    texts = ["\n".join(f"{x},{y}" for x, y in floats), "x;y\n" + "\n".join(f"{x} {y}" for x, y in whole)]
    return [*pickles, json.dumps(floats).encode(), json.dumps({"a": floats}).encode(), *map(str.encode, texts)]


def balabit() -> list[bytes]:
    buttons = (("NoButton", "Move"), ("Left", "Pressed"))
    rows = [f"{i * 0.1},{i * 0.1 + 0.003},{','.join(buttons[i % 5 == 0])},{300 + i},{200 + 2 * i}" for i in range(40)]
    rows.insert(0, "record timestamp,client timestamp,button,state,x,y")
    return ["\n".join(rows).encode(), "\r\n".join(rows).encode()]


def images() -> list[bytes]:
    picture = Image.fromarray((noise(24, 40, 3) * 255).astype(np.uint8))
    comment = bytes(info(action="punch"))
    kinds = (("JPEG", {"comment": comment}), ("JPEG", {"progressive": True}), ("PNG", {}), ("BMP", {}), ("WEBP", {}))
    found = []
    for kind, options in kinds:
        made = io.BytesIO()
        picture.save(made, kind, **options)
        found.append(made.getvalue())
    return found


def read_image(folder: Path, data: bytes) -> None:
    write(folder / "punch" / "me_000_000000ms.jpg", data)
    drain(folder, task_format("strike"))
    read_still(folder / "punch" / "me_000_000000ms.jpg")


TOML = b"""cooldown = 0.5
osc = "127.0.0.1:9000"
[on.punch]
keys = ["ctrl", "x"]
http = "http://127.0.0.1:8080/hit"
osc = "/punch"
command = ["notify-send", "punch"]
[on.kick]
command = ["true"]
"""

POSTED = {
    "action": "hello",
    "signer": "ann",
    "session": "s",
    "extractor": "e",
    "frame_size": [640, 480],
    "times": [i / 30 for i in range(5)],
    "samples": base64.b64encode(noise(5, 4).tobytes()).decode(),
}


def task_format(name: str) -> Format:
    return tasks.load(name).format


TARGETS: dict[str, Target] = {
    "take": Target(
        lambda: [
            npz(samples=noise(12, 4), times=np.arange(12) / 30, info=info()),
            npz(samples=noise(3, 4), times=np.arange(3.0), info=info(frame_size=None, rate=None)),
        ],
        read_take,
        npz=True,
    ),
    "pack": Target(
        lambda: [
            npz(X=noise(3, 5, 4), y=np.array(["a", "b", "a"])),
            npz(
                X=noise(3, 5, 4),
                y=np.arange(3),
                take=np.arange(3),
                session=np.array(["s"] * 3),
                signer=np.array(["q"] * 3),
            ),
        ],
        reads_takes("pack.npz", SMALL),
        npz=True,
    ),
    "sign pack": Target(
        lambda: [npz(X=noise(3, 5, 126), y=np.array(["a", "b", "a"])), npz(X=noise(2, 5, 258), y=np.arange(2))],
        reads_takes("pack.npz", task_format("sign")),
        npz=True,
    ),
    "dataset": Target(lambda: [dataset()], read_dataset, npz=True),
    "tree": Target(lambda: [npy(noise(4)), npy(noise(4, kind=np.float64)), npy(np.arange(4))], read_tree),
    "pose": Target(lambda: [pose()], reads_takes("a.pose", task_format("sign"))),
    "points": Target(points, reads_takes("mouse_data.txt", task_format("trajectory"))),
    "balabit": Target(balabit, reads_takes("session_1", task_format("signer"))),
    "films": Target(
        lambda: [npy(noise(9, 2, 8, 8, kind=kind)) for kind in (np.float32, np.float64, bool, np.uint8)],
        lambda folder, data: films.read(write(folder / "film.npy", data)),
    ),
    "actions": Target(
        lambda: [TOML, b"[on]\npunch = {command = ['a']}\n"],
        lambda folder, data: load_actions(write(folder / "actions.toml", data), "command", ["punch", "kick"]),
    ),
    "labels": Target(
        lambda: [b"filename,is_illegal\n" + b"\n".join(b"session_%d,%d" % (i, i % 2) for i in range(30))],
        lambda folder, data: verification._illegal(write(folder / "labels.csv", data)),
    ),
    "images": Target(images, read_image),
    "posted take": Target(lambda: [json.dumps(POSTED).encode()], read_posted),
    "people": Target(
        lambda: [npz(names=np.array(["a", "b"]), own=noise(2, 4), cohort=noise(3, 4), h5=np.array("abc"))],
        lambda folder, data: People.load(write(folder / "people.npz", data), SimpleNamespace(h5="abc")),  # type: ignore[arg-type]
        npz=True,
    ),
}
