import numpy as np
import pytest

from recognition.networks import deck

CONV = {"kernel_size": (3, 3), "strides": (1, 1), "activation": "elu", "use_bias": True}
POOL = {"pool_size": (2, 2), "strides": (2, 2), "padding": "valid"}
EXPECTED = [
    ("InputLayer", {}),
    *(
        layer
        for filters in (128, 256, 512)
        for layer in (
            ("Conv2D", {**CONV, "filters": filters, "padding": "same"}),
            ("Conv2D", {**CONV, "filters": filters, "padding": "valid"}),
            ("MaxPooling2D", POOL),
            ("Dropout", {"rate": 0.25}),
        )
    ),
    ("Flatten", {}),
    ("Dense", {"units": 1024, "activation": "elu", "use_bias": True}),
    ("Dropout", {"rate": 0.5}),
    ("Dense", {"units": 100, "activation": "linear", "use_bias": True}),
]


@pytest.fixture(scope="module")
def network():
    return deck.build((32, 32, 3), 100)


def test_the_network_is_the_decks_layer_for_layer(network):
    found = [
        (type(layer).__name__, {key: layer.get_config()[key] for key in expected})
        for layer, (_, expected) in zip(network.layers, EXPECTED, strict=True)
    ]
    assert found == EXPECTED


def test_the_network_has_the_decks_number_of_parameters(network):
    assert network.count_params() == 6_777_060
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 6_777_060


@pytest.mark.parametrize("shape", [(22, 22, 1), (22, 40, 3), (33, 23, 3)])
def test_the_smallest_images_leave_one_pixel_at_least(shape):
    assert deck.build(shape, 7).output_shape == (None, 7)


@pytest.mark.parametrize("shape", [(21, 21, 3), (21, 40, 3), (40, 21, 3)])
def test_smaller_images_leave_nothing(shape):
    with pytest.raises(ValueError, match="Computed output size would be"):
        deck.build(shape, 7)
