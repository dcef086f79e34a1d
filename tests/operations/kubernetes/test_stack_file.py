from pathlib import Path

import pytest

from operations.kubernetes.stack_file import load_stack_file
from recognition.errors import InputError

GOOD = """
name: dev
orchestrator: {context: cluster}
artifact_store: {path: s3://bucket/zenml, secret: s3}
tracker: {uri: "http://mlflow:5000", secret: mlflow}
registry: localhost
image: localhost/recognition:1
"""


@pytest.fixture
def load(tmp_path):
    """A function: a stack file's text -> the stack."""

    def loaded(text):
        (tmp_path / "stack.yaml").write_text(text)
        return load_stack_file(tmp_path / "stack.yaml")

    return loaded


def test_what_is_left_out_has_the_names_of_the_manifests(load):
    part = load(GOOD).orchestrator
    assert (part.namespace, part.service_account, part.step_service_account) == ("recognition", "orchestrator", "step")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("secret: s3", "password: hunter2", "artifact_store.password is refused"),
        ("secret: s3", "secret_access_key: hunter2", "zenml secret create NAME --KEY=VALUE"),
        ("http://mlflow:5000", "http://me:hunter2@mlflow:5000", "received a password"),
        ("s3://bucket/zenml", "s3://me:hunter2@bucket/zenml", "expected s3://BUCKET"),
        ("s3://bucket/zenml", "/tmp/store", "expected s3://BUCKET"),
        ("http://mlflow:5000", "mlflow:5000", "expected an address such as http://host:5000"),
        ("localhost/recognition:1", "recognition:1", "such as registry.example.org/recognition:1"),
        ("localhost/recognition:1", "localhost/recognition", "a tag that is not latest"),
        ("localhost/recognition:1", "localhost/recognition:latest", "a tag that is not latest"),
        ("localhost/recognition:1", "ghcr.io/recognition:1", "does not lie in registry localhost"),
        ("{context: cluster}", "{context: cluster, namespce: x}", "did you mean namespace?"),
        ("{context: cluster}", "{namespace: x}", "orchestrator.context is missing"),
        ("{context: cluster}", "{context: cluster, namespace: Big_One}", "lower-case letters"),
        ("name: dev", "name: dev\ncode: git", "'uploaded' or 'image'"),
    ],
)
def test_mistakes_are_told_with_their_line(load, before, after, told):
    assert before in GOOD
    with pytest.raises(InputError) as error:
        load(GOOD.replace(before, after))
    assert told in str(error.value)
    assert "stack.yaml:" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"k8s/stacks/dev\.yaml is an example"):
        load_stack_file(Path(tmp_path / "none.yaml"))
