"""The server of the page: access, the files it sends, and the takes it saves."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import random
import re
import shutil
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import running
from conftest import ROOT
from fuzz.mutations import mutate

from handsign import tasks
from handsign.data.readers import read
from handsign.data.store import Store
from handsign.data.take import Take
from handsign.errors import InputError
from handsign.web import server, site
from handsign.web.app import LARGEST, application
from handsign.web.config import WebConfig
from handsign.web.guard import Guard

TOKEN = "correct horse battery"
SIGN = tasks.load("sign")


def request(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    """(status, headers, content) of one request; headers by names with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Host": f"127.0.0.1:{port}", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def error(answer: tuple[int, dict[str, str], bytes]) -> str:
    """The one line that an error is."""
    content = json.loads(answer[2])
    assert list(content) == ["error"]
    assert "\n" not in content["error"]
    return content["error"]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("web") / "MP_Data"


@pytest.fixture(scope="module")
def port(data) -> Iterator[int]:
    own = site.Site(site.bundles(ROOT / "action.onnx"), {"threshold": 0.9}, SIGN)
    with running(application(own, Store(data))) as port:
        yield port


@pytest.fixture(scope="module")
def guarded(data) -> Iterator[int]:
    with running(application(site.Site({}, {}, SIGN), Store(data), ["studio"], TOKEN)) as port:
        yield port


def posted(frames: int = 30, **changes: Any) -> bytes:
    samples = np.random.default_rng(0).random((frames, 1662), np.float32)
    take = {
        "action": "hello",
        "signer": "ann",
        "session": "2026-01-01T12:00:00",
        "extractor": "mediapipe-holistic browser",
        "frame_size": [640, 480],
        "times": [i / 30 for i in range(frames)],
        "samples": base64.b64encode(samples.tobytes()).decode(),
    }
    return json.dumps({**take, **changes}).encode()


def post(port: int, body: bytes) -> Any:
    return request(port, "POST", "/takes", body, Origin=f"http://127.0.0.1:{port}")


def test_the_page_comes_with_a_strict_policy(port):
    status, headers, content = request(port, "GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy.replace("'wasm-unsafe-eval'", "")
    assert headers["x-content-type-options"] == "nosniff"
    page = content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"https?://", page)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_files_say_what_they_are(port, path, kind):
    assert request(port, "GET", path)[1]["content-type"] == kind


def test_the_manifest_names_the_models_and_they_are_what_lies_there(port):
    manifest = json.loads(request(port, "GET", "/site.json")[2])
    assert manifest["models"][0] == "models/action.onnx"
    assert manifest["changes"] == {"threshold": 0.9}
    assert manifest["tasks"] == ["nextframe", "sign", "strike", "trajectory"]
    assert manifest["records"] == {"task": "sign", "actions": list(SIGN.examples), "sample": [1662]}
    assert request(port, "GET", "/models/action.onnx")[2] == (ROOT / "action.onnx").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        *("/models/action.h5", "/models/../action.h5", "/models/..%2faction.h5", "/../server.py", "/..%2fserver.py"),
        *("/%2e%2e/server.py", "/vendor/../../server.py", "/....//server.py", "//etc/passwd", "/nothing", "/takes/x"),
        *("/core", "/core/", "/\\..\\server.py", "/%00", "/app.js%00.html", "/.gitignore"),
    ],
)
def test_nothing_else_is_sent(port, path):
    answer = request(port, "GET", path)
    assert answer[0] in {404, 405}
    assert error(answer)


def test_files_cannot_be_changed(port):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = request(port, method, "/app.js", b"", Origin=f"http://127.0.0.1:{port}")
        assert answer[0] == 405
        assert error(answer)
    assert request(port, "GET", "/takes")[0] == 404


def test_a_take_is_saved_like_any_other(port, data):
    status, _, content = post(port, posted(action="thank you", signer="Zoë"))
    assert status == 201
    answer = json.loads(content)
    assert answer == {"take": "thank you/Zoë_000", "quality": {"person": 1.0, "hand": 1.0}, "count": 1}
    take = next(
        t for t in read(data, SIGN.format, SIGN.windowing.duration) if isinstance(t, Take) and t.info.signer == "Zoë"
    )
    assert take.info.action == "thank you"
    assert take.info.frame_size == (640, 480)
    assert take.info.rate == pytest.approx(30)
    assert take.samples.dtype == np.float32
    np.testing.assert_array_equal(take.samples, np.random.default_rng(0).random((30, 1662), np.float32))
    assert json.loads(post(port, posted(action="thank you", signer="Zoë"))[2])["take"] == "thank you/Zoë_001"


@pytest.mark.parametrize("name", ["../../outside", "..\\outside", "/etc/x", "a/../../b", "C:\\x"])
def test_names_stay_in_the_folder(port, data, name):
    status, _, content = post(port, posted(action=name, signer=name))
    assert status == 201
    assert json.loads(content)["take"]
    outside = {p.name for p in data.parent.iterdir()} - {data.name}
    assert not outside


NAN = np.full((2, 1662), np.nan, np.float32).tobytes()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"action": ""}, "action"),
        ({"action": ".."}, "action"),
        ({"action": "a\nb"}, "action"),
        ({"action": "x" * 65}, "action"),
        ({"signer": 7}, "signer"),
        ({"frame_size": [0, 480]}, "frame_size"),
        ({"frame_size": [640]}, "frame_size"),
        ({"more": 1}, "more"),
        ({"times": [0.0, 0.1]}, "2 frames of sign are 13296 bytes"),
        ({"times": ["a"]}, "times"),
        ({"samples": "?"}, "samples"),
        ({"samples": ""}, "not 0"),
        ({"times": [], "samples": ""}, "too few"),
        ({"times": [0.0, 1e308 * 10], "samples": base64.b64encode(NAN).decode()}, ""),
        ({"times": [0.0, 0.1], "samples": base64.b64encode(NAN).decode()}, "not finite"),
        ({"times": [0.0, 1e9], "samples": base64.b64encode(bytes(13296)).decode()}, "seconds"),
        ({"times": [0.1, 0.1], "samples": base64.b64encode(bytes(13296)).decode()}, "do not increase"),
        ({"times": [0.1, 0.0], "samples": base64.b64encode(bytes(13296)).decode()}, "do not increase"),
    ],
)
def test_bad_takes_are_refused_in_one_line(port, data, changes, reason):
    before = sorted(data.rglob("*.npz"))
    answer = post(port, posted(**changes))
    assert answer[0] == 400
    assert reason in error(answer)
    assert sorted(data.rglob("*.npz")) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"action": "hello"}', b"[" * 100_000, b'{"action": "\xd3"}']
)
def test_what_is_no_take_is_refused(port, body):
    answer = post(port, body)
    assert answer[0] == 400
    assert error(answer)


def test_mutated_takes_are_saved_or_refused_and_never_an_error_of_the_server(port):
    whole, rng = posted(2), random.Random(0)
    statuses = Counter(post(port, mutate(whole, [whole], rng))[0] for _ in range(200))
    assert statuses.keys() <= {201, 400}


def test_a_large_take_is_refused(port):
    answer = post(port, posted(samples="A" * LARGEST))
    assert answer[0] == 413
    assert "bytes at most" in error(answer)


def test_a_full_disk_is_reported(tmp_path, monkeypatch):
    def full(*_: Any) -> None:
        raise InputError("the disk is full")

    store = Store(tmp_path)
    monkeypatch.setattr(store, "add", full)
    with running(application(site.Site({}, {}, SIGN), store)) as port:
        assert error(post(port, posted())) == "the disk is full"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", ""])
def test_requests_of_other_pages_are_refused(port, origin):
    answer = request(port, "POST", "/takes", posted(), Origin=origin)
    assert answer[0] == 403
    assert "Origin" in error(answer)
    assert request(port, "GET", "/site.json", Origin=origin)[0] == 403


def test_a_take_without_an_origin_is_refused(port):
    assert request(port, "POST", "/takes", posted())[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io:80", "[::1", "studio"]
)
def test_other_host_names_are_refused(port, host):
    answer = request(port, "GET", "/", Host=host)
    assert answer[0] == 421
    assert error(answer)
    assert "content-security-policy" in answer[1]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "[::1]:80", "192.168.1.7:8000"])
def test_addresses_of_this_machine_are_fine(port, host):
    assert request(port, "GET", "/", Host=host)[0] == 200


def test_a_known_name_is_fine(guarded):
    assert request(guarded, "GET", "/", Host="Studio:1")[0] == 401


@pytest.mark.parametrize("path", ["/", "/site.json", "/?token=wrong", "/app.js?token=" + TOKEN.replace(" ", "%20")])
def test_without_the_token_everything_is_refused(guarded, path):
    answer = request(guarded, "GET", path)
    assert answer[0] == 401
    assert TOKEN not in error(answer)


def test_the_token_gives_a_cookie_and_leaves_the_address(guarded):
    status, headers, _ = request(guarded, "GET", "/?token=" + TOKEN.replace(" ", "%20"))
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    own = cookie.split(";")[0]
    assert request(guarded, "GET", "/", Cookie=own)[0] == 200
    assert request(guarded, "POST", "/takes", posted(), Cookie=own, Origin=f"http://127.0.0.1:{guarded}")[0] == 201
    assert request(guarded, "POST", "/takes", posted(), Origin=f"http://127.0.0.1:{guarded}")[0] == 401
    for wrong in (own[:-2], "handsign_token=", "handsign_token=ä", ";=;", "a=b"):
        assert request(guarded, "GET", "/", Cookie=wrong.encode("utf-8").decode("latin-1"))[0] == 401


def test_the_guard_passes_on_what_is_not_http():
    heard = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["type"])

    asyncio.run(Guard(app)({"type": "lifespan"}, None, None))
    assert heard == ["lifespan"]


# --- the options -------------------------------------------------------------------------------------------


def options(**changes: Any) -> WebConfig:
    plain = {"task": "sign", "data": Path("unused"), "model": ROOT / "action.h5", "port": 0}
    return WebConfig(**{**plain, **changes})


def serve(**changes: Any) -> list[str]:
    """The lines that `server.serve` reports."""
    lines: list[str] = []
    server.serve(options(**changes), lines.append)
    return lines


@pytest.fixture
def fetched(tmp_path, monkeypatch) -> Path:
    """A page whose vendor files are there, small ones."""
    static = tmp_path / "static"
    shutil.copytree(site.STATIC, static, ignore=shutil.ignore_patterns("vendor"))
    (static / "vendor").mkdir()
    (static / "vendor/LICENSE.txt").write_text("as is")
    monkeypatch.setattr(site, "STATIC", static)
    monkeypatch.setattr(site, "VENDOR", static / "vendor")
    return static


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": "0.0.0.0"}, "--token"),
        ({"host": "0.0.0.0", "token": "short"}, "12"),
        ({"token": "short"}, "12"),
        ({"host": "203.0.113.1", "token": ""}, "listened"),
        ({"port": 99999}, "65535"),
        ({"tls_cert": Path("missing.pem")}, "both"),
        ({"tls_cert": Path("missing.pem"), "tls_key": Path("missing.pem")}, "certificate"),
        ({"model": Path("README.md")}, "no README.onnx"),
        ({"labels": ["one"]}, "labels"),
        ({"task": "nonsense"}, "no task"),
    ],
)
def test_invalid_options_are_reported(fetched, tmp_path, changes, reason):
    with pytest.raises(InputError, match=reason):
        serve(data=tmp_path / "MP_Data", **changes)


def test_missing_packages_are_reported(fetched):
    (fetched / "vendor/LICENSE.txt").unlink()
    (fetched / "vendor").rmdir()
    with pytest.raises(InputError, match="make web"):
        serve()


def test_no_model_is_no_reason_not_to_record(fetched, tmp_path):
    own = site.open_site(options(model=tmp_path / "action.h5"), SIGN)
    assert json.loads(own.manifest())["models"] == []


def test_options_replace_metadata(fetched):
    own = site.open_site(
        options(threshold=0.6, min_consecutive=3, no_gate=True, labels=[str(i) for i in range(14)]), SIGN
    )
    assert own.changes == {"labels": [str(i) for i in range(14)], "threshold": 0.6, "min_consecutive": 3, "gate": False}


def test_all_bundles_of_the_folder_are_served_and_others_skipped(tmp_path):
    for name in ("mine.onnx", "b.onnx", "a.onnx"):
        shutil.copyfile(ROOT / "action.onnx", tmp_path / name)
    (tmp_path / "damaged.onnx").write_bytes(b"no model")
    assert list(site.bundles(tmp_path / "mine.onnx")) == ["mine.onnx", "a.onnx", "b.onnx"]


def test_the_export_is_the_same_page_as_a_folder(fetched, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    assert serve(export=folder) == [f"written: {folder}; any web host serves it (the camera needs https, or localhost)"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert f'<meta http-equiv="Content-Security-Policy" content="{site.POLICY}">' in page
    assert json.loads((folder / "site.json").read_bytes())["records"] is None
    assert (folder / "models/action.onnx").read_bytes() == (ROOT / "action.onnx").read_bytes()
    assert (folder / "vendor/LICENSE.txt").is_file()
    served = {p.relative_to(fetched) for p in fetched.rglob("*")}
    assert served <= {p.relative_to(folder) for p in folder.rglob("*")}
    assert not list(tmp_path.glob(".export-*"))


def test_an_export_replaces_nothing(fetched, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for there in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(InputError, match="there already"):
            serve(export=there)
    with pytest.raises(InputError, match="could not be written"):
        serve(export=tmp_path / "mine.txt/site")


@contextmanager
def started(*arguments: str) -> Iterator[str]:
    """The address that realtime.py prints, while it serves."""
    command = [sys.executable, "realtime.py", "--web", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


@pytest.mark.slow
@pytest.mark.skipif(not site.VENDOR.is_dir(), reason="the page's packages are not there: make web")
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_realtime_serves_other_machines_with_a_token_over_tls(tmp_path):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert]
    subprocess.run(made, check=True, capture_output=True)
    arguments = ("--host", "0.0.0.0", "--token", "--tls-cert", cert, "--tls-key", key, "--data", str(tmp_path / "d"))
    with started(*arguments) as address:
        scheme, token = address.split(":")[0], address.partition("?token=")[2]
        assert scheme == "https"
        assert len(token) > 15
        port = int(re.search(r":(\d+)/", address)[1])
        for path, expected in (("/", 401), (f"/?token={token}", 303)):
            connection = http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=60, context=ssl._create_unverified_context()
            )
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == expected
            assert expected == 401 or "Secure" in answer.getheader("set-cookie")
            answer.read()
            connection.close()
