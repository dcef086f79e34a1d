import subprocess
from types import SimpleNamespace

import pytest

from operations.stack import active_stack_name, check_source_root
from recognition.errors import InputError


def stack(flavor):
    return SimpleNamespace(name="ours", orchestrator=SimpleNamespace(flavor=flavor))


def test_the_active_stack_is_zenmls_own_at_first(state):
    assert active_stack_name() == "default"


def test_a_stack_on_this_machine_needs_no_git(tmp_path):
    check_source_root(stack("local"), tmp_path)


def test_code_is_not_sent_from_outside_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match=f"kubernetes[^$]+to mend: git init {tmp_path}"):
        check_source_root(stack("kubernetes"), tmp_path)


def test_code_is_sent_from_a_checkout(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    check_source_root(stack("kubernetes"), tmp_path)


def test_without_git_on_the_path_nothing_is_sent(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="outside git"):
        check_source_root(stack("kubernetes"), tmp_path)
