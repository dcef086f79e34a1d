from data_report import measure

from tests.recognition.data.samples import dataset_of


def test_time_memory_and_size_are_measured():
    time, memory, size = measure(dataset_of(), repeats=2)
    assert len(time.values) == 2
    assert all(seconds > 0 for seconds in time.values)
    assert (time.goal, time.higher_is_better, memory.unit, size.unit) == (20.0, False, "GiB", "MB")
    assert 0.01 < size.median < 1
    assert "33 images" in time.compared[0]
