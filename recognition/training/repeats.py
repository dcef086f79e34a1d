"""The same recipe several times, with other seeds or other parts held out: how much of a score is chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from recognition.augmentation.plan import resolve_plan
from recognition.data.folds import fold
from recognition.training.candidate import make_candidate
from recognition.training.history import Repeat
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.train import Trained, train


def train_repeatedly(
    task: Task,
    checkpoints: Path,
    listener: Callable[[str], TrainingListener],
    *,
    folds: int | None = None,
    every_seconds: float = 300,
) -> Trained:
    """Train once for each seed of the recipe, or for each fold; once where it has neither.

    The first training's model is the result, whatever the others reach: to choose the best of several by the images
    that it was chosen on would promise too much. Each fold has normalization statistics of its own training images.

    Args:
        task: What is to be learned.
        checkpoints: Folder of this very job; each training has its own in it, so that finished ones are not repeated.
        listener: Makes who hears of one training, from its name: "seed 1", "fold 2", "" where there is one only.
        folds: Number of folds; None for the split as it is.
        every_seconds: Longest time between two checkpoints.
    """
    first: Trained | None = None
    repeats = []
    for name, variant in _variants(task, folds):
        folder = checkpoints / name.replace(" ", "-") if name else checkpoints
        hearer = listener(name)
        if name:
            hearer.log(f"{name}:")
        trained = train(variant, folder, hearer, every_seconds=every_seconds)
        first = first or make_candidate(trained, variant)
        best = trained.history.best
        repeats.append(Repeat(name=name, **best.model_dump(include=set(Repeat.model_fields) - {"name"})))
    assert first is not None
    if len(repeats) == 1:
        return first
    return replace(first, history=first.history.model_copy(update={"repeats": tuple(repeats)}))


def _variants(task: Task, folds: int | None) -> Iterator[tuple[str, Task]]:
    """Name and task of each training; made when its turn comes, as folds are copies."""
    if folds is not None:
        for number in range(folds):
            data = fold(task.dataset, number, folds)
            plan = resolve_plan(task.plan.options, data.splits["train"])
            yield f"fold {number + 1}", replace(task, dataset=data, plan=plan)
        return
    seeds = task.config.seeds or (task.config.seed,)
    for seed in seeds:
        config = task.config.model_copy(update={"seed": seed, "seeds": None})
        yield f"seed {seed}" if len(seeds) > 1 else "", replace(task, config=config)
