import numpy as np
import pytest

from recognition.configuration.schema import RunConfig
from recognition.data.dataset import Duplicates, ImageDataset, Split
from recognition.data.folds import fold
from recognition.errors import InputError
from recognition.networks import SMALLEST_SIZES
from recognition.training.preflight import check_fits


def dataset_of(height=32, width=32, images=200):
    split = Split(
        np.zeros((images, height, width, 3), np.uint8), np.zeros(images, np.int32), np.arange(images, dtype=np.uint64)
    )
    splits = {"train": split, "validation": split, "test": split}
    return ImageDataset("made", splits, ("one",), (), np.empty(0, np.int32), Duplicates({}, {}))


def config_of(**sections):
    return RunConfig.model_validate(sections)


@pytest.mark.parametrize(("sizes", "shape"), [({8: 0.5}, (32, 32)), ({32: 0.5}, (32, 32)), ({16: 0.5}, (32, 30))])
def test_stages_that_do_not_fit(sizes, shape):
    with pytest.raises(InputError, match=r"train\.sizes does not fit"):
        check_fits(config_of(train={"network": "fast", "sizes": sizes}), dataset_of(*shape))


def remedied(config, error):
    key, value = error.remedy.removeprefix("--set ").split("=")
    section, name = key.split(".")
    values = config.model_dump()
    values[section][name] = int(value) if value.isdigit() else value
    return RunConfig.model_validate(values)


def test_what_fits_passes():
    check_fits(config_of(train={"network": "deck", "batch_size": 200, "class_weights": {"one": 2}}), dataset_of())


@pytest.mark.parametrize("images", [1, 7, 199])
def test_a_batch_larger_than_the_training_split_is_refused_with_a_size_that_fits(images):
    config = config_of(train={"network": "deck", "batch_size": 200})
    with pytest.raises(InputError, match=rf"train\.batch_size: 200[^$]+at most {images}\b") as caught:
        check_fits(config, dataset_of(images=images))
    check_fits(remedied(config, caught.value), dataset_of(images=images))


def test_a_step_of_more_images_than_there_are_is_refused():
    config = config_of(train={"batch_size": 64, "accumulate": 4})
    with pytest.raises(InputError, match="one step takes more images") as caught:
        check_fits(config, dataset_of(images=200))
    check_fits(remedied(config, caught.value), dataset_of(images=200))


def test_batch_norms_need_two_images():
    with pytest.raises(InputError, match="cannot learn from one image at a time"):
        check_fits(config_of(train={"batch_size": 1}), dataset_of())
    check_fits(config_of(train={"network": "deck", "batch_size": 1}), dataset_of())


@pytest.mark.parametrize("train", [{"batch_size": 101}, {"batch_size": 26, "accumulate": 4}], ids=str)
def test_a_batch_larger_than_a_folds_training_split_is_refused_with_a_size_that_fits(train):
    dataset = dataset_of(images=100)
    config = config_of(data={"folds": 2}, train=train)
    fewest = min(len(fold(dataset, number, 2).splits["train"]) for number in range(2))
    with pytest.raises(InputError, match=f"at most {fewest}") as caught:
        check_fits(config, dataset)
    check_fits(remedied(config, caught.value), dataset)


def test_folds_need_images_of_each_class():
    config = config_of(data={"folds": 9}, train={"batch_size": 2})
    check_fits(config, dataset_of(images=5))
    with pytest.raises(InputError, match=r"8 images of one, data\.folds: 9"):
        check_fits(config, dataset_of(images=4))


@pytest.mark.parametrize("repeated", [{"data": {"folds": 3}}, {"train": {"seeds": [0, 1]}}])
def test_workers_train_one_network(repeated, monkeypatch):
    check_fits(config_of(**repeated), dataset_of())
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    with monkeypatch.context() as patch:
        patch.setenv("TF_CONFIG", cluster)
        with pytest.raises(InputError, match="several workers train one network"):
            check_fits(config_of(**repeated), dataset_of())
    shared = {**repeated, "train": {**repeated.get("train", {}), "workers": 2}}
    with pytest.raises(InputError, match="several workers train one network"):
        check_fits(config_of(**shared), dataset_of())


@pytest.mark.parametrize(
    "repeated",
    [{"data": {"folds": 3}}, {"train": {"seeds": [0, 1]}}, {"train": {"init": "a.h5"}}, {"train": {"workers": 2}}],
)
def test_a_calibration_is_of_one_recipe_from_the_start(repeated):
    with pytest.raises(InputError, match="a calibration trains from random weights"):
        check_fits(config_of(calibrate={}, **repeated), dataset_of())


@pytest.mark.parametrize(
    "other", [{"data": {"folds": 3}}, {"train": {"seeds": [0, 1]}}, {"train": {"workers": 2}}, {"calibrate": {}}]
)
def test_one_training_is_gone_on_with(other):
    tail = {"after": "train-run", "epochs": 2}
    sections = {**other, "train": {**other.get("train", {}), "tail": tail}}
    check_fits(config_of(train={"tail": tail}), dataset_of())
    with pytest.raises(InputError, match="one process goes on with one finished training"):
        check_fits(config_of(**sections), dataset_of())


@pytest.mark.parametrize("network", SMALLEST_SIZES)
@pytest.mark.parametrize("side", ["height", "width"])
def test_the_shorter_side_decides_whether_a_network_fits(network, side):
    config, smallest = config_of(train={"network": network}), SMALLEST_SIZES[network]
    check_fits(config, dataset_of(**{"height": 80, "width": 80, side: smallest}))
    with pytest.raises(InputError, match=f"{network} is too deep[^$]+at least {smallest}x{smallest}"):
        check_fits(config, dataset_of(**{"height": 80, "width": 80, side: smallest - 1}))


@pytest.mark.parametrize(("network", "size"), [("deck", 8), ("xception", 70)])
def test_the_fast_network_is_offered_where_it_fits(network, size):
    config = config_of(train={"network": network})
    with pytest.raises(InputError) as caught:
        check_fits(config, dataset_of(size, size))
    assert remedied(config, caught.value).train.network == "fast"
    check_fits(remedied(config, caught.value), dataset_of(size, size))


def test_images_too_small_for_every_network():
    config = config_of(train={"network": "deck"})
    with pytest.raises(InputError, match="use larger images"):
        check_fits(config, dataset_of(2, 2))


def test_a_shift_out_of_sight_is_refused():
    with pytest.raises(InputError, match=r"augmentation\.width_shift_range"):
        check_fits(config_of(augmentation={"width_shift_range": 32.0}), dataset_of())


def test_whitening_of_too_few_images_is_refused():
    options = {"featurewise_center": True, "zca_whitening": True}
    with pytest.raises(InputError, match="zca_whitening"):
        check_fits(config_of(augmentation=options), dataset_of())


def test_weights_of_a_class_that_there_is_not_are_refused():
    weights = {"one": 1, "uno": 2, "onee": 3}
    with pytest.raises(InputError, match=r"train\.class_weights[^$]+received: uno, onee\n  expected: .*\bone$"):
        check_fits(config_of(train={"class_weights": weights}), dataset_of())
