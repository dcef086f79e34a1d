"""Structured logs: one JSON object a line on standard output, no image content in them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

LOGGER = logging.getLogger("recognition.serving")
UVICORN = logging.getLogger("uvicorn.error")
REQUESTS = logging.getLogger("recognition.serving.requests")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, event, and the fields that it was logged with."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
        return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    """What would move a terminal's cursor, turn its text around or end a line, as JSON's escape; spaces stay."""
    if character.isprintable() or ord(character) > 0xFFFF:
        return character
    return f"\\u{ord(character):04x}"


def configure_logs(quiet: bool, stream: TextIO | None = None) -> None:
    """Send the server's events, and uvicorn's warnings, to a stream as JSON.

    Args:
        quiet: Leave out the line a request; failures of the server are still told.
        stream: Where to; None for standard output.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    for logger, level in ((LOGGER, logging.INFO), (UVICORN, logging.WARNING)):
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
    REQUESTS.setLevel(logging.WARNING if quiet else logging.INFO)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # warns of each broken form, as often as they come


def log(event: str, level: int = logging.INFO, exc_info: bool = False, **fields: Any) -> None:
    """Log an event of the server.

    Args:
        event: What happened, always in the same words.
        level: One of logging's.
        exc_info: Whether to add the traceback of the exception that is being handled.
        fields: What is known of it; JSON, or anything with a text.
    """
    LOGGER.log(level, event, exc_info=exc_info, extra={"fields": fields})
