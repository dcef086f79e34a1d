import numpy as np
import pytest

from recognition.prediction.answers import answers_of
from recognition.prediction.classifier import transform_of
from recognition.prediction.rejection import Rejection

CLASSES = ("ape", "bee", "cow")
SURE, TORN = [0.1, 0.8, 0.1], [0.4, 0.35, 0.25]


def test_the_most_probable_classes_come_first():
    (answer,) = answers_of(np.array([SURE], np.float32), CLASSES, top=2)
    assert answer.label == "bee"
    assert [name for name, _ in answer.top] == ["bee", "ape"]
    assert answer.probability == pytest.approx(0.8)


def test_below_the_threshold_it_is_none_of_these():
    rejection = Rejection(target_error=0.05, threshold=0.5, error=0.04, coverage=0.9, images=100)
    given = answers_of(np.array([SURE, TORN], np.float32), CLASSES, rejection=rejection)
    assert [answer.label for answer in given] == ["bee", None]
    assert given[1].top[0][0] == "ape"


def test_no_image_no_answer():
    assert answers_of(np.empty((0, 3), np.float32), CLASSES) == []


def test_a_model_of_published_data_crops_files_to_its_size():
    transform = transform_of({"image_shape": [32, 24, 3], "transform": None})
    assert transform.shape == (32, 24, 3)
    assert transform.resize == "crop"


def test_a_model_of_files_treats_them_as_in_training():
    stored = {"height": 8, "width": 9, "channels": 1, "resize": "pad", "background": "#000000"}
    assert transform_of({"image_shape": [8, 9, 1], "transform": stored}).to_json() == stored
