import pytest

from recognition.errors import InputError
from recognition.training.device import check_requested, choose_device, choose_precision, driver_gpus


class Driver:
    """Stands in for libcuda."""

    def __init__(self, gpus, status=0):
        self._gpus, self._status = gpus, status

    def cuInit(self, flags):
        return self._status

    def cuDeviceGetCount(self, reference):
        reference._obj.value = self._gpus
        return 0


@pytest.fixture
def driver(monkeypatch):
    """A function: the driver to find, None for none."""

    def use(driver):
        def load(name):
            if driver is None:
                raise OSError(name)
            return driver

        monkeypatch.setattr("recognition.training.device.ctypes.CDLL", load)

    return use


@pytest.fixture
def gpu(monkeypatch):
    """A function: what TensorFlow says of its only GPU."""

    def use(details):
        listed = {"GPU": ["the only one"], "CPU": ["a CPU"]}
        monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: listed[kind])
        monkeypatch.setattr("tensorflow.config.experimental.get_device_details", lambda device: details)

    return use


@pytest.mark.parametrize(("found", "count"), [(None, 0), (Driver(0), 0), (Driver(2), 2), (Driver(2, status=100), 0)])
def test_the_driver_counts_gpus(driver, found, count):
    driver(found)
    assert driver_gpus() == count


def test_other_systems_have_no_such_driver(driver, monkeypatch):
    driver(Driver(1))
    monkeypatch.setattr("sys.platform", "darwin")
    assert driver_gpus() == 0


def test_a_gpu_is_refused_early_where_the_driver_sees_none(driver):
    driver(None)
    with pytest.raises(InputError, match=r"the NVIDIA driver sees no GPU[^$]+received: train\.device: gpu"):
        check_requested("gpu")
    driver(Driver(1))
    check_requested("gpu")


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_nothing_else_needs_a_driver(driver, device):
    driver(None)
    check_requested(device)


def test_a_gpu_is_refused_where_tensorflow_finds_none(driver):
    driver(Driver(1))
    with pytest.raises(InputError, match=r"TensorFlow finds no GPU[^$]+to mend: .*auto or cpu"):
        choose_device("gpu", "auto")


@pytest.mark.parametrize(("device", "why"), [("auto", "there is no GPU"), ("cpu", "as configured")])
def test_the_cpu_computes_in_float32(driver, device, why):
    driver(None)
    chosen = choose_device(device, "auto")
    assert (chosen.name, chosen.address, chosen.precision) == ("cpu", "/CPU:0", "float32")
    assert why in chosen.reason


def test_a_gpu_that_tensorflow_cannot_use_is_told_loudly(driver):
    driver(Driver(1))
    assert "ALTHOUGH THE DRIVER SEES A GPU" in choose_device("auto", "auto").reason


@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_a_gpu_that_tensorflow_lists_is_taken(gpu, device):
    gpu({"device_name": "NVIDIA A100", "compute_capability": (8, 0)})
    chosen = choose_device(device, "auto")
    assert (chosen.name, chosen.address, chosen.precision) == ("gpu: NVIDIA A100", "/GPU:0", "mixed_bfloat16")


def test_a_cpu_as_configured_leaves_the_gpu_alone(gpu):
    gpu({"device_name": "NVIDIA A100", "compute_capability": (8, 0)})
    chosen = choose_device("cpu", "auto")
    assert (chosen.address, chosen.precision) == ("/CPU:0", "float32")


def test_a_gpu_without_details_computes_in_float32(gpu):
    gpu({})
    chosen = choose_device("gpu", "auto")
    assert (chosen.name, chosen.precision) == ("gpu: unnamed", "float32")


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
    chosen, why = choose_precision("auto", capability)
    assert chosen == policy
    assert "CPU" in why if capability is None else f"{capability[0]}.{capability[1]}" in why


@pytest.mark.parametrize("capability", [None, (6, 1), (9, 0)])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_configured_precision_is_taken_as_it_is(policy, capability):
    assert choose_precision(policy, capability) == (policy, f"{policy} as configured")
