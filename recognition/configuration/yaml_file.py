"""A configuration file, read with care."""

from __future__ import annotations

from pathlib import Path

from recognition.configuration.wording import shown
from recognition.configuration.yaml_text import Document, parse_yaml
from recognition.errors import InputError

MAX_BYTES = 1_000_000


def read_yaml(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping.

    Args:
        path: The file.

    Raises:
        InputError: If the file cannot be read, is too large or is not the YAML that a configuration needs.
    """
    name = _name(path)
    text = _read_text(path, name)
    document = parse_yaml(text, name, lambda line: f"{name}:{line}")
    if isinstance(document.value, dict):
        return document
    problem = f"{name} is empty" if document.value is None else f"{name} holds no keys"
    received = "" if document.value is None else shown(document.value)
    remedy = 'write "{}" to ask for every default' if document.value is None else ""
    expected = 'sections with keys below them, such as "train: {network: fast, epochs: 3}"'
    raise InputError(problem, received=received, expected=expected, remedy=remedy)


def _name(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() else shown(text)


def _read_text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # bounded even where the file is endless
        if len(content) > MAX_BYTES:
            raise InputError(f"{name} is larger than {MAX_BYTES} bytes", expected="a configuration of a few kilobytes")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name}:{line}: not UTF-8 text", expected="a YAML file in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{name} cannot be read: {reason}", expected="a YAML file") from None
