"""A copy of what is committed, in which one error after another is made, tested and mended."""

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

MARKS = "not exhaustive and not cluster and not kubeflow"
ALL_PASSED, NOTHING_RUN, FAILED = 0, 5, (1, 2)  # pytest's exit statuses
FAILURE = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
TIMED_OUT = "timed out"


class Checkout:
    """A clone of a repository.

    Args:
        root: The repository.
        folder: Where the clone is made; files beside it begin with its name.
        words: Further ones for pytest.
    """

    def __init__(self, root, folder, words=""):
        subprocess.run(["git", "clone", "--quiet", "--shared", root, folder], check=True)
        self.folder, self._words = folder, shlex.split(words)

    def collect(self):
        """Node ids of the tests."""
        status, output = self._pytest("--collect-only", "-q", "tests")
        if status != ALL_PASSED:
            raise ValueError(f"the tests cannot be collected:\n{output[-2000:]}")
        return re.findall(r"^tests/.+::.+$", output, re.MULTILINE)

    def attempt(self, mutant, path, batches, durations, limit):
        """Make an error, and ask tests until one notices.

        Args:
            mutant: The error.
            path: The file that it is in.
            batches: Lists of node ids.
            durations: What tests take.
            limit: Seconds that a batch may take beyond twice of that: then the error makes something hang.

        Returns:
            Whether it was caught, and by which test.
        """
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        self._write(file, text.replace(mutant.old, mutant.new))
        try:
            for batch in batches:
                known = sum(seconds for seconds in map(durations.of, batch) if seconds < float("inf"))
                if by := self._noticed(batch, limit + 2 * known):
                    return True, by
            return False, ""
        finally:
            self._write(file, text)

    def _noticed(self, tests, limit):
        ids = self.folder.with_suffix(".tests")
        ids.write_text("\n".join(tests) + "\n", encoding="utf-8")
        status, output = self._pytest("-x", "-q", f"@{ids}", limit=limit)
        if status in FAILED:
            found = FAILURE.search(output)
            return found[1] if found else "a test that is not named"
        if status not in (ALL_PASSED, NOTHING_RUN, None):
            raise ValueError(f"pytest ended with status {status}:\n{output[-2000:]}")
        return TIMED_OUT if status is None else ""

    def _pytest(self, *words, limit=None):
        """Exit status, None after the limit; and what was printed. Nothing that was started outlives it."""
        log, environment = self.folder.with_suffix(".log"), {**os.environ, "PYTHONPATH": str(self.folder)}
        ours = [f"--basetemp={self.folder.with_suffix('.tmp')}", "-p", "no:cacheprovider", "-m", MARKS]
        command = [sys.executable, "-m", "pytest", *ours, *self._words, *words]
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=file, stderr=file, start_new_session=True
            )
            try:
                status = process.wait(limit)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return status, log.read_text(encoding="utf-8", errors="replace")

    def _write(self, file, text):
        """Python takes a file of the same second and size for the one that it has compiled."""
        file.write_text(text, encoding="utf-8")
        Path(cache_from_source(str(file))).unlink(missing_ok=True)
