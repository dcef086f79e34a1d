"""Schedules against an API server on loopback; ZenML's part of making one is seen on a cluster."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from operations.platform.target import Target
from operations.schedules import scheduler as module
from operations.schedules.scheduler import CRON_JOB, KubernetesScheduler, scheduler_of
from recognition.configuration.sections.schedule import LONGEST_NAME, ScheduleConfig
from recognition.errors import InputError

JOBS = "/apis/batch/v1/namespaces/recognition/jobs"
CRON_JOBS = "/apis/batch/v1/namespaces/recognition/cronjobs"
SECRETS = "/api/v1/namespaces/recognition/secrets"
NAME = "nightly-0123abcd-recognition"
TIMING = ScheduleConfig(name="nightly", cron="0 3 * * *", time_zone="Europe/Berlin", starting_deadline=600)
ROW = SimpleNamespace(name="nightly", run_metadata={CRON_JOB: NAME})
POD = {
    "containers": [
        {
            "name": "main",
            "image": "localhost/recognition:1",
            "env": [
                {
                    "name": "ZENML_STORE_API_TOKEN",
                    "valueFrom": {"secretKeyRef": {"name": "zenml-token-1", "key": "zenml_api_token"}},
                }
            ],
        }
    ],
    "restartPolicy": "Never",
}


@pytest.fixture
def scheduler(fake, monkeypatch):
    target = Target(
        "dev", "cluster", "recognition", ("orchestrator", "step"), "localhost/a:1", "localhost/b:1", "uploaded", {}, {}
    )
    monkeypatch.setattr(module, "active_target", lambda: target)
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    template = {
        "metadata": {"labels": {"pipeline": "recognition"}, "annotations": {"zenml.io/orchestrator": "1"}},
        "spec": {"template": {"spec": POD}, "backoffLimit": 3},
    }
    fake.add(f"{CRON_JOBS}/{NAME}", metadata={"uid": "u1"}, spec={"schedule": "0 0 31 2 *", "jobTemplate": template})
    fake.add(f"{SECRETS}/zenml-token-1", data={})
    stack = SimpleNamespace(name="dev", orchestrator=SimpleNamespace(id=uuid4(), flavor="kubernetes"))
    return scheduler_of(stack)


def job(fake, name, owner, ended=False):
    conditions = [{"type": "Complete", "status": "True"}] if ended else []
    owners = [{"apiVersion": "batch/v1", "kind": "CronJob", "name": owner, "uid": "u1"}]
    return fake.add(f"{JOBS}/{name}", metadata={"ownerReferences": owners}, status={"conditions": conditions})


def test_a_stack_on_kubernetes_schedules(scheduler):
    assert isinstance(scheduler, KubernetesScheduler)
    assert scheduler.image() == "localhost/a:1, localhost/b:1 with GPUs, code uploaded"


def test_a_cron_jobs_name_has_room():
    assert len(f"{'n' * LONGEST_NAME}-0123abcd-recognition") == 52


def test_all_that_says_when_is_set_at_once(fake, scheduler):
    scheduler.patch(ROW, TIMING, suspended=False)
    ((path, body),) = fake.sent("PATCH")
    assert path == f"{CRON_JOBS}/{NAME}"
    assert body == {
        "spec": {
            "schedule": "0 3 * * *",
            "timeZone": "Europe/Berlin",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
        }
    }


def test_a_deadline_is_taken_back(fake, scheduler):
    scheduler.patch(ROW, TIMING, suspended=False)
    scheduler.patch(ROW, TIMING.model_copy(update={"starting_deadline": None}), suspended=True)
    spec = fake.objects[f"{CRON_JOBS}/{NAME}"]["spec"]
    assert "startingDeadlineSeconds" not in spec
    assert spec["suspend"] is True


def test_a_cron_job_that_is_gone_is_told(fake, scheduler, monkeypatch):
    monkeypatch.setattr(module, "snapshots_of", lambda row: [])
    del fake.objects[f"{CRON_JOBS}/{NAME}"]
    for change in (lambda: scheduler.patch(ROW, TIMING, suspended=True), lambda: scheduler.start(ROW)):
        with pytest.raises(InputError, match="CronJob is gone"):
            change()
    scheduler.remove(ROW)


def test_a_cron_job_that_zenml_does_not_know_yet_goes_with_its_row(fake, scheduler, monkeypatch, capsys):
    row = SimpleNamespace(name="nightly.next", run_metadata={})
    monkeypatch.setattr(module, "snapshots_of", lambda row: [])  # killed before it made one
    scheduler.remove(row)
    monkeypatch.setattr(module, "snapshots_of", lambda row: ["another"])
    scheduler.remove(row)
    assert f"{CRON_JOBS}/{NAME}" in fake.objects
    monkeypatch.setattr(module, "snapshots_of", lambda row: ["1"])
    scheduler.remove(row)
    assert f"{CRON_JOBS}/{NAME}" not in fake.objects
    assert f"{SECRETS}/zenml-token-1" not in fake.objects
    assert f"removed CronJob {NAME}" in capsys.readouterr().out


def test_removal_waits_for_the_run_that_goes_on(fake, scheduler, capsys):
    job(fake, "running", NAME)
    job(fake, "ended", NAME, ended=True)
    job(fake, "foreign", "another")
    looks = []

    def after(method, path):
        if path == JOBS:
            assert f"{CRON_JOBS}/{NAME}" in fake.objects
            looks.append(path)
            if len(looks) == 2:
                job(fake, "running", NAME, ended=True)

    fake.after = after
    scheduler.remove(ROW)
    assert len(looks) == 3
    assert "waiting for running to end" in capsys.readouterr().out
    assert f"{CRON_JOBS}/{NAME}" not in fake.objects
    assert f"{SECRETS}/zenml-token-1" not in fake.objects
    assert fake.sent("PATCH")[0][1] == {"spec": {"suspend": True}}  # no further run meanwhile


def test_a_run_is_started_from_the_template(fake, scheduler):
    name = scheduler.start(ROW)
    made = fake.objects[f"{JOBS}/{name}"]
    assert len(name) <= 63
    assert made["spec"]["template"]["spec"] == POD
    assert made["metadata"]["labels"] == {"pipeline": "recognition"}
    assert made["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": NAME, "uid": "u1", "controller": True}
    assert made["metadata"]["ownerReferences"] == [owner]


def test_a_refusal_names_the_right(fake, scheduler):
    fake.failing = {JOBS: 403}
    with pytest.raises(InputError, match="refuses to create a Job"):
        scheduler.start(ROW)
