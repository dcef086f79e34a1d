"""Schedules on Kubernetes: one CronJob each, which ZenML makes and cannot change.

ZenML makes it without a time zone and lets runs overlap, so it is made under a cron expression that never fires, and
everything that says when is patched at once. Deleting ZenML's row revokes the token of a run that goes on: whoever
removes a schedule waits for it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from operations.kubernetes.cluster import Cluster, asked, connect, is_missing
from operations.kubernetes.settings import ORCHESTRATOR, configured
from operations.kubernetes.stack_apply import KEPT_JOBS
from operations.kubernetes.stack_check import require_stack
from operations.platform.console import echo
from operations.platform.stack import check_source_root
from operations.platform.target import FLAVOR, Target, active_target
from operations.schedules.known_schedules import snapshots_of
from operations.schedules.snapshot import Snapshot
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.errors import InputError

NEVER = "0 0 31 2 *"  # 31 February: the cron expression of a schedule that is not to fire yet
CRON_JOB = "cron_job_name"  # key of ZenML's metadata of a schedule
TOKEN = "ZENML_STORE_API_TOKEN"  # noqa: S105 - a variable's name
TOKEN_SECRET = "zenml-token-"  # noqa: S105 - begins the name of ZenML's Secret for a snapshot, whose id follows
OVERLAP = {"forbid": "Forbid", "replace": "Replace", "allow": "Allow"}
INTERVAL = 5.0  # seconds between looks at a run that goes on
REMINDER = 60.0  # seconds between lines that say so


def scheduler_of(stack: Any) -> KubernetesScheduler:
    """The scheduler of a stack.

    Args:
        stack: ZenML's stack, the active one.

    Raises:
        InputError: If it is not on Kubernetes.
    """
    flavor = stack.orchestrator.flavor
    if flavor != FLAVOR:
        raise InputError(
            "this stack does not schedule runs",
            received=f"stack {stack.name} with its {flavor} orchestrator",
            expected=f"a stack with an orchestrator that does: {FLAVOR}",
            remedy="let this machine's own scheduler do it: schedule apply prints a crontab line and a systemd timer",
        )
    return KubernetesScheduler(stack)


class KubernetesScheduler:
    """The schedules of a stack on Kubernetes; rows are ZenML's `ScheduleResponse`, hydrated.

    Args:
        stack: ZenML's stack, the active one.

    Attributes:
        orchestrator: ZenML's id of its orchestrator.
    """

    def __init__(self, stack: Any) -> None:
        target = active_target()
        assert target is not None  # whoever calls has looked at the flavour
        self.orchestrator: UUID = stack.orchestrator.id
        self._stack, self._target = stack, target
        self._cluster = connect(target.context)

    def image(self) -> str:
        """The images and how code comes into them; their tags, as digests are not known here."""
        target: Target = self._target
        gpu = f", {target.gpu_image} with GPUs" if target.gpu_image != target.image else ""
        return f"{target.image}{gpu}, code {target.code}"

    def create(self, name: str, snapshot: Snapshot) -> UUID:
        """Freeze a snapshot under a schedule whose cron is NEVER; ZenML's id of its row.

        Raises:
            InputError: If a part of the stack does not work.
        """
        from zenml.client import Client
        from zenml.config.schedule import Schedule

        from operations.runs.conclusion import conclude_failure
        from operations.runs.execution import prepare_submission
        from operations.runs.job import safe_name

        check_source_root(self._stack)
        require_stack(self._stack, self._target, snapshot.config)
        prepare_submission()
        pipeline = configured(snapshot.pipeline, snapshot.code, snapshot.config, self._target)
        assert snapshot.config.schedule is not None
        prefix = {ORCHESTRATOR: {"job_name_prefix": snapshot.config.schedule.name}}
        schedule = Schedule(name=name, cron_expression=NEVER)
        pipeline.with_options(
            schedule=schedule,
            settings=prefix,
            run_name=f"{safe_name(snapshot.recipe)}-{{date}}-{{time}}-scheduled",
            on_failure=conclude_failure,
        )(*snapshot.arguments)
        (row,) = Client().list_schedules(name=f"equals:{name}").items
        return UUID(str(row.id))

    def patch(self, row: Any, timing: ScheduleConfig, suspended: bool) -> None:
        """Set all that says when, in one request; ZenML's row stays active, or runs would lose their token.

        Raises:
            InputError: If the CronJob is gone, or the cluster refuses.
        """
        spec = {
            "schedule": timing.cron,
            "timeZone": timing.time_zone,
            "concurrencyPolicy": OVERLAP[timing.overlap],
            "startingDeadlineSeconds": timing.starting_deadline,
            "suspend": suspended,
            "successfulJobsHistoryLimit": KEPT_JOBS,
            "failedJobsHistoryLimit": KEPT_JOBS,
        }
        cron_job = self._read(row)
        with asked(self._cluster, "change a CronJob"):
            self._batch.patch_namespaced_cron_job(cron_job.metadata.name, self._namespace, {"spec": spec})

    def is_gone(self, row: Any) -> bool:
        """Whether nothing fires for a row any more, nor ever will: its CronJob was removed, or never made."""
        name = row.run_metadata.get(CRON_JOB)
        return name is None or self._find(name) is None

    def remove(self, row: Any) -> None:
        """Remove the CronJob and the Secret with its token, once its last run has ended.

        Raises:
            InputError: If the cluster refuses.
        """
        name = row.run_metadata.get(CRON_JOB)
        cron_job = self._find(name) if name else None
        if cron_job is None:
            self._remove_rest(row)
            return
        with asked(self._cluster, "remove a CronJob"):
            self._batch.patch_namespaced_cron_job(name, self._namespace, {"spec": {"suspend": True}})
            try:
                self._wait_for_runs(name)
            except KeyboardInterrupt as interruption:
                interruption.args = ("the run goes on; the same command waits for it again",)
                raise
            self._batch.delete_namespaced_cron_job(name, self._namespace, propagation_policy="Background")
            for secret in token_secrets(cron_job):
                self._delete_secret(secret)

    def _remove_rest(self, row: Any) -> None:
        """Remove what a killed command left: a CronJob that never fires and whose name ZenML was not told, a token."""
        secrets = {f"{TOKEN_SECRET}{identifier}" for identifier in snapshots_of(row)}
        if not secrets:
            return
        with asked(self._cluster, "remove a CronJob"):
            for cron_job in self._batch.list_namespaced_cron_job(self._namespace).items:
                if secrets & set(token_secrets(cron_job)):
                    self._batch.delete_namespaced_cron_job(cron_job.metadata.name, self._namespace)
                    echo(f"removed CronJob {cron_job.metadata.name}, whose command was killed")
            for secret in secrets:
                self._delete_secret(secret)

    def start(self, row: Any) -> str:
        """Start one run now, as `kubectl create job --from` does; the name of its Job.

        Raises:
            InputError: If the CronJob is gone, or the cluster refuses.
        """
        cron_job = self._read(row)
        name, template = cron_job.metadata.name, cron_job.spec.job_template
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": cron_job.metadata.uid}
        marks = {"cronjob.kubernetes.io/instantiate": "manual", **(template.metadata.annotations or {})}
        metadata = {
            "name": f"{name}-{uuid4().hex[:8]}",
            "labels": template.metadata.labels,
            "annotations": marks,
            "ownerReferences": [{**owner, "controller": True}],  # counts when runs must not overlap
        }
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.spec}
        with asked(self._cluster, "create a Job"):
            self._batch.create_namespaced_job(self._namespace, job)
        return str(metadata["name"])

    @property
    def _batch(self) -> Any:
        return self._cluster.batch

    @property
    def _namespace(self) -> str:
        return self._target.namespace

    def _read(self, row: Any) -> Any:
        name = row.run_metadata.get(CRON_JOB)
        cron_job = self._find(name) if name else None
        if cron_job is None:
            raise InputError(
                "the schedule's CronJob is gone",
                received=f"{row.name}: CronJob {name or 'unknown'} in {self._namespace}",
                remedy=f"run_pipeline.py schedule remove {row.name}, and schedule apply --config FILE",
            )
        return cron_job

    def _find(self, name: str) -> Any | None:
        from kubernetes.client import ApiException

        with asked(self._cluster, "read a CronJob"):
            try:
                return self._batch.read_namespaced_cron_job(name, self._namespace)
            except ApiException as error:
                if is_missing(error):
                    return None
                raise

    def _wait_for_runs(self, name: str) -> None:
        told = float("-inf")
        while running := running_jobs(self._cluster, self._namespace, name):
            if time.monotonic() - told >= REMINDER:
                told = time.monotonic()
                echo(f"waiting for {', '.join(running)} to end, whose token would be revoked")
            time.sleep(INTERVAL)

    def _delete_secret(self, name: str) -> None:
        from kubernetes.client import ApiException

        with suppress(ApiException):  # one that is gone is no error, and one that stays opens nothing any more
            self._cluster.core.delete_namespaced_secret(name, self._namespace)


def running_jobs(cluster: Cluster, namespace: str, cron_job: str) -> list[str]:
    """Names of the Jobs of a CronJob, those started by hand too, that have not ended."""
    return [
        job.metadata.name
        for job in cluster.batch.list_namespaced_job(namespace).items
        if any(owner.kind == "CronJob" and owner.name == cron_job for owner in job.metadata.owner_references or [])
        and not _has_ended(job)
    ]


def token_secrets(cron_job: Any) -> list[str]:
    """Names of the Secrets that hold the token of a CronJob's pods."""
    containers = cron_job.spec.job_template.spec.template.spec.containers
    sources = [variable.value_from for each in containers for variable in each.env or [] if variable.name == TOKEN]
    return [source.secret_key_ref.name for source in sources if source and source.secret_key_ref]


def _has_ended(job: Any) -> bool:
    conditions = (job.status and job.status.conditions) or []
    return any(each.type in ("Complete", "Failed") and each.status == "True" for each in conditions)
