import pytest

from operations.runs import place
from operations.runs.place import Here
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.errors import InputError


def test_here_no_workers_are_started(monkeypatch):
    shared = RunConfig.model_validate({"train": {"workers": 2}})
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(InputError, match="only a stack on Kubernetes starts the workers"):
        Here().check(shared)
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}')
    Here().check(shared)


def test_here_a_gpu_that_is_asked_for_has_to_be_here(monkeypatch):
    looked = []
    monkeypatch.setattr(place, "check_requested", looked.append)
    Here().check(RunConfig(resources=ResourcesConfig(gpus=1)))
    Here().check(RunConfig())
    assert looked == ["auto"]
