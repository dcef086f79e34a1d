"""Section `notify`: who is told what came of a run. Secrets are named here, never written."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema

from recognition.addresses import REFERENCE, REFERENCE_WORDS, secret_in
from recognition.configuration.nearest import nearest
from recognition.configuration.section import Section
from recognition.configuration.values import shortened

EVENTS = ("promoted", "kept", "waiting", "data_changed", "failed")
URL_WORDS = f"an address that starts with http:// or https://, {REFERENCE_WORDS}"
EVENT_WORDS = f"a list of different ones of {', '.join(EVENTS)}"


def is_address(text: str) -> bool:
    """Whether a text is an address that messages can be sent to.

    Args:
        text: Any.
    """
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:
        return False


def _url(value: Any) -> str:
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    if not isinstance(value, str) or not is_address(value) or " " in value:
        raise ValueError(f"received {shortened(value)}; expected {URL_WORDS}")
    if secret := secret_in(value, hook=True):
        host = urlsplit(value).hostname
        raise ValueError(f"an address at {host} that holds {secret} would be stored; write {REFERENCE_WORDS}")
    return value


def _secret(value: Any) -> str:
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    raise ValueError(f"received something else, which is not repeated here; expected {REFERENCE_WORDS}")


def _events(value: Any) -> tuple[str, ...]:
    names = list(value) if isinstance(value, list | tuple) else None
    if names and all(names.count(name) == 1 and name in EVENTS for name in names):
        return tuple(name for name in EVENTS if name in names)
    near = [nearest(str(name), EVENTS) for name in names or [value] if name not in EVENTS]
    hint = f"; did you mean {near[0]}?" if near and near[0] else ""
    raise ValueError(f"received {shortened(value)}; expected {EVENT_WORDS}{hint}")


Address = Annotated[str, PlainValidator(_url), WithJsonSchema({"type": "string", "words": URL_WORDS})]
Secret = Annotated[str, PlainValidator(_secret), WithJsonSchema({"type": "string", "words": REFERENCE_WORDS})]
Events = Annotated[tuple[str, ...], PlainValidator(_events), WithJsonSchema({"type": "array", "words": EVENT_WORDS})]


class NotifyConfig(Section):
    """Who is told what came of a run; a message that cannot be delivered never fails the run."""

    url: Address = Field(description="where messages are posted to")
    form: Literal["json", "slack"] = Field("json", description="docs/retraining.md shows both")
    events: Events = Field(EVENTS, description="what is told")
    secret: Secret | None = Field(None, description="the key of the signature in each message's header; null: none")
    timeout: float = Field(5.0, gt=0, le=60, description="seconds for all attempts together")
    attempts: int = Field(3, ge=1, le=10, description="how often a message is sent until it arrives")
