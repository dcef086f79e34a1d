import pytest
from pydantic import ValidationError

from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cpu", 4),
        ("cpu", 0.5),
        ("cpu", "500m"),
        ("memory", "16Gi"),
        ("shared_memory", "512M"),
        ("disk", "50Gi"),
        ("node_selector", {"nvidia.com/gpu.product": "NVIDIA-L4", "spot": ""}),
        ("tolerations", ["nvidia.com/gpu:NoSchedule", "pool=training:NoExecute"]),
    ],
)
def test_amounts_and_names_as_kubernetes_writes_them(key, value):
    kept = getattr(ResourcesConfig(**{key: value}), key)
    assert kept == (tuple(value) if isinstance(value, list) else value if isinstance(value, dict) else str(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cpu", "four"),
        ("cpu", 0),
        ("cpu", True),
        ("memory", "16"),  # bytes, and surely meant otherwise
        ("memory", 16),
        ("memory", "0Gi"),
        ("shared_memory", "1gb"),
        ("node_selector", {"a b": "c"}),
        ("node_selector", {"pool": 1}),
        ("tolerations", "nvidia.com/gpu:NoSchedule"),
        ("tolerations", ["nvidia.com/gpu"]),
        ("queue", "Team A"),
        ("priority_class", ""),
        ("pending_timeout", 1),
    ],
)
def test_what_kubernetes_would_refuse_is_refused(key, value):
    with pytest.raises(ValidationError):
        ResourcesConfig(**{key: value})


def test_gpus_that_nothing_would_use():
    with pytest.raises(ValidationError, match=r"resources.gpus: 1 contradicts train.device: cpu"):
        RunConfig.model_validate({"resources": {"gpus": 1}, "train": {"device": "cpu"}})


def test_a_deadline_that_waiting_would_use_up():
    with pytest.raises(ValidationError, match=r"deadline: 600 contradicts resources.pending_timeout: 900"):
        ResourcesConfig(deadline=600)


def test_only_what_was_asked_for_is_of_the_cluster():
    assert ResourcesConfig(threads=2).of_cluster() == {}
    assert ResourcesConfig(threads=2, gpus=1).of_cluster() == {"gpus": 1}
