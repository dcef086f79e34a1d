"""Hashes of the code behind each step, so that the cache sees a changed helper function.

ZenML's cache key covers a step's own source only, and a cluster's orchestrator has no code to look at: the hash is
computed where a run is submitted and passed to each cached step as a parameter. It is one of what the code does:
docstrings, comments and layout are left out, and Python 3.11, 3.12 and 3.13 make the same of the same files.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from operations.platform.environment import PROJECT

PACKAGES = ("recognition", "operations", "materializers", "steps")
LIBRARIES = ("cleanlab", "keras", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")  # whose results are cached
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
WITHOUT_MEANING = ("ctx", "kind")  # fields of a syntax tree: one follows from where a name stands, one from a prefix u


class _Source(NamedTuple):
    """What a file of ours holds.

    Attributes:
        imports: Dotted names that it imports anywhere, inside functions too; not those for types alone.
        digest: SHA-256 of its code.
    """

    imports: tuple[str, ...]
    digest: bytes


def code_hash(module: str, root: Path = PROJECT) -> str:
    """Hash of a module's code, of all of ours that it imports, directly or not, and of the libraries' versions.

    Args:
        module: Dotted name of one of our modules, such as "steps.train".
        root: The checkout.

    Returns:
        16 hexadecimal digits.
    """
    hasher = hashlib.sha256("\n".join(f"{name}=={version(name)}" for name in LIBRARIES).encode())
    for path in imported_files(module, root):
        hasher.update(f"{path.relative_to(root).as_posix()}\0".encode())
        hasher.update(path.read_bytes() if _is_asset(path) else _read(path).digest)
    return hasher.hexdigest()[:16]


def imported_files(module: str, root: Path = PROJECT) -> list[Path]:
    """Our files behind a module: itself, what it imports, and what lies beside those without being Python."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file_of(waiting.pop(), root)
        if path is not None and path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    assets = {asset for path in found for asset in path.parent.iterdir() if asset.is_file() and _is_asset(asset)}
    return sorted(found | assets)


def _imports(path: Path) -> list[str]:
    """Names of ours that a file imports.

    What a materializer draws for the dashboard changes nothing that flows: a new picture trains no network anew.
    """
    names = [name for name in _read(path).imports if name.split(".")[0] in PACKAGES]
    drawn = [name for name in names if path.parent.name == "materializers" and "pictures" in name]
    return [parent for name in names if name not in drawn for parent in _with_parents(name)]


def _read(path: Path) -> _Source:
    return _parse(path.read_text(encoding="utf-8"))


@cache  # every step has most files in common, and to parse them takes a second
def _parse(text: str) -> _Source:
    tree = ast.parse(text)
    parts: list[str] = []
    _write(tree, parts)
    return _Source(tuple(_imported(tree)), hashlib.sha256("".join(parts).encode()).digest())


def _write(value: object, parts: list[str]) -> None:
    """A syntax tree as text without docstrings; `ast.dump` writes it otherwise in each version of Python."""
    if isinstance(value, ast.AST):
        parts.append(f"{type(value).__name__}(")
        for name in value._fields:
            field = getattr(value, name, None)
            if name == "body" and isinstance(value, DOCUMENTED) and ast.get_docstring(value, clean=False) is not None:
                field = value.body[1:]
            if isinstance(value, ast.JoinedStr):  # to which Python 3.12 adds empty texts
                field = [part for part in value.values if getattr(part, "value", None) != ""]
            if field is not None and field != [] and name not in WITHOUT_MEANING:
                parts.append(f"{name}=")
                _write(field, parts)
        parts.append(")")
    elif isinstance(value, list):
        parts.append("[")
        for item in value:
            _write(item, parts)
        parts.append("]")
    else:
        parts.append(f"{value!a},")


def _imported(tree: ast.AST) -> Iterator[str]:
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom) and tree.module and tree.level == 0:
        yield from (tree.module, *(f"{tree.module}.{alias.name}" for alias in tree.names))
    for child in ast.iter_child_nodes(tree):
        yield from _imported(child)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _file_of(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _is_asset(path: Path) -> bool:
    return path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")
