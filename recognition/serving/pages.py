"""Two pages that ask nothing of another server: one to try the model by hand, one that tells the endpoints."""

from __future__ import annotations

from typing import Any

from recognition.report.template import render
from recognition.serving.engine import ModelCard
from recognition.serving.limits import MEBIBYTE, MILLION, Limits

# what a page itself says in its head, and what only a header can
POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
STYLES = ("style.css", "controls.css", "serving.css")


def try_page(card: ModelCard | None, limits: Limits) -> str:
    """The page where a person drops an image and sees the answer.

    Args:
        card: Of the model that answers now; None while it is being loaded.
        limits: The server's.
    """
    return render(
        "serving.html.jinja",
        STYLES,
        ("serving.js",),
        card=card,
        files=limits.files,
        mebibytes=limits.body // MEBIBYTE,
        megapixels=limits.pixels // MILLION,
    )


def api_page(description: dict[str, Any], address: str) -> str:
    """The endpoints, for people.

    Args:
        description: The OpenAPI document.
        address: Of the server, for the examples.
    """
    operations = [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = description["components"]["schemas"]
    return render(
        "serving_docs.html.jinja", STYLES, (), operations=operations, schemas=schemas, address=address, type_of=type_of
    )


def type_of(schema: dict[str, Any]) -> str:
    """A JSON schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_of(each) for each in schema["anyOf"])
    if schema.get("format") == "binary":
        return "file"
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {type_of(schema['items'])}"
    return str(schema.get("type", "anything"))
