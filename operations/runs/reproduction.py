"""Run a finished training again, and tell how well it gives what it gave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from operations.outcomes.results import load_outputs
from operations.outcomes.run_lookup import find_trainings
from operations.platform.cache import is_there
from operations.platform.code import code_hash
from operations.platform.console import echo, render_lines
from operations.platform.environment import PROJECT, check_writable, load_tensorflow, state_folder
from operations.platform.machine import MACHINE, machine_facts
from operations.runs.job import RunOptions, TrainingJob, check_job, git_commit
from operations.runs.kind import Ending, Record
from operations.tracking.runs import outputs_of
from operations.training.former_code import former_code
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.reproduction import DIFFERENT, Reproduction, Weights, compare_trainings
from recognition.training.distribution import CLUSTER_VARIABLE
from recognition.training.model_file import ModelFile, load_model

NEEDED = ("configuration", "model", "history", "evaluation")
STEPS = ("augmentation", "train", "evaluate")  # whose code decides the numbers
CODE_OF = "code of "
NOT_RECORDED, ABSENT = "not recorded", "none"


@dataclass(frozen=True)
class Original:
    """The run that is reproduced.

    Attributes:
        run: ZenML's record of it.
        config: Its configuration.
        evaluation: Its predictions on the test images.
        model: Its model's file.
        device: What it was trained on.
        facts: What else its numbers may depend on, by name.
        has_machine: Whether packages, processor and the like are among them, which earlier code did not record.
    """

    run: Any
    config: RunConfig
    evaluation: Evaluation
    model: ModelFile
    device: str
    facts: Mapping[str, str]
    has_machine: bool

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the pipeline was called with."""
        return self.run.config.parameters or {}


@dataclass(frozen=True, kw_only=True)
class ReproductionJob(TrainingJob):
    """A repetition that will run.

    Attributes:
        original: The run that is repeated.
        tolerance: How far apart the accuracies may be, as a fraction; None for overlapping 95 % intervals.
    """

    kind: ClassVar[str] = "reproduction"
    original: Original
    tolerance: float | None = None

    def describe(self, stack: str) -> str:
        """What differs here, before what every training tells."""
        return f"{render_differences(self.original, differences(self.original))}\n{super().describe(stack)}"


def find_original(word: str) -> Original:
    """A finished training, with all that is needed to train it again and compare.

    Args:
        word: As `find_trainings` takes it.

    Raises:
        InputError: If there is no such run, it did not finish, or files of it are gone.
    """
    from zenml.utils import source_utils

    from operations.platform.stack import active_stack_name

    check_writable(state_folder(), "state folder")
    active_stack_name()
    source_utils.set_custom_source_root(str(PROJECT))
    (run,) = find_trainings([word])
    outputs = outputs_of(run)
    lost = [name for name in NEEDED if name not in outputs or not is_there(outputs[name])]
    if lost:
        raise InputError(
            "a run whose stored files are gone cannot be compared with another",
            received=f"{run.name} without {', '.join(lost)}",
            remedy="run its configuration again, and reproduce that run",
        )
    try:
        config, model, history, evaluation = load_outputs(run, *NEEDED)
    except (ValueError, TypeError, KeyError) as error:  # pydantic's is a ValueError
        raise InputError(
            "what this run left behind cannot be read: other code has written it",
            received=f"{run.name}: {str(error).splitlines()[0][:200]}",
            remedy=f"reproduce it with its own code, commit {(run.config.parameters or {}).get('commit')}",
        ) from error
    machine = outputs["history"].run_metadata.get(MACHINE) or {}
    facts = {**_recorded_facts(run), **{name: str(value) for name, value in machine.items()}}
    return Original(run, config, evaluation, model, history.device, facts, bool(machine))


def check_reproduction(original: Original, fresh: bool = False, tolerance: float | None = None) -> ReproductionJob:
    """Check that the run can be repeated here, without the cache; nothing has started yet.

    Args:
        original: The run.
        fresh: Whether what an interrupted repetition left is given up.
        tolerance: How far apart the accuracies may be, as a fraction; None for overlapping 95 % intervals.

    Raises:
        InputError: If its data or the weights that it began with are gone, or not the same, or as of `check_job`.
    """
    if os.environ.get(CLUSTER_VARIABLE):
        raise InputError(
            "a run is reproduced by one process",
            received=f"{CLUSTER_VARIABLE} in the environment",
            remedy=f"unset {CLUSTER_VARIABLE}; what several workers trained can be trained again with --config",
        )
    digest = str(outputs_of(original.run)["dataset"].run_metadata["digest"])
    recipe = f"reproduce-{original.parameters.get('recipe', 'run')}"
    job = check_job(original.config, recipe, RunOptions(fresh=fresh, use_cache=False), digest)
    began = (original.parameters.get("code") or {}).get("initial weights", "")
    if began != job.initial:
        raise InputError(
            "the weights that the run began with are no longer the same",
            received=f"{original.config.train.init}: SHA-256 {job.initial or 'none'}",
            expected=f"SHA-256 {began or 'none'}, as in {original.run.name}",
            remedy="name a run that began with random weights, or bring those weights back",
        )
    fallback = f"{original.run.name} used it" if original.parameters.get("fallback") else ""
    return ReproductionJob(**{**vars(job), "fallback": fallback, "original": original, "tolerance": tolerance})


def differences(original: Original) -> dict[str, tuple[str, str]]:
    """What is not as it was, by name: then and now."""
    now = {**_code_facts(), **machine_facts()}
    if not original.has_machine:
        now = {name: value for name, value in now.items() if name in original.facts}
    names = dict.fromkeys([*now, *original.facts])
    pairs = {name: (original.facts.get(name, ABSENT), now.get(name, ABSENT)) for name in names}
    pairs = {name: pair for name, pair in pairs.items() if not _is_former_code(name, *pair)}
    unknown = {} if original.has_machine else {"packages, processor": (NOT_RECORDED, "cannot be compared")}
    return {name: (then, here) for name, (then, here) in pairs.items() if then != here} | unknown


def render_differences(original: Original, found: Mapping[str, tuple[str, str]]) -> str:
    """The run, and what differs here, as a person reads it before the training starts."""
    same = "data, configuration and seed are the same"
    lines = [(name, f"{then} → {here}") for name, (then, here) in found.items()]
    return render_lines(
        f"reproduce {original.run.name}, trained on {original.device}: {same}", lines or [("elsewhere", "the same too")]
    )


def load(job: ReproductionJob, run: Any) -> Reproduction:
    """Compare what a repetition left behind with what it repeats."""
    model, evaluation = load_outputs(run, "model", "evaluation")
    echo("compare: weights and predictions")
    weights = _weights(job.original.model.path), _weights(model.path)
    return compare_trainings(weights, (job.original.evaluation, evaluation), job.tolerance)


def record(job: ReproductionJob, found: Reproduction) -> Record:
    """Which run was repeated, and how well; no file."""
    return {"reproduces": job.original.run.name, "verdict": found.verdict, "verdict_reason": found.reason}, {}


def publish(job: ReproductionJob, found: Reproduction) -> Ending:
    """Tell what was found; nothing else is kept of a repetition."""
    return Ending(asdict(found), render_reproduction(found), 1 if found.verdict == DIFFERENT else 0)


def render_reproduction(found: Reproduction) -> str:
    """The verdict, and what was compared."""
    before, after = found.accuracies
    lines = [
        ("weights", f"{found.equal_weights:,} of {found.weights:,} arrays equal, bit for bit"),
        (
            "predictions",
            f"{found.changed:,} of {found.images:,} test images have another class, "
            f"{found.touched:,} differ in any number",
        ),
        ("probability", f"of the true class, {found.largest_difference:.3g} apart at most"),
        ("accuracy", f"{before:.2%} → {after:.2%}"),
    ]
    return render_lines(f"{found.verdict}: {found.reason}", lines)


def _recorded_facts(run: Any) -> dict[str, str]:
    """Commit, code and Python version, which every run has told."""
    given, environment = run.config.parameters or {}, run.client_environment or {}
    code = {f"{CODE_OF}{name}": str(run.steps[name].config.parameters.get("code")) for name in STEPS}
    python = {"python": str(environment["python_version"])} if "python_version" in environment else {}
    return {"commit": str(given.get("commit") or "none"), **code, **python}


def _code_facts() -> dict[str, str]:
    return {"commit": git_commit() or "none", **{f"{CODE_OF}{name}": code_hash(f"steps.{name}") for name in STEPS}}


def _is_former_code(name: str, then: str, here: str) -> bool:
    """Whether the former version's code gave the same results as today's."""
    return name.startswith(CODE_OF) and then == former_code(here)


def _weights(path: Path) -> Weights:
    load_tensorflow()
    return list(load_model(path).get_weights())
