import numpy as np
import pytest

from recognition.data.dataset import Split
from recognition.errors import InputError, RecognitionError
from recognition.evaluation.evaluate import evaluate
from tests.recognition.evaluation.samples import certain, names_of, random_probabilities, split_of


def test_every_image_has_a_row_as_documented():
    split = split_of([0, 1, 2])
    probabilities = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], np.float32)
    table = evaluate(probabilities, split, names_of(3)).predictions
    assert table["index"].tolist() == [0, 1, 2]
    assert table["path"].tolist() == ["", "", ""]
    assert table["hash"].tolist() == [f"{value:016x}" for value in split.hashes]
    assert table["true"].tolist() == [0, 1, 2]
    assert table["predicted"].tolist() == [0, 0, 1]
    np.testing.assert_allclose(table["loss"], -np.log([0.7, 0.3, 0.3]), rtol=1e-6)
    assert table[[f"label_{i}" for i in range(1, 6)]].iloc[2].tolist() == [1, 2, 0, -1, -1]
    np.testing.assert_array_equal(
        table[[f"probability_{i}" for i in range(1, 6)]].iloc[2], np.array([0.6, 0.3, 0.1, 0, 0], np.float32)
    )


def test_columns_have_the_documented_types():
    table = evaluate(certain([0, 1], 7), split_of([0, 1]), names_of(7)).predictions
    expected = {"index": "int64", "true": "int32", "predicted": "int32", "loss": "float32"}
    expected |= {"label_quality": "float32", "suspect": "bool"}
    expected |= {f"label_{i}": "int32" for i in range(1, 6)} | {f"probability_{i}": "float32" for i in range(1, 6)}
    assert {name: str(kind) for name, kind in table.dtypes.items() if name not in ("path", "hash")} == expected


def test_a_contradicted_label_is_a_suspect():
    labels = np.arange(40) % 4
    labels[7] = 0
    table = evaluate(certain(np.arange(40) % 4, 4), split_of(labels), names_of(4)).predictions
    assert np.flatnonzero(table["suspect"]).tolist() == [7]
    assert table["label_quality"].idxmin() == 7


def test_paths_are_kept():
    split = split_of([0, 1])
    split = Split(split.images, split.labels, split.hashes, ("a/1.png", "b/2.png"))
    assert evaluate(certain([0, 1], 2), split, names_of(2)).predictions["path"].tolist() == ["a/1.png", "b/2.png"]


def test_impossible_prediction_has_a_finite_loss():
    evaluation = evaluate(np.array([[1, 0]], np.float32), split_of([1]), names_of(2))
    assert evaluation.metrics.loss == pytest.approx(-np.log(np.finfo(np.float32).tiny), rel=1e-6)


def test_equal_probabilities_prefer_the_lower_class():
    evaluation = evaluate(np.full((1, 8), 0.125, np.float32), split_of([5]), names_of(8))
    assert evaluation.predictions["predicted"].tolist() == [0]
    assert evaluation.metrics.top5 == 0


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
def test_any_number_of_classes(classes):
    labels = np.random.default_rng(1).integers(0, classes, 300)
    evaluation = evaluate(random_probabilities(labels, classes), split_of(labels), names_of(classes))
    assert evaluation.confusion.shape == (classes, classes)
    assert evaluation.confusion.sum() == 300
    assert np.trace(evaluation.confusion) == round(evaluation.metrics.accuracy * 300)
    assert len(evaluation.metrics.classes) == classes


def test_blocks_do_not_change_the_ranking(monkeypatch):
    labels = np.arange(30) % 10
    probabilities = random_probabilities(labels, 10)
    whole = evaluate(probabilities, split_of(labels), names_of(10)).predictions
    monkeypatch.setattr("recognition.evaluation.predictions.BLOCK", 7)
    assert evaluate(probabilities, split_of(labels), names_of(10)).predictions.equals(whole)


def test_more_classes_than_are_kept_are_ranked():
    probabilities = random_probabilities(np.arange(50) % 30, 30)
    table = evaluate(probabilities, split_of(np.arange(50) % 30), names_of(30)).predictions
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(table[[f"label_{i}" for i in range(1, 6)]], ranked)
    kept = np.take_along_axis(probabilities, ranked, axis=1)
    np.testing.assert_array_equal(table[[f"probability_{i}" for i in range(1, 6)]], kept)


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(InputError, match="temperature is out of range"):
        evaluate(certain([0, 1], 2), split_of([0, 1]), names_of(2), temperature=temperature)


def test_several_labels_an_image_are_refused():
    split = split_of([0, 1])
    split = Split(split.images, np.eye(2, dtype=np.int32), split.hashes)
    with pytest.raises(InputError, match="not supported yet"):
        evaluate(certain([0, 1], 2), split, names_of(2))


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0]])
def test_labels_without_a_class_are_refused(labels):
    with pytest.raises(InputError, match="names no class"):
        evaluate(certain([0, 1], 2), split_of(labels), names_of(2))


def test_an_empty_split_is_refused():
    with pytest.raises(InputError, match="no images"):
        evaluate(np.empty((0, 2), np.float32), split_of([]), names_of(2))


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (2,), (2, 2, 1)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(RecognitionError, match="do not fit"):
        evaluate(np.full(shape, 0.5, np.float32), split_of([0, 1]), names_of(2))


@pytest.mark.parametrize("row", [[np.nan, 1], [0.5, 0.4], [1.5, -0.5], [np.inf, 0], [np.inf, -np.inf], [3, 1]])
def test_rows_that_are_no_probabilities_are_refused(row):
    probabilities = np.array([[0.5, 0.5], row], np.float32)
    with pytest.raises(RecognitionError, match="1 of 2 rows are no probabilities\n  received: row 1"):
        evaluate(probabilities, split_of([0, 1]), names_of(2))


def test_rounding_is_accepted():
    evaluate(np.array([[0.5, 0.4995]], np.float32), split_of([0]), names_of(2))


@pytest.mark.parametrize(
    ("superclasses", "owners"), [(("a",), ()), ((), (0, 0)), (("a",), (0, 0, 0)), (("a",), (0, 1)), (("a",), (-1, 0))]
)
def test_superclasses_must_fit_the_classes(superclasses, owners):
    with pytest.raises(InputError, match="superclass"):
        evaluate(certain([0, 1], 2), split_of([0, 1]), names_of(2), superclasses, owners)
