"""Stand-ins for NVIDIA's libraries."""

import ctypes

MAJOR, MINOR = 75, 76
A100 = {"name": "NVIDIA A100", "capability": (8, 0), "free": 30 * 2**30, "busy": 90}


class Cuda:
    """libcuda with some GPUs, dictionaries like A100."""

    def __init__(self, *gpus, version=12_080, status=0):
        self._gpus, self._version, self._status = gpus, version, status

    def cuDriverGetVersion(self, version):
        version._obj.value = self._version
        return 0

    def cuInit(self, flags):
        return self._status

    def cuDeviceGetCount(self, count):
        count._obj.value = len(self._gpus)
        return 0

    def cuDeviceGet(self, device, index):
        device._obj.value = index
        return 0

    def cuDeviceGetName(self, name, length, device):
        name.value = self._gpus[device.value]["name"].encode()
        return 0

    def cuDeviceGetPCIBusId(self, bus, length, device):
        bus.value = f"bus {device.value}".encode()
        return 0

    def cuDeviceGetAttribute(self, value, which, device):
        value._obj.value = self._gpus[device.value]["capability"][which - MAJOR]
        return 0


class Nvml:
    """libnvidia-ml with the same GPUs; counts who has not left yet."""

    def __init__(self, *gpus, status=0):
        self._by_bus = {f"bus {index}".encode(): gpu for index, gpu in enumerate(gpus)}
        self._status, self.users = status, 0

    def nvmlInitWithFlags(self, flags):
        self.users += self._status == 0
        return self._status

    def nvmlShutdown(self):
        self.users -= 1
        return 0

    def nvmlDeviceGetHandleByPciBusId_v2(self, bus, handle):
        if not self.users:
            return 1  # NVML_ERROR_UNINITIALIZED
        address = ctypes.c_void_p(1_000 - int(bus.value.split()[1]))
        ctypes.memmove(handle, ctypes.byref(address), ctypes.sizeof(address))
        return 0 if bus.value in self._by_bus else 6

    def nvmlDeviceGetMemoryInfo(self, handle, memory):
        memory._obj.free = self._of(handle)["free"]
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle, rates):
        busy = self._of(handle)["busy"]
        rates._obj.gpu = busy or 0
        return 3 if busy is None else 0  # NVML_ERROR_NOT_SUPPORTED

    def _of(self, handle):
        return self._by_bus[f"bus {1_000 - ctypes.cast(handle, ctypes.c_void_p).value}".encode()]


class OldNvml(Nvml):
    """One that lacks functions."""

    def __getattribute__(self, name):
        if name in ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates"):
            raise AttributeError(name)
        return super().__getattribute__(name)


def install(monkeypatch, cuda=None, nvml=None):
    """Let these be found in place of the machine's libraries; None for a missing one."""
    libraries, load_others = {"libcuda.so.1": cuda, "libnvidia-ml.so.1": nvml}, ctypes.CDLL

    def load(name, *arguments, **options):
        if name not in libraries:
            return load_others(name, *arguments, **options)
        if libraries[name] is None:
            raise OSError(name)
        return libraries[name]

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("recognition.training.gpu.ctypes.CDLL", load)
    monkeypatch.setattr("pynvml.CDLL", load)
    monkeypatch.setattr("pynvml.nvmlLib", None)  # what it keeps of the library
    monkeypatch.setattr("pynvml._nvmlGetFunctionPointer_cache", {})


def install_gpus(monkeypatch, *gpus):
    """A driver and NVML with these GPUs."""
    install(monkeypatch, Cuda(*gpus), Nvml(*gpus))
