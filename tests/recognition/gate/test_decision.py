import pytest

from recognition.gate.decision import GateDecision
from tests.recognition.report.samples import decision_of, full_decision

OLDER = (
    '{"decision":"kept","reason":"worse","metric":"accuracy","candidate":0.5,"champion":0.6,'
    '"champion_version":"3","images":100,"excluded":2}'
)


@pytest.mark.parametrize(
    ("values", "difference"), [((0.5, 0.75), -0.25), ((0.5, None), None), ((None, 0.5), None), ((0.5, 0.5), 0.0)]
)
def test_the_difference_needs_both(values, difference):
    assert decision_of(candidate=values[0], champion=values[1]).difference == difference


def test_what_failed_is_named():
    assert full_decision().failed == ("classes",)
    assert decision_of().failed == ()


@pytest.mark.parametrize(("p", "level", "found"), [(0.01, 0.02, True), (0.02, 0.02, True), (0.03, 0.02, False)])
def test_the_test_alone_may_have_found_the_candidate_good(p, level, found):
    assert decision_of(p=p, level=level).found == found
    assert not decision_of(p=None, level=None).found


def test_decisions_of_before_can_be_read():
    decision = GateDecision.model_validate_json(OLDER)
    assert (decision.decision, decision.champion_version, decision.number, decision.guards) == ("kept", "3", None, ())
