import platform
from importlib.metadata import version

from operations.platform import machine
from operations.platform.machine import machine_facts


def test_what_numbers_depend_on_is_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    facts = machine_facts()
    assert facts["package tensorflow"] == version("tensorflow")
    assert facts["python"] == platform.python_version()
    assert facts["variable OMP_NUM_THREADS"] == "3"
    assert "variable XLA_FLAGS" not in facts
    assert int(facts["cores"]) >= 1


def test_the_processor_is_called_by_its_name(monkeypatch, tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: Fast CPU @ 1 GHz\n" * 2)
    monkeypatch.setattr(machine, "CPU_INFO", path)
    assert machine_facts()["processor"] == "Fast CPU @ 1 GHz"
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "none")
    assert machine_facts()["processor"]
