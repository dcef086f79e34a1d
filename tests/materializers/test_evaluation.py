import pandas as pd
import pytest

from materializers.evaluation import EvaluationMaterializer
from tests.recognition.report.samples import judged


@pytest.fixture(scope="module")
def data():
    return judged(classes=10, superclasses=2)[0]


def test_an_evaluation_comes_back(stored, data):
    _, loaded = stored(EvaluationMaterializer, data)
    pd.testing.assert_frame_equal(loaded.predictions, data.predictions)
    assert loaded.metrics == data.metrics
    assert (loaded.class_names, loaded.superclass_names) == (data.class_names, data.superclass_names)
    for name in ("confusion", "superclass_of"):
        ours, theirs = getattr(loaded, name), getattr(data, name)
        assert (ours == theirs).all()
        assert ours.dtype == theirs.dtype


def test_without_superclasses(stored):
    data = judged(classes=3)[0]
    _, loaded = stored(EvaluationMaterializer, data)
    assert loaded.superclass_of.shape == (0,)
    assert loaded.metrics.superclass_accuracy is None


def test_nothing_is_pickled(stored, data, check_no_pickles):
    check_no_pickles(stored(EvaluationMaterializer, data)[0].uri)


def test_the_confusion_matrix_is_shown(artifact, data, check_visualizations):
    assert check_visualizations(artifact(EvaluationMaterializer), data) == ["confusion.png"]


def test_metadata_are_the_metrics_of_the_whole_split(artifact, data):
    metadata = artifact(EvaluationMaterializer).extract_metadata(data)
    assert metadata["accuracy"] == data.metrics.accuracy
    assert metadata["images"] == 200
    assert "classes" not in metadata
    assert "superclass_accuracy" not in artifact(EvaluationMaterializer).extract_metadata(judged(classes=3)[0])


def test_the_hash_is_one_of_content(artifact, stored, data):
    materializer = artifact(EvaluationMaterializer)
    same = materializer.compute_content_hash(data)
    assert materializer.compute_content_hash(judged(classes=10, superclasses=2)[0]) == same
    assert materializer.compute_content_hash(stored(EvaluationMaterializer, data)[1]) == same
    assert materializer.compute_content_hash(judged(classes=10)[0]) != same
    assert materializer.compute_content_hash(judged(classes=10, superclasses=2, images=201)[0]) != same
