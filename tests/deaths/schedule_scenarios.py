"""Schedules on an API server on loopback, whose objects lie in the state folder."""

import json
import os
import signal
from types import SimpleNamespace

from kubernetes.config import kube_config

from operations.platform.environment import state_folder
from operations.platform.target import Target
from operations.registry.repair import repair
from operations.schedules import known_schedules, scheduler, schedules
from operations.schedules.record import record_of
from operations.schedules.scheduler import CRON_JOB, NEVER, TOKEN, TOKEN_SECRET, KubernetesScheduler
from operations.schedules.snapshot import Snapshot
from operations.tracking import connection
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.configuration.sections.train import TrainConfig
from tests.deaths.scenario import Scenario
from tests.operations.kubernetes.fake_cluster import FakeCluster

NAMESPACE = "recognition"
CRON_JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
EPOCHS = "epochs"  # label of a CronJob: what its snapshot is of


class StoredCluster(FakeCluster):
    """Knows what lies in a file, which is put back with the state folder."""

    def answer(self, method, path, query, body):
        file = state_folder() / "cluster.json"
        self.objects = json.loads(file.read_text()) if file.exists() else {}
        answer = super().answer(method, path, query, body)
        file.write_text(json.dumps(self.objects))
        return answer


class Scheduler(KubernetesScheduler):
    """Makes what ZenML makes for a schedule, in its order: the row, the snapshot, Secret, CronJob, and its name."""

    def create(self, name, snapshot):
        from zenml.client import Client
        from zenml.config.pipeline_configurations import PipelineConfiguration
        from zenml.models import PipelineRequest, PipelineSnapshotRequest, ScheduleRequest

        client = Client()
        project, store = client.active_project.id, client.zen_store
        known = client.list_pipelines(name="scheduled").items
        pipeline = (known or [store.create_pipeline(PipelineRequest(name="scheduled", project=project))])[0].id
        row = store.create_schedule(
            ScheduleRequest(
                name=name,
                active=True,
                cron_expression=NEVER,
                orchestrator_id=self.orchestrator,
                pipeline_id=pipeline,
                project=project,
            )
        )
        frozen = store.create_snapshot(
            PipelineSnapshotRequest(
                run_name_template="run",
                pipeline_configuration=PipelineConfiguration(name="scheduled"),
                client_version="1",
                server_version="1",
                stack=client.active_stack_model.id,
                pipeline=pipeline,
                schedule=row.id,
                project=project,
                is_dynamic=False,
            )
        )
        secret = f"{TOKEN_SECRET}{frozen.id}"
        self._cluster.core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": secret}})
        token = {"name": TOKEN, "valueFrom": {"secretKeyRef": {"name": secret, "key": "zenml_api_token"}}}
        pod = {"containers": [{"name": "main", "image": "localhost/a:1", "env": [token]}], "restartPolicy": "Never"}
        epochs = {EPOCHS: str(snapshot.config.train.epochs)}
        job = {"template": {"spec": pod}}
        cron_job = {
            "metadata": {"name": f"nightly-{str(frozen.id)[:8]}-scheduled", "labels": epochs},
            "spec": {"schedule": NEVER, "jobTemplate": {"spec": job}},
        }
        self._cluster.batch.create_namespaced_cron_job(NAMESPACE, cron_job)
        schedules._note(row, CRON_JOB, cron_job["metadata"]["name"])
        return row.id


class ApplyFirst(Scenario):
    """A schedule that there was not."""

    name = "schedule apply"
    epochs = 1

    def start(self):
        """The API server, in a process of its own."""
        reading, writing = os.pipe()
        self._server = os.fork()
        if not self._server:
            os.write(writing, StoredCluster().url.encode())
            os.close(writing)
            while True:
                signal.pause()
        os.close(writing)
        with open(reading) as told:
            self._url = told.read()

    def stop(self):
        os.kill(self._server, signal.SIGKILL)
        os.waitpid(self._server, 0)

    def command(self):
        self.apply(self.epochs)

    def apply(self, epochs):
        config = RunConfig(train=TrainConfig(epochs=epochs))
        timing = ScheduleConfig(name="nightly", cron="0 3 * * *", time_zone="Europe/Berlin")
        wanted = record_of(config, timing, "retrain", "c0de", "image", "abc")
        schedules.apply(wanted, Snapshot(None, config, {}, "retrain", "abc"), self.scheduler())

    def scheduler(self):
        from zenml.client import Client

        path = state_folder().parent / "kubeconfig"
        FakeCluster.kubeconfig(SimpleNamespace(url=self._url), path)
        kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(path)
        pods = ("orchestrator", "step")
        scheduler.active_target = lambda: Target(
            "dev", "cluster", NAMESPACE, pods, "localhost/a:1", "localhost/a:1", "baked", {}, {}
        )
        orchestrator = Client().active_stack_model.components["orchestrator"][0].id
        return Scheduler(
            SimpleNamespace(name="dev", orchestrator=SimpleNamespace(id=orchestrator, flavor="kubernetes"))
        )

    def mend(self):
        return repair(connection.connect())

    def problems_of_others(self):
        """Never do two fire, whatever happens."""
        firing = self.firing()
        return [*self.problems(), *([f"firing: {firing}"] if len(firing) > 1 else [])]

    def unfinished(self):
        rows = [row.name for row in known_schedules.rows()]
        counts = [sum(path.startswith(kind) for path in self.objects()) for kind in (CRON_JOBS, SECRETS)]
        found = {"firing": self.firing(), "rows": rows, "CronJobs and Secrets": counts}
        expected = {"firing": [(str(self.epochs), "0 3 * * *")], "rows": ["nightly"], "CronJobs and Secrets": [1, 1]}
        return [f"{what}: {found[what]}" for what in found if found[what] != expected[what]]

    def firing(self):
        """What fires: epochs of its snapshot, and when."""
        jobs = [each for path, each in self.objects().items() if path.startswith(CRON_JOBS)]
        alive = [each for each in jobs if not each["spec"].get("suspend") and each["spec"]["schedule"] != NEVER]
        return [(each["metadata"]["labels"][EPOCHS], each["spec"]["schedule"]) for each in alive]

    def objects(self):
        file = state_folder() / "cluster.json"
        return json.loads(file.read_text()) if file.exists() else {}


class ApplyChanged(ApplyFirst):
    """Another snapshot in place of the first."""

    name = "schedule replaced"
    epochs = 2

    def prepare(self):
        self.apply(1)
