import json

from recognition.report.numbers import report_numbers
from tests.recognition.report.samples import decision_of, facts_of, history_of, judged


def test_numbers_survive_json():
    evaluation, _ = judged(superclasses=2)
    numbers = report_numbers(evaluation, history_of(), decision_of(), facts_of())
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


def test_keys_are_stable():
    evaluation, _ = judged(superclasses=2)
    numbers = report_numbers(evaluation, history_of(), decision_of(), facts_of())
    assert list(numbers) == ["facts", "metrics", "decision", "rejection", "training", "classes", "confusion"]
    assert len(numbers["training"]["epochs"]) == 3
    assert numbers["facts"]["image_shape"] == [32, 32, 3]


def test_numbers_are_those_of_the_evaluation():
    evaluation, _ = judged()
    numbers = report_numbers(evaluation, history_of(), decision_of(), facts_of())
    assert numbers["confusion"] == evaluation.confusion.tolist()
    assert numbers["metrics"]["accuracy"] == evaluation.metrics.accuracy
    assert numbers["metrics"]["superclass_accuracy"] is None


def test_the_lead_is_that_of_the_decision():
    evaluation, _ = judged()
    for decision, expected in ((decision_of(candidate=0.5, champion=0.75), -0.25), (decision_of(champion=None), None)):
        assert report_numbers(evaluation, history_of(), decision, facts_of())["decision"]["lead"] == expected
