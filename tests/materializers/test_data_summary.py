from materializers.data_summary import DataSummaryMaterializer
from recognition.data.inspection import inspect_dataset
from tests.recognition.data.samples import dataset_of


def test_a_summary_comes_back(stored):
    data = inspect_dataset(dataset_of()).summary
    assert stored(DataSummaryMaterializer, data)[1] == data


def test_metadata_tell_sizes_and_duplicates(artifact):
    metadata = artifact(DataSummaryMaterializer).extract_metadata(inspect_dataset(dataset_of()).summary)
    assert metadata["classes"] == 3
    assert metadata["train"]["images"] == 18
    assert metadata["duplicates"]["train/test"] == 0
    assert "counts" not in metadata["train"]


def test_the_hash_is_one_of_content(artifact):
    materializer = artifact(DataSummaryMaterializer)
    one, same, other = (inspect_dataset(dataset_of(seed=seed)).summary for seed in (0, 0, 1))
    assert materializer.compute_content_hash(one) == materializer.compute_content_hash(same)
    assert materializer.compute_content_hash(one) != materializer.compute_content_hash(other)
