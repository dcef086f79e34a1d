import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as sklearn_metrics

from recognition.evaluation.evaluate import evaluate
from tests.recognition.evaluation.samples import evaluation_of, names_of, random_probabilities, split_of

TRUE = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
PREDICTED = [0, 0, 0, 1, 1, 0, 2, 2, 0, 1]


def test_by_hand():
    metrics = evaluation_of(TRUE, PREDICTED).metrics
    assert metrics.images == 10
    assert metrics.accuracy == pytest.approx(6 / 10)
    assert [each.recall for each in metrics.classes] == pytest.approx([3 / 4, 1 / 2, 2 / 4])
    assert [each.precision for each in metrics.classes] == pytest.approx([3 / 5, 1 / 3, 1])
    assert [each.f1 for each in metrics.classes] == pytest.approx([2 / 3, 2 / 5, 2 / 3])
    assert [each.support for each in metrics.classes] == [4, 2, 4]
    assert metrics.balanced_accuracy == pytest.approx((0.75 + 0.5 + 0.5) / 3)
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 2 / 5 + 2 / 3) / 3)
    assert metrics.loss == pytest.approx((6 * -np.log(0.9) + 4 * -np.log(0.05)) / 10, rel=1e-6)
    assert metrics.top5 == 1
    assert metrics.superclass_accuracy is None


def test_the_interval_is_wilsons():
    metrics = evaluation_of(TRUE, PREDICTED).metrics
    z, n, share = norm.ppf(0.975), 10, 0.6
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert metrics.accuracy_interval == pytest.approx((middle - half, middle + half))


def test_a_perfect_predictor_is_not_certainly_perfect():
    lower, upper = evaluation_of([0, 1] * 5, [0, 1] * 5).metrics.accuracy_interval
    assert (lower, upper) == (pytest.approx(0.722, abs=1e-3), 1)


def test_confidence_of_a_class_is_that_of_its_images_whatever_they_are_taken_for():
    probabilities = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25], [0, 0.25, 0.75]], np.float32)
    classes = evaluate(probabilities, split_of([0, 2, 2]), names_of(3)).metrics.classes
    assert [each.confidence for each in classes] == [0.75, 0, 0.625]


def test_what_the_model_would_say_without_its_temperature():
    labels = np.arange(300) % 10
    raw = random_probabilities(labels, 10)
    odds = raw.astype(np.float64) ** (1 / 2.5)
    registered = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    metrics = evaluate(registered, split_of(labels), names_of(10), temperature=2.5).metrics
    before = evaluate(raw, split_of(labels), names_of(10)).metrics
    assert (metrics.temperature, before.temperature) == (2.5, 1)
    assert before.uncalibrated is None
    for name in ("nll", "brier", "ece", "adaptive_ece", "mean"):
        assert getattr(metrics.uncalibrated, name) == pytest.approx(getattr(before.confidence, name), rel=1e-4)
    assert metrics.loss == pytest.approx(metrics.confidence.nll)
    assert metrics.loss != pytest.approx(before.loss, rel=0.01)


def test_single_numbers_for_registries():
    metrics = evaluation_of(TRUE, PREDICTED).metrics
    numbers = metrics.numbers()
    assert numbers["ece"] == metrics.confidence.ece
    assert (numbers["accuracy_lower"], numbers["accuracy_upper"]) == metrics.accuracy_interval
    assert numbers["superclass_accuracy"] is None
    assert all(isinstance(value, float | int) for value in numbers.values() if value is not None)


def test_confusion_by_hand():
    assert evaluation_of(TRUE, PREDICTED).confusion.tolist() == [[3, 1, 0], [1, 1, 0], [1, 1, 2]]


def test_superclass_accuracy_by_hand():
    # classes 0 and 1 are of one superclass: of the four mistakes 0→1, 1→0, 2→0 and 2→1 the first two stay inside
    metrics = evaluation_of(TRUE, PREDICTED, 3, ("pets", "cars"), (0, 0, 1)).metrics
    assert metrics.superclass_accuracy == pytest.approx(8 / 10)
    assert [each.superclass for each in metrics.classes] == ["pets", "pets", "cars"]


@pytest.mark.parametrize("classes", [6, 10, 100])
def test_agrees_with_scikit_learn(classes):
    labels = np.random.default_rng(classes).permutation(np.arange(20 * classes) % classes)
    probabilities = random_probabilities(labels, classes)
    ours = evaluate(probabilities, split_of(labels, size=1), names_of(classes)).metrics
    predicted = probabilities.argmax(axis=1)
    assert ours.accuracy == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    assert ours.balanced_accuracy == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, predicted))
    assert ours.macro_f1 == pytest.approx(sklearn_metrics.f1_score(labels, predicted, average="macro"))
    assert ours.top5 == pytest.approx(sklearn_metrics.top_k_accuracy_score(labels, probabilities, k=5))
    normalized = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    assert ours.loss == pytest.approx(sklearn_metrics.log_loss(labels, normalized), rel=1e-5)


def test_class_without_images_counts_in_no_average():
    metrics = evaluation_of([0, 0, 1, 1], [0, 2, 1, 1], classes=3).metrics
    assert metrics.balanced_accuracy == pytest.approx((1 / 2 + 1) / 2)
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert metrics.classes[2].model_dump(exclude={"name", "superclass"}) == {
        "precision": 0, "recall": 0, "f1": 0, "support": 0, "confidence": 0,
    }  # fmt: skip


def test_class_without_predictions():
    metrics = evaluation_of([0, 1, 2], [0, 1, 1], classes=3).metrics
    assert (metrics.classes[2].precision, metrics.classes[2].recall, metrics.classes[2].support) == (0, 0, 1)


def test_perfect_predictor():
    metrics = evaluation_of([0, 1, 2, 3], [0, 1, 2, 3], 4, ("a", "b"), (0, 0, 1, 1)).metrics
    shares = (metrics.accuracy, metrics.top5, metrics.balanced_accuracy, metrics.macro_f1, metrics.superclass_accuracy)
    assert shares == (1, 1, 1, 1, 1)


def test_constant_predictor():
    metrics = evaluation_of([0, 1, 2, 3], [2, 2, 2, 2]).metrics
    assert (metrics.accuracy, metrics.balanced_accuracy) == (0.25, 0.25)
    assert metrics.macro_f1 == pytest.approx(0.4 / 4)


def test_a_single_image():
    metrics = evaluation_of([3], [3], classes=5).metrics
    assert (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1) == (1, 1, 1)
