"""How fast the page is, in headless Chromium on this machine: `make bench-web` writes results/web.json.

The camera is a video; where there is no GPU MediaPipe runs on the CPU, and the figures say so. Times are medians.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import browser, camera_file, driving, frames, running  # noqa: E402

from handsign import tasks  # noqa: E402
from handsign.data.store import Store  # noqa: E402
from handsign.files import atomic  # noqa: E402
from handsign.web import site  # noqa: E402
from handsign.web.app import application  # noqa: E402

OUT = ROOT / "benchmarks/results/web.json"
VIDEO = ROOT.parent / "shared/data/video/mexican_hoy.mp4"
STEPS = """async (times) => {
    const { Models } = await import("./core/models.js");
    const [model] = (await new Models().list()).models;
    const window = Float32Array.from({ length: 30 * 1662 }, () => Math.random());
    const [inside, round] = [[], []];
    for (let i = 0; i < times; i++) {
        const start = performance.now();
        await model.predict(window);
        round.push(performance.now() - start);
        inside.push(model.milliseconds);
    }
    return [inside, round].map((all) => all.sort((a, b) => a - b)[times >> 1]);
}"""
BUSY = """() => new Promise((resolve) => {
    const gaps = [];
    let last = performance.now();
    const frame = (now) => {
        gaps.push(now - last);
        last = now;
        if (gaps.length < 300) requestAnimationFrame(frame);
        else resolve(gaps.sort((a, b) => a - b)[Math.floor(0.95 * gaps.length)]);
    };
    requestAnimationFrame(frame);
})"""


def measure(address: str, chromium: object) -> dict[str, object]:
    """What the page says about its pace, how long a step of the model takes, and how long the page was ever busy."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["camera"])
    page = context.new_page()
    page.goto(address)
    page.locator("html[data-ready]").wait_for()
    inside, there_and_back = page.evaluate(STEPS, 200)
    page.get_by_role("button", name="Start the camera").click()
    page.locator("[data-pace]", has_text="model").wait_for(timeout=300_000)
    page.wait_for_timeout(10_000)
    busy = page.evaluate(BUSY)
    pace = page.locator("[data-pace]").inner_text()
    rate, behind = re.match(r"([\d.]+) frames a second · (\d+) ms", pace).groups()
    return {
        "step_ms": round(inside, 2),
        "step_from_the_page_ms": round(there_and_back, 2),
        "frames_per_second": float(rate),
        "behind_ms": int(behind),
        "between_two_frames_of_the_page_p95_ms": round(busy, 1),
        "said": pace,
        "chromium": chromium.version,
        "machine": platform.machine(),
    }


def main() -> None:
    """Measure with the model that is shipped, and write it down."""
    own = site.Site({"action.onnx": ROOT / "action.onnx"}, {}, tasks.load("sign"))
    with tempfile.TemporaryDirectory() as folder:
        camera = camera_file(Path(folder, "camera.y4m"), list(frames(VIDEO)), 30)
        app = application(own, Store(Path(folder, "MP_Data")))
        with running(app) as port, driving() as driver, browser(driver, camera) as chromium:
            results = measure(f"http://127.0.0.1:{port}/", chromium)
    with atomic(OUT) as temporary:
        temporary.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
