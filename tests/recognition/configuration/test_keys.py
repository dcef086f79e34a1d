import pytest
from pydantic import BaseModel

from recognition.configuration.keys import all_keys, suggest
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.notify import NotifyConfig
from recognition.configuration.sections.retrain import RetrainConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.networks import NETWORKS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("train.epochs", "a whole number from 1 to 10000"),
        ("train.learning_rate", "a number above 0"),
        ("train.momentum", "a number of at least 0 and below 1, or null"),
        ("train.optimizer", "one of sgd, adam, adamw, muon"),
        ("train.network", f"one of {', '.join(NETWORKS)}"),
        ("train.deterministic", "true or false"),
        ("data.validation", "a number above 0 and below 1"),
        ("data.train_limit", "a whole number of at least 2, or null"),
        ("data.path", "a path, or null"),
        ("data.fallback.source", "digits"),
        ("data.fallback", "a section with keys such as source, train, or null"),
    ],
)
def test_expected_in_words(path: str, expected: str) -> None:
    assert all_keys()[tuple(path.split("."))].expected == expected


def test_only_what_sections_of_choice_cannot_do_without_is_required() -> None:
    required = [".".join(key.path) for key in all_keys().values() if key.required]
    assert required == [
        "data.fallback.source",
        "train.tail.after",
        "train.tail.epochs",
        "schedule.name",
        "schedule.cron",
        "notify.url",
    ]


def test_every_key_has_a_description() -> None:
    assert not [key.path for key in all_keys().values() if not key.description]


OPTIONAL = {
    "calibrate": CalibrateConfig(),
    "retrain": RetrainConfig(),
    "schedule": ScheduleConfig(name="n", cron="0 3 * * *"),
    "notify": NotifyConfig(url="env:HOOK"),
}


def test_defaults_are_those_of_the_schema() -> None:
    config = RunConfig()
    for key in all_keys().values():
        if not key.children and not key.required and key.path[:2] not in (("data", "fallback"), ("train", "tail")):
            section: BaseModel = getattr(config, key.path[0]) or OPTIONAL[key.path[0]]
            default = getattr(section, key.path[1])
            assert (list(default) if isinstance(default, tuple) else default) == key.default


@pytest.mark.parametrize(
    ("unknown", "near"),
    [
        ("train.epoch", "train.epochs"),
        ("train.batch-size", "train.batch_size"),
        ("epochs", "train.epochs"),
        ("epoch", "train.epochs"),
        ("evaluation.epochs", "train.epochs"),
        ("seed", "data.seed or train.seed"),
        ("fallback", "data.fallback"),
        ("trian", "train"),
        ("data.fallback.validation", "data.validation"),
        ("data.fallback.train.learning_rates", "data.fallback.train.learning_rate"),
        ("train.xyzzy", ""),
        ("xyzzy", ""),
    ],
)
def test_suggestions(unknown: str, near: str) -> None:
    assert suggest(tuple(unknown.split("."))) == near
