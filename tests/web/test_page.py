"""The page in real headless Chromium, with a video as its camera."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import browser
import cv2
import numpy as np
import pytest
from conftest import ROOT
from sklearn.linear_model import LogisticRegression
from strikes import person

from handsign import tasks
from handsign.bundle.info import BundleInfo, TriggerConfig
from handsign.bundle.runtime import read_info
from handsign.capture.source import Frame
from handsign.capture.stream import in_order
from handsign.data.readers import read
from handsign.data.store import Store
from handsign.data.take import Take
from handsign.landmarks.detector import Holistic
from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.strike.images import to_sample
from handsign.web import site
from handsign.web.app import application

pytestmark = pytest.mark.skipif(bool(browser.MISSING), reason=browser.MISSING or "-")
SIGN = tasks.load("sign")
SIGNS = ("hoy", "doctor")
SLOW = 10
"""Pictures a second of the camera: signs in slow motion, so that a CPU without a GPU sees most of them."""
WAIT = browser.WAIT
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def clips(shared: Callable[[str], Path]) -> dict[str, list[Any]]:
    """Pictures of each sign."""
    return {sign: list(browser.frames(shared(f"video/mexican_{sign}.mp4"))) for sign in SIGNS}


@pytest.fixture(scope="module")
def keypoints(clips) -> dict[str, Any]:
    """Python's keypoints (T, 1662) of the same pictures."""
    found = {}
    for sign, pictures in clips.items():
        with Holistic() as sense:
            seen = in_order((Frame(picture, i / 30) for i, picture in enumerate(pictures)), sense)
            found[sign] = np.stack([frame.sample for frame in seen])
    return found


def learned(path: Path, keypoints: dict[str, Any]) -> Path:
    """A model of the signs, trained on Python's keypoints: a logistic regression on windows of 30."""
    windows = [(sign, k[i : i + 30]) for sign, k in keypoints.items() for i in range(len(k) - 29)]
    model = LogisticRegression(C=3.0, max_iter=500).fit(
        np.stack([w.ravel() for _, w in windows]), [s for s, _ in windows]
    )
    layout = [(part.name, part.points, part.fields) for part in HOLISTIC.parts]
    info = BundleInfo(
        task="sign", labels=model.classes_.tolist(), window=30, rate=float(SLOW), sample=(1662,), layout=layout
    )
    half = model.coef_[0] / 2, model.intercept_ / 2
    return browser.linear(path, info, np.stack([-half[0], half[0]], 1), np.r_[-half[1], half[1]])


@pytest.fixture(scope="module")
def models(tmp_path_factory, keypoints) -> Path:
    """One bundle of every task; of paths it is the one that is shipped."""
    folder = tmp_path_factory.mktemp("models")
    learned(folder / "action.onnx", keypoints)
    strike = BundleInfo(
        task="strike",
        labels=["kick", "other", "punch"],
        window=1,
        rate=10.0,
        sample=(56, 100, 3),
        trigger=TriggerConfig(threshold=0.35, min_consecutive=2),
    )
    browser.linear(folder / "strike.onnx", strike, np.zeros((56 * 100 * 3, 3)), np.log([0.8, 0.1, 0.1]))
    shutil.copyfile(ROOT / "trajectory.onnx", folder / "trajectory.onnx")
    film = BundleInfo(task="nextframe", labels=["grey"], window=7, rate=5.0, sample=(40, 40, 1))
    browser.negative(folder / "nextframe.onnx", film)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("web") / "MP_Data"


@pytest.fixture(scope="module")
def address(models, data) -> Iterator[str]:
    own = site.Site(site.bundles(models / "action.onnx"), {}, SIGN)
    with browser.running(application(own, Store(data))) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser.driving() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(driver, tmp_path_factory, clips) -> Iterator[Any]:
    pictures = [picture for sign in SIGNS for picture in clips[sign]]
    camera = browser.camera_file(tmp_path_factory.mktemp("camera") / "camera.y4m", pictures, SLOW)
    with browser.browser(driver, camera) as chromium:
        yield chromium


@pytest.fixture
def opened(chromium, address) -> Iterator[Callable[..., Any]]:
    """Opens pages, and checks that they raise no error and make no request to other machines."""
    with watched(chromium, address) as open_page:
        yield open_page


def _refused(message: Any) -> bool:
    """Whether a console message is of a refused take, which the page reports as well."""
    return message.location["url"].endswith("/takes")


@contextmanager
def watched(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    contexts, errors, requests = [], [], []

    def open_page(path: str = "", allowed: bool = True, script: Path | None = None, **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(WAIT)
        if allowed:
            context.grant_permissions(["camera"])
        if script:
            context.add_init_script(path=script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console", lambda message: message.type == "error" and not _refused(message) and errors.append(message.text)
        )
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address + path)
        page.locator("html[data-ready]").wait_for(timeout=WAIT)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []


def start(page: Any) -> None:
    """Start the camera, and wait for the first answer."""
    page.get_by_role("button", name="Start the camera").click()
    page.locator("[data-pace]", has_text="frames a second").wait_for(timeout=WAIT)


def test_the_page_recognises_signs(opened):
    page = opened()
    start(page)
    for sign in SIGNS:
        page.locator("[data-sentence]", has_text=sign).wait_for(timeout=WAIT)
    assert re.search(r"MediaPipe on the (CPU|GPU) · model \d+\.\d ms", page.locator("[data-pace]").inner_text())
    assert page.locator(".leads").count() <= 1
    page.screenshot(path=shots() / "recognise.png")
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The camera is off.").wait_for()
    assert page.locator("[data-sentence]").inner_text() == "…"


def shots() -> Path:
    """Where pictures of the page go, for whoever wants to look at them."""
    folder = ROOT / "web/shots"
    folder.mkdir(exist_ok=True)
    return folder


ASK = """async ([name, windows, steps]) => {
    const { Models } = await import("./core/models.js");
    const { models } = await new Models().list();
    const model = models.find((one) => one.name === name);
    const ask = (window) => (steps ? model.rollout(window, steps) : model.predict(window));
    const answers = [];
    for (const window of windows) answers.push(Array.from(await ask(Float32Array.from(window))));
    return answers;
}"""


def test_answers_are_pythons(chromium, data, keypoints, strikes):
    """Of the models that are shipped, on windows of real keypoints, on noise and on paths; and of strikes."""
    rng = np.random.default_rng(0)
    files = {
        "action": ROOT / "action.onnx",
        "strike": strikes[0] / "strike.onnx",
        "trajectory": ROOT / "trajectory.onnx",
    }
    signs = np.stack([k[i : i + 30] for k in keypoints.values() for i in (0, 15, 30)])
    windows = {
        "action": np.concatenate([signs, rng.random((3, 30, 1662), np.float32)]),
        "strike": np.stack([to_sample(person(rng, i % 2 == 0))[None] for i in range(6)]),
        "trajectory": (0.5 + np.cumsum(rng.normal(0, 0.004, (5, 16, 2)), axis=1)).astype(np.float32),
    }
    own = site.Site({path.name: path for path in files.values()}, {}, SIGN)
    with (
        browser.running(application(own, Store(data))) as port,
        watched(chromium, f"http://127.0.0.1:{port}/") as opened,
    ):
        page = opened()
        for name, path in files.items():
            task = tasks.load(read_info(path).task)
            predict, steps = task.load_model(path).predict, 0
            expected = predict(windows[name])
            if name == "trajectory":
                steps, ahead = 128, [task.network().objective.ahead(predict, window) for window in windows[name]]
                expected = np.reshape(ahead, (len(ahead), -1))
            found = page.evaluate(ASK, [name, windows[name].reshape(len(expected), -1).tolist(), steps])
            np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=name)
            assert np.ptp(expected, axis=0).max() > 0.1  # something is asked


SENSE = """async (pictures) => {
    const { Keypoints } = await import("./core/keypoints.js");
    const keypoints = new Keypoints();
    const samples = [];
    for (const picture of pictures) {
        const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        samples.push(Array.from(await keypoints.sample(bitmap)));
    }
    return samples;
}"""


def test_keypoints_are_pythons(opened, shared):
    """The same picture again and again to both, until they have settled. Hands and face agree.

    The pose is smoothed a little differently. A hand is looked for where the pose has it, so while one moves into the
    picture the two may see it in other crops, and for a frame or two differ.
    """
    pictures = [list(browser.frames(shared("video/webcam_hand.mp4")))[22]] * 12
    with Holistic() as sense:
        expected = np.stack([f.sample for f in in_order((Frame(p, i / 30) for i, p in enumerate(pictures)), sense)])
    encoded = [base64.b64encode(cv2.imencode(".png", picture)[1]).decode() for picture in pictures]
    found = np.array(opened().evaluate(SENSE, encoded), np.float32)[-3:]
    expected = expected[-3:]
    for part, within in (("left_hand", 0.005), ("right_hand", 0.005), ("face", 0.005), ("pose", 0.05)):
        np.testing.assert_array_equal(HOLISTIC.present(found, part), HOLISTIC.present(expected, part))
        apart = np.abs(HOLISTIC.view(found, part) - HOLISTIC.view(expected, part))[..., :2]
        assert apart.max() < within, part
    assert HOLISTIC.present(expected, "face").all()
    assert HOLISTIC.present(expected, "left_hand").any() or HOLISTIC.present(expected, "right_hand").any()


def test_a_take_is_recorded_for_training(opened, data):
    page = opened("#record")
    start(page)
    for label, value in (("Label", "hoy"), ("Signer", "ann"), ("Takes", "1"), ("Seconds each", "1"), ("Pause", "0")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Record").click()
    page.get_by_text("hoy/ann_000").wait_for(timeout=WAIT)
    page.get_by_text("1 there now").wait_for()
    page.screenshot(path=shots() / "record.png")
    take = next(
        t for t in read(data, SIGN.format, SIGN.windowing.duration) if isinstance(t, Take) and t.info.signer == "ann"
    )
    assert take.info.action == "hoy"
    assert "browser" in take.info.extractor
    assert take.times[-1] == pytest.approx(1, abs=0.25)
    assert len(take.times) >= 2
    assert f"{len(take.times)} frames" in page.locator("[data-saved]").inner_text()
    assert HOLISTIC.present(take.samples, "pose").all()


def test_a_refused_take_is_reported(opened):
    page = opened("#record")
    start(page)
    page.get_by_label("Label", exact=True).fill("..")
    for label, value in (("Takes", "1"), ("Seconds each", "0.5"), ("Pause", "0")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Record").click()
    page.get_by_text("Not saved: this is no take").wait_for(timeout=WAIT)


def test_every_task_has_its_model(opened):
    """A strike is announced, a path and a film are forecast."""
    page = opened()
    page.evaluate("""() => {
        window.heard = [];
        Detect.onKick = () => heard.push("hook");
        addEventListener("handsign:event", ({ detail }) => heard.push(detail.label));
        addEventListener("handsign:action", ({ detail }) => heard.push(`${detail.action}!`));
    }""")
    page.get_by_role("radio", name="Paths").check()
    frame = page.locator("[data-frame]")
    box = frame.bounding_box()
    for i in range(2000):
        page.mouse.move(box["x"] + 40 + 6 * (i % 40), box["y"] + 200)
        if page.locator("[data-state]").inner_text() == "watching":
            break
    page.locator("[data-state]", has_text="watching").wait_for()
    page.screenshot(path=shots() / "paths.png")
    page.get_by_role("radio", name="Strikes").check()
    start(page)
    page.locator("[data-sentence]", has_text="kick").wait_for(timeout=WAIT)
    assert page.evaluate("heard") == ["kick", "hook", "kick!"]
    page.get_by_role("radio", name="Next frame").check()
    page.locator("[data-state]", has_text="watching").wait_for(timeout=WAIT)
    size = "(name) => { const c = document.querySelector(`[data-${name}]`); return [c.width, c.height] }"
    assert page.evaluate(size, "context") == [40, 40]
    assert page.evaluate(size, "forecast") == [8 * 40, 40]
    page.screenshot(path=shots() / "nextframe.png")


POSES = """() => {
    const arena = document.querySelector("[data-arena]");
    window.poses = [];
    new MutationObserver(() => poses.push(arena.dataset.you)).observe(arena, { attributeFilter: ["data-you"] });
}"""


def posed(page: Any, pose: str) -> None:
    """Wait for a pose of the figure, and until it is over; some last for a blink."""
    page.wait_for_function("(pose) => poses.includes(pose) && poses.at(-1) === 'guard'", arg=pose)
    page.evaluate("poses.length = 0")


def test_the_game_is_moved_by_keys_buttons_and_events(opened):
    page = opened("#play")
    arena = page.locator("[data-arena]")
    assert arena.get_attribute("data-you") == "guard"
    page.evaluate(POSES)
    page.get_by_role("button", name="Start the match").click()
    page.keyboard.press("s")
    posed(page, "squat")
    page.get_by_role("button", name="Kick").click()
    posed(page, "kick")
    page.evaluate("dispatchEvent(new CustomEvent('handsign:action', { detail: { action: 'punch' } }))")
    posed(page, "punch")
    page.evaluate("dispatchEvent(new CustomEvent('handsign:action', { detail: { action: 'constructor' } }))")
    page.evaluate("dispatchEvent(new CustomEvent('handsign:action'))")
    page.screenshot(path=shots() / "play.png")


def mapped(page: Any, label: str) -> Any:
    """Where it is said what a label does."""
    return page.locator("[data-map] li", has_text=label).locator("select")


def test_signs_move_the_figure_as_they_are_set_to(opened):
    page = opened("#play")
    page.get_by_text("Action of each label").click()
    mapped(page, "hoy").select_option("squat")
    mapped(page, "doctor").select_option("squat")
    page.get_by_role("button", name="Start the match").click()
    start(page)
    page.locator("[data-arena][data-you=squat]").wait_for(timeout=WAIT)
    page.reload()
    page.locator("html[data-ready]").wait_for(timeout=WAIT)
    assert mapped(page, "hoy").input_value() == "squat"
    page.get_by_text("Action of each label").click()
    page.get_by_role("button", name="Reset").click()
    assert mapped(page, "doctor").input_value() == "punch"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: make web")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(opened, scheme, width):
    page = opened(script=AXE, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    for view in ("recognise", "record", "play"):
        page.get_by_role("link", name=view.capitalize(), exact=True).click()
        page.locator(f"main[data-view={view}]").wait_for()
        if view == "play":
            page.get_by_text("Action of each label").click()
        found = page.evaluate("async () => (await axe.run()).violations.map((v) => [v.id, v.nodes[0].html, v.help])")
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=shots() / f"{view}-{scheme}-{width}.png", full_page=True)


def test_the_keyboard_reaches_everything(opened):
    page = opened("#play")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
    for wanted in ("Recognise", "Record", "Play", "Start the camera", "Start the match", "Action of each label"):
        assert any(name.startswith(wanted) for name in reached), wanted
    page.get_by_role("button", name="Start the match").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.locator("[data-arena][data-you=punch]").wait_for()


def test_a_refused_camera_is_reported(opened):
    page = opened(allowed=False)
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("The camera was refused. Allow it").wait_for(timeout=WAIT)
    assert page.get_by_role("button", name="Start the camera").is_visible()


def test_a_missing_camera_and_model_are_reported(driver, data):
    own = site.Site({}, {}, SIGN)
    with ExitStack() as stack:
        port = stack.enter_context(browser.running(application(own, Store(data))))
        chromium = stack.enter_context(browser.browser(driver, None))
        page = stack.enter_context(watched(chromium, f"http://127.0.0.1:{port}/"))()
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("There is no camera. Plug one in").wait_for(timeout=WAIT)
        page.get_by_text("There is no model yet").wait_for()
        page.screenshot(path=shots() / "empty.png")


def test_the_exported_folder_works_on_any_web_host(chromium, models, tmp_path):
    site.export(tmp_path / "site", site.Site(site.bundles(models / "action.onnx"), {}, SIGN))
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(quiet, directory=tmp_path / "site")
    ) as host:
        threading.Thread(target=host.serve_forever).start()
        try:
            with watched(chromium, f"http://127.0.0.1:{host.server_port}/") as opened:
                page = opened("#record")
                page.get_by_text("This page has no such server behind it").wait_for()
                page.goto(page.url.replace("#record", "#recognise"))
                start(page)
                assert page.locator(".bars li").count() == len(SIGNS)
                assert json.loads((tmp_path / "site/site.json").read_text())["records"] is None
        finally:
            host.shutdown()
