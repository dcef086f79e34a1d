"""The pods and Jobs that ZenML would submit, rendered by its own functions and held against Kubernetes' schemas."""

import warnings
from types import SimpleNamespace

import kubernetes_validate
import pytest
from kubernetes.client import ApiClient
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.integrations.kubernetes.manifest_utils import (
    build_job_manifest,
    build_pod_manifest,
    pod_template_manifest_from_pod,
)

from operations.kubernetes.pods import QUEUE_LABEL, judging_pod
from operations.kubernetes.settings import ORCHESTRATOR, configured, docker_settings, training_step
from operations.kubernetes.stack_apply import apply
from operations.kubernetes.stack_file import StackFile
from operations.platform.target import active_target
from pipelines.training import CACHED_STEPS, training
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.resources import ResourcesConfig

DEMANDING = ResourcesConfig(
    cpu=4,
    memory="16Gi",
    disk="50Gi",
    gpus=2,
    shared_memory="8Gi",
    node_selector={"gpu": "l4"},
    tolerations=["pool=training:NoExecute"],
    priority_class="high",
    queue="team-a",
    deadline=7200,
    pending_timeout=300,
    retries=5,
)
STACK = StackFile.model_validate(
    {
        "name": "rendered",
        "orchestrator": {
            "context": "cluster",
            "pull_secrets": ["registry"],
            "state_volume": "state",
            "data_secret": "data",
        },
        "artifact_store": {"path": "s3://bucket/zenml"},
        "tracker": {"uri": "http://mlflow:5000", "secret": "mlflow"},
        "registry": "localhost",
        "image": "localhost/recognition:1",
        "gpu_image": "localhost/recognition-gpu:1",
    }
)


def compiled(resources):
    """ZenML's snapshot of the training pipeline, and the stack's orchestrator."""
    code = {**dict.fromkeys(CACHED_STEPS, "c0de"), "initial weights": ""}
    pipeline = configured(training, CACHED_STEPS, RunConfig(resources=resources), active_target()).with_options(
        run_name="a", settings={ORCHESTRATOR: {"job_name_prefix": "nightly"}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's, of how ZenML copies parameters
        pipeline.prepare(RunConfig(resources=resources), code, "train", None, False)
        snapshot, _, _ = pipeline._compile(steps=pipeline._run_args["step_configurations"])
    return snapshot, Client().active_stack.orchestrator


@pytest.fixture(scope="module")
def rendered(secrets):
    """Jobs by step's name, as Kubernetes' API takes them, and the orchestrator's under ""."""
    before = Client().active_stack_model.id
    apply(STACK)
    snapshot, orchestrator = compiled(DEMANDING)
    jobs = {}
    for name, step in snapshot.step_configurations.items():
        settings = orchestrator.get_settings(step)
        retries = step.config.retry.max_retries if step.config.retry else 0
        account = settings.step_pod_service_account_name
        jobs[name] = job(settings, settings.pod_settings, account, image(step.config), retries)
    settings = orchestrator.get_settings(snapshot)
    main = image(snapshot.pipeline_configuration)
    jobs[""] = job(settings, settings.orchestrator_pod_settings, settings.service_account_name, main, 3)
    yield jobs
    Client().activate_stack(before)


def image(configuration):
    return DockerSettings.model_validate(dict(configuration.settings["docker"])).parent_image


def job(settings, pod_settings, account, image, retries):
    """What the orchestrator's entry point builds of these settings."""
    labels = {"run_id": "1"}
    pod = build_pod_manifest(
        pod_name=None,
        image_name=image,
        command=["python"],
        args=[],
        privileged=settings.privileged,
        pod_settings=pod_settings,
        service_account_name=account,
        labels=labels,
    )
    made = build_job_manifest(
        job_name="job",
        pod_template=pod_template_manifest_from_pod(pod),
        backoff_limit=retries,
        labels=labels,
        ttl_seconds_after_finished=settings.ttl_seconds_after_finished,
        active_deadline_seconds=settings.active_deadline_seconds,
        pod_failure_policy=settings.pod_failure_policy,
    )
    return {"apiVersion": "batch/v1", "kind": "Job", **without_nulls(ApiClient().sanitize_for_serialization(made))}


def without_nulls(value):
    """ZenML sends null for what a security context leaves out, in Python's spelling, which the API server ignores."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def pod(job):
    return job["spec"]["template"]["spec"]


def main(job):
    return pod(job)["containers"][0]


def environment(job):
    return {variable["name"]: variable["value"] for variable in main(job).get("env", [])}


def others(rendered):
    return {name: job for name, job in rendered.items() if name != "train"}


def test_every_job_is_one_of_kubernetes(rendered):
    assert len(rendered) > 8
    for job in rendered.values():
        kubernetes_validate.validate(job, "1.34", strict=True)


def test_only_train_gets_what_it_asks_for(rendered):
    train = rendered["train"]
    amounts = {"memory": "16Gi", "ephemeral-storage": "50Gi", "nvidia.com/gpu": "2"}
    assert main(train)["resources"] == {"requests": {"cpu": "4", **amounts}, "limits": amounts}
    assert pod(train)["nodeSelector"] == {"gpu": "l4"}
    assert pod(train)["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "pool", "operator": "Equal", "value": "training", "effect": "NoExecute"},
    ]
    assert pod(train)["priorityClassName"] == "high"
    assert train["metadata"]["labels"][QUEUE_LABEL] == "team-a"
    assert train["spec"]["activeDeadlineSeconds"] == 7200
    assert main(train)["image"] == "localhost/recognition-gpu:1"
    assert environment(train)["RECOGNITION_GPUS"] == "2"
    for job in others(rendered).values():
        assert "nvidia.com/gpu" not in str(job)
        assert QUEUE_LABEL not in str(job)
        assert not pod(job).keys() & {"nodeSelector", "priorityClassName", "tolerations"}
        assert "activeDeadlineSeconds" not in job["spec"]
        assert main(job)["image"] == "localhost/recognition:1"


def test_shared_memory_is_memory(rendered):
    mounts, volumes = main(rendered["train"])["volumeMounts"], pod(rendered["train"])["volumes"]
    assert {"name": "shared-memory", "mountPath": "/dev/shm"} in mounts
    assert {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}} in volumes


def test_downloads_and_checkpoints_outlive_their_pods(rendered):
    volume = {"name": "state", "persistentVolumeClaim": {"claimName": "state"}}
    for name in ("ingest", "train"):
        assert volume in pod(rendered[name])["volumes"]
        (mount,) = (mount for mount in main(rendered[name])["volumeMounts"] if mount["name"] == "state")
        assert environment(rendered[name])["RECOGNITION_STATE"] == mount["mountPath"]
    others = (job for name, job in rendered.items() if name not in ("ingest", "train"))
    assert not any("persistentVolumeClaim" in str(pod(job)) for job in others)


def test_pods_write_to_their_own_folders_within_a_limit_and_nowhere_else(rendered):
    for name, job in rendered.items():
        assert main(job)["securityContext"]["readOnlyRootFilesystem"] is True
        places = {mount["name"]: mount["mountPath"] for mount in main(job)["volumeMounts"]}
        own = {volume["name"]: volume["emptyDir"] for volume in pod(job)["volumes"] if "emptyDir" in volume}
        assert {places[volume] for volume in own} - {"/dev/shm"} == {"/tmp", "/app"}
        limits = main(job).get("resources", {}).get("limits", {})
        assert limits.get("ephemeral-storage") == ("50Gi" if name else None)  # the orchestrator writes nothing


def test_only_ingest_knows_how_to_reach_the_data(rendered):
    assert main(rendered["ingest"])["envFrom"] == [{"secretRef": {"name": "data"}}]
    assert not any("envFrom" in main(job) for name, job in rendered.items() if name != "ingest")


def test_who_loads_the_model_may_use_as_much_memory_and_is_kept_little(rendered):
    assert main(rendered["evaluate"])["resources"] == {
        "requests": {"memory": "512Mi"},
        "limits": {"memory": "16Gi", "ephemeral-storage": "50Gi"},
    }
    assert "memory" not in str(main(rendered["report"]).get("resources"))
    assert judging_pod({}, ResourcesConfig(memory="300Mi"))["resources"]["requests"] == {"memory": "300Mi"}
    assert judging_pod({}, ResourcesConfig()) == {}


def test_a_train_step_that_makes_workers_may_and_no_other(rendered):
    alone = rendered["train"]
    assert pod(alone).get("serviceAccountName") != "trainer"
    assert pod(alone)["automountServiceAccountToken"] is False
    settings = training_step(ResourcesConfig(pending_timeout=60), active_target(), 2)["settings"][ORCHESTRATOR]
    assert settings["step_pod_service_account_name"] == "trainer"
    assert settings["pod_settings"]["additional_pod_spec_args"]["automount_service_account_token"] is True
    assert {"name": "RECOGNITION_WORKERS_PATIENCE", "value": "60"} in settings["pod_settings"]["env"]


def test_only_train_is_started_again_and_a_disruption_comes_first(rendered):
    assert {name: job["spec"]["backoffLimit"] for name, job in rendered.items() if name and name != "train"} == (
        dict.fromkeys([name for name in others(rendered) if name], 0)
    )
    assert rendered["train"]["spec"]["backoffLimit"] == 5
    first = rendered["train"]["spec"]["podFailurePolicy"]["rules"][0]
    assert (first["action"], first["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")


def test_a_train_step_that_is_not_to_be_started_again(rendered):
    snapshot, _ = compiled(ResourcesConfig(retries=0))
    assert snapshot.step_configurations["train"].config.retry is None


def test_a_step_that_has_ended_is_noticed_within_a_second(rendered):
    snapshot, orchestrator = compiled(ResourcesConfig())
    assert orchestrator.get_settings(snapshot).job_monitoring_interval == 1


def test_every_container_keeps_to_the_restricted_standard(rendered):
    for job in rendered.values():
        context = pod(job)["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod(job)["enableServiceLinks"] is False
        for container in [main(job), *pod(job).get("initContainers", [])]:
            limited = container["securityContext"]
            assert limited["allowPrivilegeEscalation"] is False
            assert limited["capabilities"] == {"drop": ["ALL"]}
            assert not limited.get("privileged")


def test_only_the_orchestrator_may_talk_to_the_api_server(rendered):
    assert pod(rendered[""])["serviceAccountName"] == "orchestrator"
    assert pod(rendered[""])["automountServiceAccountToken"] is True
    for job in (job for name, job in rendered.items() if name):
        assert pod(job)["serviceAccountName"] == "step"
        assert pod(job)["automountServiceAccountToken"] is False
        assert pod(job)["imagePullSecrets"] == [{"name": "registry"}]


def test_a_guard_runs_beside_the_orchestrator(rendered):
    (guard,) = pod(rendered[""])["initContainers"]
    assert guard["restartPolicy"] == "Always"
    assert guard["image"] == "localhost/recognition:1"
    assert guard["command"][-1] == "300"
    compile(guard["command"][2], "guard", "exec")
    assert all("initContainers" not in pod(job) for name, job in rendered.items() if name)


def test_code_is_uploaded_or_in_the_image():
    uploaded, baked = (docker_settings(SimpleNamespace(code=code), "localhost/a:1") for code in ("uploaded", "image"))
    assert uploaded.allow_download_from_artifact_store
    assert not baked.allow_download_from_artifact_store
    assert uploaded.skip_build
    assert baked.skip_build
