import errno
import logging
import os
import sys
import warnings
from pathlib import Path

import pytest

from operations.platform import environment
from operations.platform.environment import (
    GPUS_VARIABLE,
    OFFLINE,
    PATIENCE,
    PROJECT,
    QUIET,
    SAFE,
    check_writable,
    data_cache,
    keep_step_logs,
    limit_threads,
    load_tensorflow,
    prepare_environment,
    silenced,
    state_folder,
    zenml_environment,
)
from recognition.errors import InputError

OURS = {**OFFLINE, **QUIET, **SAFE, **PATIENCE, "ZENML_CONFIG_PATH": "", "ZENML_STORE_URL": "", "RECOGNITION_STATE": ""}


@pytest.fixture(autouse=True)
def _nothing_is_set(restored_process):
    for name in OURS:
        os.environ.pop(name, None)


def test_one_state_folder_holds_everything(tmp_path):
    assert state_folder() == PROJECT / ".recognition"
    os.environ["RECOGNITION_STATE"] = str(tmp_path)
    assert state_folder() == tmp_path
    assert data_cache().parent == tmp_path
    prepare_environment()
    assert Path(os.environ["ZENML_CONFIG_PATH"]).parent == tmp_path


def test_a_state_folder_may_lie_in_the_home_or_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.environ["RECOGNITION_STATE"] = "here"
    assert state_folder() == tmp_path / "here"
    os.environ.update(RECOGNITION_STATE="~/there", HOME=str(tmp_path))
    assert state_folder() == tmp_path / "there"


def test_everything_is_set():
    prepare_environment()
    for name, value in {**OFFLINE, **QUIET, **SAFE, **PATIENCE}.items():
        assert os.environ[name] == value


def test_a_server_that_is_down_is_given_up_after_seconds():
    prepare_environment()
    seconds, retries = (int(os.environ[f"MLFLOW_HTTP_REQUEST_{name}"]) for name in ("TIMEOUT", "MAX_RETRIES"))
    assert seconds * (retries + 1) <= 60


def test_nothing_phones_home():
    prepare_environment()
    assert os.environ["ZENML_ANALYTICS_OPT_IN"] == "false"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_pickles_are_refused():
    prepare_environment()
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


@pytest.mark.parametrize("name", [*OFFLINE, *QUIET, *SAFE, *PATIENCE, "ZENML_CONFIG_PATH"])
def test_what_the_user_has_set_stays(name):
    os.environ[name] = "theirs"
    prepare_environment()
    assert os.environ[name] == "theirs"


def test_a_server_of_the_users_is_left_alone():
    os.environ["ZENML_STORE_URL"] = "https://zenml.example.org"
    prepare_environment()
    assert zenml_environment() == {}
    assert "ZENML_CONFIG_PATH" not in os.environ


def test_debugging_lets_the_libraries_speak():
    prepare_environment(debug=True)
    assert not QUIET.keys() & os.environ.keys()
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", UserWarning, stacklevel=1)


def test_else_they_are_quiet():
    prepare_environment()
    with warnings.catch_warnings(record=True) as heard:
        warnings.warn("not heard", UserWarning, stacklevel=1)
    assert not heard


def test_steps_are_heard_in_their_logs_and_not_on_the_terminal():
    handler = logging.StreamHandler()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.CRITICAL)
    keep_step_logs()
    assert (logging.root.level, handler.level) == (logging.CRITICAL, logging.NOTSET)
    prepare_environment()
    keep_step_logs()
    assert (logging.root.level, handler.level) == (logging.INFO, logging.CRITICAL)


def test_a_folder_is_made_and_left_empty(tmp_path):
    check_writable(tmp_path / "a" / "b", "state folder")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(InputError, match=r"state folder cannot be written\n  received: .*file.*\("):
            check_writable(path, "state folder")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path, monkeypatch, number):
    def fail(**options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(environment.tempfile, "TemporaryFile", fail)
    with pytest.raises(InputError, match=os.strerror(number)) as caught:
        check_writable(tmp_path, "folder of --output")
    assert "folder of --output" in caught.value.problem
    assert str(tmp_path) in caught.value.received


def test_the_state_folder_can_be_another_one(tmp_path):
    os.environ["RECOGNITION_STATE"] = str(tmp_path / "file")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="RECOGNITION_STATE"):
        check_writable(state_folder(), "state folder")


def test_native_code_is_silenced_and_heard_again(capfd):
    os.environ["ZENML_LOGGING_VERBOSITY"] = QUIET["ZENML_LOGGING_VERBOSITY"]
    with silenced():
        os.write(2, b"noise")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_an_error_ends_the_silence(capfd):
    os.environ["ZENML_LOGGING_VERBOSITY"] = QUIET["ZENML_LOGGING_VERBOSITY"]
    with pytest.raises(KeyError), silenced():
        raise KeyError
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_debugging_silences_nothing(capfd):
    with silenced():
        os.write(2, b"noise")
    assert capfd.readouterr().err == "noise"


def test_threads_are_limited_where_asked():
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        os.environ.pop(name, None)
    limit_threads(None)
    assert "OMP_NUM_THREADS" not in os.environ
    limit_threads(3)
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == os.environ["OMP_NUM_THREADS"] == "3"


def test_tensorflow_is_loaded():
    load_tensorflow(2)
    assert "tensorflow" in sys.modules
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "2"


def test_a_pod_that_asked_for_gpus_does_not_train_without(monkeypatch):
    monkeypatch.setenv(GPUS_VARIABLE, "2")
    with pytest.raises(InputError, match="fewer GPUs") as caught:
        load_tensorflow()
    assert caught.value.received == "0 that TensorFlow can use"
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: ["a", "b"])
    load_tensorflow()
