"""The upsert against ZenML's own client on SQLite; no cluster is needed to register components."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from zenml.client import Client
from zenml.enums import StackComponentType

from operations.kubernetes.stack_apply import apply
from operations.kubernetes.stack_file import StackFile, load_stack_file
from operations.platform.target import active_target
from recognition.errors import InputError

DEV = Path(__file__).resolve().parents[3] / "k8s" / "stacks" / "dev.yaml"


@pytest.fixture
def changed(secrets):
    """A function: keys that differ -> the stack of dev.yaml with them; afterwards the first stack is active again."""
    before = Client().active_stack_model.id
    values = yaml.safe_load(DEV.read_text())

    def change(**keys):
        merged = {key: {**values.get(key, {}), **new} if isinstance(new, dict) else new for key, new in keys.items()}
        return StackFile.model_validate({**values, **merged})

    yield change
    Client().activate_stack(before)


def component(name, kind):
    return Client().get_stack_component(kind, name)


def test_a_stack_is_made_and_the_same_file_changes_nothing(changed):
    lines = apply(changed(name="first"))
    assert "stack first: created" in lines
    assert "stack first is the active one now" in lines
    assert apply(changed(name="first")) == []
    assert {kind.value for kind in Client().get_stack("first").components} == {
        "orchestrator",
        "artifact_store",
        "experiment_tracker",
        "model_registry",
        "container_registry",
        "image_builder",
    }


def test_a_server_of_another_version_is_left_alone(changed, monkeypatch):
    store = SimpleNamespace(
        type=SimpleNamespace(value="rest"),
        url="http://zenml:8080",
        get_store_info=lambda: SimpleNamespace(version="0.90.0"),
    )
    monkeypatch.setattr(Client, "zen_store", store)
    with pytest.raises(InputError, match=r"0\.90\.0 at http://zenml:8080") as raised:
        apply(changed(name="never"))
    assert "pip install zenml==0.90.0" in str(raised.value)


def test_what_differs_is_updated_and_told(changed):
    apply(changed(name="second", gpu_image="localhost/gpu:1", artifact_store={"region": "eu-west-1"}))
    identifiers = {kind: models[0].id for kind, models in Client().get_stack("second").components.items()}
    lines = apply(
        changed(name="second", image="localhost/recognition:2", code="image", orchestrator={"namespace": "other"})
    )
    assert lines == [
        "orchestrator second: kubernetes_namespace: recognition → other",
        'artifact store second: client_kwargs: {"endpoint_url": "http://s3.recognition.svc.cluster.local:8333", '
        '"region_name": "eu-west-1"} → {"endpoint_url": "http://s3.recognition.svc.cluster.local:8333"}',
        "stack second: image: localhost/recognition:0.2.0 → localhost/recognition:2",
        "stack second: gpu-image: localhost/gpu:1 → none",
        "stack second: code: uploaded → image",
    ]
    assert {kind: models[0].id for kind, models in Client().get_stack("second").components.items()} == identifiers
    assert active_target().image == active_target().gpu_image == "localhost/recognition:2"
    assert active_target().namespace == "other"


def test_a_component_that_zenml_put_elsewhere_comes_back(changed):
    apply(changed(name="third"))
    client, kind = Client(), StackComponentType.CONTAINER_REGISTRY
    client.create_stack_component("foreign", "default", kind, {"uri": "elsewhere"})
    client.update_stack("third", component_updates={kind: ["foreign"]})
    assert apply(changed(name="third")) == ["stack third: container registry: replaced by third"]


def test_passwords_stay_in_zenmls_secrets(changed):
    apply(changed(name="fourth"))
    told = [component("fourth", kind).configuration for kind in ("artifact_store", "experiment_tracker")]
    assert "hunter2" not in str(told)
    assert Client().active_stack.artifact_store.config.secret == "hunter2"


def test_a_secret_that_is_missing_is_told_before_anything_is_made(changed):
    with pytest.raises(InputError, match="zenml secret create nowhere --aws_access_key_id=… --aws_secret_access_key=…"):
        apply(changed(name="fifth", artifact_store={"secret": "nowhere"}))
    Client().create_secret("half", {"username": "pipeline"})
    with pytest.raises(InputError, match="zenml secret update half --password=…"):
        apply(changed(name="fifth", tracker={"secret": "half"}))
    assert not Client().list_stacks(name="fifth").items


def test_a_name_that_is_taken_by_another_flavour_is_told(changed):
    Client().create_stack_component("taken", "local", StackComponentType.ORCHESTRATOR, {})
    with pytest.raises(InputError, match=r"of flavour local\n.*flavour kubernetes\n.*zenml orchestrator delete taken"):
        apply(changed(name="taken"))


@pytest.mark.parametrize("name", ["dev", "production"])
def test_the_shipped_files_are_stacks(name):
    assert load_stack_file(DEV.with_name(f"{name}.yaml")).name == name
