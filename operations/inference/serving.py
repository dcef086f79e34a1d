"""A registered model over HTTP: found, loaded, served, and followed where asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.inference.classifiers import load_from
from operations.inference.following import Follower, ResolvedModel
from operations.registry.address import SCHEME
from operations.registry.lookup import find_record
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import CHAMPION, registered_model
from operations.registry.rejection import recorded_rejection
from operations.registry.stored_files import checked
from operations.tracking.model_files import metadata_in
from recognition.errors import InputError
from recognition.serving.engine import Engine, ModelCard
from recognition.serving.limits import Limits
from recognition.serving.logs import log
from recognition.serving.server import GracefulServer, address_of, bind
from recognition.serving.service import Service

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Place:
    """Where and how to serve.

    Attributes:
        host: Name or address of this machine.
        port: 0 for any free one.
        drain: Seconds to go on after a signal, while /readyz says no.
        threads: That TensorFlow may use; None for every core.
        follow: Seconds between looks at the registry; None for a model that stays.
        wait: Begin although the registry names no model yet, and take the first that it will; needs `follow`.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    drain: float = 0.0
    threads: int | None = None
    follow: float | None = None
    wait: bool = False


def serve(word: str, place: Place, limits: Limits) -> bool:
    """Serve a registered model until a signal comes.

    The server answers at once; /readyz says no until the model is loaded and warmed up.

    Args:
        word: What the model is called: `address.WORDS`.
        place: Where and how.
        limits: What the server takes on.

    Returns:
        Whether all requests in flight were answered at the end.

    Raises:
        InputError: If there is no such model, its file is not what was registered, the port cannot be had, or to wait
            for a model makes no sense.
    """
    _check_wait(place)
    with bind(place.host, place.port) as listener:
        from operations.tracking import connection

        client = connection.connect()
        found = None if place.wait else resolve_model(client, word)
        if found is not None and place.follow is not None:
            _check_alias(word, found.model)
        service = Service(limits)
        server = GracefulServer(service, place.drain)
        follower = Follower(
            lambda: resolve_model(client, word),
            lambda model: load_engine(model, limits.batch, place.threads),
            service,
            place.follow,
        )
        _tell(address_of(listener), listener.getsockname()[0], found and found.model)
        with follower.beside(server, found):
            is_complete = server.serve_on(listener)
    if follower.failure is not None:
        raise follower.failure
    log("stopped", all_answered=is_complete)
    return is_complete


def resolve_model(client: MlflowClient, word: str) -> ResolvedModel:
    """What the registry calls so now.

    Args:
        client: A client from `tracking.connect`.
        word: `address.WORDS`.

    Raises:
        InputError: If there is no such model.
    """
    record = find_record(client, word)
    return ResolvedModel(registered_model(record), recorded_rejection(record))


def load_engine(model: RegisteredModel, largest: int | None = None, threads: int | None = None) -> Engine:
    """Load a registered model and warm it up.

    Args:
        model: From `find_model`.
        largest: Images that it gets at a time; None for what suits their size.
        threads: CPU threads that TensorFlow may use; None for every core.

    Raises:
        RecognitionError: As of `classifiers.load_registered`.
    """
    with checked(model) as folder:
        classifier, metadata = load_from(folder, model, threads), metadata_in(folder)
    card = ModelCard(
        name=model.name,
        version=model.mlflow_version,
        sha256=model.sha256,
        data_digest=metadata.get("data_digest", ""),
        temperature=metadata.get("temperature"),
        image_shape=classifier.transform.shape,
        classes=classifier.classes,
        rejection=classifier.rejection,
    )
    engine = Engine(classifier, card, largest)
    engine.warm_up()
    return engine


def _check_wait(place: Place) -> None:
    if place.wait and place.follow is None:
        raise InputError(
            "to wait for a model is to follow the registry until it names one",
            received="--wait without --follow",
            expected="both, or neither",
        )


def _check_alias(word: str, found: RegisteredModel) -> None:
    fixed = {found.mlflow_version, f"{found.name}/{found.mlflow_version}"} - {found.name}
    if word.removeprefix(SCHEME) in fixed:
        raise InputError(
            "a version's number always means the same version: there is nothing to follow",
            received=f"--model {word} --follow",
            expected=f"an alias, such as {found.name}@{CHAMPION}",
            remedy="leave out --follow, or name an alias",
        )


def _tell(address: str, host: str, model: RegisteredModel | None) -> None:
    known: dict[str, Any] = {} if model is None else {"model": model.name, "version": model.mlflow_version}
    log("listening", address=f"{address}/", **known)
    if host not in LOOPBACK:
        log(
            "no authentication: whoever reaches this address may use the model (docs/serving.md shows a proxy)",
            logging.WARNING,
            address=address,
        )
