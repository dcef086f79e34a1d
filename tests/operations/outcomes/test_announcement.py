from types import SimpleNamespace

from operations.outcomes import notify
from operations.outcomes.announcement import announce, is_told
from recognition.configuration.schema import RunConfig
from tests.operations.stored_models import versions
from tests.recognition.report.samples import decision_of


def test_a_decision_counts_as_told_when_it_was(client, monkeypatch):
    (model,) = versions(client, "announced", 1)
    decision = decision_of(decision="promoted")
    results = SimpleNamespace(run="the run", registered=model, decision=decision)
    told = []
    monkeypatch.setattr(notify, "notify_end", lambda *words: told.append((words, is_told(client, model, decision))))
    for count in (1, 2):
        announce(RunConfig(), "train", {"a": "summary"}, results)
        assert len(told) == count
    assert told[0] == ((RunConfig(), "train", {"a": "summary"}, "the run"), False)
    assert told[1][1]
    assert is_told(client, model, decision_of(decision="promoted"))
    assert not is_told(client, model, decision_of(decision="kept"))
