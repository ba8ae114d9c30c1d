"""Mutate files for every reader, in pieces whose seeds are told: `fuzz.py [COUNT] [--seed N] [--only READER ...]`.

Each piece runs in a process of its own with at most 4 GiB more memory than it begins with. It is a fault when a reader
raises anything but an `InputError`, takes more than 5 seconds or 1 GB, or ends the process. The mutation is then in
`fuzz/`, and the exit code 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fuzz")]

from mutations import TARGETS  # noqa: E402 - where it is was just said

from handsign.errors import InputError  # noqa: E402

PIECE = 2000
SECONDS, BYTES, ADDRESSES = 5.0, 10**9, 4 * 2**30


def memory(name: str) -> int:
    """Bytes by their name in /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def piece(name: str, seed: int, count: int, done: multiprocessing.SimpleQueue[tuple[str, bytes] | None]) -> None:
    """Read `count` mutations, sending (what is wrong, the file) of each fault, and None at the end."""
    target = TARGETS[name]
    files = target.mutations(seed, count)
    most = memory("VmSize") + ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        for data in files:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins again
            before, start = memory("VmRSS"), time.process_time()
            done.put(("killed", data))
            try:
                target.read(Path(folder), data)
            except InputError:
                pass
            except Exception as error:
                at = traceback.extract_tb(error.__traceback__)[-1]
                done.put((f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {error}"[:200], data))
            if (seconds := time.process_time() - start) > SECONDS:
                done.put((f"{seconds:.1f} s", data))
            if (taken := memory("VmHWM") - before) > BYTES:
                done.put((f"{taken >> 20} MiB", data))
    done.put(None)


def run(name: str, seed: int, count: int) -> list[tuple[str, bytes]]:
    """The faults of a piece."""
    done: multiprocessing.SimpleQueue[tuple[str, bytes] | None] = multiprocessing.SimpleQueue()
    process = multiprocessing.Process(target=piece, args=(name, seed, count, done))
    process.start()
    faults, last = [], b""
    while process.is_alive() or not done.empty():
        if done.empty():
            process.join(0.05)
        elif (found := done.get()) is None:
            process.join()
            return faults
        elif found[0] == "killed":
            last = found[1]
        else:
            faults.append(found)
    return [*faults, (f"the process ended with {process.exitcode}", last)]


def main() -> None:
    """Run all pieces."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int, nargs="?", default=20_000, help="mutations of each reader")
    options.add_argument("--seed", type=int, default=1, help="of the first piece; the next ones follow")
    options.add_argument("--only", nargs="+", choices=list(TARGETS), default=list(TARGETS), help="these readers")
    args = options.parse_args()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    folder, total = ROOT / "fuzz", 0
    for name in args.only:
        kinds: dict[str, int] = {}
        for number, start in enumerate(range(0, args.count, PIECE)):
            seed = args.seed + number
            for what, data in run(name, seed, min(PIECE, args.count - start)):
                if what not in kinds:
                    folder.mkdir(exist_ok=True)
                    (folder / f"{name.replace(' ', '_')}_{seed}_{len(kinds)}.bin").write_bytes(data)
                kinds[what] = kinds.get(what, 0) + 1
        total += sum(kinds.values())
        last = args.seed + max(0, args.count - 1) // PIECE
        print(
            f"{name:12} {args.count} mutations, seeds {args.seed} to {last}: {sum(kinds.values())} faults", flush=True
        )
        for what, count in sorted(kinds.items(), key=lambda kind: -kind[1]):
            print(f"    {count:6} {what}", flush=True)
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
