import json
from pathlib import Path

import pandas as pd
import pytest

from materializers.evaluation import EvaluationMaterializer
from recognition.errors import InputError
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


def test_an_evaluation_of_an_older_version_is_refused_in_words(stored, data):
    written, _ = stored(EvaluationMaterializer, data)
    path = Path(written.uri) / "evaluation.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for name in ("confidence", "accuracy_interval"):
        del document["metrics"][name]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"not of this version.*\n.*accuracy_interval, confidence"):
        written.load(type(data))


def test_nothing_is_pickled(stored, data, check_no_pickles):
    check_no_pickles(stored(EvaluationMaterializer, data)[0].uri)


def test_two_pictures_are_shown(artifact, data, check_visualizations):
    assert check_visualizations(artifact(EvaluationMaterializer), data) == ["confusion.png", "reliability.png"]


def test_metadata_are_the_metrics_of_the_whole_split(artifact, data):
    metadata = artifact(EvaluationMaterializer).extract_metadata(data)
    assert metadata["accuracy"] == data.metrics.accuracy
    assert metadata["images"] == 200
    assert metadata["ece"] == data.metrics.confidence.ece
    assert all(isinstance(value, float | int) for value in metadata.values())
    assert "superclass_accuracy" not in artifact(EvaluationMaterializer).extract_metadata(judged(classes=3)[0])


def test_the_hash_is_one_of_content(artifact, stored, data):
    materializer = artifact(EvaluationMaterializer)
    same = materializer.compute_content_hash(data)
    assert materializer.compute_content_hash(judged(classes=10, superclasses=2)[0]) == same
    assert materializer.compute_content_hash(stored(EvaluationMaterializer, data)[1]) == same
    assert materializer.compute_content_hash(judged(classes=10)[0]) != same
    assert materializer.compute_content_hash(judged(classes=10, superclasses=2, images=201)[0]) != same
