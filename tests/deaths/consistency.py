"""What must hold of the registry and the state folder after every death and the command that follows it."""

from operations.platform.environment import state_folder
from operations.registry import promotion_log, registry, zenml_models
from operations.registry.registry import CHALLENGER, CHAMPION, WITHDRAWN_TAG, ZENML_TAG
from operations.registry.stored_files import check_stored
from operations.tracking import connection
from recognition.errors import InputError


def registry_problems(client):
    """What is wrong in the registry, a line each."""
    return [problem for model in registry.registered_models(client) for problem in _model_problems(client, model.name)]


def file_problems():
    """Files and folders in the state folder that somebody began and nobody goes on with, a line each."""
    left = ("*.unfinished*", "*.removed-*", "*.part", "*.tmp", "runs/*.lock")
    return [f"left: {path.relative_to(state_folder())}" for name in left for path in state_folder().rglob(name)]


def _model_problems(client, name):
    model = client.get_registered_model(name)
    now = None if (champion := registry.champion(client, name)) is None else champion.mlflow_version
    log = promotion_log.read_log(model.tags)
    if (log[-1].after if log else None) != now:
        yield f"{name}: the log ends with {log[-1].after if log else None}, the champion is {now}"
    if [entry.number for entry in log] != list(range(1, len(log) + 1)):
        yield f"{name}: the log has gaps"
    if now is not None and str(model.aliases.get(CHALLENGER)) == now:
        yield f"{name}: {now} is champion and challenger"
    stage = zenml_models.in_production(name, connection.address(client))
    if champion is not None and stage != champion.zenml_version:
        yield f"{name}: ZenML's production is {stage}, not {champion.zenml_version}"
    if champion is not None:
        yield from _champion_problems(client, champion)
    yield from _twin_problems(client, name)


def _champion_problems(client, champion):
    version = client.get_model_version(champion.name, champion.mlflow_version)
    if CHAMPION not in version.aliases:
        yield f"{champion.name}: {version.version} is champion without the alias"
    if WITHDRAWN_TAG in version.tags:
        yield f"{champion.name}: champion {version.version} is withdrawn"
    try:
        check_stored(champion)
    except InputError as error:
        yield f"{champion.name}: {error}"


def _twin_problems(client, name):
    """Each version in MLflow has one in ZenML, and the other way round."""
    from zenml.client import Client
    from zenml.utils.pagination_utils import depaginate

    ours = sorted(version.tags.get(ZENML_TAG, "none") for version in registry.versions_of(client, name))
    try:
        theirs = sorted(str(each.number) for each in depaginate(Client().list_model_versions, model=name))
    except KeyError:
        theirs = []
    if ours != theirs:
        yield f"{name}: MLflow's versions have {ours} in ZenML, which has {theirs}"
