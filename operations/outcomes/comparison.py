"""Compare finished runs: load what they left behind, write the page, tell the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations.outcomes.run_lookup import find_trainings
from operations.platform.cache import is_there
from operations.platform.console import render_lines
from operations.platform.environment import PROJECT, check_writable, state_folder
from operations.tracking.runs import outputs_of
from recognition.configuration.resolved import Scalar, flatten
from recognition.errors import InputError
from recognition.evaluation.paired import Difference
from recognition.report import comparison_words as words
from recognition.report.comparison import LETTERS, ComparedRun, Comparison, Opponent, compare_runs

NEEDED = ("configuration", "history", "evaluation", "registered_model", "decision")
DATASET = "dataset"
PAGE = "comparison.html"
HASHED = {"train": "training code", "evaluate": "evaluation code"}  # steps whose code is hashed, and what to call it


def compare(names: Sequence[str], output: Path | None) -> tuple[Comparison, Path]:
    """Compare runs and write the page.

    Args:
        names: Two or more, as `find_trainings` takes them; the first is the baseline.
        output: Folder for the page; None for one in the state folder.

    Returns:
        The comparison, and the page's path.

    Raises:
        InputError: If there are too few or too many names, a run cannot be found, is not finished or has lost its
            files, or the runs share no test image.
    """
    from zenml.utils import source_utils

    from operations.platform.stack import active_stack_name

    if not 2 <= len(names) <= len(LETTERS):
        raise InputError(
            "a comparison takes two runs or a few more", received=f"{len(names)}", expected=f"2 to {len(LETTERS)} runs"
        )
    folder = (output or state_folder() / "reports" / f"comparison-{datetime.now(UTC):%Y%m%d-%H%M%S}").resolve()
    check_writable(state_folder(), "state folder")
    if output:
        check_writable(folder, "folder of --output")
    active_stack_name()
    source_utils.set_custom_source_root(str(PROJECT))
    comparison = compare_runs([load_run(run) for run in find_trainings(names)])
    return comparison, _write(comparison, folder)


def load_run(run: Any) -> ComparedRun:
    """Load what a comparison needs of a finished training.

    Args:
        run: ZenML's record of the run, hydrated.

    Raises:
        InputError: If files that it cannot do without are gone, or of a form that this code does not know.
    """
    outputs = outputs_of(run)
    lost = [name for name in (*NEEDED, DATASET) if name not in outputs]  # deleted in ZenML
    lost += [name for name in NEEDED if name not in lost and not is_there(outputs[name])]
    if lost:
        raise InputError(
            "the stored files of a run are gone",
            received=f"{run.name} without {', '.join(lost)}",
            remedy="run its configuration again: what is lost is made anew",
        )
    loaded = {name: _load(run, name, outputs[name]) for name in NEEDED}
    dataset = outputs[DATASET]
    registered = loaded["registered_model"]
    return ComparedRun(
        name=run.name,
        model=f"{registered.name} version {registered.zenml_version}",
        started=f"{run.start_time:%Y-%m-%d %H:%M} UTC",
        configuration=flatten(loaded["configuration"]),
        data=_data_facts(run, dataset.run_metadata),
        code=_code_facts(run, loaded["history"].device),
        history=loaded["history"],
        evaluation=loaded["evaluation"],
        decision=loaded["decision"],
        dataset=_load(run, DATASET, dataset) if is_there(dataset) else None,
    )


def render_comparison(comparison: Comparison, page: Path) -> str:
    """The comparison as a person reads it on the terminal."""
    runs = [f"{letter}  {run.name}" for letter, run in zip(LETTERS, comparison.runs, strict=False)]
    runs[0] += "  (baseline)"
    warnings = [f"WARNING: {warning}" for warning in comparison.warnings]
    count = f"{len(comparison.shared):,} shared test images"
    parts = [render_lines(f"{each.letter} against A, {count}", _lines(each)) for each in comparison.opponents]
    configured = ", ".join(row.key for row in comparison.configuration) or "nothing"
    return "\n".join([*runs, *warnings, *parts, f"configured differently: {configured}", f"page: {page}"])


def _lines(opponent: Opponent) -> list[tuple[str, str]]:
    metrics = [(words.title(name), _line(name, each)) for name, each in opponent.metrics.items()]
    won, lost = len(opponent.changed("won")), len(opponent.changed("lost"))
    gained, missed = opponent.counts
    return [
        *metrics,
        ("Classes", f"{won} won, {lost} lost beyond chance, of {len(opponent.classes)}"),
        ("Images", f"{gained:,} only {opponent.letter} has right, {missed:,} only A"),
    ]


def _line(name: str, difference: Difference) -> str:
    unit = "" if name == "loss" else " points"
    values = f"{words.value(name, difference.baseline):>7} → {words.value(name, difference.other):>7}"
    changed = f"{words.change(name, difference.value):>7}{unit} ({words.interval(name, difference)})"
    p = "" if difference.p is None else f", {words.p_value(difference.p)}"
    return f"{values}  {changed}{p}: {words.verdict(name, difference)}"


def _load(run: Any, name: str, artifact: Any) -> Any:
    try:
        return artifact.load()
    except (ValueError, TypeError, KeyError) as error:  # pydantic's is a ValueError
        raise InputError(
            f"the {name} of a run cannot be read: other code has written it",
            received=f"{run.name}: {str(error).splitlines()[0][:200]}",
            remedy="run its configuration again with this code, or compare with the code that wrote it",
        ) from error


def _data_facts(run: Any, metadata: Mapping[str, Any]) -> dict[str, Scalar]:
    """What was recorded of the data, which outlasts their files."""
    ingested = run.steps["ingest"].run_metadata
    return {
        "name": metadata["name"],
        "digest": metadata["digest"],
        "source's digest": ingested.get("source_digest"),
        "is the fallback": ingested.get("fallback"),
        **{f"{side} images": count for side, count in metadata["images"].items()},
        "classes": metadata["classes"],
        "image shape": "×".join(map(str, metadata["image_shape"])),
    }


def _code_facts(run: Any, device: str) -> dict[str, Scalar]:
    given, environment = run.config.parameters or {}, run.client_environment
    steps = {word: run.steps[name].config.parameters.get("code") for name, word in HASHED.items() if name in run.steps}
    return {
        "recipe": given.get("recipe"),
        "commit": given.get("commit"),
        **steps,
        "python": environment.get("python_version"),
        "zenml": environment.get("zenml_version"),
        "system": environment.get("os"),
        "device": device,
    }


def _write(comparison: Comparison, folder: Path) -> Path:
    from recognition.report.comparison_page import build_comparison_page

    text = build_comparison_page(comparison)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(text, encoding="utf-8")
    return folder / PAGE
