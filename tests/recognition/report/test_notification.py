import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recognition.configuration.sections.notify import EVENTS
from recognition.report.notification import HEADLINES, Notice, headline, message, notices, signature

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NOTICE = Notice("promoted", "cifar100", "accuracy 64 % is better", "retrain", "retrain-1", "7", "promoted", 0.64, "/r")
SUMMARY = {
    "run": {"name": "retrain-1"},
    "report": "/r",
    "change": {"verdict": "shifted", "reason": "fewer cats"},
    "gate": {"decision": "promoted", "reason": "accuracy 64 % is better"},
    "model": {"mlflow_version": "7"},
    "test": {"accuracy": 0.64},
}
REFUSED = {key: SUMMARY[key] for key in ("run", "report", "change")}


def told(summary, decided=True, looked=True):
    return notices(summary, "cifar100", "retrain", decided, looked)


def test_a_decision_and_a_change_are_told():
    promoted, changed = told(SUMMARY)
    assert promoted == NOTICE
    assert (changed.event, changed.reason, changed.decision) == ("data_changed", "shifted: fewer cats", "promoted")


def test_what_an_earlier_run_told_is_not_told_again():
    assert told(SUMMARY, decided=False, looked=False) == []
    assert told(REFUSED, decided=False, looked=False) == []


@pytest.mark.parametrize("verdict", ["unknown", "same", "similar"])
def test_a_small_change_is_not_told(verdict):
    summary = SUMMARY | {"change": {"verdict": verdict, "reason": ""}}
    assert [notice.event for notice in told(summary)] == ["promoted"]


@pytest.mark.parametrize("verdict", ["similar", "different"])
def test_a_refusal_is_told_whatever_the_change(verdict):
    (refused,) = told(REFUSED | {"change": {"verdict": verdict, "reason": "other classes"}}, decided=False)
    assert (refused.event, refused.version, refused.accuracy) == ("data_changed", None, None)
    assert refused.reason == f"{verdict}: other classes; it was not trained on, as retrain.on_change says"


def test_a_message_holds_what_a_program_needs():
    assert json.loads(message(NOTICE, "json", NOON)) == {
        "schema": 1,
        "time": "2026-05-01T12:00:00+00:00",
        "event": "promoted",
        "model": "cifar100",
        "reason": "accuracy 64 % is better",
        "recipe": "retrain",
        "run": "retrain-1",
        "version": "7",
        "decision": "promoted",
        "accuracy": 0.64,
        "report": "/r",
    }


def test_slack_reads_no_markup_in_names():
    notice = replace(NOTICE, model="<!channel>", reason="a & b")
    text = json.loads(message(notice, "slack", NOON))["text"]
    assert text == ("*&lt;!channel&gt;: version 7 is the new champion*\na &amp; b\naccuracy 64.00%\nretrain-1\n/r")


def test_every_event_has_a_headline():
    assert set(HEADLINES) == set(EVENTS)
    assert headline(replace(NOTICE, event="waiting")) == "cifar100: version 7 waits for approval"


def test_a_signature_depends_on_secret_message_and_time():
    one = signature("key", b"{}", NOON)
    assert (
        one == "t=1777636800,v1=f9279e3c74321cb4ddcb44633da1fa461670a16f6394bec2596e67aea9fb9ec2"
    )  # echo -n "1777636800.{}" | openssl dgst -sha256 -hmac key
    others = [
        signature("other", b"{}", NOON),
        signature("key", b"[]", NOON),
        signature("key", b"{}", NOON.replace(hour=13)),
    ]
    assert len({one.partition("v1=")[2], *(each.partition("v1=")[2] for each in others)}) == 4
