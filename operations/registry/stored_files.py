"""Whether the files of a registered model are there, and are those that were registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from operations.registry.registered_model import RegisteredModel
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import differing, fetched, manifest_from
from recognition.errors import InputError

GONE = "its files are gone"


@contextmanager
def checked(model: RegisteredModel) -> Iterator[Path]:
    """The folder of a registered model's files, on this machine until the context ends, after they were checked.

    Args:
        model: From `find_model`.

    Raises:
        InputError: If its files are gone, or not what was registered.
    """
    from mlflow.exceptions import MlflowException

    with ExitStack() as stack:
        try:
            folder = stack.enter_context(fetched(model.uri))
        except OSError:
            raise _refusal(model, {KERAS_FILE: "gone"}) from None
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise _refusal(model, {KERAS_FILE: "gone"}) from None
        if changed := changed_files(model, folder):
            raise _refusal(model, changed)
        yield folder


def check_stored(model: RegisteredModel) -> None:
    """Raise as `checked` does."""
    with checked(model):
        pass


def changed_files(model: RegisteredModel, folder: Path) -> dict[str, str]:
    """What the files of a registered model are instead of what was registered: a digest, or "gone", by their paths.

    Versions of 0.1.0 have a digest of their Keras file alone.

    Args:
        model: From `find_model`.
        folder: Its files.
    """
    return differing(folder, _digests(model))


def _digests(model: RegisteredModel) -> dict[str, str]:
    return {**manifest_from(model.manifest), KERAS_FILE: model.sha256}


def _refusal(model: RegisteredModel, changed: Mapping[str, str]) -> InputError:
    digests = _digests(model)
    gone = changed.get(KERAS_FILE) == "gone"
    found = GONE if gone else "; ".join(f"{name} {_words(digest)}" for name, digest in changed.items())
    expected = "; ".join(f"{name} {_words(digests[name])}" for name in changed)
    return InputError(
        "the stored file of a model is not what was registered",
        received=f"{model.name} version {model.mlflow_version}: {found}",
        expected=expected if model.sha256 else "a version that this program registered",
        remedy="restore the file, or use another version: python run_pipeline.py models list",
    )


def _words(digest: str) -> str:
    return "is gone" if digest == "gone" else f"with SHA-256 {digest}"
