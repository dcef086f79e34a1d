"""A version travels to another registry."""

import shutil

from operations.platform.environment import state_folder
from operations.registry import copying, lease, registry
from operations.registry.copying import copy_model
from operations.registry.stored_files import check_stored
from operations.tracking import connection, mlflow_runs
from tests.deaths.registry_scenarios import NAME, RegistryScenario, log_of
from tests.deaths.scenario import note
from tests.operations.stored_models import promoted, versions


class Copy(RegistryScenario):
    """To another database of MLflow, of another stack of the same ZenML."""

    name = "copy"

    def prepare(self):
        from zenml.client import Client
        from zenml.enums import StackComponentType

        there = state_folder() / "there.db"
        shutil.copy(state_folder() / "mlflow" / "mlflow.db", there)
        zenml, tracker = Client(), StackComponentType.EXPERIMENT_TRACKER
        zenml.create_stack_component("other", "mlflow", tracker, {"tracking_uri": f"sqlite:///{there}"})
        parts = {StackComponentType.ORCHESTRATOR: "default", StackComponentType.ARTIFACT_STORE: "default"}
        zenml.create_stack("other", {**parts, tracker: "other"})
        client = connection.connect()
        for model in versions(client, NAME, 2, run_name="train-1"):
            promoted(client, model)
        (run,) = mlflow_runs.find_runs(client, "train-1")
        mlflow_runs.log_metrics(client, run, [("train_loss", 2.0, 1), ("train_loss", 1.0, 2)])
        mlflow_runs.log_parameters(client, run, {"train.epochs": 2})
        mlflow_runs.log_files(client, run, {"configuration.yaml": b"train:"})
        note(log_of(client))

    def command(self):
        copy_model(f"{NAME}/1", "other")

    def after(self):
        """The other registry's lease is waited for, which takes a minute: not here."""
        acquire, lasting = lease._Lease.acquire, lease.LEASE

        def hasty(self):
            lease.LEASE, lease.POLL = 0.1, 0.05
            acquire(self)
            lease.LEASE = lasting

        lease._Lease.acquire = hasty
        try:
            return super().after()
        finally:
            lease._Lease.acquire = acquire

    def problems(self):
        """ZenML has the versions of both registries."""
        return [each for each in super().problems() if "MLflow's versions have" not in each]

    def unfinished(self):
        from zenml.client import Client
        from zenml.stack import Stack
        from zenml.utils.pagination_utils import depaginate

        numbers = [each.tags[registry.ZENML_TAG] for each in registry.versions_of(connection.connect(), NAME)]
        with connection.connected(Stack.from_model(Client().get_stack("other")).experiment_tracker) as there:
            (version,) = registry.versions_of(there, NAME)
            check_stored(registry.registered_model(version))
            place = [mlflow_runs.experiment_id(there)]
            runs, models = there.search_runs(place), there.search_logged_models(place)
            wrong = [f"{len(runs)} runs, {len(models)} models"] if (len(runs), len(models)) != (1, 1) else []
            wrong += [f"the run is {run.info.status}" for run in runs if run.info.status != "FINISHED"]
            wrong += [f"tag {name}" for run in runs for name in run.data.tags if name == "copying"]
            numbers.append(version.tags.get(registry.ZENML_TAG, "none"))
        theirs = [str(each.number) for each in depaginate(Client().list_model_versions, model=NAME)]
        return wrong if sorted(numbers) == sorted(theirs) else [*wrong, f"versions {numbers}, in ZenML {theirs}"]


class CopyAgain(Copy):
    """A copy was killed before; the next one removes what it left there."""

    name = "copy again"

    def prepare(self):
        super().prepare()
        register, copying._register = copying._register, die
        try:
            self.command()
        except Killed:
            copying._register = register


class Killed(BaseException):
    """Stands for the end of the process."""


def die(*arguments):
    raise Killed
