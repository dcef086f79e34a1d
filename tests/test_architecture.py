import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("recognition", "operations", "materializers", "steps", "pipelines", "commands")
MAY_NOT_IMPORT = {
    "recognition": {"zenml", "mlflow", "operations", "materializers", "steps", "pipelines", "commands", "run_pipeline"},
    "operations": {"materializers", "steps", "pipelines", "commands", "run_pipeline"},
    "materializers": {"steps", "pipelines", "commands", "run_pipeline"},
    "steps": {"pipelines", "commands", "run_pipeline"},
    "pipelines": {"commands", "run_pipeline"},
    "commands": {"run_pipeline"},
}
PICKLERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "joblib", "dill", "marshal", "shelve"}
UNPICKLING_ARGUMENTS = {"allow_pickle": True, "safe_mode": False, "weights_only": False}
PAGED_BY_MLFLOW = {
    f"search_{what}" for what in ("runs", "experiments", "registered_models", "model_versions", "logged_models")
}
UNPICKLING_CALLS = {"read_pickle", "to_pickle", "enable_unsafe_deserialization"}

modules = pytest.mark.parametrize(
    "path",
    [ROOT / "run_pipeline.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)


@cache
def nodes(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path):
    """Top-level names of everything that a file imports anywhere, inside functions too."""
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@modules
def test_arrows_point_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    assert not imported(path) & MAY_NOT_IMPORT.get(package, set())


@modules
def test_imports_are_absolute_so_that_code_hashes_follow_them(path):
    assert not [node.lineno for node in nodes(path) if isinstance(node, ast.ImportFrom) and node.level]


@modules
def test_nothing_is_pickled_or_unpickled(path):
    assert not imported(path) & PICKLERS
    calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
    arguments = {(word.arg, ast.unparse(word.value)) for call in calls for word in call.keywords}
    assert not arguments & {(name, str(value)) for name, value in UNPICKLING_ARGUMENTS.items()}
    assert not {getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls} & UNPICKLING_CALLS


@modules
def test_what_comes_in_pages_is_read_to_its_end(path):
    """By paging.py; or it is one of a name, or how many are wanted is said."""
    for call in (node for node in nodes(path) if isinstance(node, ast.Call)):
        name, said = getattr(call.func, "attr", ""), {keyword.arg for keyword in call.keywords}
        if name in PAGED_BY_MLFLOW:
            assert said & {"max_results", "page_token"}, name
        if (
            name.startswith("list_")
            and isinstance(call.func.value, ast.Call)
            and ast.unparse(call.func.value) == "Client()"
        ):
            assert said & {"name", "page"}, name


def test_the_house_has_these_packages():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == set(PACKAGES)


@cache
def files_behind(path):
    """Our files that a file imports, inside functions and for types alone too."""
    found = set()
    for node in nodes(path):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {file_of(name.split(".")) for name in names if name.split(".")[0] in PACKAGES}
    return found - {path}


def file_of(parts):
    """The file of a module, or of the one that a name is imported from."""
    module = ROOT.joinpath(*parts)
    candidates = (module.with_suffix(".py"), module / "__init__.py")
    return next((path for path in candidates if path.is_file()), None) or file_of(parts[:-1])


def test_no_file_imports_itself_by_way_of_others():
    graph = {path: files_behind(path) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(path.relative_to(ROOT).as_posix() for path in error.args[1]), pytrace=False)


def test_the_rooms_of_operations_are_as_drawn():
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", page, re.MULTILINE)
    drawn = {room: set(re.findall(r"\w+", used)) for room, used in rows}
    found = {}
    for path in (ROOT / "operations").glob("*/*.py"):
        used = {other.relative_to(ROOT).parts for other in files_behind(path)}
        rooms = {parts[1] for parts in used if parts[0] == "operations" and len(parts) == 3}
        found.setdefault(path.parent.name, set()).update(rooms - {path.parent.name})
    assert found == drawn
    TopologicalSorter(drawn).prepare()


@pytest.mark.parametrize("room", sorted(path.parent.name for path in (ROOT / "operations").glob("*/__init__.py")))
def test_a_room_of_operations_is_small_enough_to_know(room):
    assert len(list((ROOT / "operations" / room).glob("[a-z]*.py"))) <= 16


@modules
def test_files_of_models_are_asked_for_in_one_place(path):
    """Others would leave folders behind, or use files that nobody compared."""
    if path != ROOT / "operations" / "tracking" / "model_files.py":
        assert "mlflow.artifacts" not in path.read_text(encoding="utf-8")
