import io

import pytest

from operations.gate import approval
from operations.gate.approval import ask_person, with_approval
from operations.registry.registered_model import RegisteredModel
from tests.recognition.report.samples import decision_of

MODEL = RegisteredModel(name="herbs", zenml_version="3", mlflow_version="4", sha256="a")
COMMAND = 'python run_pipeline.py models promote herbs/4 --reason "…"'
PASSED = decision_of(decision="promoted", passed=True, finding="it is better", reason="it is better")
FAILED = decision_of(decision="kept", passed=False, finding="it is worse", reason="it is worse")


@pytest.mark.parametrize(
    ("promote", "answer", "outcome", "word"),
    [
        ("auto", None, "promoted", ""),
        ("never", None, "kept", COMMAND),
        ("ask", None, "waiting", COMMAND),
        ("ask", True, "promoted", "a person agreed"),
        ("ask", False, "kept", "a person declined"),
    ],
)
def test_who_has_the_last_word(promote, answer, outcome, word):
    decision = with_approval(PASSED, promote, MODEL, False, answer)
    assert decision.decision == outcome
    assert decision.reason.startswith("it is better")
    assert word in decision.reason
    assert with_approval(decision, promote, MODEL, False, answer) == decision


@pytest.mark.parametrize("promote", ["auto", "ask", "never"])
def test_nobody_promotes_what_did_not_pass(promote):
    assert with_approval(FAILED, promote, MODEL, False, True) == FAILED


@pytest.mark.parametrize("promote", ["ask", "never"])
def test_a_champion_is_not_asked_about_again(promote):
    assert with_approval(PASSED, promote, MODEL, in_charge=True) == PASSED


def test_a_setting_that_changed_counts_for_what_waits():
    waiting = with_approval(PASSED, "ask", MODEL, False)
    assert with_approval(waiting, "auto", MODEL, False) == PASSED


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("", False), ("yo\n", False)]
)
def test_a_person_is_asked_on_the_terminal(monkeypatch, typed, answer):
    screen = Terminal()
    monkeypatch.setattr(approval.sys, "stdin", Terminal(typed))
    monkeypatch.setattr(approval.sys, "__stdout__", screen)
    assert ask_person(PASSED, MODEL) is answer
    assert "it is better" in screen.getvalue()
    assert "promote herbs version 4 to champion? [y/N]" in screen.getvalue()


@pytest.mark.parametrize(
    ("stdin", "stdout"), [(io.StringIO("y\n"), Terminal()), (Terminal("y\n"), io.StringIO()), (None, None)]
)
def test_without_a_terminal_nobody_is_asked(monkeypatch, stdin, stdout):
    monkeypatch.setattr(approval.sys, "stdin", stdin)
    monkeypatch.setattr(approval.sys, "__stdout__", stdout)
    assert ask_person(PASSED, MODEL) is None
