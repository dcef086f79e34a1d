import numpy as np
import pytest

from recognition.errors import RecognitionError
from recognition.export.choice import EXCEPT, PAIRS, Choice
from recognition.export.export import LOADERS, check_export, ends, export_model, packages_of, registered_runner
from recognition.networks import NETWORKS, SMALLEST_SIZES, build_network
from tests.recognition.export.models import SHAPE, images_of, small_model

IMAGES = images_of(64)
LABELS = np.zeros(64, np.int32)
SOME = ("deck", "fast", "resnet18")
ALL_NETWORKS = [
    pytest.param(name, marks=pytest.mark.slow if name in SOME else pytest.mark.exhaustive) for name in NETWORKS
]
pairs = pytest.mark.parametrize("choice", [Choice(*pair) for pair in PAIRS], ids=str)


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def keras_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("registered") / "model.keras"
    model.save(path)
    return path


@pairs
def test_every_pair_answers_as_the_model_for_batches_of_any_size(model, keras_file, choice, tmp_path):
    path = tmp_path / choice.file
    export_model(model, choice, path, images_of(50, seed=2))
    parity = check_export(model, choice, (keras_file, path), IMAGES, LABELS, None)
    assert parity.largest_difference <= choice.tolerance
    assert parity.agreement >= 0.9
    assert (parity.bytes < 0.7 * parity.bytes_registered) == bool(choice.quantize)
    run = LOADERS[choice.format](path)
    for count in (3, 1, 3):
        answers = run(IMAGES[:count])
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, registered_runner(model)(IMAGES[:count]), atol=choice.tolerance)


def test_a_model_of_mixed_precision_is_exported_in_single_precision(tmp_path):
    mixed, choice = small_model("mixed_bfloat16"), Choice("onnx")
    mixed.save(tmp_path / "model.keras")
    files = tmp_path / "model.keras", tmp_path / "model.onnx"
    export_model(mixed, choice, files[1], IMAGES)
    assert check_export(mixed, choice, files, IMAGES, LABELS, None).tolerance > choice.tolerance
    alike = small_model()
    alike.set_weights(mixed.get_weights())
    np.testing.assert_allclose(LOADERS["onnx"](files[1])(IMAGES), registered_runner(alike)(IMAGES), atol=1e-4)


def test_what_differs_more_than_it_may_is_refused(model, keras_file, tmp_path):
    path = tmp_path / "model.onnx"
    export_model(small_model(seed=1), Choice("onnx"), path, IMAGES)
    with pytest.raises(RecognitionError, match="does not answer as the registered one") as raised:
        check_export(model, Choice("onnx"), (keras_file, path), IMAGES, LABELS, None)
    assert raised.value.exit_status == 1
    assert check_export(model, Choice("onnx"), (keras_file, path), IMAGES, LABELS, 1.0).agreement < 1


def test_the_ends_are_told(model):
    told = ends(model)
    assert (told["input"].dtype, told["input"].shape) == ("uint8", (None, *SHAPE))
    assert (told["output"].dtype, told["output"].shape) == ("float32", (None, 4))


def test_the_packages_are_told():
    assert set(packages_of(Choice("litert"))) == {"tensorflow", "keras", "ai-edge-litert"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ALL_NETWORKS)
@pytest.mark.parametrize("choice", [Choice("onnx", "int8"), Choice("litert", "int8")], ids=str)  # the hardest
def test_every_network_can_be_exported_but_those_that_are_refused(name, choice, tmp_path):
    import keras

    if (choice.format, name) in EXCEPT:
        pytest.skip("refused")
    keras.utils.set_random_seed(0)
    side = max(32, SMALLEST_SIZES[name])
    network = build_network(name, (side, side, 3), 10)
    images = keras.Input((side, side, 3), dtype="uint8", name="images")
    logits = network(keras.layers.Rescaling(1 / 127.5, -1)(images))
    model = keras.Model(images, keras.layers.Softmax(dtype="float32")(logits))
    model.save(tmp_path / "model.keras")
    files = tmp_path / "model.keras", tmp_path / choice.file
    some = images_of(16, (side - side % 2, side - side % 2, 3))
    some = np.pad(some, ((0, 0), (0, side % 2), (0, side % 2), (0, 0)))
    export_model(model, choice, files[1], some)
    assert check_export(model, choice, files, some, LABELS[:16], None).images == 16
