"""The same recipe several times, with other seeds or other parts held out: how much of a score is chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from recognition.augmentation.plan import AugmentationPlan, resolve_plan
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.data.folds import fold
from recognition.training.history import Repeat
from recognition.training.initialization import Initial
from recognition.training.listener import TrainingListener
from recognition.training.train import Trained, train

Variant = tuple[str, ImageDataset, AugmentationPlan, TrainConfig]


def train_repeatedly(
    dataset: ImageDataset,
    plan: AugmentationPlan,
    config: TrainConfig,
    metric: str,
    checkpoints: Path,
    listener: Callable[[str], TrainingListener],
    *,
    folds: int | None = None,
    fold_seed: int = 0,
    every_seconds: float = 300,
    initial: Initial | None = None,
) -> Trained:
    """Train once for each seed of the recipe, or for each fold; once where it has neither.

    The first training's model is the result, whatever the others reach: to choose the best of several by the images
    that it was chosen on would promise too much. Each fold has normalization statistics of its own training images.

    Args:
        dataset: Its train and validation sides; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        metric: What "best" means.
        checkpoints: Folder of this very job; each training has its own in it, so that finished ones are not repeated.
        listener: Makes who hears of one training, from its name: "seed 1", "fold 2", "" where there is one only.
        folds: Number of folds; None for the split as it is.
        fold_seed: Decides the folds.
        every_seconds: Longest time between two checkpoints.
        initial: Weights that each begins with; None for random ones.
    """
    first: Trained | None = None
    repeats = []
    for name, data, own_plan, recipe in _variants(dataset, plan, config, folds, fold_seed):
        folder = checkpoints / name.replace(" ", "-") if name else checkpoints
        hearer = listener(name)
        if name:
            hearer.say(f"{name}:")
        trained = train(data, own_plan, recipe, metric, folder, hearer, every_seconds=every_seconds, initial=initial)
        first = first or trained
        best = trained.history.best
        repeats.append(Repeat(name=name, **best.model_dump(include=set(Repeat.model_fields) - {"name"})))
    assert first is not None
    if len(repeats) == 1:
        return first
    return replace(first, history=first.history.model_copy(update={"repeats": tuple(repeats)}))


def _variants(
    dataset: ImageDataset, plan: AugmentationPlan, config: TrainConfig, folds: int | None, fold_seed: int
) -> Iterator[Variant]:
    """Name, data, plan and recipe of each training; made when its turn comes, as folds are copies."""
    if folds is not None:
        for number in range(folds):
            data = fold(dataset, number, folds, fold_seed)
            yield f"fold {number + 1}", data, resolve_plan(plan.options, data.splits["train"]), config
        return
    seeds = config.seeds or (config.seed,)
    for seed in seeds:
        name = f"seed {seed}" if len(seeds) > 1 else ""
        yield name, dataset, plan, config.model_copy(update={"seed": seed, "seeds": None})
