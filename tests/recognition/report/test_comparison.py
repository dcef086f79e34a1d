import numpy as np
import pytest

from recognition.errors import InputError
from recognition.report.comparison import SHOWN, SHOWN_PER_CLASS, compare_runs
from tests.recognition.evaluation.samples import split_of
from tests.recognition.report.compared import compared_run, dataset_of

LABELS = np.array([0, 1, 2, 3] * 10)
SPLIT = split_of(LABELS)


def test_only_keys_that_differ_are_kept():
    runs = [
        compared_run(configuration={"a": 1, "b": True, "c": None}),
        compared_run(seed=1, configuration={"a": 1, "b": False, "c": None}),
        compared_run(seed=2, configuration={"a": 1, "b": True, "c": None, "d": "x"}),
    ]
    rows = {row.key: row.values for row in compare_runs(runs).configuration}
    assert rows == {"b": (True, False, True), "d": (None, None, "x")}


def test_facts_are_kept_whether_they_differ_or_not():
    runs = [compared_run(seed=i, data={"digest": "ab", "size": i}) for i in range(2)]
    assert [(row.key, row.differs) for row in compare_runs(runs).data] == [("digest", False), ("size", True)]


def test_each_is_compared_with_the_first():
    right = [np.where(np.arange(40) < count, LABELS, (LABELS + 1) % 4) for count in (20, 30, 10)]
    found = compare_runs([compared_run(predicted=each, split=SPLIT) for each in right])
    assert [each.letter for each in found.opponents] == ["B", "C"]
    assert [each.metrics["accuracy"].value for each in found.opponents] == pytest.approx([0.25, -0.25])
    assert [(each.both, each.counts) for each in found.opponents] == [(20, (10, 0)), (10, (0, 10))]


def test_classes_of_a_verdict_come_by_size_of_change():
    before = np.where((LABELS == 0) | (LABELS == 1) & (np.arange(40) < 32), (LABELS + 2) % 4, LABELS)
    opponent = compare_runs([compared_run(predicted=each, split=SPLIT) for each in (before, LABELS)]).opponents[0]
    assert [each.name for each in opponent.changed("won")] == ["class_0", "class_1"]
    assert opponent.changed("lost") == []


def test_images_that_one_has_right_and_the_other_wrong():
    wrong = np.where(np.arange(40) < 4, (LABELS + 1) % 4, LABELS)
    opponent = compare_runs([compared_run(predicted=each, split=SPLIT) for each in (wrong, LABELS)]).opponents[0]
    assert [(each.image, each.true, each.predicted) for each in opponent.gained] == [
        (i, f"class_{i}", f"class_{(i + 1) % 4}") for i in range(4)
    ]
    assert opponent.gained[0].right == pytest.approx(0.9)
    assert opponent.lost == ()


def test_few_images_of_a_class_are_shown_and_few_in_all():
    one_class = np.where(LABELS == 1, 0, LABELS)
    opponent = compare_runs([compared_run(predicted=each, split=SPLIT) for each in (one_class, LABELS)]).opponents[0]
    assert len(opponent.gained) == SHOWN_PER_CLASS < opponent.counts[0]
    labels = np.arange(200) % 100
    many = [
        compared_run(predicted=each, split=split_of(labels), classes=100)
        for each in (labels, (labels + 1) % 100, (labels + 2) % 100)
    ]
    assert [len(each.lost) for each in compare_runs(many).opponents] == [SHOWN // 2] * 2


def test_the_most_decided_images_come_first():
    found = compare_runs([compared_run(seed=0), compared_run(seed=1)]).opponents[0].gained
    decided = [each.right + each.wrong for each in found]
    assert len(decided) > 3
    assert decided == sorted(decided, reverse=True)


def test_no_warning_without_a_reason():
    assert compare_runs([compared_run(), compared_run(seed=1)]).warnings == ()


def test_test_sets_that_differ_are_a_warning():
    fewer = compared_run("b", split=SPLIT.take(np.arange(30)))
    found = compare_runs([compared_run(split=SPLIT), fewer])
    assert len(found.shared) == 30
    assert found.warnings[0] == "The test sets differ: only 30 images are in all of them (of A 40, B 30)."


def test_images_that_only_one_was_trained_on_are_left_out():
    knowing = dataset_of(SPLIT, train=SPLIT.take(np.arange(5)))
    found = compare_runs([compared_run(split=SPLIT), compared_run(seed=1, split=SPLIT, dataset=knowing)])
    assert found.shared.answers[0].rows.tolist() == list(range(5, 40))
    assert found.warnings == ("5 test images are left out, as some of the runs were trained or selected on them.",)
    both = compare_runs([compared_run(seed=seed, split=SPLIT, dataset=knowing) for seed in (0, 1)])
    assert (len(both.shared), both.warnings) == (40, ())


def test_without_a_fair_image():
    knowing = dataset_of(SPLIT, train=SPLIT)
    with pytest.raises(InputError, match="no test image is left to compare on"):
        compare_runs([compared_run(split=SPLIT), compared_run(split=SPLIT, dataset=knowing)])


def test_other_labels_and_classes_are_warnings():
    relabelled = split_of(np.where(np.arange(40) < 2, 3, LABELS))
    other = compared_run("b", split=relabelled, classes=5, names=("class_0", "class_1", "new", "class_3", "newer"))
    told = " ".join(compare_runs([compared_run(split=SPLIT), other]).warnings)
    assert "another label in another run" in told
    assert "B knows other classes than A: 1 of A’s missing, 2 more" in told


def test_lost_data_and_the_same_predictions_are_warnings():
    told = compare_runs([compared_run(), compared_run(stored=False)]).warnings
    assert told[0].startswith("B and A have the same predictions")
    assert told[1].startswith("The stored data of B are gone")


@pytest.mark.parametrize("count", [1, 7])
def test_too_few_or_too_many(count):
    with pytest.raises(InputError, match="two runs or a few more") as error:
        compare_runs([compared_run()] * count)
    assert error.value.received == str(count)
