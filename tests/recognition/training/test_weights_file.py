import zipfile

import h5py
import keras
import numpy as np
import pytest

from recognition.errors import InputError
from recognition.training.weights_file import check_weights_file, read_weights


def model(name="small"):
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, name="first")(inputs)
    x = keras.layers.Dropout(0.5)(x)  # its generator's state is no weight
    for _ in range(11):
        x = keras.layers.LayerNormalization()(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(x), name=name)


@pytest.fixture(scope="module")
def original():
    keras.utils.set_random_seed(0)
    made = model()
    for i, layer in enumerate(each for each in made.layers if "norm" in each.name):
        layer.set_weights([np.full(3, i), np.full(3, -i)])
    return made


@pytest.fixture(scope="module")
def files(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    original.save(folder / "small.keras")
    original.save_weights(folder / "small.weights.h5")
    with h5py.File(folder / "old.h5", "w") as file:
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [layer.name.encode() for layer in original.layers]
        for layer in original.layers:
            group = root.create_group(layer.name)
            group.attrs["weight_names"] = [f"{layer.name}/{weight.name}:0".encode() for weight in layer.weights]
            for weight in layer.weights:
                group.create_dataset(f"{layer.name}/{weight.name}:0", data=weight.numpy())
    return folder


def numbers(source):
    """Of the norms in the order in which they come."""
    return [int(arrays[0][0]) for name, arrays in source.layers.items() if "norm" in name]


def test_a_model_tells_its_name_layers_and_head(files, original):
    source = read_weights(files / "small.keras")
    assert (source.network, source.by_place, numbers(source)) == ("small", False, list(range(11)))
    np.testing.assert_array_equal(source.layers["first"][0], original.get_layer("first").kernel)
    np.testing.assert_array_equal(source.head[0], original.get_layer("head").kernel)
    assert "head" not in source.layers
    assert len(source.layers) == 12


def test_a_model_inside_a_model_of_its_name_is_the_network(files, original, tmp_path):
    inputs = keras.Input((4,))
    whitened = keras.layers.Dense(4, name="zca_whitening")(inputs)
    keras.Model(inputs, keras.layers.Softmax()(original(whitened)), name="small").save(tmp_path / "whole.keras")
    assert read_weights(tmp_path / "whole.keras").layers.keys() == read_weights(files / "small.keras").layers.keys()


def test_weights_of_keras_3_are_told_by_place(files, original):
    source = read_weights(files / "small.weights.h5")
    assert (source.network, source.by_place, numbers(source)) == ("small", True, list(range(11)))
    assert source.layers.keys() >= {"dense", "dense_1", "layer_normalization", "layer_normalization_10"}
    assert len(source.layers) == 13
    np.testing.assert_array_equal(source.layers["dense"][0], original.get_layer("first").kernel)
    assert source.head is None


def test_weights_of_keras_2_are_told_by_name(files, original):
    source = read_weights(files / "old.h5")
    assert (source.network, source.by_place, numbers(source)) == ("", False, list(range(11)))
    assert list(source.layers) == [layer.name for layer in original.layers if layer.weights]


@pytest.mark.parametrize("name", ["small.keras", "small.weights.h5", "old.h5"])
def test_all_weights_are_float32(name, files):
    source = read_weights(files / name)
    assert {array.dtype for arrays in source.layers.values() for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("missing.keras", None, "is missing"),
        ("text.txt", b"text", "is neither a Keras model nor Keras weights"),
        ("model.pkl", b"\x80\x04.", "is neither a Keras model nor Keras weights"),
        ("text.keras", b"text", "is not a Keras model"),
        ("text.h5", b"text", "is not an HDF5 file"),
        ("empty.weights.h5", b"", "is not an HDF5 file"),
    ],
)
def test_what_is_no_weights_file_is_refused_by_name(name, content, problem, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for look in (check_weights_file, read_weights):
        with pytest.raises(InputError, match=rf"{problem}[^$]+received: .*{name}"):
            look(tmp_path / name)


def test_a_folder_is_no_weights_file(tmp_path):
    with pytest.raises(InputError, match="is not a file"):
        check_weights_file(tmp_path)


def test_a_cut_file_is_refused_by_name(files, tmp_path):
    cut = tmp_path / "cut.weights.h5"
    cut.write_bytes((files / "small.weights.h5").read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"is damaged \([^$]+received: .*cut\.weights\.h5"):
        read_weights(cut)


def test_a_zip_that_is_no_model_is_refused_by_name(tmp_path):
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.png", b"")
    with pytest.raises(InputError, match=r"cannot be loaded[^$]+received: .*photos\.keras"):
        read_weights(path)


def test_a_model_with_code_inside_is_not_run(tmp_path):
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(tmp_path / "code.keras")
    with pytest.raises(InputError, match="cannot be loaded"):
        read_weights(tmp_path / "code.keras")


def hdf5(path, **contents):
    with h5py.File(path, "w") as file:
        for name, content in contents.items():
            file.create_group(f"layers/{name}").create_dataset("vars/0", data=content)
    return path


def test_weights_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(InputError, match="not finite"):
        read_weights(hdf5(tmp_path / "diverged.h5", dense=np.array([1, np.nan], np.float32)))


def test_text_is_no_weight(tmp_path):
    with pytest.raises(InputError, match="not numbers"):
        read_weights(hdf5(tmp_path / "text.h5", dense=[b"text"]))


def test_a_file_without_weights_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no weights"):
        read_weights(hdf5(tmp_path / "empty.h5"))


def test_a_size_that_the_file_cannot_hold_is_refused(tmp_path):
    path = hdf5(tmp_path / "large.h5")
    with h5py.File(path, "a") as file:
        file.create_dataset("layers/dense/vars/0", shape=(2**40,), dtype="f4", chunks=(1024,))
    with pytest.raises(InputError, match="larger than the file can hold"):
        read_weights(path)


def test_arrays_in_other_files_are_not_read(tmp_path):
    secret = hdf5(tmp_path / "secret.h5", dense=np.ones(4, np.float32))
    for link in (h5py.ExternalLink("secret.h5", "layers/dense/vars/0"), h5py.SoftLink("/nowhere")):
        path = hdf5(tmp_path / "linked.h5", other=np.zeros(2, np.float32))
        with h5py.File(path, "a") as file:
            file["layers/dense/vars/0"] = link
        assert list(read_weights(path).layers) == ["other"]
    virtual = tmp_path / "virtual.h5"
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource(secret, "layers/dense/vars/0", (4,))
    with h5py.File(virtual, "w") as file:
        file.create_group("layers/dense/vars").create_virtual_dataset("0", layout)
    with pytest.raises(InputError, match="other files"):
        read_weights(virtual)
