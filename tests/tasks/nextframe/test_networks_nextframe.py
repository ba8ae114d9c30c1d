"""The networks that predict the next frame: their size, which of them are causal, and scheduled sampling."""

import numpy as np
import pytest

from handsign.bundle.keras_loader import import_keras
from handsign.tasks.nextframe import films, networks

SHAPE = (15, 12, 12, 1)


@pytest.fixture(scope="module", autouse=True)
def keras():
    return import_keras()


@pytest.fixture
def film():
    return np.random.default_rng(0).random((1, 6, *SHAPE[1:]), np.float32)


def test_the_example_has_the_weights_of_the_example():
    model = networks.keras_example((15, 40, 40, 1))
    assert model.count_params() == 407_001
    assert model.input_shape == model.output_shape == (None, None, 40, 40, 1)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", *["ConvLSTM2D", "BatchNormalization"] * 4, "Conv3D"]


@pytest.mark.slow
@pytest.mark.parametrize(("build", "causal"), [(networks.keras_example, False), (networks.conv_lstm, True)])
def test_only_the_example_depends_on_the_frame_it_predicts(build, causal, film):
    model = build(SHAPE)
    other = film.copy()
    other[:, 4] = 0
    y_pred, y_other = model.predict_on_batch(film), model.predict_on_batch(other)
    np.testing.assert_array_equal(y_pred[:, :3], y_other[:, :3])
    assert (y_pred[:, 3] == y_other[:, 3]).all() == causal
    assert (y_pred[:, 4] != y_other[:, 4]).any()


@pytest.mark.slow
@pytest.mark.parametrize("build", [networks.keras_example, networks.conv_lstm])
def test_films_may_be_of_any_length_and_size(build, film):
    model = build(SHAPE)
    for count in (1, 4, 6):
        y_pred = model.predict_on_batch(film[:, :count])
        assert y_pred.shape == film[:, :count].shape
        assert 0 < y_pred.min() < y_pred.max() < 1
    assert build((15, 20, 16, 1)).predict_on_batch(np.zeros((2, 2, 20, 16, 1), np.float32)).shape == (2, 2, 20, 16, 1)


def test_the_first_filters_of_a_new_network_move_their_state():
    """The trace of a dot in the filter of a shift moves by it in one frame, if nothing else is remembered."""
    layer, filters = networks.conv_lstm(SHAPE).layers[0], networks.FILTERS
    kernel, recurrent, bias = layer.get_weights()
    kernel[:] = 0
    kernel[1, 1, 0, 2 * filters : 3 * filters] = 5
    bias[filters : 2 * filters] = -20  # the cells themselves forget at once
    others = ~np.eye(filters, 4 * filters, 2 * filters, dtype=bool)
    recurrent[:, :, others] = 0
    layer.set_weights([kernel, recurrent, bias])
    film = np.zeros((1, 2, *SHAPE[1:]), np.float32)
    film[0, 0, 5, 5] = 1
    trace = np.abs(layer(film) - layer(0 * film))[0, 1]
    for i, (rows, columns) in enumerate(networks.SHIFTS):
        assert np.unravel_index(trace[..., i].argmax(), trace.shape[:2]) == (5 + rows, 5 + columns)


@pytest.fixture(scope="module")
def small(keras):
    """An untrained `conv_lstm` for pictures of 12 x 12, and films (5, 9, 12, 12, 1) for it."""
    shape = (9, 12, 12, 1)
    return networks.conv_lstm(shape), np.random.default_rng(0).random((5, *shape), np.float32)


@pytest.mark.slow
def test_scheduled_sampling_feeds_predictions_back(small):
    model, film = small
    first = model.predict_on_batch(film)
    for passes in (1, 2):
        y_pred = networks.scheduled_sampling(model, 4, passes).predict_on_batch(film)
        np.testing.assert_allclose(y_pred[:, :9], first, atol=1e-6)
        expected = first
        for _ in range(passes):
            expected = model.predict_on_batch(np.concatenate([film[:, :4], expected[:, 3:-1]], axis=1))
        np.testing.assert_allclose(y_pred[:, 9:], expected, atol=1e-6)
    rollout = films.ahead(model.predict_on_batch, film[:, :4], 2)
    np.testing.assert_allclose(y_pred[:, 9 + 3 : 9 + 5], rollout, atol=1e-6)


def test_scheduled_sampling_trains_the_model_itself(small):
    model, film = small
    trainee = networks.scheduled_sampling(model, 4, 1)
    before = [weights.copy() for weights in model.get_weights()]
    trainee.compile("sgd", "binary_crossentropy")
    trainee.train_on_batch(film, np.concatenate([film, film], axis=1).round())
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
