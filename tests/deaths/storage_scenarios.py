"""What removes things, and what closes runs that were killed."""

import os
from datetime import timedelta

from operations.platform.environment import data_cache, state_folder
from operations.registry import registry
from operations.registry.repair import repair
from operations.storage import zenml_inventory
from operations.storage.items import Policy
from operations.storage.prune import carry_out, make_plan
from operations.tracking import connection, mlflow_runs, runs
from tests.deaths.registry_scenarios import NAME, RegistryScenario, log_of
from tests.deaths.scenario import Scenario, note
from tests.operations.stored_models import champion_of, promoted, stored

EVERYTHING = Policy(1, timedelta(0))


class Prune(RegistryScenario):
    """Three versions with runs, of which the champion and the one before stay; reports, checkpoints, downloads."""

    name = "prune"

    def prepare(self):
        from tests.operations import tiny_pipeline

        client = connection.connect()
        for number in range(3):
            run_name = f"tiny-20260101-00000{number}-aaaaaa"
            tiny_pipeline.run(run_name, str(number))
            file = stored(client, f"{number}".encode(), run_name=run_name)
            mlflow_runs.finish_run(client, run_name, {"report.html": b"report"}, {})
            promoted(client, registry.register(client, NAME, file, {}, []))
            (state_folder() / "reports" / run_name / "pictures").mkdir(parents=True)
            (state_folder() / "reports" / run_name / "pictures" / "curves.png").write_bytes(b"a picture")
        for folder in (state_folder() / "checkpoints" / "abc", data_cache()):
            folder.mkdir(parents=True)
            (folder / "one").write_bytes(b"1")
            (folder / "two").write_bytes(b"2")
        note(log_of(client))

    def command(self):
        zenml_inventory.PIPELINES = ("tiny",)
        client = connection.connect()
        _, stayed = carry_out(client, EVERYTHING, make_plan(client, EVERYTHING).going)
        assert stayed == []

    def problems_of_others(self):
        """What is half removed is nobody's champion and in no one's way, and is found by the next prune."""
        half = ("MLflow's versions have", "left: checkpoints")
        return [each for each in self.problems() if not any(text in each for text in half)]

    def lost(self):
        client = connection.connect()
        there = {str(version.version) for version in registry.versions_of(client, NAME)}
        wrong = [] if {"2", "3"} <= there else [f"champion or the one before: {sorted(there)} are there"]
        return [*super().lost(), *wrong, *([] if champion_of(client, NAME) == "3" else ["the champion"])]

    def unfinished(self):
        zenml_inventory.PIPELINES = ("tiny",)
        client = connection.connect()
        left = [f"still there: {item.name}" for item in make_plan(client, EVERYTHING).going]
        folders = [each.name for each in (state_folder() / "reports").iterdir() if "000000" in each.name]
        return [*left, *map(str, folders), *(["checkpoints"] if any(self._checkpoints()) else [])]

    def _checkpoints(self):
        return (state_folder() / "checkpoints").glob("*/*")


class Closing(Scenario):
    """A run was killed, and the command that closes it is, too."""

    name = "close a killed run"
    RUN = "doomed-1"

    def prepare(self):
        from tests.operations import tiny_pipeline

        if not os.fork():
            tiny_pipeline.main(self.RUN)
        os.wait()

    def command(self):
        runs.close_orphans()

    def mend(self):
        closed = [f"closed {name}" for name in runs.close_orphans()]
        return [*closed, *repair(connection.connect())]

    def problems(self):
        run, client = runs.find_run(self.RUN), connection.connect()
        wrong = [] if run.status.is_finished else ["ZenML's run goes on"]
        wrong += [f"step {name} goes on" for name, step in run.steps.items() if not step.status.is_finished]
        own = [client.get_run(each) for each in mlflow_runs.find_runs(client, self.RUN)]
        wrong += ["MLflow's run goes on" for each in own if each.info.status == "RUNNING"]
        return [*wrong, *super().problems()]
