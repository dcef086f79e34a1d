import pytest

from operations.inference import prediction
from operations.tracking.runs import living_runs


@pytest.mark.parametrize(("path", "marks"), [("s3://photos/cats", 1), ("photos/cats", 0)])
def test_what_is_fetched_is_not_pruned_while_it_is_read(folder, monkeypatch, path, marks):
    monkeypatch.setattr(prediction, "find_images", lambda paths: [])
    monkeypatch.setattr(prediction, "_predict", lambda request, sources: living_runs())
    assert len(prediction.predict_files(prediction.Request((path,)))) == marks
    assert living_runs() == []
