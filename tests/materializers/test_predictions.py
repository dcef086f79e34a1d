from pathlib import Path

import pandas as pd
import pytest

from materializers.predictions import SHOWN, PredictionsMaterializer
from recognition.prediction.answers import Answer
from recognition.prediction.predict_stream import Prediction
from recognition.prediction.predictions import Predictions, temporary_path, temporary_predictions
from recognition.prediction.tally import Tally
from recognition.prediction.writers import written_whole


def predictions_of(answered=3, rejected=2, failed=1):
    """Predictions of so many images in a file of their own."""
    sure, torn = Answer("a $bee$", (("a $bee$", 0.75), ("ape", 0.25))), Answer(None, (("ape", 0.5), ("a $bee$", 0.5)))
    rows = [("yes", sure)] * answered + [("no", torn)] * rejected + [("lost", None)] * failed
    given = [
        Prediction(f"{number}-{name}.png", answer, "" if answer else "gone")
        for number, (name, answer) in enumerate(rows)
    ]
    path, tally = temporary_path(), Tally()
    tally.add(given)
    with written_whole(path, 2) as writer:
        writer.write(given)
    return temporary_predictions(path, tally)


def test_predictions_come_back(stored, check_no_pickles):
    data = predictions_of()
    written, loaded = stored(PredictionsMaterializer, data)
    assert (loaded.answered, loaded.rejected, loaded.failed) == (3, 2, 1)
    assert loaded.labels == {"a $bee$": 3}
    assert loaded.path.read_bytes() == data.path.read_bytes()
    assert len(pd.read_parquet(loaded.path)) == loaded.images == 6
    check_no_pickles(written.uri)


@pytest.mark.parametrize("counts", [(3, 2, 1), (0, 0, 1), (2 * SHOWN, 0, 0)])
def test_a_picture_and_the_first_rows_are_shown(artifact, check_visualizations, counts):
    materializer = artifact(PredictionsMaterializer)
    assert check_visualizations(materializer, predictions_of(*counts)) == ["answers.png", "first.csv"]
    assert len((Path(materializer.uri) / "first.csv").read_text().splitlines()) == min(SHOWN, sum(counts)) + 1


def test_metadata_count(artifact):
    metadata = artifact(PredictionsMaterializer).extract_metadata(predictions_of())
    assert (metadata["images"], metadata["answered"], metadata["rejected"], metadata["failed"]) == (6, 3, 2, 1)
    assert metadata["rejected_share"] == 0.4
    assert metadata["labels"] == {"a $bee$": 3}


def test_the_hash_is_one_of_content(artifact):
    materializer = artifact(PredictionsMaterializer)
    assert materializer.compute_content_hash(predictions_of()) == materializer.compute_content_hash(predictions_of())
    assert materializer.compute_content_hash(predictions_of()) != materializer.compute_content_hash(predictions_of(4))


def test_the_file_goes_with_its_predictions():
    data: Predictions | None = predictions_of()
    path = data.path
    assert path.is_file()
    data = None
    assert not path.parent.exists()
