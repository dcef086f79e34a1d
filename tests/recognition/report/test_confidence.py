import pytest

from recognition.evaluation.confidence import Confidence
from recognition.evaluation.coverage import CoveragePoint, Target
from recognition.prediction.rejection import Rejection, RejectionChoice
from recognition.report.confidence import trust
from tests.recognition.evaluation.samples import evaluation_of
from tests.recognition.report.samples import judged

REJECTION = Rejection(target_error=0.05, threshold=0.8, error=0.04, coverage=0.45, images=5_000)


def words(accuracy=0.6, mean=0.6, ece=0.1, coverage=0.25, threshold=0.75):
    metrics = judged()[0].metrics
    target = Target(accuracy=0.95, coverage=coverage, threshold=threshold)
    confidence = Confidence(nll=1, brier=1, ece=ece, adaptive_ece=ece, mean=mean, bins=metrics.confidence.bins)
    changes = {"coverage": metrics.coverage.model_copy(update={"targets": (target,)}), "confidence": confidence}
    return trust(metrics.model_copy(update={"accuracy": accuracy, **changes})).words.replace("\u00a0", " ")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("mean", "ece", "expected"),
    [
        (0.75, 0.15, "It is overconfident by 15.0 points: it claims to be right in 75.0 % and is right in 60.0 %"),
        (0.5, 0.1, "It is underconfident by 10.0 points: it claims to be right in 50.0 %"),
        (0.61, 0.02, "Its confidence can be taken at its word: it claims"),
        (0.61, 0.2, "It is too sure of some answers and not sure enough of others, by 20.0 % on average."),
    ],
)
def test_the_sentence_says_which_way_the_model_errs(mean, ece, expected):
    assert words(mean=mean, ece=ece).startswith(expected)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("coverage", "threshold", "expected"),
    [
        (0.25, 0.75, "confidence below 75.0 %, it answers 25.0 % of them alone, and 95 % of these answers are right."),
        (1, 0.1, "It can answer every image alone and be right in 95 % of them or more."),
        (0, None, "At no confidence are 95 % of its answers right."),
    ],
)
def test_the_sentence_says_what_can_be_left_to_the_model(coverage, threshold, expected):
    assert words(coverage=coverage, threshold=threshold).endswith(expected)


@pytest.mark.usefixtures("undrawn")
def test_both_columns_where_there_is_a_temperature():
    metrics = judged(temperature=2.0)[0].metrics
    rows = trust(metrics).rows
    assert [row.name for row in rows][:2] == ["ECE", "Adaptive ECE"]
    assert all(row.before and row.before != row.after for row in rows)
    assert {row.before for row in trust(judged()[0].metrics).rows} == {None}


def rejecting(found):
    choice = RejectionChoice(target_error=0.05, rejection=REJECTION if found else None)
    chosen = CoveragePoint(coverage=0.4, accuracy=0.97, threshold=0.8) if found else None
    return trust(judged()[0].metrics, choice, chosen)


def test_a_threshold_says_where_it_was_set_and_what_it_does():
    trusted = rejecting(True)
    told = trusted.rejection.replace("\u00a0", " ")
    for text in (
        "Below a confidence of 80.0 %",
        "5,000 validation",
        "5.0 %",
        "answers 40.0 %",
        "3.0 % of that is wrong",
    ):
        assert text in told
    assert "its threshold" in trusted.coverage


def test_a_threshold_that_was_not_found_is_told():
    trusted = rejecting(False)
    told = trusted.rejection.replace("\u00a0", " ")
    assert told.startswith("It answers every image: the validation images prove for no threshold that, with 95 %")
    assert "at most 5.0 % of its answers are wrong" in told
    assert "its threshold" not in trusted.coverage


def test_without_a_target_nothing_is_told():
    assert trust(judged()[0].metrics).rejection == ""


@pytest.mark.parametrize("predicted", [[0, 1, 2, 3], [2, 2, 2, 2]])
def test_perfect_and_constant_predictors_are_drawn(predicted):
    shown = trust(evaluation_of([0, 1, 2, 3], predicted).metrics)
    assert shown.reliability.startswith("<svg")
    assert shown.coverage.startswith("<svg")
