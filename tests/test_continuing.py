"""The networks that continue a film: their size, and which of them know the future."""

import numpy as np
import pytest

from handsign import continuing
from handsign.networks import import_keras

SHAPE = (15, 12, 12, 1)


@pytest.fixture(scope="module", autouse=True)
def keras():
    return import_keras()


@pytest.fixture
def film():
    return np.random.default_rng(0).random((1, 6, *SHAPE[1:]), np.float32)


def test_the_example_has_the_weights_of_the_example():
    model = continuing.example((15, 40, 40, 1))
    assert model.count_params() == 407_001
    assert model.input_shape == model.output_shape == (None, None, 40, 40, 1)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", *["ConvLSTM2D", "BatchNormalization"] * 4, "Conv3D"]


@pytest.mark.parametrize(("build", "knows"), [(continuing.example, True), (continuing.small, False)])
def test_only_the_example_looks_at_the_picture_it_is_to_tell(build, knows, film):
    model = build(SHAPE)
    other = film.copy()
    other[:, 4] = 0
    said, of_other = model.predict_on_batch(film), model.predict_on_batch(other)
    np.testing.assert_array_equal(said[:, :3], of_other[:, :3])
    assert (said[:, 3] != of_other[:, 3]).any() == knows
    assert (said[:, 4] != of_other[:, 4]).any()


@pytest.mark.parametrize("build", [continuing.example, continuing.small])
def test_films_may_be_of_any_length_and_size(build, film):
    model = build(SHAPE)
    for count in (1, 4, 6):
        said = model.predict_on_batch(film[:, :count])
        assert said.shape == film[:, :count].shape
        assert 0 < said.min() < said.max() < 1
    assert build((15, 20, 16, 1)).predict_on_batch(np.zeros((2, 2, 20, 16, 1), np.float32)).shape == (2, 2, 20, 16, 1)


def test_the_first_memories_of_a_new_small_network_move():
    """What a dot leaves in the filter of a way is a step on after the next picture, if nothing else is remembered."""
    memory, filters = continuing.small(SHAPE).layers[0], continuing.FILTERS
    kernel, recurrent, bias = memory.get_weights()
    kernel[:] = 0
    kernel[1, 1, 0, 2 * filters : 3 * filters] = 5
    bias[filters : 2 * filters] = -20  # the cells themselves forget at once
    others = ~np.eye(filters, 4 * filters, 2 * filters, dtype=bool)
    recurrent[:, :, others] = 0
    memory.set_weights([kernel, recurrent, bias])
    film = np.zeros((1, 2, *SHAPE[1:]), np.float32)
    film[0, 0, 5, 5] = 1
    left = np.abs(memory(film) - memory(0 * film))[0, 1]
    for i, (rows, columns) in enumerate(continuing.WAYS):
        assert np.unravel_index(left[..., i].argmax(), left.shape[:2]) == (5 + rows, 5 + columns)
