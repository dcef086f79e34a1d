"""Hashes of the code behind each step, so that the cache sees a changed helper function.

ZenML's cache key covers a step's own source only, and a cluster's orchestrator has no code to look at: the hash is
computed where a run is submitted and passed to each cached step as a parameter.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from operations.environment import PROJECT

PACKAGES = ("recognition", "operations", "materializers", "steps")
LIBRARIES = ("cleanlab", "keras", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")  # whose results are cached


def code_hash(module: str, root: Path = PROJECT) -> str:
    """Hash of a module's file, of all our files that it imports, directly or not, and of the libraries' versions.

    Args:
        module: Dotted name of one of our modules, such as "steps.train".
        root: The checkout.

    Returns:
        16 hexadecimal digits.
    """
    hasher = hashlib.sha256("\n".join(f"{name}=={version(name)}" for name in LIBRARIES).encode())
    for path in imported_files(module, root):
        hasher.update(f"{path.relative_to(root).as_posix()}\0".encode())
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:16]


def imported_files(module: str, root: Path = PROJECT) -> list[Path]:
    """Our files behind a module: itself, what it imports, and what lies beside those without being Python."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file_of(waiting.pop(), root)
        if path is not None and path not in found:
            found.add(path)
            waiting.extend(_imports(path.read_text(encoding="utf-8"), path.parent.name))
    assets = {asset for path in found for asset in path.parent.iterdir() if asset.is_file() and _is_asset(asset)}
    return sorted(found | assets)


@cache  # every step has most files in common, and to parse them takes a second
def _imports(text: str, folder: str) -> tuple[str, ...]:
    """Dotted names of ours that a file imports anywhere, those inside functions included.

    What a materializer draws for the dashboard changes nothing that flows: a new picture trains no network anew.
    """
    names = [name for name in _imported(text) if name.split(".")[0] in PACKAGES]
    drawn = [name for name in names if folder == "materializers" and "pictures" in name]
    return tuple(parent for name in names if name not in drawn for parent in _with_parents(name))


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _file_of(module: str, root: Path) -> Path | None:
    base = root.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _is_asset(path: Path) -> bool:
    return path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")
