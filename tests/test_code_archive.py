import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from operations.platform.stack import check_source_root
from recognition.errors import InputError

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("recognition", "operations", "materializers", "steps", "pipelines", "commands", "configs")
PRIVATE = (
    ".venv/bin/python",
    ".recognition/zenml/zenml.db",
    "data/cifar-100-binary.tar.gz",
    "reports/today/report.html",
)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the code beside a virtual environment, state, data and reports, in git as a clone is."""
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where a git hook runs the tests
        monkeypatch.delenv(variable, raising=False)
    root = tmp_path / "checkout"
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("run_pipeline.py", ".gitignore"):
        shutil.copy(PROJECT / name, root)
    for name in PRIVATE:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(b"private")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def stack(flavor):
    return SimpleNamespace(name="cluster", orchestrator=SimpleNamespace(flavor=flavor))


@needs_git
def test_archive_holds_our_code_and_nothing_private(checkout):
    from zenml.utils.code_utils import CodeArchive

    archived = set(CodeArchive(root=str(checkout)).get_files())
    code = {path for package in PACKAGES for path in (checkout / package).rglob("*") if path.is_file()}
    assert archived == {path.relative_to(checkout).as_posix() for path in code} | {"run_pipeline.py", ".gitignore"}


@needs_git
def test_a_git_checkout_may_be_sent(checkout):
    check_source_root(stack("kubernetes"), checkout)


def test_a_local_stack_needs_no_git(tmp_path):
    check_source_root(stack("local"), tmp_path)


def test_nothing_is_sent_from_outside_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError) as caught:
        check_source_root(stack("kubernetes"), tmp_path)
    assert caught.value.remedy == f"git init {tmp_path}"
    assert "cluster" in caught.value.received
    assert "kubernetes" in caught.value.received
