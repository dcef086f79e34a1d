import hashlib
import zipfile

import pytest

from recognition.errors import RecognitionError
from recognition.training.model_file import describe_layers, file_digest, load_model


@pytest.fixture(scope="module")
def model():
    import keras

    inner_input = keras.Input((4,))
    inner = keras.Model(inner_input, keras.layers.Dense(3, name="logits")(inner_input), name="inner")
    inputs = keras.Input((4,), name="images")
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(inner(inputs)))


@pytest.fixture(scope="module")
def stored(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


def altered(stored, folder, change):
    path = folder / "model.keras"
    path.write_bytes(change(stored.read_bytes()))
    return path


def flip_middle(content):
    middle = len(content) // 2
    return content[:middle] + bytes(byte ^ 255 for byte in content[middle : middle + 64]) + content[middle + 64 :]


def without_weights(stored, folder):
    path = folder / "model.keras"
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            if not name.endswith(".h5"):
                target.writestr(name, source.read(name))
    return path


def test_a_model_comes_back_uncompiled_with_its_weights(model, stored):
    loaded = load_model(stored)
    assert not loaded.compiled
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert (ours == theirs).all()


@pytest.mark.parametrize(
    "change",
    [lambda content: content[:-100], lambda content: b"", lambda content: b"no model", flip_middle],
    ids=["cut", "empty", "text", "flipped"],
)
def test_a_damaged_file_is_an_error_of_ours(stored, tmp_path, change):
    path = altered(stored, tmp_path, change)
    with pytest.raises(RecognitionError, match=r"cannot be loaded\n  received: .*model\.keras"):
        load_model(path)


def test_a_file_without_weights_is_an_error_of_ours(stored, tmp_path):
    with pytest.raises(RecognitionError, match="cannot be loaded"):
        load_model(without_weights(stored, tmp_path))


def test_a_missing_file_is_an_error_of_ours(tmp_path):
    with pytest.raises(RecognitionError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")


def test_code_inside_a_model_is_never_run(tmp_path):
    import keras

    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(RecognitionError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")


def test_an_error_without_a_message_is_told_too(stored, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError

    monkeypatch.setattr("keras.saving.load_model", fail)
    with pytest.raises(RecognitionError, match="ValueError"):
        load_model(stored)


def test_the_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"content" * 100_000)
    assert file_digest(tmp_path / "file") == hashlib.sha256(b"content" * 100_000).hexdigest()


def test_every_layer_is_described_those_of_nested_models_behind_them(model):
    assert describe_layers(model) == (
        "images | InputLayer | (None, 4) | 0",
        "inner | Functional | (None, 3) | 15",
        f"inner/{model.get_layer('inner').layers[0].name} | InputLayer | (None, 4) | 0",
        "inner/logits | Dense | (None, 3) | 15",
        "probabilities | Softmax | (None, 3) | 0",
    )
