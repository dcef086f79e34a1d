"""Which tests reach a place, and in which order they are asked."""

import ast
import math
import re
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

from coverage import CoverageData

PHASE = re.compile(r"(?:^|(?<=\)\|))(.+?) \((setup|call|teardown)\)(?=\||$)")  # of a context, or of two joined
SHARED = "shared_command"  # the fixture behind the state folder and the runs that many files share
CHEAP = 5.0  # seconds of the slowest test of a file


def changed_lines(text, mutant):
    """Numbers of the lines whose statements an error changes; outside functions, of all lines within them.

    What stands outside is run when the file is imported, for whichever test comes first.
    """
    first, kept = text[: text.index(mutant.old)].count("\n") + 1, {line.strip() for line in mutant.new.splitlines()}
    old = list(enumerate(mutant.old.splitlines(), first))
    lines = {number for number, line in old if line.strip() not in kept} or {number for number, _ in old}
    nodes = list(ast.walk(ast.parse(text)))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    within = {line for node in functions for line in range(node.body[0].lineno, node.end_lineno + 1)}
    if not lines & within:
        return within
    statements = [node for node in nodes if isinstance(node, ast.stmt | ast.ExceptHandler)]
    return {number for line in lines for number in _statement(statements, line)}


def _statement(statements, line):
    """Lines of the innermost statement of a line, without its body: only some of them are told apart by coverage."""
    around = [node for node in statements if node.lineno <= line <= node.end_lineno]
    node = min(around, key=lambda node: node.end_lineno - node.lineno)
    body = getattr(node, "body", None)
    return range(node.lineno, max(line, body[0].lineno - 1 if body else node.end_lineno) + 1)


class Durations:
    """What tests took when all were run, by files of pytest's --junit-xml."""

    def __init__(self, paths):
        self._seconds, self._useless = {}, set()
        for case in (case for path in paths for case in ElementTree.parse(path).iter("testcase")):
            key = case.get("classname"), case.get("name")
            self._seconds[key] = self._seconds.get(key, 0) + float(case.get("time", 0))
            if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
                self._useless.add(key)

    def of(self, test):
        """Seconds of a test, infinite where they are not known."""
        return self._seconds.get(_junit_key(test), math.inf)

    def is_useless(self, test):
        """Whether a test fails or is skipped without any error."""
        return _junit_key(test) in self._useless


def _junit_key(test):
    place, bracket, parameters = test.partition("[")
    path, *names = place.split("::")
    return ".".join([path.removesuffix(".py").replace("/", "."), *names[:-1]]), names[-1] + bracket + parameters


class Reach:
    """The tests that reach lines, by a map that __main__.py has made.

    Args:
        path: The map.
        root: The checkout.
        tests: Node ids of the tests that there are.
        durations: What they take.
    """

    def __init__(self, path, root, tests, durations):
        if not path.is_file():
            raise ValueError(f"there is no map {path}: python -m tests.mutants map makes one")
        self._data, self._root, self._durations = CoverageData(str(path)), root, durations
        self._data.read()
        self._tests = {}
        for test in tests:
            if not durations.is_useless(test):
                self._tests.setdefault(test.partition("::")[0], []).append(test)

    def batches(self, path, lines):
        """Lists of node ids: of the file's own tests, of cheap files, of others, of files that share whole runs."""
        own = Path("tests", path).with_name(f"test_{Path(path).name}").as_posix()
        found = self._found(path, lines, own)
        by_file = {file: [test for test in tests if test in found] for file, tests in self._tests.items()}
        costs = {file: max(map(self._durations.of, tests)) for file, tests in by_file.items() if tests}
        batches = [[], [], [], []]
        for file in sorted(costs, key=lambda file: (costs[file], file)):
            kind = 0 if file == own else 3 if file in self._sharing else 1 if costs[file] <= CHEAP else 2
            batches[kind] += sorted(by_file[file], key=self._durations.of)
        return list(filter(None, batches))

    def _found(self, path, lines, own):
        measured = [file for file in self._data.measured_files() if file == path or file.endswith(f"/{path}")]
        if not measured:  # coverage looks at packages only
            return set(self._tests.get(own, ()))
        maps = [self._data.contexts_by_lineno(file) for file in measured]
        contexts = {context for each in maps for line in lines for context in each.get(line, ())}
        reached = {pair for context in contexts for pair in PHASE.findall(context)}
        files = {test.partition("::")[0] for test, phase in reached if phase == "setup"}
        prepared = {test for file in files for near in self._neighbours(file) for test in self._tests.get(near, ())}
        return {test for test, phase in reached if phase == "call"} | prepared

    def _neighbours(self, file):
        """Files whose tests may use what a fixture has made for a test of a file."""
        if file in self._sharing:
            return self._sharing
        conftest = self._root / Path(file).parent / "conftest.py"
        folder = Path(file).parent
        if folder != Path("tests") and conftest.is_file() and 'scope="session"' in conftest.read_text(encoding="utf-8"):
            return {each for each in self._tests if Path(each).parent == folder}
        return {file}

    @cached_property
    def _sharing(self):
        return {file for file in self._tests if SHARED in (self._root / file).read_text(encoding="utf-8")}
