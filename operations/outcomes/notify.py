"""Tell someone what came of a run: a signed message, sent within seconds or given up; it never fails the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from operations.platform.console import echo
from operations.platform.secret_values import secret_value
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.notify import NotifyConfig, is_address
from recognition.errors import InputError
from recognition.report.notification import SIGNATURE, Notice, message, notices, signature

FIRST_PAUSE = 0.3  # seconds before the second attempt; twice that before the next
BUSY = 429


class _UndeliveredError(Exception):
    """A message did not arrive."""

    def __init__(self, why: str, again: bool) -> None:
        super().__init__(why)
        self.again = again


def check_notify(config: NotifyConfig) -> None:
    """Check that what section `notify` names is there, before a run begins.

    Args:
        config: The section.

    Raises:
        InputError: If a variable or a secret is missing, or the one of the address holds none.
    """
    _address(config)
    _secret(config)


def notify_end(config: RunConfig, recipe: str, summary: dict[str, Any], run: Any) -> None:
    """Tell what is new about a run that ended, whether it trained or refused to.

    Args:
        config: The configuration that it used.
        recipe: Name of the configuration.
        summary: Its summary.
        run: ZenML's record of it, hydrated.
    """
    if config.notify is None:
        return
    decided = "gate" in run.steps and not run.steps["gate"].run_metadata["told"]
    looked = run.steps["data_report"].status.value != "cached"
    send(config.notify, notices(summary, config.model.name, recipe, decided, looked))


def notify_failure(config: RunConfig, recipe: str, error: BaseException, run_name: str | None = None) -> None:
    """Tell that a run failed, or could not begin.

    Args:
        config: Its configuration.
        recipe: Name of the configuration.
        error: What went wrong; its first line is told.
        run_name: The run's name; None where it never began.
    """
    if config.notify is not None:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:500]
        send(config.notify, [Notice("failed", config.model.name, reason, recipe, run_name)])


def send(config: NotifyConfig, messages: Sequence[Notice]) -> None:
    """Send messages, one after the other, and say in a line each what became of it.

    A thread sends them, and is left alone when the time is over: no server that answers byte by byte, and no name that
    is not resolved, holds up a run.

    Args:
        config: Section `notify`.
        messages: What to tell; events that it leaves out are not.
    """
    for notice in messages:
        if notice.event in config.events:
            echo(f"notify: {notice.event} {_within(config, notice)}")


def _within(config: NotifyConfig, notice: Notice) -> str:
    try:
        address, secret = _address(config), _secret(config)
    except Exception as error:  # what was there when the run began is not, or cannot be asked for
        return f"was not delivered: {str(error).partition(chr(10))[0]}"
    outcome = [f"was not delivered: {urlsplit(address).hostname} gave no answer within {config.timeout:g} s"]

    def send() -> None:
        outcome[0] = _send(config, notice, address, secret)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    sending.join(config.timeout)
    return outcome[0]


def _send(config: NotifyConfig, notice: Notice, address: str, secret: str | None) -> str:
    """Send a message until it arrives or there is no sense in it; what became of it, in words without a secret."""
    host, now = urlsplit(address).hostname, datetime.now(UTC)
    body = message(notice, config.form, now)
    headers = {"Content-Type": "application/json; charset=utf-8", "X-Recognition-Delivery": str(uuid4())}
    if secret is not None:
        headers[SIGNATURE] = signature(secret, body, now)
    for attempt in range(1, config.attempts + 1):
        try:
            _post(address, body, headers, config.timeout)
        except _UndeliveredError as error:
            if not error.again or attempt == config.attempts:
                return f"was not delivered: {host} {error} (attempt {attempt} of {config.attempts})"
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        else:
            break
    return f"told to {host}"


def _post(address: str, body: bytes, headers: dict[str, str], timeout: float) -> None:
    """One attempt; the words of requests' errors repeat the address, which may be a secret."""
    import requests

    try:
        with requests.post(
            address, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.Timeout:
        raise _UndeliveredError("does not answer", again=True) from None
    except requests.exceptions.SSLError:
        raise _UndeliveredError("has a certificate that is not trusted", again=False) from None
    except requests.ConnectionError:
        raise _UndeliveredError("cannot be reached", again=True) from None
    except requests.RequestException as error:
        raise _UndeliveredError(f"could not be sent a message ({type(error).__name__})", again=False) from None
    if 300 <= status < 400:
        raise _UndeliveredError(f"answered {status}, and redirections are not followed", again=False)
    if status >= 400:
        raise _UndeliveredError(f"answered {status}", again=status >= 500 or status == BUSY)


def _address(config: NotifyConfig) -> str:
    if is_address(config.url):
        return config.url
    address = secret_value("notify.url", config.url)
    if not is_address(address):
        raise InputError(
            "notify.url names something that is no address",
            received=config.url,
            expected="a value that starts with http:// or https://",
        )
    return address


def _secret(config: NotifyConfig) -> str | None:
    return None if config.secret is None else secret_value("notify.secret", config.secret)
