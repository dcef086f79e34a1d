"""A cluster to test on: whatever KUBECONFIG names, if it is on this machine or was allowed by name."""

from functools import cache

import pytest

from tests.cluster.installation import Installation
from tests.cluster.permission import refusal
from tests.conftest import Command

PATIENCE = 900  # seconds that a run may take: each step's pod imports for a quarter of a minute
LONG = 25  # epochs: 8 seconds on a quick machine, five minutes on a slow one
DIGITS = (
    "--config=smoke.yaml",
    *(f"--set=data.{setting}" for setting in ("source=digits", "fallback=null")),
    *(f"--set=train.{setting}" for setting in ("batch_size=64", "epochs=3")),
)


class ClusterCommand(Command):
    """`run_pipeline.py` of a user who submits to the cluster."""

    def __init__(self, state, workspace, installation):
        super().__init__(state, workspace)
        self._environment = {**installation.environment(), "ZENML_CONFIG_PATH": str(state / "zenml")}

    def start(self, *arguments, **options):
        running = super().start(*arguments, **{**self._environment, **options})
        running.patience = PATIENCE
        return running


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    """The overlay dev, in a namespace that is removed at the end."""
    if why := refusal():
        pytest.exit(why, returncode=2)
    installation = Installation(tmp_path_factory.mktemp("installation"))
    try:
        installation.install()
        yield installation
    finally:
        installation.remove()


@pytest.fixture(scope="session")
def submit(installation, tmp_path_factory):
    """The command, with the stack applied."""
    folder = tmp_path_factory.mktemp("submit")
    command = ClusterCommand(folder / "state", folder / "runs", installation)
    applied = command.run("stack", "apply", installation.stack_file())
    assert applied.status == 0, applied.stderr
    yield command
    command.kill_all()


@pytest.fixture(scope="session")
def undisturbed(submit, digits_words, long_training):
    """Arguments of a deterministic training, long enough to be disturbed; a function: what comes of it if it is not.

    It runs beside the test that asks for it first.
    """
    exactly = ("train.deterministic=true", "train.precision=float32")
    settings = (f"train.epochs={long_training}", *exactly, "checkpoint.every_seconds=1")
    words = (*digits_words, "--no-cache", "--summary=summary.json", *(f"--set={setting}" for setting in settings))
    running = submit.start(*words, "--set=model.name=cluster-undisturbed")

    @cache
    def ended():
        outcome = running.end()
        assert outcome.status == 0, outcome.stderr
        return outcome

    return words, ended


@pytest.fixture(scope="session")
def long_training():
    """Epochs of a training that goes on for a while after its second one was seen, on any machine."""
    return LONG


@pytest.fixture(scope="session")
def digits_words():
    """Arguments of a run of seconds."""
    return DIGITS
