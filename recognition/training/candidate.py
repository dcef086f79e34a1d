"""What a training hands on: a model whose confidence is scaled."""

from __future__ import annotations

from dataclasses import replace

from recognition.evaluation.predict import predict
from recognition.evaluation.temperature import fit_temperature
from recognition.training.task import Task
from recognition.training.train import Trained


def make_candidate(trained: Trained, task: Task) -> Trained:
    """Scale a trained model's confidence, by the recipe's temperature or by what fits the validation split best.

    Args:
        trained: What came of the training.
        task: What was to be learned.
    """
    from recognition.training.inference_model import with_temperature

    split = task.dataset.splits["validation"]
    given = task.config.temperature
    temperature = given or fit_temperature(predict(trained.model, split.images), split.labels)
    return replace(
        trained,
        model=with_temperature(trained.model, temperature),
        history=trained.history.model_copy(update={"temperature": temperature}),
    )
