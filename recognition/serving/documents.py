"""What the server answers, as its OpenAPI description tells it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from recognition.serving.problems import MEDIA_TYPE, ProblemDocument
from recognition.serving.uploads import BYTES, FORM


class Candidate(BaseModel):
    """A class, and how probable the model finds it."""

    label: str
    probability: float = Field(ge=0, le=1)


class Prediction(BaseModel):
    """The answer for one image."""

    file: str = Field(description="its name in the request, empty for a body that is an image")
    label: str | None = Field(description='the most probable class; null for "none of these"')
    top: list[Candidate] = Field(description="the most probable classes, most probable first")


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str


class Predictions(BaseModel):
    """The answers for all images of a request, in their order."""

    model: ModelName
    predictions: list[Prediction]


class Status(BaseModel):
    """How the server is."""

    status: str


_BINARY = {"type": "string", "format": "binary"}
_FILES = {
    "type": "object",
    "required": ["files"],
    "additionalProperties": False,
    "properties": {"files": {"type": "array", "minItems": 1, "items": _BINARY}},
}
TOP, MOST_TOP = 5, 1_000
REQUEST: dict[str, Any] = {
    "parameters": [
        {
            "name": "top",
            "in": "query",
            "required": False,
            "description": "how many of the most probable classes to name",
            "schema": {"type": "integer", "minimum": 1, "maximum": MOST_TOP, "default": TOP},
        }
    ],
    "requestBody": {
        "required": True,
        "description": "One or more image files (PNG, JPEG, WebP, BMP, GIF, TIFF), or one image as the body.",
        "content": {
            FORM: {"schema": _FILES},
            "image/*": {"schema": _BINARY},
            BYTES: {"schema": _BINARY},
        },
    },
}
REASONS = {
    400: "The request cannot be understood",
    405: "Another method is expected",
    408: "The body did not arrive in time",
    413: "The body, an image or the number of files is above a limit",
    415: "Neither a form with files nor an image, or a file of a kind that is not known",
    422: "A damaged image, or a parameter out of range",
    500: "The server has failed",
    503: "Try again: the model is being loaded, too much waits, or the time is over",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses for a route's description: why it may refuse.

    Args:
        statuses: Some of REASONS.
    """
    schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {
        status: {"description": REASONS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }
