import numpy as np
import pytest

from recognition.errors import InputError
from recognition.evaluation.evaluate import evaluate
from recognition.evaluation.shared_images import share_images
from tests.recognition.evaluation.samples import certain, evaluation_of, split_of

NAMES = ("cat", "dog", "owl")
SPLIT = split_of([0, 1, 2, 0, 1, 2])


def judged(predicted, split=SPLIT, names=NAMES, **more):
    return evaluate(certain(predicted, len(names)), split, names, **more)


def test_images_are_found_again_in_another_order():
    order = np.array([5, 3, 1, 0])
    shared = share_images([judged([0, 1, 2, 1, 1, 0]), judged([0, 0, 1, 0], SPLIT.take(order))])
    assert shared.true.tolist() == [0, 1, 0, 2]
    before, after = shared.answers
    assert before.rows.tolist() == [0, 1, 3, 5]
    assert after.rows.tolist() == [3, 2, 1, 0]
    assert before.right.tolist() == [True, True, False, False]
    assert after.predicted.tolist() == [0, 1, 0, 0]
    assert shared.sizes == (6, 4)


def test_classes_are_matched_by_name():
    swapped = split_of([1, 0, 2, 1, 0, 2])
    other = judged([1, 0, 2, 1, 0, 2], swapped, ("dog", "cat", "owl"))
    shared = share_images([judged(SPLIT.labels), other])
    assert len(shared) == 6
    assert shared.answers[0].predicted.tolist() == shared.answers[1].predicted.tolist() == shared.true.tolist()


def test_a_class_that_only_one_knows():
    other = judged([0, 1, 3, 0, 1, 3], split_of([0, 1, 3, 0, 1, 3]), ("cat", "dog", "eel", "owl"))
    shared = share_images([judged(SPLIT.labels), other])
    assert shared.class_names == ("cat", "dog", "owl", "eel")
    assert shared.answers[1].predicted.tolist() == [0, 1, 2, 0, 1, 2]


def test_an_image_with_another_label_is_not_shared():
    shared = share_images([judged(SPLIT.labels), judged([0] * 6, split_of([0, 1, 2, 0, 1, 0]))])
    assert (len(shared), shared.relabelled) == (5, 1)


def test_copies_of_an_image_are_shared_as_often_as_all_hold_it():
    thrice, twice = SPLIT.take(np.array([0, 0, 0, 1])), SPLIT.take(np.array([1, 0, 0]))
    shared = share_images([judged([0, 1, 2, 1], thrice), judged([1, 0, 0], twice)])
    assert shared.answers[0].rows.tolist() == [0, 1, 3]
    assert shared.answers[1].rows.tolist() == [1, 2, 0]


def test_what_each_answered():
    classes = 8
    names = tuple("abcdefgh")
    probabilities = np.tile(np.arange(8, 0, -1, dtype=np.float32) / 36, (3, 1))
    split = split_of([0, 4, 7])
    one = evaluate(probabilities, split, names, ("low", "high"), np.arange(classes) // 4)
    answers = share_images([one, one]).answers[0]
    assert answers.right.tolist() == [True, False, False]
    assert answers.top5.tolist() == [True, True, False]
    assert answers.superclass.tolist() == [True, False, False]
    assert answers.loss == pytest.approx(-np.log([8 / 36, 4 / 36, 1 / 36]), abs=1e-6)
    assert answers.probability == pytest.approx([8 / 36] * 3)
    assert share_images([judged(SPLIT.labels)] * 2).answers[0].superclass is None


def test_some_of_the_images():
    shared = share_images([judged(SPLIT.labels)] * 2)
    some = shared.take(np.array([True, False, False, False, False, True]))
    assert (len(some), some.true.tolist(), some.answers[1].rows.tolist()) == (2, [0, 2], [0, 5])
    assert some.hashes.tolist() == [f"{SPLIT.hashes[i]:016x}" for i in (0, 5)]


def test_without_a_shared_image():
    with pytest.raises(InputError, match="share no test image") as error:
        share_images([evaluation_of([0, 1], [0, 1]), judged([0] * 3, split_of([0, 1, 2], seed=9))])
    assert error.value.received == "2, 3 test images"
