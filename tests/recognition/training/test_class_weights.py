import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from recognition.errors import InputError
from recognition.training.class_weights import check_class_weights, class_weights, described

NAMES = ("cat", "dog", "emu")
COUNTS = np.array([90, 9, 1])


def test_without_weights_every_class_counts_the_same():
    weights = class_weights("none", COUNTS, NAMES)
    assert weights.dtype == np.float32
    assert weights.tolist() == [1, 1, 1]


def test_balanced_is_that_of_scikit_learn():
    labels = np.repeat(np.arange(3), COUNTS)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(class_weights("balanced", COUNTS, NAMES), expected, rtol=1e-6)


def test_sqrt_lifts_half_as_far():
    weights = class_weights("sqrt", COUNTS, NAMES)
    assert weights[2] / weights[0] == pytest.approx(np.sqrt(90))
    assert weights[1] / weights[0] == pytest.approx(np.sqrt(10))


@pytest.mark.parametrize("setting", ["balanced", "sqrt"])
@pytest.mark.parametrize("counts", [COUNTS, np.array([5, 0, 200]), np.array([0, 7, 0])])
def test_the_mean_over_images_is_one_and_an_empty_class_counts_as_one(setting, counts):
    weights = class_weights(setting, counts, NAMES)
    assert weights @ counts / counts.sum() == pytest.approx(1)
    assert (weights[counts == 0] == 1).all()


def test_weights_by_name_are_taken_as_they_are():
    assert class_weights({"emu": 7.5, "cat": 0.0}, COUNTS, NAMES).tolist() == [0, 1, 7.5]


@pytest.mark.parametrize("setting", ["none", "balanced", "sqrt", {"dog": 2.0}])
def test_classes_that_there_are_pass(setting):
    check_class_weights(setting, NAMES)


def test_the_nearest_class_is_named():
    with pytest.raises(InputError) as caught:
        check_class_weights({"dgo": 2.0, "cat": 1.0}, NAMES)
    assert (caught.value.received, caught.value.remedy) == ("dgo", "did you mean dog?")
    assert caught.value.expected == "names of classes: cat, dog, emu"


def test_many_classes_that_there_are_not_stay_readable():
    weights = {f"{i} of another kind": 1.0 for i in range(100)}
    with pytest.raises(InputError) as caught:
        check_class_weights(weights, [f"class_{i}" for i in range(100)])
    assert caught.value.received.endswith("2 of another kind and 97 more")
    assert caught.value.expected.endswith("class_2 and 97 more")
    assert caught.value.remedy == ""


def test_the_ends_are_told():
    told = described(class_weights("balanced", COUNTS, NAMES), NAMES)
    assert told == "class weights from 0.37 (cat) to 33.3 (emu)"
