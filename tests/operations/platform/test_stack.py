import subprocess
import warnings
from types import SimpleNamespace

import pytest

from operations.platform.stack import active_stack_name, check_source_root, describe_resources, is_without_tracker
from recognition.configuration.sections.resources import ResourcesConfig
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


@pytest.fixture
def with_tracker(state):
    """A stack with MLflow's tracker, active while a test runs."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    before = client.active_stack_model
    kind = StackComponentType.EXPERIMENT_TRACKER
    tracker = client.create_stack_component("tracked", "mlflow", kind, {"tracking_uri": "sqlite:////nowhere/mlflow.db"})
    components = {each: models[0].id for each, models in before.components.items()}
    client.create_stack("tracked", {**components, kind: tracker.id})
    client.activate_stack("tracked")
    yield
    client.activate_stack(before.id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's, of how ZenML deletes
        client.delete_stack("tracked")
    client.delete_stack_component("tracked", kind)


def test_a_stack_without_tracker_is_known_from_files(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_without_tracker()


def test_a_stack_with_a_tracker_is_zenmls_to_open(with_tracker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_without_tracker()


@pytest.mark.parametrize("variable", ["ZENML_STORE_URL", "ZENML_ACTIVE_STACK_ID", "ZENML_REPOSITORY_PATH"])
def test_what_overrules_files_is_zenmls_to_judge(state, tmp_path, monkeypatch, variable):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "anything")
    assert not is_without_tracker()


def test_a_repository_may_have_another_stack(state, tmp_path, monkeypatch):
    (tmp_path / ".zen").mkdir()
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    assert not is_without_tracker()


@pytest.mark.parametrize("text", ["", "store: {}", "[", "active_stack_id: x\nstore: {url: 'sqlite:////nowhere'}"])
def test_files_of_another_form_are_zenmls_to_read(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    (tmp_path / "config.yaml").write_text(text)
    assert not is_without_tracker()


def test_without_any_file_zenml_has_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path / "nowhere"))
    assert not is_without_tracker()


def test_what_only_a_cluster_honours_is_told(state):
    assert describe_resources(ResourcesConfig(threads=1)) == ""
    told = describe_resources(ResourcesConfig(gpus=1, memory="16Gi"))
    assert told == "not applied, as the stack is on no cluster: memory, gpus"
