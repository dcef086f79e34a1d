"""What a training hands on: a model whose confidence is scaled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recognition.evaluation.predict import predict
from recognition.evaluation.temperature import fit_temperature
from recognition.training.task import Task
from recognition.training.train import Trained

if TYPE_CHECKING:
    import keras


def make_candidate(trained: Trained, task: Task) -> Trained:
    """Scale a trained model's confidence, by the recipe's temperature or by what fits the validation split best.

    Args:
        trained: What came of the training.
        task: What was to be learned.
    """
    split = task.dataset.splits["validation"]
    given = task.config.temperature
    temperature = given or fit_temperature(predict(trained.model, split.images), split.labels)
    return replace(
        trained,
        model=with_temperature(trained.model, temperature),
        history=trained.history.model_copy(update={"temperature": temperature}),
    )


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """A model that divides the logits by a temperature before its softmax; it shares the weights.

    Args:
        model: Of `Learner.inference_model`: its last layer is the softmax.
        temperature: Above 0; 1 leaves the model as it is.
    """
    import keras

    if temperature == 1.0:
        return model
    softmax = model.layers[-1]
    logits = keras.layers.Rescaling(1 / temperature, dtype="float32", name="temperature")(softmax.input)
    return keras.Model(model.input, softmax(logits), name=model.name)
