"""Predict a user's images with a registered model, and write down what it answers."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from tqdm import tqdm

from operations.platform.console import PLAIN_INTERVAL
from operations.platform.environment import check_writable, data_cache
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import CHAMPION
from operations.tracking.runs import alive
from recognition.data.remote.address import is_remote
from recognition.errors import InputError
from recognition.prediction.classifier import Classifier
from recognition.prediction.inputs import Source, all_images, files_of, find_sources, total
from recognition.prediction.predict_stream import predict_stream
from recognition.prediction.tally import Tally
from recognition.prediction.writers import JsonWriter, LineWriter, Writer, check_output, written_whole

STDOUT = "-"
SOME_FAILED = 3  # exit status: some images could not be read, the rest are predicted


@dataclass(frozen=True)
class Request:
    """What is to be predicted.

    Attributes:
        paths: As `recognition.prediction.inputs.KINDS` tells.
        model: As `address.WORDS` tells; None for the only model's champion.
        output: A file; "-" for JSON lines on standard output; None for lines that a person reads there.
        top: How many of the most probable classes to name.
        batch_size: Images that the model gets at a time; None for what fits.
    """

    paths: tuple[str, ...]
    model: str | None = None
    output: str | None = None
    top: int = 5
    batch_size: int | None = None


@dataclass(frozen=True)
class Predicted:
    """What became of a request.

    Attributes:
        tally: Counts.
        model: Which answered.
        seconds: How long it took, without loading it.
        output: As in the request.
    """

    tally: Tally
    model: RegisteredModel
    seconds: float
    output: str | None = None


def predict_files(request: Request) -> Predicted:
    """Predict, and write each batch as it comes.

    Args:
        request: What, and where to.

    Raises:
        InputError: Nothing is named, or what is not there; the output cannot be written; there is no such model.
    """
    _check_output(request)
    with _kept(request.paths):
        return _predict(request, find_images(request.paths))


def _predict(request: Request, sources: Sequence[Source]) -> Predicted:
    from operations.inference.classifiers import load_registered
    from operations.registry.lookup import find_model
    from operations.tracking import connection

    model = find_model(connection.connect(), request.model or CHAMPION)
    classifier = load_registered(model)
    started, top = time.monotonic(), min(request.top, len(classifier.classes))
    with _writer(request.output, top) as writer:
        tally = answer(classifier, sources, writer, top, request.batch_size)
    return Predicted(tally, model, time.monotonic() - started, request.output)


def find_images(paths: Sequence[str]) -> list[Source]:
    """What paths name, "-" being standard input; errors as of `recognition.prediction.inputs.find_sources`."""
    return find_sources(paths, sys.stdin, data_cache())


def answer(
    classifier: Classifier, sources: Sequence[Source], writer: Writer, top: int, batch_size: int | None
) -> Tally:
    """Predict images, hand each batch to a writer as it comes, and show progress on standard error.

    Args:
        classifier: What answers.
        sources: From `find_images`.
        writer: Where predictions go.
        top: How many of the most probable classes to name.
        batch_size: Images that the model gets at a time; None for what fits.
    """
    tally = Tally()
    with _Progress(total(sources)) as progress:
        for batch in predict_stream(classifier, all_images(sources), top, batch_size):
            writer.write(batch)
            tally.add(batch)
            progress.advance(tally)
    return tally


def render_predicted(predicted: Predicted) -> str:
    """What became of a request, as a person reads it."""
    tally, model = predicted.tally, predicted.model
    done = tally.answered + tally.rejected
    lines = [f"{done:,} predicted by {model.name} version {model.mlflow_version}, {_speed(predicted)}"]
    if tally.rejected:
        lines.append(f"none of these: {tally.rejected:,} ({tally.rejected / done:.1%})")
    if tally.failed:
        more = tally.failed - len(tally.failures)
        lines.append(f"could not be read: {tally.failed:,}")
        lines += [f"  {name}: {reason}" for name, reason in tally.failures]
        lines += [f"  and {more:,} more"] if more else []
    if tally.formulas and str(predicted.output).endswith(".csv"):
        lines.append(f"{tally.formulas:,} names begin like a formula: a spreadsheet has to read their columns as text")
    return "\n".join(lines)


def _speed(predicted: Predicted) -> str:
    return f"{predicted.seconds:.1f} s, {predicted.tally.images / max(predicted.seconds, 1e-9):.0f} images/s"


def _check_output(request: Request) -> None:
    if request.output in (None, STDOUT):
        return
    path = Path(str(request.output)).absolute()
    check_output(path)
    for file in files_of(request.paths):
        if path.exists() and path.samefile(file):
            raise InputError("--output names a file that is to be read", received=str(file), expected="another file")
    check_writable(path.parent, "folder of --output")


def _kept(paths: Sequence[str]) -> AbstractContextManager[None]:
    """Let nobody prune what is fetched while it is read."""
    return alive(f"predict-{os.getpid()}") if any(map(is_remote, paths)) else nullcontext()


@contextmanager
def _writer(output: str | None, top: int) -> Iterator[Writer]:
    if output is None:
        yield LineWriter(sys.stdout)
    elif output == STDOUT:
        yield JsonWriter(sys.stdout.buffer, top)
    else:
        with written_whole(Path(output).absolute(), top) as writer:
            yield writer


class _Progress:
    """A bar on a terminal, a line now and then elsewhere; on standard error."""

    def __init__(self, images: int | None) -> None:
        self._images, self._told = images, time.monotonic()
        self._bar: tqdm[Never] = tqdm(total=images, unit=" images", leave=False, disable=not sys.stderr.isatty())

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def advance(self, tally: Tally) -> None:
        """Tell how many are done."""
        self._bar.update(tally.images - self._bar.n)
        if self._bar.disable and time.monotonic() - self._told >= PLAIN_INTERVAL:
            self._told = time.monotonic()
            of = f" of {self._images:,}" if self._images is not None else ""
            print(f"{tally.images:,}{of} images, {tally.failed:,} unreadable", file=sys.stderr)  # noqa: T201
