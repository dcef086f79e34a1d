"""A stack as a small YAML file: strict, and without a single password."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from recognition.addresses import secret_in, without_secrets
from recognition.configuration.nearest import nearest
from recognition.configuration.section import Section
from recognition.configuration.sections.resources import ObjectName
from recognition.configuration.values import Name
from recognition.configuration.wording import dotted, shown
from recognition.configuration.yaml_file import read_yaml
from recognition.configuration.yaml_text import Document
from recognition.errors import InputError

SECRETIVE = re.compile(r"pass|token|key|credential|secret", re.IGNORECASE)
REFERENCE = "secret: NAME of a ZenML secret, made by zenml secret create NAME --KEY=VALUE"
_IMAGE = re.compile(r"(?P<name>[a-z0-9._/:-]+?)(:(?P<tag>[\w][\w.-]{0,127})|@sha256:[0-9a-f]{64})")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"received {shown(without_secrets(text))}; expected an address such as http://host:5000")
    if "@" in parts.netloc or secret_in(text):
        raise ValueError(f"received a password in {shown(without_secrets(text))}; expected {REFERENCE}")
    return text


def _bucket(text: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s@]+)?/?", text):
        raise ValueError(f"received {shown(without_secrets(text))}; expected s3://BUCKET or s3://BUCKET/FOLDER")
    return text.rstrip("/")


def _image(text: str) -> str:
    host, slash, _ = text.partition("/")
    if not slash or not (host == "localhost" or "." in host or ":" in host):
        raise ValueError(f"received {shown(text)}; expected a registry first, such as registry.example.org/{text}")
    match = _IMAGE.fullmatch(text)
    if match is None or match["tag"] == "latest":
        raise ValueError(
            f"received {shown(text)}; expected a tag that is not latest, or a digest, as nodes keep images"
        )
    return text


Address = Annotated[str, AfterValidator(_address)]
Bucket = Annotated[str, AfterValidator(_bucket)]
Image = Annotated[str, AfterValidator(_image)]
Registry = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$")]


class OrchestratorPart(Section):
    """Where runs live.

    Attributes:
        context: Of the kubeconfig.
        namespace: Where pods run.
        service_account: Of the orchestrator's pod.
        step_service_account: Of the steps' pods.
        training_service_account: Of a train step that shares its work with further pods, and makes them.
        pull_secrets: Names of Secrets for the registry.
        state_volume: Name of a PersistentVolumeClaim, where downloads and checkpoints outlive the pods.
        data_secret: Name of a Secret whose keys are environment variables of the ingest step, such as AWS_PROFILE.
    """

    context: str = Field(min_length=1)
    namespace: ObjectName = "recognition"
    service_account: ObjectName = "orchestrator"
    step_service_account: ObjectName = "step"
    training_service_account: ObjectName = "trainer"
    pull_secrets: list[ObjectName] = Field(default_factory=list)
    state_volume: ObjectName | None = None
    data_secret: ObjectName | None = None


class ArtifactStorePart(Section):
    """The bucket; without a secret, the pods' and this machine's own identity is used."""

    path: Bucket
    endpoint_url: Address | None = None
    region: Name | None = None
    secret: Name | None = None


class TrackerPart(Section):
    """MLflow's server; `secret` holds username and password, without which ZenML refuses one."""

    uri: Address
    secret: Name


class StackFile(Section):
    """A stack.

    Attributes:
        name: Of the stack and of each of its components.
        registry: Where images lie.
        image: Of all pods.
        gpu_image: Of a train step with GPUs; None for `image`.
        code: Whether ZenML uploads this checkout for each run, or it is in the image.
    """

    name: Name
    orchestrator: OrchestratorPart
    artifact_store: ArtifactStorePart
    tracker: TrackerPart
    registry: Registry
    image: Image
    gpu_image: Image | None = None
    code: Literal["uploaded", "image"] = "uploaded"

    @model_validator(mode="after")
    def _images_lie_in_the_registry(self) -> Self:
        for image in filter(None, (self.image, self.gpu_image)):
            if not image.startswith(f"{self.registry}/"):
                raise ValueError(f"image {image} does not lie in registry {self.registry}; make them agree")
        return self

    @property
    def secrets(self) -> dict[str, tuple[str, ...]]:
        """The keys that are needed of each ZenML secret."""
        store = self.artifact_store.secret
        keys = {store: ("aws_access_key_id", "aws_secret_access_key")} if store else {}
        return {**keys, self.tracker.secret: ("username", "password")}


def load_stack_file(path: Path) -> StackFile:
    """Read and check a stack's file.

    Args:
        path: A YAML file.

    Raises:
        InputError: If anything is wrong; one message tells all findings with their lines, and repeats no password.
    """
    if not path.is_file():
        raise InputError("there is no such stack file", received=str(path), remedy="k8s/stacks/dev.yaml is an example")
    document = read_yaml(path)
    try:
        return StackFile.model_validate(document.value)
    except ValidationError as error:
        lines = [_finding(detail["type"], _path(detail["loc"]), detail, document) for detail in error.errors()]
        raise InputError("\n  ".join([f"{path.name} is not a stack", *lines])) from None


def _path(location: tuple[int | str, ...]) -> tuple[str, ...]:
    return tuple(map(str, location))


def _finding(kind: str, path: tuple[str, ...], detail: object, document: Document) -> str:
    place = next(document.origins[path[:end]] for end in range(len(path), -1, -1) if path[:end] in document.origins)
    key = dotted(path) if path else "the stack"
    if kind == "extra_forbidden":
        return f"{place}: {_unknown(path)}"
    if kind == "missing":
        return f"{place}: {key} is missing"
    message = detail["msg"].removeprefix("Value error, ")  # type: ignore[index]
    return f"{place}: {key}: {message[0].lower()}{message[1:]}"


def _unknown(path: tuple[str, ...]) -> str:
    if SECRETIVE.search(path[-1]):
        return f"{dotted(path)} is refused, as no password belongs into a file; use {REFERENCE}"
    parts: dict[str, type[Section]] = {
        "orchestrator": OrchestratorPart,
        "artifact_store": ArtifactStorePart,
        "tracker": TrackerPart,
    }
    section: type[Section] = parts.get(path[0], StackFile) if len(path) > 1 else StackFile
    near = nearest(path[-1], section.model_fields)
    hint = f"did you mean {near}?" if near else f"expected one of {', '.join(section.model_fields)}"
    return f"unknown key {dotted(path)}; {hint}"
