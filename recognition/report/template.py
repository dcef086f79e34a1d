"""Templates, styles and scripts put together to one page that asks nothing of anyone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from recognition.evaluation.score import in_words
from recognition.report import formats

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
FILTERS = (
    *("percent", "percents", "points", "moment", "integer", "plural", "duration", "breakable"),
    *("signed", "levels", "amount"),
)


def render(template: str, styles: Sequence[str], scripts: Sequence[str], **values: object) -> str:
    """Fill in a template of this folder.

    Args:
        template: Its file name; it gets `style`, `script` and `script_digest`, the script's SHA-256 for the content
            security policy.
        styles: File names, in order.
        scripts: Likewise.
        values: What else it needs; text is escaped.
    """
    style, script = (
        "\n".join((FOLDER / name).read_text("utf-8") for name in names).strip() for names in (styles, scripts)
    )
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own files
            script=Markup(script),  # noqa: S704 - our own files
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values,
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": True}
    for name in FILTERS:
        environment.filters[name] = getattr(formats, name)
    environment.filters["words"] = in_words
    return environment
