"""Kill a program before each of its file operations in turn, and look at what it left.

    python tests/kills.py CASE FOLDER

prints {"points": how often it was killed, "wrong": what was wrong afterwards -> how often}. Not for Windows (fork).
"""

import json
import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import onnx

from handsign import tasks
from handsign.bundle.check import add_checksum
from handsign.bundle.info import KEY, TriggerConfig, parse
from handsign.bundle.replacing import model_files, replace_model
from handsign.bundle.runtime import digest
from handsign.data.readers import read
from handsign.data.store import Store
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.tasks.strike.images import ImageStore

ROOT = Path(__file__).parent.parent

OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.listdir", "os.scandir"}
"""Python's audit events of file operations."""

OLD, NEW = (10.0, 5), (200.0, 4)
"""The value and the number of the samples of the take that is replaced, and of the one that replaces it."""


def make_take(shape, value, count):
    times = np.arange(count) / 10
    return Take(np.full((count, *shape), value, np.float32), times, TakeInfo(action="punch", signer="me"))


def kill_before(number, work, root):
    """Whether the `number`-th file operation of `work` below `root` was reached, before which it is killed."""
    child = os.fork()
    if child == 0:
        left, sync = [number], os.fsync

        def count():
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def on_event(event, arguments):
            if event in OPERATIONS and any(str(root) in str(argument) for argument in arguments[:2]):
                count()

        os.fsync = lambda handle: (count(), sync(handle))
        sys.addaudithook(on_event)
        try:
            work()
        finally:
            os._exit(3 if sys.exc_info()[0] else 0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def found(root, task):
    """(value, number of samples) of every take below the folder; None for what cannot be read."""
    takes = list(read(root, task.format, 1.0)) if root.exists() else []
    return [
        (float(np.median(t.samples)), len(t.times)) if isinstance(t, Take) and np.ptp(t.samples) < 9 else None
        for t in takes
    ]


def check(kind, task, root, replaced):
    """What is wrong in a folder, first as it was left, then after a writer has started, then after it has written."""
    whole = [[OLD], [NEW]] if replaced else [[], [NEW]]
    rounded = [[(round(v, -1), n) for v, n in takes] for takes in whole]

    def looked():
        return [one and (round(one[0], -1), one[1]) for one in found(root, task)]

    before = looked()
    if before not in rounded:
        yield "neither the old nor the new take is whole"
    store = kind(root)
    if looked() != before:
        yield "another take when a writer starts"
    if hidden := [path.name for path in root.rglob(".*") if path.name != ".lock"]:
        yield f"left behind: {hidden[0].split('.')[-1]}"
    store.add(make_take(task.format.shape, 100, 3))
    if looked() != [*before, (100, 3)]:
        yield "the next take is not added"


def run(case, root):
    name, what = case.split("-")
    kind, task = (ImageStore, tasks.load("strike")) if name == "pictures" else (Store, tasks.load("sign"))
    points, wrong = 0, Counter()

    def work():
        store = kind(root)
        new = make_take(task.format.shape, *NEW)
        store.replace(store.paths("punch", "me")[0], new) if what == "replace" else store.add(new)

    while True:
        shutil.rmtree(root, ignore_errors=True)
        if what == "replace":
            kind(root).add(make_take(task.format.shape, *OLD))
        killed = kill_before(points + 1, work, root)
        wrong.update(check(kind, task, root, what == "replace"))
        if not killed:
            return {"points": points, "wrong": wrong}
        points += 1


def make_model(folder, number):
    """The four files of a model in a folder, each with its number at the end; the bundle has it as the threshold."""
    folder.mkdir(parents=True)
    h5, weights, architecture, bundle = model_files(folder / "m.h5")
    for path in (h5, weights, architecture):
        path.write_text(f"{path.name} {number}")
    network = onnx.load(ROOT / "trajectory.onnx")
    info = parse(network.metadata_props[0].value, "")
    trigger = TriggerConfig(threshold=number)
    info = msgspec.structs.replace(info, h5=digest(h5), checksum=True, trigger=trigger)
    onnx.helper.set_model_props(network, {KEY: msgspec.json.encode(info).decode()})
    bundle.write_bytes(add_checksum(network.SerializeToString()))


def check_model(root, replaced):
    """What is wrong with the model in a folder after it is opened as `m.h5`, and with its files after that."""
    try:
        number = tasks.load("trajectory").load_model(root / "m.h5").info.trigger.threshold
    except InputError as error:
        if replaced or "there is no model" not in str(error):
            yield str(error)
        if any(path.exists() for path in model_files(root / "m.h5")):
            yield "files of a model that is not there"
        return
    if number not in ([0.25, 0.75] if replaced else [0.75]):
        yield "another model"
    if any(path.read_text() != f"{path.name} {number}" for path in model_files(root / "m.h5")[:3]):
        yield "files of two models"
    if {path.name for path in root.iterdir()} - {"made"} != {path.name for path in model_files(root / "m.h5")}:
        yield "left behind"


def run_model(root, replaced):
    points, wrong = 0, Counter()
    while True:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        if replaced:
            make_model(root / "old", 0.25)
            replace_model(root / "old", root / "m.h5")
        make_model(root / "made", 0.75)
        killed = kill_before(points + 1, lambda: replace_model(root / "made", root / "m.h5"), root)
        wrong.update(check_model(root, replaced))
        if not killed:
            return {"points": points, "wrong": wrong}
        points += 1


if __name__ == "__main__":
    case, root = sys.argv[1], Path(sys.argv[2])
    found = run_model(root, case == "model-replace") if case.startswith("model-") else run(case, root)
    print(json.dumps(found))
