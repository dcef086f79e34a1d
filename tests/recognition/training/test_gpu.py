from importlib.metadata import PackageNotFoundError

import pytest
import tensorflow as tf

from recognition.errors import TrainingError
from recognition.training.gpu import (
    LEAST_MEMORY,
    LOWEST_CAPABILITY,
    OLDEST_CUDA,
    Driver,
    gpu_problem,
    gpu_usage,
    out_of_memory_error,
    read_driver,
)
from tests.recognition.training.fake_driver import A100, Cuda, Nvml, OldNvml, install, install_gpus

OLD = {"name": "Quadro M4000", "capability": (5, 2), "free": 8 * 2**30, "busy": 0}
FULL = {"name": "NVIDIA T4", "capability": (7, 5), "free": LEAST_MEMORY - 1, "busy": 100}
EXHAUSTED = "OOM when allocating tensor with shape[512,64,32,32]\n\t [[{{node StatefulPartitionedCall}}]]"


def test_the_bounds_are_those_of_the_tensorflow_that_is_installed():
    build = tf.sysconfig.get_build_info()
    if not build.get("cuda_version"):
        pytest.skip("this TensorFlow is built without CUDA")
    assert int(build["cuda_version"].split(".")[0]) == OLDEST_CUDA[0]
    lowest = min(int(each.split("_")[1]) for each in build["cuda_compute_capabilities"])
    assert divmod(lowest, 10) == LOWEST_CAPABILITY


def test_the_driver_tells_its_version_and_gpus(monkeypatch):
    install(monkeypatch, Cuda(A100, OLD, version=12_040), nvml := Nvml(A100, OLD))
    driver = read_driver()
    assert (driver.cuda, driver.status) == ((12, 4), 0)
    told = [(gpu.name, gpu.capability, gpu.free) for gpu in driver.gpus]
    assert told == [("NVIDIA A100", (8, 0), 30 * 2**30), ("Quadro M4000", (5, 2), 8 * 2**30)]
    assert nvml.users == 0


@pytest.mark.parametrize("nvml", [None, Nvml(A100, status=9), Nvml(), OldNvml(A100)])
def test_without_nvml_the_free_memory_is_unknown_and_no_problem(nvml, monkeypatch):
    install(monkeypatch, Cuda(A100), nvml)
    driver = read_driver()
    assert [gpu.free for gpu in driver.gpus] == [None]
    assert gpu_problem(driver) is None


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_no_such_driver(platform, monkeypatch):
    install_gpus(monkeypatch, A100)
    monkeypatch.setattr("sys.platform", platform)
    assert read_driver() == Driver(None)


@pytest.fixture(autouse=True)
def no_cudnn(monkeypatch):
    """cuDNN is not installed as a package."""

    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("recognition.training.gpu.version", version)


@pytest.mark.parametrize(
    ("cuda", "cause", "remedy"),
    [
        (None, "there is no NVIDIA driver", "install the driver"),
        (Cuda(A100, version=11_040), "too old: it serves CUDA 11.4, TensorFlow needs 12.0", "driver 525.60.13"),
        (Cuda(status=100), "sees no GPU; CUDA's status is 100", "--gpus all"),
        (Cuda(), "sees no GPU", "nvidia-smi"),
        (Cuda(A100, status=803), "still runs as another version", "restart"),
        (Cuda(OLD), "Quadro M4000 is of compute capability 5.2, at least 6.0 is needed", "newer GPU"),
        (Cuda(FULL), "NVIDIA T4 has 1,024 MiB of memory free, at least 1,024 are needed", "end what else runs"),
    ],
)
def test_each_cause_has_its_remedy(cuda, cause, remedy, monkeypatch):
    install(monkeypatch, cuda, Nvml(FULL) if "T4" in cause else None)
    problem = gpu_problem(read_driver())
    assert cause in problem.cause
    assert remedy in problem.remedy


@pytest.mark.parametrize(("cudnn", "fits"), [("9.10.2.21", True), ("9.11.0.98", False), ("9.28.0.42", False)])
def test_newer_cudnn_leaves_out_older_gpus(cudnn, fits, monkeypatch):
    install_gpus(monkeypatch, A100 | {"name": "Tesla V100", "capability": (7, 0)})
    monkeypatch.setattr("recognition.training.gpu.version", {"nvidia-cudnn-cu12": cudnn}.__getitem__)
    problem = gpu_problem(read_driver())
    assert (problem is None) is fits
    if problem:
        assert "Tesla V100 is of compute capability 7.0, at least 7.5 is needed" in problem.cause
        assert "or pip install nvidia-cudnn-cu12==9.10.2.21" in problem.remedy


def test_hidden_gpus_are_told_by_the_variable_that_hides_them(monkeypatch):
    install(monkeypatch, Cuda(status=100))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "CUDA_VISIBLE_DEVICES is '-1'" in gpu_problem(read_driver()).cause


def test_one_gpu_that_can_be_used_is_enough(monkeypatch):
    install_gpus(monkeypatch, OLD, FULL, A100)
    assert gpu_problem(read_driver()) is None


@pytest.mark.parametrize("version", [12_000, 12_080, 13_000])
def test_drivers_serve_a_whole_major_version_and_older_ones(version, monkeypatch):
    install(monkeypatch, Cuda(A100, version=version))
    assert gpu_problem(read_driver()) is None


@pytest.fixture
def two_gpus(monkeypatch):
    """TensorFlow lists two, the first more used."""
    devices = [tf.config.LogicalDevice(f"/device:GPU:{index}", "GPU") for index in range(2)]
    peaks = {"/device:GPU:0": {"current": 1, "peak": 3_000}, "/device:GPU:1": {"current": 1, "peak": 2_000}}
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: {"GPU": devices}[kind])
    monkeypatch.setattr("tensorflow.config.experimental.get_memory_info", peaks.__getitem__)


def test_use_and_memory_of_the_gpus_that_train(two_gpus, monkeypatch):
    install_gpus(monkeypatch, A100, A100 | {"busy": 70})
    assert gpu_usage(1) == {"gpu_memory_peak": 3_000, "gpu_utilisation": 90}
    assert gpu_usage(2) == {"gpu_memory_peak": 3_000, "gpu_utilisation": 80}


def test_a_gpu_that_does_not_tell_its_use_tells_its_memory(two_gpus, monkeypatch):
    install_gpus(monkeypatch, A100 | {"busy": None})
    assert gpu_usage() == {"gpu_memory_peak": 3_000}
    for nvml in (None, OldNvml(A100)):
        install(monkeypatch, Cuda(A100), nvml)
        assert gpu_usage() == {"gpu_memory_peak": 3_000}


def test_a_cpu_is_not_asked(monkeypatch):
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: pytest.fail("woke the GPUs"))
    assert gpu_usage(0) == {}


def test_without_a_gpu_there_is_nothing_to_tell(monkeypatch):
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: [])
    assert gpu_usage() == {}


@pytest.mark.parametrize(
    ("batch_size", "accumulate", "replicas", "remedy"),
    [
        (512, 1, 1, "--set train.batch_size=256 --set train.accumulate=2"),
        (256, 2, 1, "--set train.batch_size=128 --set train.accumulate=4"),
        (3, 1, 1, "--set train.batch_size=1 --set train.accumulate=2"),
        (12, 1, 4, "--set train.batch_size=4 --set train.accumulate=2"),
    ],
)
def test_out_of_memory_suggests_the_next_batch_size(batch_size, accumulate, replicas, remedy):
    error = tf.errors.ResourceExhaustedError(None, None, EXHAUSTED)
    told = out_of_memory_error(error, batch_size, accumulate, replicas)
    assert isinstance(told, TrainingError)
    assert f"out of memory at a batch size of {batch_size}" in told.problem
    assert told.received == "OOM when allocating tensor with shape[512,64,32,32]"
    assert told.remedy == remedy


@pytest.mark.parametrize(("batch_size", "replicas"), [(1, 1), (4, 4), (6, 4)])
def test_a_batch_that_cannot_be_halved_needs_a_lighter_network(batch_size, replicas):
    told = out_of_memory_error(RuntimeError("no memory"), batch_size, 1, replicas)
    assert "smaller network" in told.remedy
    assert told.received == "no memory"
