"""Two checkouts side by side: are their numbers equal to the bit, and how do their speeds compare?

`python benchmarks/compare.py OLD NEW [--json FILE]` runs the scripts of each checkout in child processes.
Numbers are landmarks, events, probabilities, pictures and trained weights; the exit code is 1 if any of them differs. A
step whose numbers differ is run again on OLD: if that differs from itself as well, the step is not deterministic.
Speeds are ratios OLD / NEW of runs that alternate (ABAB), so above 1 NEW is faster; they do not change the exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from compare_runs import ONE_FRAME, STEPS, VIDEO, Checkout, Numbers

Array = np.ndarray[Any, Any]
SLOWER = 0.97
"""A ratio below this is marked."""
SHORT = 5
"""How many times as often --help is run, which takes a fraction of a second."""


# --- comparing ---------------------------------------------------------------------------------------------


@dataclass
class Result:
    """A step's comparison: how many values are equal, what differs, and what else is worth knowing."""

    step: str
    equal: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def difference(old: Array, new: Array) -> str | None:
    """How two arrays differ, in words; None if type, shape and every bit are equal."""
    if (old.dtype.kind, old.shape) != (new.dtype.kind, new.shape) or (old.dtype != new.dtype and old.dtype.kind != "U"):
        return f"{old.dtype} {old.shape} in OLD, {new.dtype} {new.shape} in NEW"
    if old.tobytes() == new.tobytes():
        return None
    if old.dtype.kind == "U":
        return f"{old.tolist()!r} in OLD, {new.tolist()!r} in NEW"
    apart = np.abs(old.astype(np.float64) - new.astype(np.float64))
    return f"{np.count_nonzero(old != new)} of {old.size} values differ, by up to {apart.max(initial=0):.3g}"


def compare(step: str, old: Mapping[str, Array], new: Mapping[str, Array]) -> Result:
    """Compare arrays of equal names; one that only OLD has must be in NEW under another name, with equal content."""
    result = Result(step)
    added = {name: array for name, array in new.items() if name not in old}
    for name, array in old.items():
        if name in new:
            words = difference(array, new[name])
        else:
            same = next((other for other, value in added.items() if difference(array, value) is None), None)
            words = "only in OLD" if same is None else None
            if same is not None:
                added.pop(same)
                result.notes.append(f"{name} is called {same} in NEW")
        if words:
            result.differences.append(f"{name}: {words}")
        else:
            result.equal += array.size
    result.notes += [f"{name}: only in NEW" for name in added]
    if not result.equal and not result.differences:
        result.differences.append("nothing was compared")
    return result


def attempt(step: Callable[[Checkout], Numbers], at: Checkout) -> Numbers | str:
    """What a step returns, or why it failed."""
    try:
        at.out.mkdir(parents=True, exist_ok=True)
        return step(at)
    except (RuntimeError, OSError, ValueError, KeyError, StopIteration) as error:
        return f"failed: {error!s}"


def check(step: str, old: Checkout, new: Checkout) -> Result:
    """Run a step on both checkouts at the same time, and compare; on a difference OLD is compared to itself, too."""
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(partial(attempt, STEPS[step]), (old, new)))
    failed = [f"{name} {told}" for name, told in zip(("OLD", "NEW"), both, strict=True) if isinstance(told, str)]
    if failed:
        result = Result(step, differences=failed)
    else:
        result = compare(step, *both)
        if result.differences:
            again = attempt(STEPS[step], replace(old, out=old.out / "again"))
            if isinstance(again, str):
                result.notes.append(f"OLD, run again, {again}")
            else:
                same = not compare(step, both[0], again).differences
                result.notes.append("OLD is equal to itself" if same else "OLD differs from itself: not deterministic")
    result.seconds = time.perf_counter() - start
    return result


# --- speed -------------------------------------------------------------------------------------------------


def workloads(old: Checkout) -> dict[str, str]:
    """Commands to time; {fresh} stands for a new folder."""
    frame, video = old.out / "frame.mp4", old.data / "video" / VIDEO
    old.run("-c", ONE_FRAME, video, frame)
    plan = "--source practice:1 --actions hello --sequences 1 --length 2 --pause 0 --no-rest --headless"
    helps = {f"{name} --help": f"{name}.py --help" for name in ("collect", "preprocess", "train", "realtime")}
    return {
        "loop": f"realtime.py --headless --source {shlex.quote(str(video))}",
        "extraction": f"collect.py --source {shlex.quote(str(video))} --window whole --headless --data {{fresh}}",
        "startup, realtime": f"realtime.py --headless --source {shlex.quote(str(frame))}",
        "startup, collect": f"collect.py {plan} --data {{fresh}}",
        **helps,
    }


def measure(at: Checkout, command: str) -> tuple[float, float]:
    """Wall seconds and CPU seconds (user and system, children included) of one run."""
    with tempfile.TemporaryDirectory() as fresh:
        words = [sys.executable, *(word.replace("{fresh}", fresh) for word in shlex.split(command))]
        start, silent = time.perf_counter(), subprocess.DEVNULL
        process = subprocess.Popen(words, cwd=at.root, env=at.environment(), stdout=silent, stderr=silent)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{at.root}: {command}: exit code {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def ratio(old: list[float], new: list[float]) -> dict[str, float]:
    """Medians, their ratio OLD / NEW, and the quartiles of the ratios of neighbouring runs."""
    low, _, high = statistics.quantiles([a / b for a, b in zip(old, new, strict=True)], n=4, method="inclusive")
    middle, other = statistics.median(old), statistics.median(new)
    return {"old": middle, "new": other, "ratio": middle / other, "low": low, "high": high}


def speed(old: Checkout, new: Checkout, name: str, command: str, repeats: int) -> dict[str, Any]:
    """Ratios of one workload, by runs that alternate; the first run of each is not counted."""
    runs: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(repeats + 1):
        for at, seconds in zip((old, new), runs, strict=True):
            seconds.append(measure(at, command))
    walls, cpus = (tuple([run[i] for run in of[1:]] for of in runs) for i in (0, 1))
    return {"workload": name, "repeats": repeats, "wall": ratio(*walls), "cpu": ratio(*cpus)}


# --- output ------------------------------------------------------------------------------------------------


def show(result: Result) -> None:
    """A line of the table of numbers, and what differs below it."""
    verdict = "DIFFERS" if result.differences else "equal"
    print(f"{result.step:28}{verdict:9}{result.equal:>12,} values equal {result.seconds:7.1f} s", flush=True)
    for mark, lines in (("!", result.differences), ("-", result.notes)):
        for line in lines[:10] + ([f"and {len(lines) - 10} more"] if len(lines) > 10 else []):
            print(f"    {mark} {line}")


def show_speed(row: Mapping[str, Any]) -> None:
    """A line of the table of speeds."""
    cells = "".join(
        f"{of['old']:8.3f} {of['new']:8.3f} {of['ratio']:7.3f}{'!' if of['ratio'] < SLOWER else ' '}"
        f" ({of['low']:.3f}-{of['high']:.3f})"
        for of in (row["wall"], row["cpu"])
    )
    print(f"{row['workload']:20}{cells}", flush=True)


def main() -> int:
    """Compare, print the tables, write the JSON; 1 if any number differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="a checkout; ../shared/data beside it holds the videos")
    parser.add_argument("new", type=Path, help="another one")
    parser.add_argument("--part", choices=["numbers", "speed"], help="only this (default: both)")
    parser.add_argument("--steps", nargs="+", choices=STEPS, metavar="STEP", default=list(STEPS), help="of the numbers")
    parser.add_argument("--repeats", type=int, default=9, help="counted runs of each workload and checkout, at least 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        old = Checkout(args.old.resolve(), Path(folder, "old"), Path(folder, "old"))
        new = Checkout(args.new.resolve(), Path(folder, "new"), Path(folder, "new"), old)
        results: dict[str, Any] = {"old": old.commit(), "new": new.commit(), "numbers": [], "speed": []}
        print(f"OLD {old.root} {results['old']}\nNEW {new.root} {results['new']}\n")
        for step in args.steps if args.part != "speed" else ():
            results["numbers"].append(result := check(step, old, new))
            show(result)
        if args.part != "numbers":
            old.out.mkdir(exist_ok=True)
            print(f"\n{'':20}{'wall s: OLD, NEW, OLD / NEW (quartiles)':44}CPU s: the same")
            for name, command in workloads(old).items():
                repeats = args.repeats * (SHORT if "--help" in command else 1)
                results["speed"].append(row := speed(old, new, name, command, repeats))
                show_speed(row)
    results["numbers"] = [asdict(result) for result in results["numbers"]]
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return int(any(result["differences"] for result in results["numbers"]))


if __name__ == "__main__":
    sys.exit(main())
