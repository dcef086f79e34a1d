import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from recognition.evaluation.suspects import judge_labels
from tests.recognition.evaluation.samples import certain, random_probabilities

SHARE = 0.05


def plant(labels, classes, seed=0):
    """Labels of which a share is replaced by another class, and the places of those."""
    generator = np.random.default_rng(seed)
    places = generator.choice(len(labels), round(SHARE * len(labels)), replace=False)
    planted = labels.copy()
    planted[places] = (labels[places] + generator.integers(1, classes, len(places))) % classes
    return planted, places


def judged(probabilities, labels):
    return judge_labels(probabilities, np.asarray(labels), probabilities.argmax(axis=1))


def test_wrong_labels_among_digits_are_found():
    images, labels = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=200).fit(images[:800] / 16, labels[:800])
    given, wrong = plant(labels[800:], 10)
    quality, suspect = judged(model.predict_proba(images[800:] / 16).astype(np.float32), given)
    worst = np.argsort(quality)[: len(wrong)]
    assert np.isin(worst, wrong).mean() >= 0.8  # a model of 93 % accuracy doubts some right labels as much
    assert suspect[wrong].mean() >= 0.7
    assert np.isin(np.flatnonzero(suspect), wrong).mean() >= 0.85


def test_wrong_labels_among_a_hundred_classes_are_found():
    labels = np.random.default_rng(0).permutation(np.arange(5000) % 100)
    given, wrong = plant(labels, 100)
    quality, suspect = judged(random_probabilities(labels, 100, skill=8.0), given)
    assert np.isin(np.argsort(quality)[: len(wrong)], wrong).mean() >= 0.95
    assert suspect[wrong].mean() >= 0.8
    assert np.isin(np.flatnonzero(suspect), wrong).mean() >= 0.95


def test_few_suspects_where_labels_are_right_and_the_model_good():
    labels = np.arange(2000) % 10
    assert judged(random_probabilities(labels, 10, skill=12.0), labels).suspect.mean() < 0.01


@pytest.mark.parametrize("classes", [2, 3, 1000])
def test_any_number_of_classes(classes):
    labels = np.arange(300) % classes
    quality, suspect = judged(random_probabilities(labels, classes), labels)
    assert (quality.dtype, suspect.dtype) == (np.float32, np.bool_)
    assert ((quality >= 0) & (quality <= 1)).all()


def test_quality_is_the_probability_of_the_label():
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
    assert judged(probabilities, [1, 0]).quality.tolist() == [0.25, 0.5]


def test_classes_without_images():
    labels = np.array([0, 4] * 20)
    probabilities = certain(labels, 6)
    probabilities[0] = [0.01, 0.01, 0.01, 0.01, 0.95, 0.01]
    assert np.flatnonzero(judged(probabilities, labels).suspect).tolist() == [0]


def test_a_label_that_is_predicted_is_no_suspect():
    labels = np.arange(40) % 4
    probabilities = random_probabilities(labels, 4, skill=0.5)
    suspect = judged(probabilities, labels).suspect
    assert suspect.any()
    assert not suspect[probabilities.argmax(axis=1) == labels].any()


@pytest.mark.parametrize("label", [0, 1])
def test_images_of_a_single_class_have_no_suspects(label):
    assert not judged(np.full((3, 2), 0.5, np.float32), [label] * 3).suspect.any()
    assert not judged(np.ones((1, 1), np.float32), [0]).suspect.any()


def test_a_perfect_and_a_constant_predictor():
    labels = np.arange(30) % 3
    assert not judged(np.eye(3, dtype=np.float32)[labels], labels).suspect.any()
    constant = judged(np.full((30, 3), 1 / 3, np.float32), labels)
    assert not constant.suspect[labels == 0].any()


def test_probabilities_a_rounding_above_one():
    probabilities = np.array([[1.0005, 0], [0, 1.0005], [1, 0]], np.float32)
    assert judged(probabilities, [0, 1, 1]).quality.tolist() == [1, 1, 0]


def test_nothing_is_printed(capfd):
    labels = np.arange(100) % 5
    judged(random_probabilities(labels, 5), labels)
    assert capfd.readouterr() == ("", "")
