from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from operations.gate import gatekeeper
from operations.gate.gatekeeper import pass_gate
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from recognition.configuration.sections.gate import GateConfig
from tests.recognition.report.samples import decision_of

MODEL = RegisteredModel(name="herbs", zenml_version="3", mlflow_version="4", sha256="a")
PASSED = decision_of(decision="promoted", passed=True, finding="it is better", reason="it is better")


@pytest.fixture
def gate(monkeypatch):
    """The gate with a judge that finds what is in `finding`, and a person who says what is in `answer`."""
    held = SimpleNamespace(finding=PASSED, answer=None, applied=[], locked=False)

    @contextmanager
    def lock(client, name):
        held.locked = True
        yield lambda: None
        held.locked = False

    def apply(client, model, decision, run):
        assert held.locked
        assert run == "nightly-1"
        held.applied.append(decision)
        return decision

    monkeypatch.setattr(registry, "champion", lambda client, name: None)
    monkeypatch.setattr(registry, "apply_decision", apply)
    monkeypatch.setattr(gatekeeper, "registry_lock", lock)
    monkeypatch.setattr(gatekeeper, "judge", lambda *arguments: held.finding)

    def ask(decision, model):
        assert not held.locked  # nobody else has to wait for the answer
        return held.answer

    monkeypatch.setattr(gatekeeper, "ask_person", ask)

    def passes(promote):
        case = SimpleNamespace(candidate=MODEL, config=GateConfig(promote=promote))
        return pass_gate(None, case, "nightly-1")

    held.passes = passes
    return held


@pytest.mark.parametrize(("promote", "outcome"), [("auto", "promoted"), ("never", "kept"), ("ask", "waiting")])
def test_a_decision_is_recorded_as_it_is_returned(gate, promote, outcome):
    decision = gate.passes(promote)
    assert decision.decision == outcome
    assert gate.applied == [decision]


@pytest.mark.parametrize(("answer", "outcome"), [(True, "promoted"), (False, "kept")])
def test_a_person_decides_about_what_waits(gate, answer, outcome):
    gate.answer = answer
    assert gate.passes("ask").decision == outcome
    assert [each.decision for each in gate.applied] == ["waiting", outcome]


def test_yes_is_no_answer_to_another_question(gate, monkeypatch):
    """While the person thinks, another champion comes, against which the candidate does not pass."""
    gate.answer = True
    found = iter([PASSED, decision_of(decision="kept", passed=False)])
    monkeypatch.setattr(gatekeeper, "judge", lambda *arguments: next(found))
    assert gate.passes("ask").decision == "kept"
