import pytest

import run_pipeline
from commands import stack
from operations.kubernetes.stack_check import Finding
from operations.platform.target import Target
from recognition.errors import InputError

TARGET = Target("dev", "cluster", "recognition", ("orchestrator", "step"), "r/a:1", "r/b:1", "image", {}, {})


@pytest.fixture
def found(monkeypatch):
    """A function: findings -> each part of the active stack is found so."""

    def pretend(*findings):
        monkeypatch.setattr(stack, "_find", lambda name: (None, TARGET))
        monkeypatch.setattr("operations.kubernetes.stack_check.check_stack", lambda *arguments: iter(findings))

    return pretend


def call(*words):
    options = run_pipeline.parse(["stack", *words])
    return options.action(options)


def test_a_part_that_does_not_work_is_told_with_its_remedy(found, capsys):
    found(Finding("bucket", True, "s3://b: written"), Finding("image", False, "r/a:1 is gone", "push it"))
    assert call("check") == 1
    assert capsys.readouterr().out.splitlines() == [
        "OK    bucket          s3://b: written",
        "FAIL  image           r/a:1 is gone",
        "                      to mend: push it",
    ]


def test_when_all_work_the_status_is_0(found):
    found(Finding("bucket", True, "s3://b"))
    assert call("check", "dev") == 0


def test_a_stack_is_shown(found, capsys):
    found()
    assert call("show") is None
    assert capsys.readouterr().out.splitlines() == [
        "stack dev",
        "  cluster   context cluster, namespace recognition",
        "  accounts  orchestrator starts the steps, which are step",
        "  image     r/a:1",
        "  GPU image r/b:1",
        "  code      in the image",
    ]


def test_a_key_is_overridden_in_a_configuration_that_is_named():
    with pytest.raises(InputError, match=r"--set resources.gpus=2 without --config"):
        call("check", "--set", "resources.gpus=2")
