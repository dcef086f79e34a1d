from materializers.history import HistoryMaterializer
from tests.recognition.report.samples import history_of


def test_a_history_comes_back(stored):
    data = history_of().model_copy(update={"resumed_from": 2})
    assert stored(HistoryMaterializer, data)[1] == data


def test_nothing_is_pickled(stored, check_no_pickles):
    check_no_pickles(stored(HistoryMaterializer, history_of())[0].uri)


def test_the_curves_are_shown(artifact, check_visualizations):
    for data in (history_of(), history_of(epochs=1, best_epoch=1)):
        assert check_visualizations(artifact(HistoryMaterializer), data) == ["curves.png"]


def test_metadata_tells_the_best_epoch(artifact):
    metadata = artifact(HistoryMaterializer).extract_metadata(history_of(epochs=3, best_epoch=2))
    assert (metadata["epochs"], metadata["best_epoch"]) == (3, 2)
    assert metadata["validation_accuracy"] == history_of().epochs[1].validation_accuracy
    assert None not in metadata.values()


def test_the_hash_is_one_of_content(artifact):
    materializer = artifact(HistoryMaterializer)
    assert materializer.compute_content_hash(history_of()) == materializer.compute_content_hash(history_of())
    assert materializer.compute_content_hash(history_of()) != materializer.compute_content_hash(history_of(epochs=4))
