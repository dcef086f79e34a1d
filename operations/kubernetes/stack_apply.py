"""Let ZenML's stack be what a file says: the missing is made, what differs updated, the same file changes nothing.

`zenml` itself keeps working on it: every component carries the file's name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.kubernetes.pods import FAILURE_POLICY, restricted_pod
from operations.kubernetes.stack_file import StackFile
from operations.platform.locks import state_lock
from operations.platform.secret_values import zenml_secret
from operations.platform.target import CODE, DATA_SECRET, FLAVOR, GPU_IMAGE, IMAGE, STATE_VOLUME, TRAINER
from recognition.errors import InputError

if TYPE_CHECKING:
    from zenml.enums import StackComponentType

DAY = 86_400  # seconds that finished jobs stay to be looked at
KEPT_JOBS = 3  # of a schedule, of each kind


@dataclass(frozen=True)
class Component:
    """A part of a stack as it is to be.

    Attributes:
        type: ZenML's type of it.
        flavor: ZenML's flavour of it.
        settings: Its configuration.
    """

    type: StackComponentType
    flavor: str
    settings: Mapping[str, Any]


def apply(file: StackFile) -> list[str]:
    """Make or update a stack and let it be the active one.

    Args:
        file: What it is to be.

    Returns:
        What changed, a line each; empty where nothing did.

    Raises:
        InputError: If ZenML's server is of another version, a secret is missing, or a component of the name is of
            another flavour.
    """
    from zenml.client import Client

    with state_lock("stack"):
        client, wanted = Client(), components(file)
        check_version(client.zen_store)
        check_secrets(file)
        for component in wanted:
            check_flavor(file.name, component)
        lines = [line for component in wanted for line in apply_component(file.name, component)]
        lines += _apply_stack(file, wanted)
        if client.active_stack_model.name != file.name:
            client.activate_stack(file.name)
            lines.append(f"stack {file.name} is the active one now")
    return lines


def check_version(store: Any) -> None:
    """Raise InputError where ZenML's server is of another version: it would keep a stack as that version sees it.

    Args:
        store: ZenML's; a database on this machine is of this version.
    """
    from zenml import __version__

    if store.type.value == "sql" or (served := str(store.get_store_info().version)) == __version__:
        return
    raise InputError(
        "ZenML's server and this machine's ZenML differ",
        received=f"{served} at {store.url}, and {__version__} here",
        expected="one version",
        remedy=f"pip install zenml=={served}, or upgrade the server",
    )


def components(file: StackFile) -> list[Component]:
    """What a stack consists of, as ZenML describes it.

    Args:
        file: What it is to be.
    """
    from zenml.enums import StackComponentType as Type

    store, tracker = file.artifact_store, file.tracker
    client = {"endpoint_url": store.endpoint_url, "region_name": store.region}
    given = {key: value for key, value in client.items() if value is not None}
    where = {"client_kwargs": given} if given else {}
    keys = _references(store.secret, {"key": "aws_access_key_id", "secret": "aws_secret_access_key"})
    user = _references(tracker.secret, {"tracking_username": "username", "tracking_password": "password"})
    return [
        Component(Type.ORCHESTRATOR, FLAVOR, orchestrator_settings(file)),
        Component(Type.ARTIFACT_STORE, "s3", {"path": store.path, **where, **keys}),
        Component(Type.EXPERIMENT_TRACKER, "mlflow", {"tracking_uri": tracker.uri, **user}),
        Component(Type.MODEL_REGISTRY, "mlflow", {}),
        Component(Type.CONTAINER_REGISTRY, "default", {"uri": file.registry}),
        Component(Type.IMAGE_BUILDER, "local", {}),  # ZenML asks for one, though nothing is built
    ]


def orchestrator_settings(file: StackFile) -> dict[str, Any]:
    """The orchestrator's configuration; whoever runs another pipeline on it gets restricted pods too."""
    part = file.orchestrator
    return {
        "kubernetes_context": part.context,
        "kubernetes_namespace": part.namespace,
        "service_account_name": part.service_account,
        "step_pod_service_account_name": part.step_service_account,
        "pod_settings": restricted_pod(part.pull_secrets, token=False),
        "orchestrator_pod_settings": restricted_pod(part.pull_secrets, token=True),
        "pod_failure_policy": FAILURE_POLICY,
        "pass_zenml_token_as_secret": True,
        "ttl_seconds_after_finished": DAY,
        "successful_jobs_history_limit": KEPT_JOBS,
        "failed_jobs_history_limit": KEPT_JOBS,
    }


def check_secrets(file: StackFile) -> None:
    """Raise InputError unless ZenML has the secrets that a file names, with the keys that are needed."""
    for name, keys in file.secrets.items():
        values = " ".join(f"--{key}=…" for key in keys)
        remedy = f"zenml secret create {name} {values}"
        if (has := zenml_secret(name)) is None:
            raise InputError("ZenML does not have a secret that the stack names", received=name, remedy=remedy)
        if missing := [key for key in keys if key not in has]:
            raise InputError(
                "a secret of ZenML's lacks what the stack needs",
                received=f"{name} with {', '.join(sorted(has)) or 'nothing'}",
                expected=", ".join(missing),
                remedy=f"zenml secret update {name} " + " ".join(f"--{key}=…" for key in missing),
            )


def _references(secret: str | None, keys: Mapping[str, str]) -> dict[str, str]:
    """ZenML's way to say that a value is in a secret."""
    return {ours: f"{{{{{secret}.{theirs}}}}}" for ours, theirs in keys.items()} if secret else {}


def apply_component(name: str, component: Component) -> list[str]:
    """Make or update a part of a stack.

    Args:
        name: Its name.
        component: What it is to be.

    Returns:
        What changed, a line each.

    Raises:
        InputError: If the name belongs to one of another flavour.
    """
    from zenml.client import Client

    client, word = Client(), f"{component.type.value.replace('_', ' ')} {name}"
    before = find_component(name, component.type)
    if before is None:
        client.create_stack_component(name, component.flavor, component.type, dict(component.settings))
        return [f"{word}: created"]
    wanted = _as_stored(component)
    keys = sorted(before.configuration.keys() | wanted.keys())
    changed = [key for key in keys if before.configuration.get(key) != wanted.get(key)]
    if changed:
        update = {key: wanted.get(key) for key in changed}  # None removes a key
        client.update_stack_component(before.id, component.type, configuration=update)
    return [f"{word}: {key}: {_told(before.configuration.get(key))} → {_told(wanted.get(key))}" for key in changed]


def _apply_stack(file: StackFile, wanted: list[Component]) -> list[str]:
    from zenml.client import Client

    client = Client()
    parts = {component.type: find_component(file.name, component.type).id for component in wanted}
    labels = {
        IMAGE: file.image,
        GPU_IMAGE: file.gpu_image,
        CODE: file.code,
        STATE_VOLUME: file.orchestrator.state_volume,
        DATA_SECRET: file.orchestrator.data_secret,
        TRAINER: file.orchestrator.training_service_account,
    }
    page = client.list_stacks(name=f"equals:{file.name}", hydrate=True)
    if not page.items:
        known = {key: value for key, value in labels.items() if value is not None}
        client.create_stack(file.name, parts, labels=known)
        return [f"stack {file.name}: created"]
    stack = page.items[0]
    lines = []
    has = {kind: [model.id for model in models] for kind, models in stack.components.items()}
    if replaced := [kind for kind, part in parts.items() if has.get(kind) != [part]]:
        client.update_stack(stack.id, component_updates={kind: [parts[kind]] for kind in replaced})
        lines += [f"stack {file.name}: {kind.value.replace('_', ' ')}: replaced by {file.name}" for kind in replaced]
    before = {key: (stack.labels or {}).get(key) for key in labels}
    if before != labels:
        client.update_stack(stack.id, labels=labels)
    told = ((key, before[key], labels[key]) for key in labels if before[key] != labels[key])
    return lines + [
        f"stack {file.name}: {key.rpartition('/')[2]}: {_told(old)} → {_told(new)}" for key, old, new in told
    ]


def check_flavor(name: str, component: Component) -> None:
    """Raise InputError if a part of a stack of this name is of another flavour."""
    before = find_component(name, component.type)
    if before is not None and before.flavor_name != component.flavor:
        kind = component.type.value
        raise InputError(
            f"ZenML has another {kind.replace('_', ' ')} of the stack's name",
            received=f"{name}, of flavour {before.flavor_name}",
            expected=f"flavour {component.flavor}",
            remedy=f"choose another name, or zenml {kind.replace('_', '-')} delete {name}",
        )


def find_component(name: str, kind: StackComponentType) -> Any:
    """ZenML's record of a part of a stack, None where there is none.

    Args:
        name: Its name.
        kind: ZenML's type of it.
    """
    from zenml.client import Client

    page = Client().list_stack_components(name=f"equals:{name}", type=kind, hydrate=True)
    return page.items[0] if page.items else None


def _as_stored(component: Component) -> dict[str, Any]:
    """A configuration as ZenML writes it down, which fills in what pod settings leave out."""
    from zenml.stack.utils import validate_stack_component_config

    checked = validate_stack_component_config(dict(component.settings), component.flavor, component.type)
    assert checked is not None  # only of flavours that are not ZenML's
    return checked.model_dump(mode="json", exclude_unset=True)


def _told(value: Any) -> str:
    text = "none" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= 100 else f"{text[:100]}…"
