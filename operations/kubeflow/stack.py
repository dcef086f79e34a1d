"""The active stack with ZenML's Kubeflow orchestrator in the place of the Kubernetes one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from operations.kubernetes.stack_apply import Component, apply_component, check_flavor, find_component
from operations.platform.locks import state_lock
from operations.platform.target import KUBEFLOW, Target

ACTIVE = "ZENML_ACTIVE_STACK_ID"
SUFFIX = "-kubeflow"


@contextmanager
def kubeflow_stack(target: Target, host: str) -> Iterator[Any]:
    """Let the stack NAME-kubeflow be the active one of this process, made or updated from the active one.

    Args:
        target: What the active stack runs.
        host: Address of Kubeflow Pipelines, to which ZenML's dashboard links.

    Yields:
        ZenML's stack.

    Raises:
        InputError: If the name is taken by an orchestrator of another flavour.
    """
    from zenml.client import Client

    with state_lock("stack"):
        stack = _upsert(Client(), target, host)
    before = os.environ.get(ACTIVE)
    os.environ[ACTIVE] = str(stack)
    try:
        yield Client().active_stack
    finally:
        if before is None:
            del os.environ[ACTIVE]
        else:
            os.environ[ACTIVE] = before


def _upsert(client: Any, target: Target, host: str) -> Any:
    """ZenML's id of the stack."""
    from zenml.enums import StackComponentType as Type

    name = target.stack + SUFFIX
    orchestrator = Component(Type.ORCHESTRATOR, KUBEFLOW, {"kubeflow_hostname": host})
    check_flavor(name, orchestrator)
    apply_component(name, orchestrator)
    parts = {kind: [model.id for model in models] for kind, models in client.active_stack_model.components.items()}
    parts[Type.ORCHESTRATOR] = [find_component(name, Type.ORCHESTRATOR).id]
    page = client.list_stacks(name=f"equals:{name}", hydrate=True)
    if not page.items:
        return client.create_stack(name, {kind: identifiers[0] for kind, identifiers in parts.items()}).id
    stack = page.items[0]
    if parts != {kind: [model.id for model in models] for kind, models in stack.components.items()}:
        client.update_stack(stack.id, component_updates=parts)
    return stack.id
