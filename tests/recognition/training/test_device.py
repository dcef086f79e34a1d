import pytest

from recognition.errors import InputError
from recognition.training.device import check_requested, choose_device, choose_precision, driver_gpus, gpu_precision
from tests.recognition.training.fake_driver import A100, Cuda, install, install_gpus


@pytest.fixture
def driver(monkeypatch):
    """A function: how many GPUs the driver has, None for no driver."""

    def use(gpus):
        install(monkeypatch, None if gpus is None else Cuda(*[A100] * gpus))

    return use


@pytest.fixture
def gpu(monkeypatch):
    """A function: what TensorFlow says of its only GPU."""

    def use(details):
        listed = {"GPU": ["the only one"], "CPU": ["a CPU"]}
        monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: listed[kind])
        monkeypatch.setattr("tensorflow.config.experimental.get_device_details", lambda device: details)

    return use


@pytest.mark.parametrize(("gpus", "count"), [(None, 0), (0, 0), (2, 2)])
def test_the_driver_counts_gpus(driver, gpus, count):
    driver(gpus)
    assert driver_gpus() == count


def test_a_driver_that_does_not_start_counts_none(monkeypatch):
    install(monkeypatch, Cuda(A100, status=100))
    assert driver_gpus() == 0


def test_a_gpu_is_refused_early_where_the_driver_sees_none(driver):
    driver(0)
    with pytest.raises(InputError, match=r"the NVIDIA driver sees no GPU[^$]+received: train\.device: gpu"):
        check_requested("gpu")
    driver(1)
    check_requested("gpu")


def test_a_gpu_is_refused_early_without_a_driver(driver):
    driver(None)
    with pytest.raises(InputError, match=r"no NVIDIA driver[^$]+to mend: install the driver, or set train\.device"):
        check_requested("gpu")


def test_a_gpu_that_cannot_be_used_is_refused_early(monkeypatch):
    install_gpus(monkeypatch, A100 | {"free": 2**20})
    with pytest.raises(InputError, match=r"A100 has 1 MiB of memory free[^$]+to mend: end what else runs there"):
        check_requested("gpu")


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_nothing_else_needs_a_driver(driver, device):
    driver(None)
    check_requested(device)


@pytest.mark.parametrize(("built_for", "cause"), [("12.5.1", "libraries do not load"), (None, "without CUDA")])
def test_a_gpu_is_refused_where_tensorflow_finds_none(driver, monkeypatch, built_for, cause):
    driver(1)
    build = {"cuda_version": built_for} if built_for else {"is_cuda_build": False}
    monkeypatch.setattr("tensorflow.sysconfig.get_build_info", lambda: build)
    with pytest.raises(InputError, match=rf"TensorFlow finds no GPU, as .*{cause}\n") as error:
        choose_device("gpu", "auto")
    assert error.value.remedy == "install the `gpu` extra (make train EXTRA=gpu), or set train.device to auto or cpu"


def test_a_driver_that_is_too_old_is_told_where_tensorflow_finds_no_gpu(monkeypatch):
    install(monkeypatch, Cuda(A100, version=11_080))
    with pytest.raises(InputError, match=r"too old: it serves CUDA 11\.8"):
        choose_device("gpu", "auto")
    assert "too old: it serves CUDA 11.8" in choose_device("auto", "auto").reason


@pytest.mark.parametrize(("amx", "precision"), [(False, "float32"), (True, "mixed_bfloat16")])
@pytest.mark.parametrize(("device", "why"), [("auto", "there is no GPU"), ("cpu", "as configured")])
def test_the_cpu_computes_in_what_it_multiplies_fastest(driver, monkeypatch, device, why, amx, precision):
    driver(None)
    monkeypatch.setattr("recognition.training.device.multiplies_bfloat16", lambda: amx)
    chosen = choose_device(device, "auto")
    assert (chosen.name, chosen.address, chosen.precision) == ("cpu", "/CPU:0", precision)
    assert why in chosen.reason
    assert "AMX" in chosen.reason


def test_a_gpu_that_tensorflow_cannot_use_is_told_loudly(driver):
    driver(1)
    assert "ALTHOUGH THE DRIVER SEES A GPU" in choose_device("auto", "auto").reason


@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_a_gpu_that_tensorflow_lists_is_taken(gpu, device):
    gpu({"device_name": "NVIDIA A100", "compute_capability": (8, 0)})
    chosen = choose_device(device, "auto")
    assert (chosen.name, chosen.address, chosen.precision) == ("gpu: NVIDIA A100", "/GPU:0", "mixed_bfloat16")


def test_a_cpu_as_configured_leaves_the_gpu_alone(gpu):
    gpu({"device_name": "NVIDIA A100", "compute_capability": (8, 0)})
    chosen = choose_device("cpu", "auto")
    assert chosen.address == "/CPU:0"


def test_a_gpu_without_details_computes_in_float32(gpu):
    gpu({})
    chosen = choose_device("gpu", "auto")
    assert (chosen.name, chosen.precision) == ("gpu: unnamed", "float32")


@pytest.mark.parametrize(("capability", "warned"), [((9, 0), False), ((10, 0), True), ((12, 0), True), (None, False)])
@pytest.mark.parametrize("built_for", [["sm_60", "compute_90"], None])
def test_a_gpu_newer_than_tensorflow_is_told_loudly(gpu, monkeypatch, capability, warned, built_for):
    build = {"cuda_compute_capabilities": built_for} if built_for else {}
    monkeypatch.setattr("tensorflow.sysconfig.get_build_info", lambda: build)
    gpu({"compute_capability": capability} if capability else {})
    assert ("BUILT BEFORE GPUS OF COMPUTE" in choose_device("gpu", "auto").reason) == (warned and built_for is not None)


@pytest.mark.parametrize(
    ("capability", "policy"),
    [
        (None, "float32"),
        ((6, 1), "float32"),
        ((7, 0), "mixed_float16"),
        ((7, 5), "mixed_float16"),
        ((8, 0), "mixed_bfloat16"),
        ((8, 9), "mixed_bfloat16"),
        ((10, 0), "mixed_bfloat16"),
    ],
)
def test_precision_follows_the_compute_capability(capability, policy):
    chosen, why = gpu_precision(capability)
    assert chosen == policy
    assert "unknown" in why if capability is None else f"{capability[0]}.{capability[1]}" in why


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_configured_precision_is_taken_as_it_is(policy):
    assert choose_precision(policy, ("mixed_bfloat16", "it suits")) == (policy, f"{policy} as configured")
    assert choose_precision("auto", ("mixed_bfloat16", "it suits")) == ("mixed_bfloat16", "it suits")
