"""The command run within the tests' own process, watched: what it says, what it writes, how long it takes."""

import functools
import io
import os
import shutil
import signal
import sys
import unicodedata
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from hypothesis import currently_in_test_context, event

import run_pipeline

PATIENCE = 20  # seconds, of which a busy machine needs few; a hang is longer
LONGEST_LINE = 2_000  # characters
MOST_LINES = 10  # of a refusal
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # categories that move a terminal's cursor, end a line or are no character
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
OUTWARD = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"}


class Accepted(BaseException):
    """Everything was checked, and the pipeline would start; no error, so that nobody catches it."""


class Hang(BaseException):
    """PATIENCE is over."""


class Journal:
    """Notes files written, and what leaves the process, while it is open."""

    def __init__(self):
        self._entries = None
        sys.addaudithook(self._note)

    @contextmanager
    def open(self):
        self._entries = entries = []
        try:
            yield entries
        finally:
            self._entries = None

    def _note(self, name, arguments):
        if self._entries is None:
            return
        if name == "open" and (arguments[2] or 0) & WRITING:
            self._entries.append((name, arguments[0]))
        elif name in CHANGES or name in OUTWARD:
            self._entries.append((name, *arguments))


@functools.cache
def journal():
    """The only one: Python never lets go of an audit hook."""
    return Journal()


@dataclass(frozen=True)
class Outcome:
    """What the command did: status None where everything was accepted."""

    status: int | None
    out: str
    err: str


class WatchedCommand:
    """`run_pipeline.py` up to where work would start, in `work` below a root and with the state folder beside it."""

    def __init__(self, root):
        self.work, self.state = root / "work", root / "state"

    @contextmanager
    def folder(self):
        """An empty work folder for an example."""
        for folder in (self.work, self.state):
            shutil.rmtree(os.fsencode(folder), ignore_errors=True)
            folder.mkdir(parents=True)
        before = os.getcwd()
        os.chdir(self.work)
        try:
            yield self.work
        finally:
            os.chdir(before)

    def check(self, *arguments, keeps=False):
        """Run it, assert all that must hold whatever it is given, and return the outcome.

        Only what `keeps` downloads may leave files in the state folder when it is refused.
        """
        before = contents(self.work)
        with journal().open() as written:
            outcome = run(arguments)
        if currently_in_test_context():
            event("accepted" if outcome.status is None else "refused")
        foreign = [entry for entry in written if not self._within_state(entry)]
        assert not foreign, f"written outside the state folder, or gone beyond the process: {foreign}"
        assert contents(self.work) == before, f"not as before: {contents(self.work)}"
        assert outcome.status in (None, 2), outcome
        if outcome.status == 2:
            check_refusal(outcome)
            assert keeps or not contents(self.state), f"left behind: {contents(self.state)}"
        for line in (outcome.out + outcome.err).split("\n"):
            assert len(line) <= LONGEST_LINE, line
            assert {unicodedata.category(character) for character in line}.isdisjoint(UNPRINTABLE), ascii(line)
        return outcome

    def _within_state(self, entry):
        name, path = entry[:2]
        if name in OUTWARD:
            return False
        return isinstance(path, int) or os.fsdecode(path).startswith(str(self.state))


def check_refusal(outcome):
    """Assert that a refusal says what is wrong in few words, and nothing else."""
    assert outcome.out == "", outcome
    assert outcome.err.startswith("error: "), outcome
    assert "Traceback" not in outcome.err, outcome
    assert len(outcome.err.splitlines()) <= MOST_LINES, outcome
    details = outcome.err.removesuffix("\n").split("\n")[1:]
    assert all(line.startswith("  ") for line in details), f"a name ends its line: {details}"


def run(arguments):
    """Run the command as a terminal would; raise Hang where it does not end."""
    out, err = stream("strict"), stream("backslashreplace")
    try:
        with warnings.catch_warnings(), redirect_stdout(out), redirect_stderr(err), at_most(PATIENCE):
            warnings.simplefilter("ignore")  # as the command does
            status = run_pipeline.main(list(arguments))
    except Accepted:
        status = None
    return Outcome(status, text(out), text(err))


@contextmanager
def at_most(seconds):
    """Raise Hang when the time is over; the timer of pytest-timeout goes on afterwards."""

    def end(*_):
        raise Hang(f"{seconds} seconds are over")

    handler = signal.signal(signal.SIGALRM, end)
    remaining = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *remaining)
        signal.signal(signal.SIGALRM, handler)


def stream(errors):
    return io.TextIOWrapper(io.BytesIO(), "utf-8", errors, newline="")


def text(written):
    written.flush()
    return written.buffer.getvalue().decode()


def contents(folder):
    """Size and time of each file below a folder, by path, without locks, which are empty and stay."""
    found = {}
    for top, _, names in os.walk(os.fsencode(folder)):
        for name in (name for name in names if not name.endswith(b".lock")):
            status = os.lstat(os.path.join(top, name))
            found[os.path.join(top, name)] = status.st_size, status.st_mtime_ns
    return found


def accept(*_):
    """Stand in for the question for ZenML's stack, the first thing after all checks."""
    raise Accepted


def write(name, content):
    """Write a file, making its folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
