"""What the server takes and answers: its OpenAPI description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from recognition.serving.decoding.uploads import BYTES, FORM
from recognition.serving.engine import ModelCard
from recognition.serving.problems import MEDIA_TYPE, ProblemDocument


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
DESCRIPTION = "Send images, get the most probable classes."
DONE = "Done"
PLACE = "#/components/schemas/{model}"
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
    408: "The body did not arrive in time",
    413: "The body, an image or the number of files is above a limit",
    415: "Neither a form with files nor an image, or a file of a kind that is not known",
    422: "A damaged image, or a parameter out of range",
    500: "The server has failed",
    503: "Try again: the model is being loaded, too much waits, or the time is over",
}


def openapi() -> dict[str, Any]:
    """The OpenAPI document of all endpoints that programs ask."""
    models = (Predictions, Status, ModelCard, ProblemDocument)
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=PLACE)
    predict = "Classify images. If one of them cannot be used, none is classified, and the answer says which and why."
    alive = "Whether the process works: restart it where this fails."
    ready = "Whether requests are welcome: a model is loaded and warmed up, and the server is not about to stop."
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Image classification", "description": DESCRIPTION, "version": "1"},
        "paths": {
            "/predict": {"post": REQUEST | _operation(predict, Predictions, 400, 408, 413, 415, 422, 500, 503)},
            "/healthz": {"get": _operation(alive, Status, 503)},
            "/readyz": {"get": _operation(ready, Status, 503)},
            "/model": {"get": _operation("The model that answers.", ModelCard, 503)},
            "/metrics": {
                "get": {
                    "description": "Numbers for Prometheus.",
                    "responses": {"200": {"description": DONE, "content": text}},
                }
            },
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(description: str, answer: type[BaseModel], *refusals: int) -> dict[str, Any]:
    answers = {"200": _response(DONE, "application/json", answer)}
    answers |= {str(status): _response(REASONS[status], MEDIA_TYPE, ProblemDocument) for status in refusals}
    return {"description": description, "responses": answers}


def _response(description: str, kind: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": {"$ref": PLACE.format(model=model.__name__)}}}}
