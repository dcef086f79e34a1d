from itertools import pairwise
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from requests import Request
from requests.exceptions import ProxyError, RetryError, Timeout
from zenml.exceptions import AuthorizationException, CredentialsNotValid

from operations.platform.unreachable import (
    MLFLOW,
    ZENML,
    is_refused,
    is_unreachable,
    refused,
    silent_server,
    unreachable,
)


def chain(*errors):
    """The first error, which came of the second, and so on."""
    for error, cause in pairwise(errors):
        error.__context__ = cause
    return errors[0]


@pytest.mark.parametrize("cause", [ProxyError("refused"), Timeout("15 s"), RetryError("too many 503")])
def test_a_server_that_does_not_answer(cause):
    assert is_unreachable(chain(MlflowException("API request failed"), cause))
    assert is_unreachable(chain(RuntimeError("step failed"), MlflowException("API request failed"), cause))


@pytest.fixture
def zenml_server(monkeypatch):
    """Its address, as far as ZenML knows."""
    store = SimpleNamespace(store_configuration=SimpleNamespace(url="https://zenml.example:8080"))
    monkeypatch.setattr("zenml.config.global_config.GlobalConfiguration", lambda: store)
    return store.store_configuration.url


def test_zenmls_server_does_not_answer(zenml_server):
    refused = ProxyError("refused", request=Request("GET", f"{zenml_server}/api/v1/info").prepare())
    assert silent_server(chain(RuntimeError("Error connecting to URL"), refused)) == ZENML
    elsewhere = ProxyError("refused", request=Request("GET", "https://bucket.example/x").prepare())
    assert silent_server(chain(RuntimeError("no bucket"), elsewhere)) == ""
    told = str(unreachable(ZENML, ["stack", "check"]))
    assert told.startswith("the ZenML server does not answer\n  received: https://zenml.example:8080\n")
    assert told.endswith("python run_pipeline.py stack check")


@pytest.mark.parametrize("kind", [CredentialsNotValid, AuthorizationException])
def test_a_key_that_zenmls_server_does_not_know(zenml_server, kind):
    error = chain(RuntimeError("no store"), kind("error decoding API key"))
    assert is_refused(error)
    told = str(refused(error.__context__))
    assert "received: error decoding API key, from https://zenml.example:8080\n" in told
    assert "ZENML_STORE_API_KEY" in told
    assert not is_refused(RuntimeError("another"))


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("no such run", error_code=1),
        Timeout("another server"),
        chain(ValueError("mine"), KeyError("other")),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_another_error(error):
    assert not is_unreachable(error)


def test_an_error_that_comes_of_itself_ends():
    error = ValueError("mine")
    error.__cause__ = error
    assert not is_unreachable(error)


def test_what_is_told(monkeypatch):
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "https://me:secret@mlflow.example:5000/x")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    told = str(unreachable(MLFLOW, ["--config", "my photos.yaml"]))
    assert "received: https://mlflow.example:5000/x\n" in told
    assert "an answer in 7 s" in told
    assert told.endswith("python run_pipeline.py --config 'my photos.yaml'")
    assert "secret" not in told
