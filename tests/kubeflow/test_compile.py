"""The file for Kubeflow Pipelines, and what its containers do when something runs them as it says."""

import os
import subprocess

import pytest
import yaml

from pipelines.training import CACHED_STEPS, training
from recognition.configuration.schema import RunConfig
from tests.conftest import PROJECT
from tests.kubeflow.conftest import PATIENCE, PYTHON

pytestmark = [pytest.mark.kubeflow, pytest.mark.timeout(900)]
IMAGE = "registry.example.org/vision/recognition:0.2.0"
HOST = "--host=https://kubeflow.example.org/pipeline"
GPU_IMAGE = "registry.example.org/vision/recognition-gpu:0.2.0"
RESOURCES = (
    *("gpus=2", "cpu=4", "memory=16Gi", "shared_memory=8Gi", "deadline=7200"),
    *("queue=team-a", "node_selector={gpu: l4}", "tolerations=[pool=training:NoExecute]"),
)
DIGITS = ("data.source=digits", "data.fallback=null", "train.batch_size=64", "model.name=kubeflow")


@pytest.fixture(scope="module")
def compiled(applied, tmp_path_factory):
    """A compiled run on digits, by the two documents of its file, and its text."""
    path = tmp_path_factory.mktemp("compiled") / "smoke.kubeflow.yaml"
    settings = [f"--set={each}" for each in (*DIGITS, *(f"resources.{each}" for each in RESOURCES))]
    done = applied("stack", "compile", HOST, "--config=smoke.yaml", *settings, f"--output={path}")
    assert done.status == 0, done.stderr
    assert f"compiled for Kubeflow Pipelines: {path}" in done.stdout
    assert "resources.pending_timeout is not carried over" in done.stdout
    assert done.stderr == ""
    return Compiled(path)


class Compiled:
    def __init__(self, path):
        self.text = path.read_text()
        pipeline, platform = yaml.safe_load_all(self.text)
        self.tasks = pipeline["root"]["dag"]["tasks"]
        components = {name: each["executorLabel"] for name, each in pipeline["components"].items()}
        self._labels = {task: components[each["componentRef"]["name"]] for task, each in self.tasks.items()}
        self._containers = pipeline["deploymentSpec"]["executors"]
        self._pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]

    def container(self, task):
        return self._containers[self._labels[task]]["container"]

    def pod(self, task):
        return self._pods[self._labels[task]]

    def variables(self, task):
        return {each["name"]: each["value"] for each in self.container(task)["env"]}

    def secret_variables(self, task):
        return {
            key["envVar"]: (secret["secretName"], key["secretKey"])
            for secret in self.pod(task).get("secretAsEnv", ())
            for key in secret["keyToEnv"]
        }


@pytest.mark.filterwarnings("ignore::UserWarning:pydantic")  # of how ZenML copies parameters
def test_steps_and_edges_are_those_of_the_pipeline(compiled):
    pipeline = training.copy()
    code = dict.fromkeys((*CACHED_STEPS, "initial weights"), "")
    pipeline.prepare(RunConfig(), code, "a", None, False, True)
    edges = {name: set(each.upstream_steps) for name, each in pipeline.invocations.items()}
    assert {task: set(each.get("dependentTasks", ())) for task, each in compiled.tasks.items()} == {
        name.replace("_", "-"): {step.replace("_", "-") for step in steps} for name, steps in edges.items()
    }


def test_only_training_gets_what_section_resources_asks_for(compiled):
    for task in compiled.tasks.keys() - {"train"}:
        assert compiled.container(task)["image"] == IMAGE
        assert "resources" not in compiled.container(task)
        assert not compiled.pod(task).keys() & {"nodeSelector", "tolerations", "emptyDirMounts", "podMetadata"}
    container, pod = compiled.container("train"), compiled.pod("train")
    assert container["image"] == GPU_IMAGE
    resources = container["resources"]
    assert resources["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert resources["accelerator"]["resourceCount"] == "2"
    assert (resources["resourceCpuRequest"], resources["resourceMemoryLimit"]) == ("4", "16Gi")
    assert compiled.variables("train")["RECOGNITION_GPUS"] == "2"
    assert pod["nodeSelector"]["labels"] == {"gpu": "l4"}
    assert [(each["key"], each["effect"]) for each in pod["tolerations"]] == [
        ("nvidia.com/gpu", "NoSchedule"),
        ("pool", "NoExecute"),
    ]
    assert pod["emptyDirMounts"][0]["mountPath"] == "/dev/shm"
    assert pod["podMetadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "team-a"}
    assert pod["activeDeadlineSeconds"] == "7200"


def test_every_secret_is_a_reference(compiled, servers):
    for secret in servers.secrets:
        assert secret not in compiled.text
    for task in compiled.tasks:
        assert compiled.secret_variables(task)["ZENML_STORE_API_KEY"] == ("zenml-client", "api-key")
        assert not {name for name in compiled.variables(task) if "TOKEN" in name or "PASSWORD" in name or "KEY" in name}
    assert compiled.secret_variables("ingest")["AWS_SECRET_ACCESS_KEY"] == ("data", "AWS_SECRET_ACCESS_KEY")


def test_what_outlives_pods_is_on_the_volume(compiled):
    mounts = {task: compiled.pod(task).get("pvcMount") for task in compiled.tasks}
    assert {task for task, mount in mounts.items() if mount} == {"ingest", "train"}
    assert mounts["train"][0]["mountPath"] == compiled.variables("train")["RECOGNITION_STATE"] == "/state"


def test_pods_are_nobodys_administrators(compiled):
    for task in compiled.tasks:
        assert compiled.pod(task)["securityContext"]["runAsNonRoot"] is True
        assert [each["secretName"] for each in compiled.pod(task)["imagePullSecret"]] == ["registry"]


def test_its_containers_do_the_whole_job(compiled, applied, servers, tmp_path):
    done = set()
    while waiting := compiled.tasks.keys() - done:
        task = min(task for task in waiting if set(compiled.tasks[task].get("dependentTasks", ())) <= done)
        ended = execute(compiled, task, servers, tmp_path)
        assert ended.returncode == 0, task + ended.stdout + ended.stderr
        done.add(task)
    shown = applied("models", "show", "kubeflow/1").stdout
    assert "champion" in shown
    assert "-kubeflow" in shown  # the run's name


def execute(compiled, task, servers, folder):
    """What Kubeflow would do in a pod: nothing is known but what the file says; `folder` is the volume."""
    home = folder / task
    home.mkdir()
    container = compiled.container(task)
    known = {("zenml-client", "api-key"): servers.api_key}
    secret = {name: known[place] for name, place in compiled.secret_variables(task).items() if place in known}
    plain = {
        name: value.replace("{{$.pipeline_job_name}}", "run-1") for name, value in compiled.variables(task).items()
    }
    machine = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(PROJECT)}
    kept = folder / "volume" if plain.get("RECOGNITION_STATE") == "/state" else home
    here = {**plain, **secret, "RECOGNITION_STATE": str(kept), "RECOGNITION_GPUS": "0"}  # there is none
    words = [str(PYTHON), *container["command"][1:], *container["args"]]
    return subprocess.run(words, env=machine | here, cwd=home, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set=data.path=/home/me/images", "--output=a.yaml"], "no pod sees a folder of this machine"),
        (["--set=train.init=models:/net@champion", "--output=a.yaml"], "an alias that moves"),
        (["--set=calibrate={}", "--output=a.yaml"], "only the training pipeline is compiled"),
        (["--output=nowhere/a.yaml"], "the output cannot be written"),
        (["--output=."], "the output cannot be written"),
    ],
)
def test_mistakes(applied, words, told):
    done = applied("stack", "compile", HOST, "--config=smoke.yaml", *words)
    assert done.status == 2, done.stderr
    assert told in done.stderr
    assert not list(done.folder.iterdir())


def test_a_kubeflow_stack_is_compiled_for_and_never_sent_to(compiled, applied):
    done = applied("stack", "show", "production-kubeflow")
    assert done.status == 2
    assert "compiled for Kubeflow, not sent there" in done.stderr
    assert applied("stack", "show").stdout.startswith("stack production\n")  # is the active one still
