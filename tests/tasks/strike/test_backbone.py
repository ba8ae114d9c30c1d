"""The backbones: lite0 with the weights of ImageNet, loaded from a plain `.npz` that is made once."""

import cv2
import numpy as np
import pytest

from handsign.errors import InputError
from handsign.tasks.strike import torch_weights
from handsign.tasks.strike.backbone import lite0, lite0_weights, mobilenet
from handsign.tasks.strike.torch_weights import DIGEST, digest, npz_path, read_package, save

EGYPTIAN_CAT, ESPRESSO, MISSILE = 285, 967, 657


@pytest.fixture(scope="module", autouse=True)
def shared_cache(tmp_path_factory):
    """A cache folder for the networks of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDSIGN_CACHE", str(tmp_path_factory.mktemp("shared")))
        yield


class TestWeights:
    @pytest.fixture
    def cache(self, tmp_path, monkeypatch):
        """A cache folder of the test's own, not there yet."""
        monkeypatch.setenv("HANDSIGN_CACHE", str(tmp_path / "cache"))
        return tmp_path / "cache"

    def test_the_npz_is_made_once_and_no_pickle_is_parsed_after(self, cache, monkeypatch):
        first = lite0_weights()
        assert list(cache.iterdir()) == [npz_path()]
        monkeypatch.setattr(torch_weights, "package_file", lambda: pytest.fail("the package was opened"))
        monkeypatch.setattr(torch_weights, "read_tensors", lambda data: pytest.fail("a pickle was parsed"))
        again = lite0_weights()
        assert digest(first) == digest(again) == DIGEST

    @pytest.mark.parametrize("damage", ["empty", "cut off", "one bit", "other arrays", "not an npz", "objects"])
    def test_a_damaged_npz_is_made_again(self, cache, damage):
        lite0_weights()
        path = npz_path()
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        whole = path.read_bytes()
        if damage == "other arrays":
            save({"_conv_stem.weight": np.zeros((32, 3, 3, 3), np.float32)}, path)
        elif damage == "not an npz":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        elif damage == "objects":
            np.savez(path, _fc=np.array([{}], dtype=object))
        else:
            path.write_bytes({"empty": b"", "cut off": whole[: len(whole) // 2], "one bit": bytes(data)}[damage])
        assert digest(lite0_weights()) == DIGEST
        assert path.read_bytes() == whole

    def test_the_digest_finds_changed_values_in_a_sound_file(self, cache):
        weights = read_package()
        save({**weights, "_bn0.bias": weights["_bn0.bias"] + 1}, npz_path())
        assert digest(lite0_weights()) == DIGEST

    def test_a_folder_that_cannot_be_written_stops_nothing(self, cache, caplog):
        cache.write_text("a file")
        assert digest(lite0_weights()) == DIGEST
        assert "weights are not cached" in caplog.text

    def test_without_npz_and_package_it_is_one_line(self, cache, monkeypatch):
        monkeypatch.setattr(torch_weights, "PACKAGE", "no_such_package")
        with pytest.raises(InputError, match="no-such-package is missing"):
            lite0_weights()


@pytest.fixture(scope="module")
def named():
    return lite0((224, 224, 3), top=True)


@pytest.mark.slow
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(("photo", "number"), [("chelsea", EGYPTIAN_CAT), ("coffee", ESPRESSO), ("rocket", MISSILE)])
def test_the_weights_know_what_is_on_a_photo(named, photo, number, grey):
    """ImageNet's classes 285, 967 and 657; the photos are those that scikit-image brings."""
    from skimage import data

    image = getattr(data, photo)()
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    picture = cv2.resize(image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    if grey:
        picture = picture.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    said = named.predict_on_batch((picture / 127.5 - 1)[None].astype(np.float32))[0]
    assert number in said.argsort()[-2 if grey else -1 :]


@pytest.mark.slow
def test_all_weights_are_used_once(named):
    own = sorted(float(np.sum(w, dtype=np.float64)) for layer in named.layers for w in layer.get_weights())
    assert own == pytest.approx(
        sorted(float(np.sum(w, dtype=np.float64)) for w in lite0_weights().values()), rel=1e-4, abs=1e-3
    )


def test_without_a_network_mobilenet_is_one_line(monkeypatch):
    import keras

    def unreachable(**options):
        raise OSError("URL fetch failure on https://example.org/: None -- no route\nto host")

    monkeypatch.setattr(keras.applications, "MobileNet", unreachable)
    with pytest.raises(InputError, match=r"cannot be downloaded \(.*no route to host\); lite0, the default"):
        mobilenet((112, 200, 3))
