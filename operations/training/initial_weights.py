"""Where a training's initial weights come from: a file, or a model of MLflow's registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from operations.registry.address import SCHEME, Address, parse_address
from operations.registry.model_store import is_no_such_version
from operations.registry.registry import registered_model, registered_models
from operations.registry.stored_files import changed_files
from operations.tracking import connection
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import fetched, metadata_in
from recognition.configuration.nearest import nearest
from recognition.errors import InputError
from recognition.training.initialization import Initial
from recognition.training.model_file import file_digest
from recognition.training.weights_file import check_weights_file, read_weights

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

SHOWN = 10  # names that a message lists


class InitialWeights(NamedTuple):
    """Weights to begin with.

    Attributes:
        path: The file on this machine.
        metadata: What is known of a registered model, "classes" among it; empty for a plain file.
        digest: SHA-256 of the file's bytes, in hexadecimal: an alias may move, and a file may change.
    """

    path: Path
    metadata: Mapping[str, Any]
    digest: str


@contextmanager
def initial_weights(address: str) -> Iterator[InitialWeights]:
    """What `train.init` names; its file is there until the context ends.

    Args:
        address: A path, `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        InputError: If the file is missing or no model; if the registry has no such model or alias, or its files are
            gone or not what was registered.
    """
    if not address.startswith(SCHEME):
        path = Path(address).expanduser().absolute()
        check_weights_file(path)
        yield InitialWeights(path, {}, file_digest(path))
        return
    version = _version(connection.connect(), address)
    with _stored(address, version) as folder:
        path = folder / KERAS_FILE
        yield InitialWeights(path, metadata_in(folder), file_digest(path))


def initial_digest(address: str) -> str:
    """SHA-256 of what `train.init` names; arguments and errors as of `initial_weights`."""
    with initial_weights(address) as found:
        return found.digest


def load_initial(address: str, digest: str) -> Initial:
    """Read what `train.init` names.

    Args:
        address: A path, `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        digest: What `initial_digest` found when the run was submitted; "" where the address is a version, which
            never changes.

    Raises:
        InputError: As of `initial_weights`; or it is another file than it was then; or it is damaged.
    """
    with initial_weights(address) as found:
        if digest and found.digest != digest:
            raise InputError(
                "the weights that train.init names have changed since the command was given",
                received=f"{address}, SHA-256 {found.digest[:16]}…",
                expected=f"SHA-256 {digest[:16]}…",
                remedy="give the command again",
            )
        classes = found.metadata.get("classes")
        return Initial(read_weights(found.path), tuple(classes) if classes else None)


def _version(client: MlflowClient, address: str) -> ModelVersion:
    from mlflow.exceptions import MlflowException

    parsed = parse_address(address)
    if parsed is None:
        raise _unknown(
            address,
            "is not an address of a registered model",
            "models:/NAME@ALIAS or models:/NAME/VERSION",
            "--set train.init=models:/NAME@champion",
        )
    try:
        if parsed.alias:
            return client.get_model_version_by_alias(parsed.name, parsed.alias)
        return client.get_model_version(parsed.name, parsed.version)
    except MlflowException as error:
        if not is_no_such_version(client, parsed.name, error):
            raise
        raise _no_such_version(client, address, parsed) from None


def _no_such_version(client: MlflowClient, address: str, parsed: Address) -> InputError:
    name, mark = parsed.name, "@" if parsed.alias else "/"
    models = {model.name: model for model in registered_models(client)}
    if name not in models:
        near = nearest(name, models)
        which = parsed.alias or parsed.version
        remedy = f"--set train.init={SCHEME}{near}{mark}{which}" if near else "--set train.init=null"
        return _unknown(address, "names no registered model", _one_of(sorted(models), "a registered model"), remedy)
    aliases = sorted(client.get_registered_model(name).aliases)
    remedy = f"--set train.init={SCHEME}{name}@{aliases[0]}" if aliases else "--set train.init=null"
    kind = "alias" if parsed.alias else "version"
    return _unknown(address, f"names no {kind} of {name}", _one_of(aliases, "an alias"), remedy)


@contextmanager
def _stored(address: str, version: ModelVersion) -> Iterator[Path]:
    """The files of a registered model; of other tools' models, which have no digest, whatever they are."""
    from mlflow.exceptions import MlflowException

    model = registered_model(version)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(fetched(model.uri))
        except (MlflowException, OSError) as error:
            if isinstance(error, MlflowException) and error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise _lost(address, version, "is gone") from None
        if not (folder / KERAS_FILE).is_file():
            raise _lost(address, version, "is gone")
        if model.sha256 and (changed := changed_files(model, folder)):
            lost = "is gone" if "gone" in changed.values() else "was changed after it was registered"
            raise _lost(address, version, lost)
        yield folder


def _one_of(names: list[str], kind: str) -> str:
    if not names:
        return f"{kind}, of which there is none yet"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{kind}: {', '.join(names[:SHOWN])}{more}"


def _unknown(address: str, problem: str, expected: str, remedy: str) -> InputError:
    return InputError(f"train.init {problem}", received=address, expected=expected, remedy=remedy)


def _lost(address: str, version: ModelVersion, problem: str) -> InputError:
    return InputError(
        f"the stored file of the model that train.init names {problem}",
        received=f"{address}, which is version {version.version}",
        expected="the file as it was registered",
        remedy="name another version's alias or a file, or --set train.init=null",
    )
