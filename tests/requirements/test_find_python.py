import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "requirements" / "find_python.sh"
TOOLS = "/usr/bin:/bin"


@pytest.fixture
def pythons(tmp_path):
    """A function: names with versions, and which of them have no venv -> the folder that holds just these."""

    def make(versions, without_venv=()):
        for name, version in versions.items():
            answer = f'case "$2" in *version*) echo {version};; *) exit {int(name in without_venv)};; esac'
            if version is None:  # as a version manager's shim of a Python that is switched off
                answer = "exit 127"
            (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
            (tmp_path / name).chmod(0o755)
        return tmp_path

    return make


def find(folder, *names):
    answer = subprocess.run(["/bin/sh", SCRIPT, *names], env={"PATH": str(folder)}, capture_output=True, text=True)
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_each_version_that_the_project_knows_is_taken(pythons, version):
    assert find(pythons({"python3": version})) == (0, "python3\n")


def test_the_oldest_is_taken_first_and_what_is_switched_off_is_passed_over(pythons):
    folder = pythons({"python3": "3.9", "python3.11": None, "python3.12": "3.12", "python3.13": "3.13"})
    assert find(folder) == (0, "python3.12\n")


def test_one_that_cannot_make_an_environment_is_passed_over(pythons):
    folder = pythons({"python3.11": "3.11", "python3.13": "3.13"}, without_venv={"python3.11"})
    assert find(folder) == (0, "python3.13\n")


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_any_other_is_refused_with_its_version(pythons, version):
    status, said = find(pythons({"python3": version}))
    assert status == 2
    assert f"found: python3 ({version})\n" in said


def test_a_missing_venv_is_named_with_its_package(pythons):
    status, said = find(pythons({"python3": "3.13"}, without_venv={"python3"}))
    assert status == 2
    assert "found: python3 (3.13 without venv)\non Debian or Ubuntu: apt install python3.13-venv\n" in said


def test_without_any_python_it_says_what_was_looked_for(pythons):
    status, said = find(pythons({}))
    assert status == 2
    assert "found: none of python3.11 python3.12 python3.13 python3 python\n" in said


def test_one_that_is_named_is_the_only_candidate(pythons):
    folder = pythons({"python3.11": "3.11", "mine": "3.14"})
    assert find(folder, "mine")[0] == 2


def test_make_asks_it_and_ends_with_its_answer(tmp_path):
    for name in ("Makefile", "requirements", "pyproject.toml"):
        (tmp_path / name).symlink_to(PROJECT / name)
    command = ["make", "train", "PYTHON=/nowhere/python3"]
    answer = subprocess.run(command, cwd=tmp_path, env={"PATH": TOOLS}, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "found: none of /nowhere/python3\n" in answer.stderr
    assert not (tmp_path / ".venv").exists()


def test_it_takes_what_pyproject_does():
    described = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    first, end = (int(number) for number in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", described).groups())
    known = " | ".join(f"3.{minor}" for minor in range(first, end))
    assert f"    {known}) ;;\n" in SCRIPT.read_text(encoding="utf-8")
