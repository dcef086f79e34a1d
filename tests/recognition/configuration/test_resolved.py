from pathlib import Path

import pytest

from recognition.configuration.keys import all_keys
from recognition.configuration.loading import load_config
from recognition.configuration.resolved import flatten, to_yaml
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.notify import NotifyConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.schedule import ScheduleConfig


@pytest.mark.parametrize(
    "name", ["1e3", "0o7", "0x1F", "1", "1.5", "no", "true", "null", "2018-01-01", "1_000", "cifar100"]
)
def test_yaml_reads_back_the_same(tmp_path: Path, name: str) -> None:
    values = {
        "model": {"name": name},
        "data": {"path": f"folder: é # {name}", "fallback": {"source": "digits", "train": {"epochs": 2}}},
        "train": {"learning_rate": 1e-5, "momentum": 0.1, "class_weights": {name: 2.0, "é: #": 0.5}},
    }
    config = RunConfig.model_validate(values)
    path = tmp_path / "used.yaml"
    path.write_text(to_yaml(config), encoding="utf-8")
    assert load_config(path) == config


def test_flatten() -> None:
    flat = flatten(RunConfig())
    assert flat["train.epochs"] == 1
    assert flat["data.fallback"] is None
    assert all(value is None or isinstance(value, str | int | float) for value in flat.values())


def test_flatten_writes_lists_and_mappings_as_json() -> None:
    train, data = {"class_weights": {"cat": 2}}, {"source": "folder", "path": "x", "image_size": [8, 9]}
    flat = flatten(RunConfig.model_validate({"train": train, "data": data}))
    assert (flat["train.class_weights"], flat["data.image_size"]) == ('{"cat": 2.0}', "[8, 9]")


SCHEDULE = ScheduleConfig(name="nightly", cron="0 3 * * *")


def test_flatten_has_every_key() -> None:
    tail = {"after": "run", "epochs": 1}
    sections = {"data": {"fallback": {"source": "digits"}}, "train": {"tail": tail}, "calibrate": {}}
    optional = {"retrain": RetrainConfig(), "schedule": SCHEDULE, "notify": NotifyConfig(url="env:HOOK")}
    config = RunConfig.model_validate(sections).model_copy(update=optional)
    assert set(flatten(config)) == {".".join(key.path) for key in all_keys().values() if not key.children}
