"""Folders of images: reading, writing, and one line for each unreadable image."""

import cv2
import numpy as np
import pytest
from PIL import Image

from handsign import tasks
from handsign.capture.source import Frame
from handsign.data import stills
from handsign.data.readers import read
from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError
from handsign.live.recorder import Plan, Recorder
from handsign.tasks.strike import images
from handsign.tasks.strike.images import HEIGHT, RATE, WIDTH, ImageStore, load, small_pictures, to_sample


@pytest.fixture(scope="module")
def strike():
    return tasks.load("strike")


def write_image(path, value, size=(160, 120), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size[1], size[0], 3), value, np.uint8)).save(path, **options)
    return path


def take(action="punch", count=5, value=10.0, rate=20.0, signer="me", **info):
    samples = np.stack([np.full((HEIGHT, WIDTH, 3), value + 10 * i, np.float32) for i in range(count)])
    return Take(samples, np.arange(count) / rate, TakeInfo(action=action, signer=signer, **info))


def read_all(folder, task):
    return list(read(folder, task.format, task.windowing.duration))


def read_takes(folder, strike):
    return [one for one in read_all(folder, strike) if isinstance(one, Take)]


class TestToSample:
    @pytest.mark.parametrize("size", [(640, 480), (1280, 720), (100, 56), (30, 200)])
    def test_every_picture_has_the_same_size(self, size):
        made = to_sample(np.full((size[1], size[0], 3), 77, np.uint8))
        assert (made.shape, made.dtype) == ((56, 100, 3), np.float32)
        assert (made == 77).all()

    def test_a_sample_is_the_same_live_and_from_a_file(self, tmp_path):
        image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8), (0, 0), 9)
        cv2.imwrite(str(tmp_path / "1.png"), image)
        with small_pictures() as extract:
            np.testing.assert_array_equal(load(tmp_path / "1.png"), extract(image))

    def test_a_large_jpeg_is_decoded_small_and_is_almost_the_same(self, tmp_path):
        image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (960, 1600, 3), np.uint8), (0, 0), 25)
        cv2.imwrite(str(tmp_path / "1.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        assert np.abs(load(tmp_path / "1.jpg") - to_sample(image)).mean() < 2

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
    def test_all_kinds_of_colour(self, tmp_path, mode):
        path = tmp_path / ("1.jpg" if mode == "CMYK" else "1.png")
        Image.new("RGB", (64, 48), (51, 51, 51)).convert(mode).save(path)  # a colour that all palettes have
        assert np.abs(load(path) - 51).max() < 5

    def test_a_phone_held_upright(self, tmp_path):
        image = Image.new("RGB", (80, 40))
        image.paste((255, 255, 255), (0, 0, 40, 40))
        exif = Image.Exif()
        exif[0x0112] = 6  # rotated by 90 degrees
        image.save(tmp_path / "1.jpg", exif=exif, quality=95)
        made = load(tmp_path / "1.jpg")
        assert made[:20].mean() > 250
        assert made[-20:].mean() < 5


class TestReading:
    def test_a_folder_is_an_action_and_numbers_are_its_order(self, tmp_path, strike):
        for number in (10, 2, 1):
            write_image(tmp_path / "standing" / f"{number}.jpg", 10 * number)
        write_image(tmp_path / "standing" / "11.PNG", 110)
        (one,) = read_takes(tmp_path, strike)
        assert one.info.action == "standing"
        assert one.samples.shape == (4, 56, 100, 3)
        assert one.samples.mean(axis=(1, 2, 3)) == pytest.approx([10, 20, 100, 110], abs=1)
        np.testing.assert_allclose(one.times, np.arange(4) / RATE)

    def test_the_articles_folders_have_singular_names(self, tmp_path, strike):
        for name in ("punches", "kicks", "others"):
            for number in (1, 2):
                write_image(tmp_path / name / f"{number}.jpg", 50)
        assert [one.info.action for one in read_takes(tmp_path, strike)] == ["kick", "other", "punch"]

    def test_an_unreadable_image_is_a_line_and_the_others_are_read(self, tmp_path, strike):
        for number in (1, 2, 3, 7):
            write_image(tmp_path / "kick" / f"{number}.jpg", 50, (640, 480))
        (tmp_path / "kick" / "4.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
        (tmp_path / "kick" / "5.jpg").write_bytes(b"")
        whole = (tmp_path / "kick" / "7.jpg").read_bytes()
        (tmp_path / "kick" / "7.jpg").write_bytes(whole[: len(whole) // 2])
        (tmp_path / "kick" / "6.png").write_text("nothing")
        (tmp_path / "kick" / "notes.txt").write_text("not a picture, and not meant to be")
        (tmp_path / "kick" / "8.jpg").mkdir()
        bad = [one for one in read_all(tmp_path, strike) if isinstance(one, InvalidTake)]
        assert sorted(one.name for one in bad) == ["kick/4.jpg", "kick/5.jpg", "kick/6.png", "kick/7.jpg"]
        assert all("\n" not in one.reason and "cannot be read as a picture" in one.reason for one in bad)
        (one,) = read_takes(tmp_path, strike)
        assert len(one.times) == 3

    def test_an_image_of_absurd_size_is_a_line(self, tmp_path, strike, monkeypatch):
        monkeypatch.setattr(stills, "MAX_PIXELS", 1000)
        write_image(tmp_path / "kick" / "1.png", 50, (35, 35))
        write_image(tmp_path / "kick" / "2.jpg", 50, (60, 60))
        assert len([one for one in read_all(tmp_path, strike) if isinstance(one, InvalidTake)]) == 2

    @pytest.mark.parametrize("seed", range(30))
    def test_damaged_bytes_never_crash(self, tmp_path, strike, seed):
        rng = np.random.default_rng(seed)
        path = tmp_path / "kick" / ("1.png" if seed % 2 else "1.jpg")
        write_image(path, 50)
        data = bytearray(path.read_bytes())
        for at in rng.integers(0, len(data), 12):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data))
        assert read_all(tmp_path, strike)

    def test_tasks_without_this_reader_ignore_images(self, tmp_path):
        write_image(tmp_path / "kick" / "1.jpg", 50)
        assert read_all(tmp_path, tasks.load("sign")) == []


class TestImageStore:
    def test_what_is_written_is_read(self, tmp_path, strike):
        original = take(session="one", source="there@12", extractor="small_pictures")
        first = ImageStore(tmp_path).add(original)
        assert first.name == "me_000_000000ms.jpg"
        assert sorted(p.name for p in first.parent.iterdir())[1:3] == ["me_000_000050ms.jpg", "me_000_000100ms.jpg"]
        (one,) = read_takes(tmp_path, strike)
        assert one.info == original.info
        np.testing.assert_allclose(one.times, original.times, atol=1e-9)
        assert np.abs(one.samples - original.samples).max() <= 2

    def test_jpeg_loses_next_to_nothing(self, tmp_path, strike, shared):
        image = to_sample(cv2.imread(str(shared("photo/pose.jpg"))))
        ImageStore(tmp_path).add(Take(np.stack([image] * 2), np.arange(2) / 10, TakeInfo(action="kick")))
        (one,) = read_takes(tmp_path, strike)
        assert np.abs(one.samples[0].mean(axis=-1) - image.mean(axis=-1)).mean() < 3

    def test_takes_are_numbered_by_action_and_signer(self, tmp_path, strike):
        store = ImageStore(tmp_path)
        for who in ("me", "me", "an_na", "me"):
            store.add(take(signer=who))
        store.add(take("kick"))
        names = [path.stem.rpartition("_")[0] for path in store.paths("punch", "me")]
        assert names == ["me_000", "me_001", "me_002"]
        assert len(store.paths("punch", "an_na")) == len(store.paths("kick", "me")) == 1
        assert len(read_takes(tmp_path, strike)) == 5

    def test_other_images_in_the_folder_are_left_alone(self, tmp_path, strike):
        for number in (1, 2):
            write_image(tmp_path / "punch" / f"{number}.jpg", 50)
        store = ImageStore(tmp_path)
        assert store.paths("punch", "me") == []
        store.add(take())
        assert store.contents() == f"{tmp_path}: 7 pictures of punch"
        assert sorted(len(one.times) for one in read_takes(tmp_path, strike)) == [2, 5]

    def test_a_take_is_replaced_whole(self, tmp_path, strike):
        store = ImageStore(tmp_path)
        store.add(take(value=10))
        path = store.add(take(value=20, count=7))
        store.replace(path, take(value=100, count=3, rate=9))
        one, other = read_takes(tmp_path, strike)
        assert one.samples.mean() < 60
        assert len(other.times) == 3
        assert other.samples.mean() == pytest.approx(110, abs=1)
        assert store.paths("punch", "me")[1] == path

    def test_the_old_take_stays_when_the_new_one_cannot_be_written(self, tmp_path, strike, monkeypatch):
        store = ImageStore(tmp_path)
        path = store.add(take())

        def full(self, path, **options):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Image.Image, "save", full)
        with pytest.raises(InputError, match="No space left"):
            store.replace(path, take(value=99))
        monkeypatch.undo()
        (one,) = read_takes(tmp_path, strike)
        assert one.samples[0].mean() == pytest.approx(10, abs=1)
        assert not [p for p in path.parent.iterdir() if p.name.startswith(".")]

    @pytest.mark.parametrize("end", [images.REPLACES, images.ADDS])
    def test_a_take_on_its_way_is_read_and_moved_by_the_next_writer(self, tmp_path, strike, end):
        """As a killed program leaves it: `replace` before it moved anything, or in the middle of that."""
        store = ImageStore(tmp_path)
        path = store.add(take(value=10, count=5))
        new = [p.rename(p.with_suffix(".new")) for p in path.parent.glob("*.jpg")]
        pending = path.parent / f".me_000{end}"
        pending.mkdir()
        for picture in new:
            picture.rename(pending / f"{picture.stem}.jpg")
        if end == images.REPLACES:
            write_image(path.parent / "me_000_000000ms.jpg", 200)
            write_image(path.parent / "me_000_000999ms.jpg", 200)
        else:
            (pending / path.name).rename(path)
        write_image(path.parent / "1.png", 0)
        before = [one for one in read_takes(tmp_path, strike) if len(one.times) > 1]
        assert [len(one.times) for one in before] == [5]
        assert before[0].samples.mean() == pytest.approx(30, abs=1)
        assert store.paths("punch", "me") == [path]
        assert store.contents() == f"{tmp_path}: 6 pictures of punch"
        assert store.sources() == {("punch", "")}
        assert ImageStore(tmp_path).paths("punch", "me") == [path]
        (after,) = (one for one in read_takes(tmp_path, strike) if len(one.times) > 1)
        np.testing.assert_array_equal(after.samples, before[0].samples)
        assert not list(path.parent.glob(".*"))

    def test_a_take_that_cannot_be_moved_yet_is_there_all_the_same(self, tmp_path, strike, monkeypatch):
        store = ImageStore(tmp_path)

        def refuse(folder):
            if list(folder.glob(f".*{images.REPLACES}")):
                raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(images, "_move_pending", refuse)
            path = store.add(take(value=10))
            assert store.paths("punch", "me") == [path]
            with pytest.raises(InputError, match="Permission denied"):
                store.add(take(value=99))
        assert len(read_takes(tmp_path, strike)) == 1
        assert store.add(take(value=99)).name == "me_001_000000ms.jpg"
        assert [len(one.times) for one in read_takes(tmp_path, strike)] == [5, 5]

    def test_sources_lists_what_was_imported(self, tmp_path):
        store = ImageStore(tmp_path)
        store.add(take(source="clips/a.mp4@99#0"))
        store.add(take("kick"))
        write_image(tmp_path / "kick" / "1.jpg", 50)
        assert store.sources() == {("punch", "clips/a.mp4@99#0"), ("kick", "")}


@pytest.mark.parametrize("every", [1, 3])
def test_a_camera_records_images(tmp_path, strike, every):
    """Two takes of four images for each action, at 30 a second; the pauses are recorded as nothing."""
    store = ImageStore(tmp_path)
    plan = Plan(["punch", "kick"], 2, 4, 1.0, "nothing", every)
    session = Recorder(plan, store, TakeInfo(action="", signer="me", rate=30.0))
    number = 0
    while not session.done:
        image = np.full((48, 64, 3), number % 250, np.uint8)
        session.update(Frame(image, number / 30, to_sample(image)))
        number += 1
    takes = [one for one in read_takes(tmp_path, strike) if one.info.action in plan.actions]
    assert sorted(one.info.action for one in takes) == ["kick", "kick", "punch", "punch"]
    assert all(np.diff(one.times) == pytest.approx([every / 30] * 3, abs=1.1e-3) for one in takes)
    assert "8 pictures of kick" in store.contents()
    assert len(store.paths("nothing", "me")) >= 1
