from dataclasses import dataclass
from types import ModuleType

import keras
import numpy as np
import pytest

from recognition.networks import SMALLEST_SIZES, applications, build_network

from_keras = keras.applications


@dataclass(frozen=True)
class Original:
    """A network of Keras, the module whose `preprocess_input` belongs to it, and its parameters with 1,000 classes."""

    build: object
    module: ModuleType
    parameters: int | None = None  # as Keras publishes them; None where the original ends in another way


ORIGINALS = {
    "mobilenet_v2": Original(from_keras.MobileNetV2, from_keras.mobilenet_v2, 3_538_984),
    "mobilenet_v3_small": Original(from_keras.MobileNetV3Small, from_keras.mobilenet_v3),
    "mobilenet_v3_large": Original(from_keras.MobileNetV3Large, from_keras.mobilenet_v3),
    "efficientnet_v2_b0": Original(from_keras.EfficientNetV2B0, from_keras.efficientnet_v2, 7_200_312),
    "resnet50": Original(from_keras.ResNet50, from_keras.resnet, 25_636_712),
    "densenet121": Original(from_keras.DenseNet121, from_keras.densenet, 8_062_504),
    "xception": Original(from_keras.Xception, from_keras.xception, 22_910_480),
    "convnext_tiny": Original(from_keras.ConvNeXtTiny, from_keras.convnext, 28_589_128),
}
LIGHT = ("mobilenet_v3_small", "resnet50", "efficientnet_v2_b0")  # one of each conversion
each_original = pytest.mark.parametrize(
    "name", [name if name in LIGHT else pytest.param(name, marks=pytest.mark.exhaustive) for name in ORIGINALS]
)


def photographs(size):
    """float32, 0–1, (2, size, size, 3)."""
    from sklearn.datasets import load_sample_images

    return np.stack([image[100 : 100 + size, 100 : 100 + size] for image in load_sample_images().images]) / np.float32(
        255
    )


def test_every_application_has_an_original():
    assert set(applications.APPLICATIONS) == set(ORIGINALS)


@each_original
def test_published_weights_compute_what_they_compute_in_keras(name):
    size = SMALLEST_SIZES[name]
    images = photographs(size)
    original = ORIGINALS[name].build(weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg")
    network = build_network(name, (size, size, 3), 10)
    *published, _, _ = network.get_weights()
    original.set_weights(published)
    expected = original(ORIGINALS[name].module.preprocess_input(images * 255)).numpy()
    features = keras.Model(network.input, network.get_layer("head").input)(images).numpy()
    assert expected.std() > 0
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-3 * expected.std())


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name, original in ORIGINALS.items() if original.parameters])
def test_the_number_of_parameters_is_the_published_one(name):
    size = SMALLEST_SIZES[name]
    assert build_network(name, (size, size, 3), 1_000).count_params() == ORIGINALS[name].parameters


def test_a_grey_image_is_one_of_three_equal_channels():
    grey, rgb = (build_network("mobilenet_v3_small", (32, 32, channels), 2) for channels in (1, 3))
    rgb.set_weights(grey.get_weights())
    images = photographs(32)[..., :1]
    np.testing.assert_allclose(grey(images), rgb(np.repeat(images, 3, axis=3)), rtol=1e-5)


@pytest.mark.parametrize("name", ORIGINALS)
def test_smaller_images_are_refused(name):
    size = SMALLEST_SIZES[name] - 1
    with pytest.raises(ValueError, match=r"at least|Computed output size"):
        build_network(name, (size, size, 3), 2)


def test_nothing_is_downloaded_and_running_statistics_keep_up_with_short_trainings(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError(f"a download of {arguments}")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", refuse)
    layers = build_network("mobilenet_v2", (32, 32, 3), 2).layers
    momenta = [layer.momentum for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(momenta) == 52
    assert max(momenta) ** 100 < 1e-4
