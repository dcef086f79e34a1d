import numpy as np
import pytest

from recognition.evaluation.predict import predict
from recognition.prediction.named_image import NamedImage
from recognition.prediction.predict_stream import predict_stream
from recognition.prediction.rejection import Rejection
from tests.recognition.data.files import encoded
from tests.recognition.data.test_image_transform import bomb


def images(count):
    return [NamedImage(f"{seed}.png", encoded(seed)) for seed in range(count)]


def flat(batches):
    return [prediction for batch in batches for prediction in batch]


@pytest.mark.parametrize("batch_size", [1, 7, 64, None])
def test_predictions_are_the_evaluations(classifier, batch_size):
    pixels = np.stack([classifier.transform.decode(encoded(seed)).pixels for seed in range(50)])
    expected = predict(classifier.model, pixels)
    given = flat(predict_stream(classifier, images(50), 3, batch_size))
    assert [each.path for each in given] == [f"{seed}.png" for seed in range(50)]
    assert [each.answer.label for each in given] == [classifier.classes[i] for i in expected.argmax(axis=1)]
    got = [[dict(each.answer.top)[name] for name in classifier.classes] for each in given]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_unreadable_images_keep_their_place_and_tell_why(classifier, tmp_path):
    mixed = images(4)
    mixed[0] = NamedImage("text.png", b"I am a text")
    mixed[2] = NamedImage("gone.png", tmp_path / "gone.png")
    mixed[3] = NamedImage("folder", b"", "Permission denied")
    given = flat(predict_stream(classifier, mixed))
    assert [each.answer is None for each in given] == [True, False, True, True]
    assert [each.error.partition(" (")[0] for each in given] == [
        "not an image of a known kind",
        "",
        "No such file or directory",
        "Permission denied",
    ]


def test_a_huge_image_is_refused_by_its_header(classifier):
    (only,) = flat(predict_stream(classifier, [NamedImage("bomb.png", bomb())]))
    assert only.answer is None
    assert "pixels" in only.error


def test_all_unreadable(classifier):
    given = flat(predict_stream(classifier, [NamedImage("a", b""), NamedImage("b", b"")]))
    assert [each.error for each in given] == ["the file is empty"] * 2


def test_no_images(classifier):
    assert list(predict_stream(classifier, [])) == []


def test_no_more_than_two_batches_wait(classifier):
    """Images are asked for only a little ahead of what was predicted."""
    asked = 0

    def counted():
        nonlocal asked
        for image in images(400):
            asked += 1
            yield image

    done = 0
    for batch in predict_stream(classifier, counted(), batch_size=32):
        done += len(batch)
        assert asked <= done + 2 * 32
    assert done == 400


def test_whoever_stops_leaves_no_thread_behind(classifier):
    stream = predict_stream(classifier, images(100), batch_size=8)
    next(stream)
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


def test_the_models_own_threshold_counts(classifier):
    strict = Rejection(target_error=0.01, threshold=1.0, error=0.0, coverage=0.0, images=1)
    rejecting = type(classifier)(classifier.model, classifier.classes, classifier.transform, strict)
    (only,) = flat(predict_stream(rejecting, images(1)))
    assert only.answer.label is None
    assert only.answer.top


def test_other_errors_are_not_swallowed(classifier, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(type(classifier.transform), "decode", fail)
    with pytest.raises(MemoryError):
        flat(predict_stream(classifier, images(1)))
