from types import SimpleNamespace

import pytest

from operations.kubernetes import follow as module
from operations.kubernetes.failure import RunFailed
from operations.kubernetes.follow import follow, leave_or_stop
from operations.platform.target import Target
from operations.platform.termination import Left
from recognition.errors import Terminated
from tests.operations.kubernetes.records import pod, run, step

TARGET = Target("dev", "cluster", "recognition", ("orchestrator", "step"), "a", "a", "uploaded", {}, {})


def test_a_run_is_followed_to_its_end(fake, monkeypatch, capsys):
    ends = iter([run("running"), run("running"), run("completed")])
    monkeypatch.setattr(module.runs, "find_run", lambda name: next(ends))
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    pod(fake, "train-1", "Succeeded")
    fake.logs = {"train-1": "done\n"}
    follow("nightly", TARGET, 60)
    assert "done" in capsys.readouterr().out


def test_a_run_outlives_a_zenml_server_that_is_down(fake, monkeypatch, capsys):
    down = OSError("down")
    answers = iter([run("running"), down, down, run("running"), down, run("completed")])

    def find_run(name):
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(module.runs, "find_run", find_run)
    monkeypatch.setattr(module, "silent_server", lambda error: module.ZENML if isinstance(error, OSError) else "")
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    follow("nightly", TARGET, 60)
    assert capsys.readouterr().out.count("the ZenML server does not answer; asking again") == 2  # once each time


def test_another_error_is_not_taken_for_a_server_that_is_down(fake, monkeypatch):
    answers = iter([run("running")])
    monkeypatch.setattr(module.runs, "find_run", lambda name: next(answers))
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    with pytest.raises(StopIteration):
        follow("nightly", TARGET, 60)


def test_a_run_that_failed_raises(fake, monkeypatch):
    monkeypatch.setattr(module.runs, "find_run", lambda name: run("failed", train=step(message="no")))
    with pytest.raises(RunFailed, match="step train failed"):
        follow("nightly", TARGET, 60)


def test_ctrl_c_without_a_terminal_and_sigterm_leave_the_run(monkeypatch):
    monkeypatch.setattr(module.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(Left, match="goes on on the cluster; zenml pipeline runs stop nightly"):
        leave_or_stop("nightly", KeyboardInterrupt())
    monkeypatch.setattr(module.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(Left):
        leave_or_stop("nightly", Terminated())


@pytest.mark.parametrize(("answer", "stops"), [("y", True), ("", False), ("no", False)])
def test_ctrl_c_asks(monkeypatch, answer, stops):
    stopped, asked = [], run("running")
    monkeypatch.setattr(module.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    monkeypatch.setattr(module.runs, "find_run", lambda name: asked)
    monkeypatch.setattr("zenml.utils.run_utils.stop_run", stopped.append)
    if stops:
        leave_or_stop("nightly", KeyboardInterrupt())
    else:
        with pytest.raises(Left):
            leave_or_stop("nightly", KeyboardInterrupt())
    assert stopped == ([asked] if stops else [])
