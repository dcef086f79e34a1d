from recognition.prediction.answers import Answer
from recognition.prediction.predict_stream import Prediction
from recognition.prediction.tally import NAMED, Tally


def test_what_becomes_of_images_is_counted():
    tally = Tally()
    bee, none = Answer("bee", (("bee", 0.9),)), Answer(None, (("bee", 0.3),))
    tally.add([Prediction("a", bee), Prediction("b", none), Prediction("c", bee)])
    tally.add([Prediction(f"{number}", None, "gone") for number in range(5)])
    assert (tally.images, tally.answered, tally.rejected, tally.failed) == (8, 2, 1, 5)
    assert tally.labels == {"bee": 2}
    assert tally.failures == [(str(number), "gone") for number in range(NAMED)]


def test_names_that_a_spreadsheet_would_compute_are_counted():
    tally = Tally()
    for path, label in (("=1+1.png", "bee"), ("a.png", "@SUM(A1)"), ("-1.png", "-"), ("a=1.png", "bee")):
        tally.add([Prediction(path, Answer(label, ((label, 0.9),)))])
    tally.add([Prediction("a", Answer(None, ())), Prediction("+b", None, "gone")])
    assert tally.formulas == 4
