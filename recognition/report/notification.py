"""Messages about runs: what they say, in which form, and how they are signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

SCHEMA = 1
SIGNATURE = "X-Recognition-Signature"
CHANGED = ("shifted", "different")  # verdicts that are told: a person should look at the data
HEADLINES = {
    "promoted": "{model}: version {version} is the new champion",
    "kept": "{model}: the champion stays, version {version} was not promoted",
    "waiting": "{model}: version {version} waits for approval",
    "data_changed": "{model}: the data have changed",
    "failed": "{model}: a run failed",
}


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        event: One of `notify.events`.
        model: Name of the registered model.
        reason: Why, in words.
        recipe: Name of the configuration.
        run: The run's name; None where it ended before it began.
        version: The candidate's version in MLflow; None where there is none.
        decision: The gate's; None where it took none.
        accuracy: Of the candidate on the test images, from 0 to 1; None where there is none.
        report: Where the report lies; None where there is none.
    """

    event: str
    model: str
    reason: str
    recipe: str
    run: str | None = None
    version: str | None = None
    decision: str | None = None
    accuracy: float | None = None
    report: str | None = None


def notices(summary: Mapping[str, Any], model: str, recipe: str, decided: bool, looked: bool) -> list[Notice]:
    """What is new about a run that ended; what an earlier run told is not told again.

    Args:
        summary: As docs/summary.md has it, of a refused run too.
        model: Name of the registered model.
        recipe: Name of the configuration.
        decided: Whether the gate took its decision in this run, or in one that ended before it could tell.
        looked: Whether the data were compared with the champion's in this run.
    """
    common = {"model": model, "recipe": recipe, "run": summary["run"]["name"], "report": summary["report"]}
    gate, change = summary.get("gate"), summary["change"]
    told = []
    if gate:
        common |= {"version": summary["model"]["mlflow_version"], "decision": gate["decision"]}
        common |= {"accuracy": summary["test"]["accuracy"]}
    if gate and decided:
        told.append(Notice(event=gate["decision"], reason=gate["reason"], **common))
    if looked and (not gate or change["verdict"] in CHANGED):
        refused = "" if gate else "; it was not trained on, as retrain.on_change says"
        told.append(Notice(event="data_changed", reason=f"{change['verdict']}: {change['reason']}{refused}", **common))
    return told


def message(notice: Notice, form: str, time: datetime) -> bytes:
    """A notice as the body of a message, UTF-8.

    Args:
        notice: What is told.
        form: "json", or "slack" for its incoming web hooks.
        time: Of the message, aware.
    """
    content = _slack(notice) if form == "slack" else {"schema": SCHEMA, "time": time.isoformat(), **asdict(notice)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, body: bytes, time: datetime) -> str:
    """The value of the header SIGNATURE: t=seconds,v1=HMAC-SHA256 over "seconds.body", hexadecimal.

    The time is part of what is signed, so that a message cannot be sent again later; Stripe's scheme.

    Args:
        secret: The key.
        body: The message.
        time: Of the message, aware.
    """
    seconds = int(time.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def headline(notice: Notice) -> str:
    """A notice in a few words."""
    return HEADLINES[notice.event].format(**asdict(notice))


def _slack(notice: Notice) -> dict[str, str]:
    """Slack's mark-up: https://docs.slack.dev/messaging/formatting-message-text."""
    accuracy = [] if notice.accuracy is None else [f"accuracy {notice.accuracy:.2%}"]
    details = [*accuracy, *filter(None, [notice.run, notice.report])]
    lines = [f"*{_escaped(headline(notice))}*", _escaped(notice.reason), *map(_escaped, details)]
    return {"text": "\n".join(lines)}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
