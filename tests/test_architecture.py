import ast
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
UNPICKLING_CALLS = {"read_pickle", "to_pickle", "enable_unsafe_deserialization"}

modules = pytest.mark.parametrize(
    "path",
    [ROOT / "run_pipeline.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)


def nodes(path):
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


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


def test_the_house_has_these_packages():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == set(PACKAGES)


def circles(root, package):
    """Names of files of a package that import each other in a circle, imports in functions and for types included."""
    files = {".".join(path.relative_to(root).with_suffix("").parts): path for path in (root / package).rglob("*.py")}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    arrows = {name: set() for name in files}
    for name, path in files.items():
        for node in nodes(path):
            if isinstance(node, ast.Import):
                arrows[name] |= {alias.name for alias in node.names} & files.keys()
            elif isinstance(node, ast.ImportFrom):
                asked = [(f"{node.module}.{alias.name}", node.module) for alias in node.names]
                arrows[name] |= {module if module in files else parent for module, parent in asked} & files.keys()
    while leaves := {name for name, asked in arrows.items() if not asked & arrows.keys()}:
        arrows = {name: asked for name, asked in arrows.items() if name not in leaves}
    while unasked := arrows.keys() - set().union(*arrows.values()):
        arrows = {name: asked for name, asked in arrows.items() if name not in unasked}
    return set(arrows)


def test_no_files_of_the_library_import_each_other_in_a_circle(tmp_path):
    texts = {
        "a": "def f():\n    from made.b import g",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import made.c",
        "c": "from made import a",
        "d": "import made.a",
    }
    (tmp_path / "made").mkdir()
    for name, text in texts.items():
        (tmp_path / "made" / f"{name}.py").write_text(text)
    assert circles(tmp_path, "made") == {"made.a", "made.b", "made.c"}
    assert circles(ROOT, "recognition") == set()
