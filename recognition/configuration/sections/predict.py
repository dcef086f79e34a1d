"""Section `predict`: when a model answers "none of these", and which images a prediction pipeline answers for."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.values import BatchSize, shortened, without_secret

PATHS = "a path or a list of paths: images, folders, patterns, .parquet, or .csv with a column path"
PIPELINE_KEYS = ("model", "top", "batch_size")


def _paths(value: Any) -> tuple[str, ...]:
    paths = (value,) if isinstance(value, str) else value
    if isinstance(paths, list | tuple) and paths and all(isinstance(path, str) and _is_path(path) for path in paths):
        return tuple(map(without_secret, paths))
    raise ValueError(f"received {shortened(value)}; expected {PATHS}")


def _is_path(text: str) -> bool:
    return bool(text) and text != "-" and "\0" not in text  # a pipeline has no standard input


Paths = Annotated[tuple[str, ...], PlainValidator(_paths), WithJsonSchema({"type": "array", "words": PATHS})]
ModelWord = Annotated[
    str, Field(min_length=1, max_length=300, json_schema_extra={"words": "NAME, NAME@champion or NAME/VERSION"})
]


class PredictConfig(Section):
    """When a model gives no answer; with `paths`, the images that a pipeline predicts instead of training."""

    reject: float | None = Field(
        None,
        gt=0,
        le=1,
        description="when training: share of its answers that may be wrong; the less sure ones become none of these. "
        "1: every answer is given. null: as 1 for a new version, and one that is there already stays as it is",
    )
    paths: Paths | None = Field(None, description="predict these images, and train nothing")
    model: ModelWord | None = Field(None, description="which model answers; null: the champion of the only one")
    top: int = Field(5, ge=1, le=1_000, description="most probable classes that are named for an image")
    batch_size: BatchSize | None = Field(None, description="images in a step, null: 500 of 32x32, fewer of larger")

    @model_validator(mode="after")
    def _trains_or_predicts(self) -> Self:
        defaults = type(self).model_fields
        given = [key for key in PIPELINE_KEYS if getattr(self, key) != defaults[key].default]
        if self.paths is None and given:
            message = f"predict.{given[0]} needs predict.paths, the images to predict; set both, or neither"
            raise ContradictionError(message, given[0], "paths")
        if self.paths is not None and self.reject is not None:
            message = f"predict.reject: {self.reject} is for a training, and contradicts predict.paths; remove one"
            raise ContradictionError(message, "reject", "paths")
        return self
