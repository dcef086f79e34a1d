from types import SimpleNamespace

import pytest

from operations.platform.digest import digest_of
from operations.training.identity import TrainingIdentity
from operations.training.task import planned_identity
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.train import TrainConfig

CONFIG = RunConfig()
PLANNED = planned_identity(CONFIG, "d", "c", "")


@pytest.mark.parametrize(
    "other",
    [
        planned_identity(CONFIG, "e", "c", ""),
        planned_identity(CONFIG, "d", "d", ""),
        planned_identity(CONFIG, "d", "c", "i"),
        *(
            planned_identity(RunConfig.model_validate(sections), "d", "c", "")
            for sections in (
                {"augmentation": {"mixup": 1.0}},
                {"train": {"epochs": 2}},
                {"evaluation": {"metric": "macro_f1"}},
                {"data": {"folds": 3}},
            )
        ),
    ],
)
def test_the_key_tells_everything(other):
    assert other.key != PLANNED.key


@pytest.mark.parametrize("sections", [{"gate": {"margin": 0.02}}, {"model": {"name": "other"}}, {"data": {"seed": 3}}])
def test_what_changes_no_training_changes_no_key(sections):
    assert planned_identity(RunConfig.model_validate(sections), "d", "c", "").key == PLANNED.key


def test_a_task_is_the_training_that_its_configuration_asked_for():
    plan = SimpleNamespace(options=CONFIG.augmentation, digest="p")
    task = SimpleNamespace(dataset=SimpleNamespace(digest="d"), plan=plan, config=CONFIG.train, metric="accuracy")
    begun = TrainingIdentity.of_task(task, "c")
    assert begun.document == {**PLANNED.document, "plan": "p"}
    searched = TrainingIdentity.of_task(task, "c", searched={"steps": 20})
    assert searched.document == {**begun.document, "calibrate": {"steps": 20}}


def test_the_key_is_the_former_versions_for_the_same_document():
    """It names folders that version 0.1.0 has left, which wrote just this document."""
    train = TrainConfig().model_dump(mode="json")
    document = {
        "data": {"digest": "d", "folds": None},
        "augmentation": CONFIG.augmentation.model_dump(mode="json"),
        "train": train,
        "evaluation": {"metric": "accuracy"},
        "code": "c",
        "initial weights": "",
    }
    assert PLANNED.key == digest_of(document)
