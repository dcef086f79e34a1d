"""A command that is killed, and what must be true after it."""

import json
import os

from operations.platform.environment import state_folder
from operations.registry.repair import repair
from operations.tracking import connection
from tests.deaths.consistency import file_problems, registry_problems
from tests.deaths.processes import TOLD


class Scenario:
    """A command, what there is before it, and what must be true after it was killed.

    Attributes:
        name: In the table.
    """

    name: str

    def start(self):
        """Start what the command talks to, before anything else."""

    def stop(self):
        """End it."""

    def prepare(self):
        """Make what there is before."""

    def command(self):
        """What is killed, and given again."""
        raise NotImplementedError

    def problems(self):
        """What is not consistent, a line each."""
        return [*registry_problems(connection.connect()), *file_problems()]

    def mend(self):
        """What every command does first: what it tells, a line each."""
        return repair(connection.connect())

    def lost(self):
        """What somebody was told before the death, and is no longer so, a line each."""
        return []

    def unfinished(self):
        """What is not as it must be when the command was given again, a line each."""
        return []

    def after(self):
        """What the next commands find, tell and leave: problems, a line each."""
        before = set(self.problems())
        told = self.mend()
        found = [f"after mending: {each}" for each in [*self.problems_of_others(), *self.lost()]]
        mended = {each for each in before - set(self.problems()) if not each.startswith("left: ")}
        if mended and not told:
            found.append(f"not told: {sorted(mended)}")
        self.command()
        found += [f"in the end: {each}" for each in [*self.problems(), *self.lost(), *self.unfinished()]]
        if again := self.mend():
            found.append(f"mended twice: {again}")
        return found

    def problems_of_others(self):
        """What is wrong for others while the killed command is not given again."""
        return self.problems()


def tell(line):
    """Tell somebody, where no death takes it back, what from now on must not be lost."""
    with open(os.environ[TOLD], "a") as file:
        file.write(f"{line}\n")


def told():
    """What somebody was told, a line each."""
    with open(os.environ[TOLD]) as file:
        return file.read().splitlines()


def note(document, name="noted"):
    """Keep something for later processes, beside the state folder's own files."""
    (state_folder() / f"{name}.json").write_text(json.dumps(document))


def noted(name="noted"):
    return json.loads((state_folder() / f"{name}.json").read_text())
