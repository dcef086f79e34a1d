"""Finish what a killed command began in the registry: MLflow's alias is right, the rest follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.platform.termination import uninterrupted
from operations.registry import promotion_log, registry, zenml_models
from operations.registry.lock import registry_lock
from operations.registry.registry import CHALLENGER, CHAMPION, WITHDRAWN_TAG
from operations.tracking import connection

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel as MlflowModel


def repair(client: MlflowClient) -> list[str]:
    """Let the log, ZenML's stage and the challenger agree with the champion's alias, in every model of ours.

    Costs a few queries where nothing is to be done, and takes the lock only where something is: then whoever is between
    two writes is waited for.

    Args:
        client: A client from `tracking.connect`.

    Returns:
        What was mended, a line each.
    """
    mended = []
    for model in registry.registered_models(client):
        if _is_ours(model) and _differs(client, model):
            with registry_lock(client, model.name) as check, uninterrupted():
                check()
                mended += _mend(client, client.get_registered_model(model.name))
    return mended


def _is_ours(model: MlflowModel) -> bool:
    """Whether a model has, or had, a champion: other tools' models are left alone."""
    return CHAMPION in model.aliases or bool(promotion_log.read_log(model.tags))


def _differs(client: MlflowClient, model: MlflowModel) -> bool:
    return _is_unlogged(model) or _is_two_things(model) or _is_withdrawn(client, model) or _stage_differs(client, model)


def _mend(client: MlflowClient, model: MlflowModel) -> list[str]:
    """Mend one model; the lock is held, and everything may have been mended while it was waited for."""
    now = model.aliases.get(CHAMPION)
    mended = []
    begun = bool(promotion_log.read_log(model.tags))
    if registry.write_down_found(client, model.name, registry.champion(client, model.name)):
        how = "was moved without a word in the log, which has it now" if begun else "begins the log"
        mended.append(f"{model.name}: the champion, {_named(now)}, {how}")
    if _is_two_things(model):
        client.delete_registered_model_alias(model.name, CHALLENGER)
        mended.append(f"{model.name}: version {now} is no challenger any more, but champion")
    champion = registry.champion(client, model.name)
    if champion is not None and registry.allow(client, champion):
        mended.append(f"{model.name}: version {now} is champion, and not withdrawn any more")
    if _stage_differs(client, model):
        zenml_models.set_production(model.name, _zenml_version(client, model), connection.address(client))
        mended.append(f"{model.name}: ZenML's stage production follows to {_named(now)}")
    return mended


def _is_unlogged(model: MlflowModel) -> bool:
    log = promotion_log.read_log(model.tags)
    return (log[-1].after if log else None) != _text(model.aliases.get(CHAMPION))


def _is_two_things(model: MlflowModel) -> bool:
    now = model.aliases.get(CHAMPION)
    return now is not None and model.aliases.get(CHALLENGER) == now


def _is_withdrawn(client: MlflowClient, model: MlflowModel) -> bool:
    """Whether who put another in the champion's place was killed before it was there."""
    now = model.aliases.get(CHAMPION)
    return now is not None and WITHDRAWN_TAG in client.get_model_version(model.name, str(now)).tags


def _stage_differs(client: MlflowClient, model: MlflowModel) -> bool:
    address, number = connection.address(client), _zenml_version(client, model)
    if zenml_models.is_elsewhere(model.name, address):
        return False
    expected = number if zenml_models.find(model.name, number) else None
    return zenml_models.in_production(model.name, address) != expected


def _zenml_version(client: MlflowClient, model: MlflowModel) -> str:
    champion = registry.champion(client, model.name)
    return champion.zenml_version if champion else ""


def _named(version: str | None) -> str:
    return "none" if version is None else f"version {version}"


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
