import importlib
import os

import pytest

import recognition


@pytest.fixture
def after_import(monkeypatch):
    """A function: (machine, what the user has set or None) -> the variable once the library is imported there."""

    def read(machine, given=None):
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
        if given is not None:
            monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given)
        monkeypatch.setattr("platform.machine", lambda: machine)
        importlib.reload(recognition)
        return os.environ.get("TF_ENABLE_ONEDNN_OPTS")

    return read


def test_onednn_is_taken_on_every_x86_processor(after_import):
    assert after_import("x86_64") == "1"
    assert after_import("AMD64") == "1"
    assert after_import("aarch64") is None


def test_what_the_user_has_set_stays(after_import):
    assert after_import("x86_64", "0") == "0"
