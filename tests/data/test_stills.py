"""Pictures from anywhere: read, or refused in one line before anything large is made of them."""

import ast
import io
import struct
import subprocess
import sys
import warnings
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from handsign.capture.camera import Camera
from handsign.capture.video import Video
from handsign.data import stills
from handsign.data.stills import is_still, open_still, read_still
from handsign.errors import InputError


def picture(width=64, height=48):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(image, (0, 0), 5)


def encode(kind, image=None, **options):
    """The bytes of a file."""
    file = io.BytesIO()
    Image.fromarray((picture() if image is None else image)[..., ::-1]).save(file, kind, **options)
    return file.getvalue()


def png(*chunks):
    """A PNG of these (type, data) chunks."""
    parts = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + struct.pack(">I", 0) + b"IEND\xaeB`\x82"


def png_header(width, height):
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def bomb(width, height):
    """A PNG of one colour, a thousandth of the size that it has in memory."""
    data = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    return png(png_header(width, height), (b"IDAT", b"".join(data.compress(row) for _ in range(height)) + data.flush()))


def with_scans(count):
    """A progressive JPEG with its last scan repeated."""
    data = encode("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + count * data[last:-2] + data[-2:]


def jpeg_2000():
    return b"\xff\x4f\xff\x51" + bytes(143)


def resized(data, at, code, width, height):
    """The file with another size in its header."""
    return data[:at] + struct.pack(code, width, height) + data[at + struct.calcsize(code) :]


BMP, WEBP, JPEG = encode("BMP"), encode("WEBP", lossless=True), encode("JPEG")
FRAME = JPEG.index(b"\xff\xc0") + 5

REFUSED = {
    "nothing": (b"", "not JPEG, PNG, WebP or BMP"),
    "text": (b"no picture", "not JPEG, PNG, WebP or BMP"),
    "JPEG 2000": (jpeg_2000(), "not JPEG, PNG, WebP or BMP"),
    "JPEG 2000 in a box": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), "not JPEG, PNG, WebP or BMP"),
    "GIF": (encode("GIF"), "not JPEG, PNG, WebP or BMP"),
    "TIFF": (encode("TIFF"), "not JPEG, PNG, WebP or BMP"),
    "a bomb": (bomb(12_000, 5_000), "12000 x 5000 pixels"),
    "PNG, huge": (png(png_header(2**31 - 1, 2**31 - 1)), "pixels"),
    "PNG, huge at second sight": (png(png_header(9, 9), png_header(60_000, 60_000), (b"IDAT", b"")), "pixels"),
    "PNG of many chunks": (png(png_header(9, 9), *[(b"aaAa", b"")] * (stills.MAX_CHUNKS + 1)), "chunks"),
    "BMP, huge": (resized(BMP, 18, "<ii", 60_000, -60_000), "60000 x 60000 pixels"),
    "BMP, empty": (resized(BMP, 18, "<ii", 0, 48), "0 x 48 pixels"),
    "BMP, negative": (resized(BMP, 18, "<ii", -64, 48), "pixels"),
    "WebP, huge canvas": (
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\xff\x3f\xff\xff\x3f",
        "4194304 x 4194304 pixels",
    ),
    "WebP, huge": (WEBP[:21] + b"\xff\xff\xff\x0f", "16384 x 16384 pixels"),
    "JPEG, huge": (resized(JPEG, FRAME, ">HH", 65_500, 65_500), "65500 x 65500 pixels"),
    "JPEG of many scans": (with_scans(stills.MAX_SCANS), "scans"),
    "JPEG of many segments": (JPEG[:2] + b"\xff\xfe\0\x02" * (stills.MAX_CHUNKS + 1) + JPEG[2:], "segments"),
    "JPEG, half": (JPEG[: len(JPEG) // 2], "cannot be read"),
    "PNG, half": (encode("PNG")[:300], "cannot be read"),
    "WebP, half": (encode("WEBP")[:100], "cannot be read"),
    "BMP, half": (BMP[:2000], "cannot be read"),
}


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "JPEG"])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_content_and_not_the_name_says_what_it_is(tmp_path, kind, suffix):
    data = encode(kind, **({"lossless": True} if kind == "WEBP" else {}))
    (tmp_path / f"1{suffix}").write_bytes(data)
    read = read_still(tmp_path / f"1{suffix}")
    assert (read.dtype, read.flags.c_contiguous, read.flags.writeable) == (np.uint8, True, True)
    assert np.abs(read.astype(int) - picture()).max() <= (12 if kind == "JPEG" else 0)
    assert is_still(data[:12])


def test_a_photo_is_decoded_as_opencv_did(shared):
    path = shared("photo/pose.jpg")
    difference = np.abs(read_still(path).astype(int) - cv2.imread(str(path)))
    assert difference.mean() < 0.1


@pytest.mark.parametrize("bits", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depths_and_channels_are_read_as_opencv_did(tmp_path, bits, channels):
    image = np.random.default_rng(0).integers(0, np.iinfo(bits).max, (20, 30, channels), bits)
    cv2.imwrite(str(tmp_path / "1.png"), image)
    assert np.abs(read_still(tmp_path / "1.png").astype(int) - cv2.imread(str(tmp_path / "1.png"))).max() <= 1


def test_all_sizes_of_webp(tmp_path):
    for name, options in {"lossy": {}, "lossless": {"lossless": True}, "extended": {"exif": b"Exif\0\0"}}.items():
        (tmp_path / name).write_bytes(encode("WEBP", picture(120, 33), **options))
        assert read_still(tmp_path / name).shape == (33, 120, 3)


def test_damaged_exif_data_are_ignored(tmp_path):
    (tmp_path / "1.jpg").write_bytes(encode("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\xff"))
    with warnings.catch_warnings(action="error"):
        assert read_still(tmp_path / "1.jpg").shape == (48, 64, 3)


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_one_line(tmp_path, name):
    data, why = REFUSED[name]
    path = tmp_path / "1.jpg"
    path.write_bytes(data)
    with pytest.raises(InputError, match=why) as caught:
        read_still(path)
    message = str(caught.value)
    assert message.startswith("cannot be read as a picture: ")
    assert "\n" not in message
    assert len(message) < 200


def test_a_size_that_is_too_large_is_refused_before_anything_is_decoded(tmp_path, monkeypatch):
    def decode(self, *args):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    (tmp_path / "1.png").write_bytes(REFUSED["a bomb"][0])
    with pytest.raises(InputError, match="12000 x 5000 pixels, and at most 50 million are read"):
        read_still(tmp_path / "1.png")


def test_files_that_are_too_long_are_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(stills, "MAX_BYTES", 2**20)
    (tmp_path / "1.bmp").write_bytes(b"BM" + bytes(2**20))
    with pytest.raises(InputError, match="more than 1 MiB"), open_still(tmp_path / "1.bmp"):
        pass


@pytest.mark.parametrize("kind", ["folder", "nothing", "pipe"])
def test_what_is_no_file_is_one_line_at_once(tmp_path, kind):
    path = tmp_path / "1.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os = pytest.importorskip("posix")
        os.mkfifo(path)
    with pytest.raises(InputError, match="it is no regular file" if kind != "nothing" else "No such file or directory"):
        read_still(path)


def test_a_folder_of_hostile_pictures_is_skipped_in_little_memory(tmp_path):
    """In a process of its own, since a decoder that is not safe ends it."""
    for number, (data, _) in enumerate(REFUSED.values(), 1):
        (tmp_path / f"{number}.jpg").write_bytes(data)
    (tmp_path / "0.jpg").write_bytes(JPEG)
    script = """
import resource, sys
from pathlib import Path
from handsign.capture.video import Images
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(list(Images(Path(sys.argv[1])))), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    frames, megabytes = map(int, done.stdout.split())
    assert frames == 1
    assert megabytes < 200


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "JPEG"])
@pytest.mark.parametrize("seed", range(25))
def test_damaged_bytes_are_read_or_refused(tmp_path, kind, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(encode(kind, **({"progressive": True} if kind == "JPEG" and seed % 2 else {})))
    for at in rng.integers(0, min(len(data), (len(data), 200)[seed % 2]), 1 + seed % 7):
        data[at] = rng.integers(256)
    (tmp_path / "1").write_bytes(data)
    with suppress(InputError):
        assert read_still(tmp_path / "1").ndim == 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_picture_is_no_video(tmp_path, kind):
    (tmp_path / "clip_001.mp4").write_bytes(encode(kind))
    with pytest.raises(InputError, match="is a picture and no video"):
        Video(tmp_path / "clip_001.mp4")


@pytest.mark.parametrize("opened", [Video, lambda path: Camera(str(path))])
def test_files_never_reach_opencvs_decoders_of_pictures(tmp_path, monkeypatch, opened):
    """Where FFmpeg fails, OpenCV would read files with a number in their name as pictures, JPEG 2000 included."""
    asked = []
    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda *args: asked.append(args) or real(*args))
    (tmp_path / "clip_001.mp4").write_bytes(b"no video")
    with pytest.raises(InputError):
        opened(tmp_path / "clip_001.mp4")
    assert [args[1:] for args in asked] == [(cv2.CAP_FFMPEG,)]


def test_one_module_decodes_pictures():
    """No other module of the package calls a decoder of pictures."""
    decoders = {"imread", "imdecode", "imreadmulti", "imdecodemulti", "imreadanimation", "load_img"}
    found = set()
    for path in (ROOT / "handsign").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {getattr(node, field, None) for field in ("attr", "id", "name")}
            if names & decoders or (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("Image.open")):
                found.add(path.name)
    assert found == {"stills.py"}
