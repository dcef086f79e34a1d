"""A server that does not answer, in words that a person can act on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence

from recognition.errors import InputError, RecognitionError

ZENML, MLFLOW = "ZenML", "MLflow"


def silent_server(error: BaseException) -> str:
    """Which server does not answer, or answers that it cannot: ZENML, MLFLOW, or "" where an error is about neither.

    Args:
        error: What was raised.
    """
    from requests.exceptions import RequestException

    errors = list(chain(error))
    failed = [each for each in errors if isinstance(each, RequestException)]
    if "zenml" in sys.modules and any(_address(each).startswith(_zenml_address()) for each in failed):
        return ZENML
    if failed and "mlflow" in sys.modules:
        from mlflow.exceptions import MlflowException

        if any(isinstance(each, MlflowException) for each in errors):
            return MLFLOW
    return ""


def is_unreachable(error: BaseException) -> bool:
    """Whether an error comes of a server that does not answer."""
    return silent_server(error) != ""


def unreachable(server: str, words: Sequence[str]) -> RecognitionError:
    """What to tell of it.

    Args:
        server: ZENML or MLFLOW.
        words: The command line, without the program.
    """
    command = shlex.join(["python", "run_pipeline.py", *words])
    return RecognitionError(
        f"the {server} server does not answer",
        received=_without_password(_zenml_address() if server == ZENML else _mlflow_address()),
        expected="an answer within half a minute, several attempts included" if server == ZENML else _mlflow_patience(),
        remedy=f"when it is back, give the same command again; what is finished, as a training, is not repeated:\n"
        f"    {command}",
    )


def is_refused(error: BaseException) -> bool:
    """Whether ZenML's server does not know the key that it was given, or lets it do nothing."""
    if "zenml" not in sys.modules:
        return False
    from zenml.exceptions import AuthorizationException

    return any(isinstance(each, AuthorizationException) for each in chain(error))


def refused(error: BaseException) -> InputError:
    """What to tell of it.

    Args:
        error: What was raised.
    """
    told = next((line for line in str(error).splitlines() if line), type(error).__name__)
    return InputError(
        "the ZenML server refuses the key that it was given",
        received=f"{told[:200]}, from {_without_password(_zenml_address())}",
        expected="a key that is valid, and neither expired nor revoked",
        remedy="export ZENML_STORE_API_KEY=… (k8s/make_accounts.py makes one, in Secret zenml-client), or zenml login",
    )


def _mlflow_address() -> str:
    import mlflow

    return str(mlflow.get_tracking_uri())


def _mlflow_patience() -> str:
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    seconds, retries = MLFLOW_HTTP_REQUEST_TIMEOUT.get(), MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
    variables = "MLFLOW_HTTP_REQUEST_TIMEOUT, MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    return f"an answer in {seconds} s, after {retries} retries at the latest ({variables})"


def _zenml_address() -> str:
    from zenml.config.global_config import GlobalConfiguration

    return str(GlobalConfiguration().store_configuration.url)


def _address(error: BaseException) -> str:
    """What was asked for when an exception of requests was raised."""
    return str(getattr(getattr(error, "request", None), "url", ""))


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of; ZenML wraps those of steps."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
