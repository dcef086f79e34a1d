"""Checkpoints and the folder that they lie in."""

from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import zenml

from operations.tracking import connection, mlflow_runs, runs
from operations.training.checkpoints import checkpoints_root, remove_finished
from operations.training.folder import training_folder
from operations.training.identity import TrainingIdentity
from operations.training.task import Training
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from recognition.training.history import Epoch
from tests.deaths.scenario import Scenario, note, noted, tell, told

EPOCHS, CHECKPOINT = 4, "epoch-00001-batch-0000000.npz"


class Train(Scenario):
    """A training of four epochs, of which each writes a checkpoint, and a command that removes them in the end."""

    name = "train"
    fresh, origin = False, "run train-1"

    def prepare(self):
        from tests.operations import tiny_pipeline

        step_run = tiny_pipeline.train("train-20260101-000000-aaaaaa").steps["register"]
        note(str(step_run.id))
        (checkpoints_root() / "old.removed-1").mkdir(parents=True)  # whose removal was killed
        (checkpoints_root() / "old.removed-1" / CHECKPOINT).touch()

    def command(self):
        zenml.get_step_context = lambda: SimpleNamespace(step_run=SimpleNamespace(id=noted()))
        if "stored" in told():
            return remove_finished()
        with training_folder(self.training()) as folder:
            done = load_checkpoint(folder)
            for number in range(len(done.epochs) if done else 0, EPOCHS):
                save_checkpoint(folder, checkpoint(number + 1))
                tell(f"epoch {number + 1}")
        tell("stored")  # the step's artifacts
        return remove_finished()

    def training(self, **changes):
        identity = {
            "data": "digest",
            "folds": None,
            "augmentation": AugmentationConfig(),
            "train": TrainConfig(epochs=EPOCHS),
            "metric": "accuracy",
            "code": "hash",
            "initial": "",
        }
        return Training("train.yaml for model pets", TrainingIdentity(**identity | changes), self.origin, self.fresh)

    def mend(self):
        return []  # whatever is half done, the training itself goes on with

    def problems_of_others(self):
        return []

    def lost(self):
        """As many epochs as somebody was told, in a checkpoint that is whole, until ZenML has the artifacts."""
        if "stored" in told():
            return []
        folder = checkpoints_root() / self.training().identity.key
        found = load_checkpoint(folder)
        epochs, expected = (len(found.epochs) if found else 0), len(told())
        return [] if epochs >= expected else [f"epoch {expected}: the last that is there is {epochs}"]

    def unfinished(self):
        return [f"left: {path.name}" for path in checkpoints_root().glob("*") if path.suffix != ".lock"]


class Fresh(Train):
    """A training with --fresh, which gives up another of the same task that was interrupted."""

    name = "train --fresh"
    fresh = True

    def prepare(self):
        super().prepare()
        zenml.get_step_context = lambda: SimpleNamespace(step_run=SimpleNamespace(id=noted()))
        former = Train()
        former.origin = "run train-0"
        with training_folder(former.training(data="other")) as folder:
            save_checkpoint(folder, checkpoint(1))
            save_checkpoint(folder, checkpoint(2))
        (folder / "finished.json").unlink()


def checkpoint(epochs):
    epoch = dict.fromkeys(Epoch.model_fields, 0.5)
    made = tuple(Epoch(**epoch | {"epoch": number + 1}) for number in range(epochs))
    return Checkpoint({"network": [np.arange(3.0)]}, made, 1)


class Record(Scenario):
    """A run's record in MLflow and its mark, from its beginning to its end."""

    name = "record a run"

    def command(self):
        name, client = f"run-{uuid4().hex}", connection.connect()
        with runs.alive(name):
            mlflow_runs.run_id_of(client, name)
            mlflow_runs.finish_run(client, name, {"report.html": b"report"}, {"commit": "abc"})
        tell(name)

    def mend(self):
        return [f"closed {name}" for name in runs.close_orphans()]

    def problems(self):
        client = connection.connect()
        found = client.search_runs([mlflow_runs.experiment_id(client)])
        return [*super().problems(), *("a run goes on" for run in found if run.info.status == "RUNNING")]

    def lost(self):
        client, wrong = connection.connect(), []
        for name in told():
            (run,) = mlflow_runs.find_runs(client, name)
            if not client.list_artifacts(run) or client.get_run(run).info.status != "FINISHED":
                wrong.append(f"run {name}")
        return wrong
