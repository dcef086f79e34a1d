from pathlib import Path

import pytest

from operations.platform.cache import expire_lost_steps
from operations.platform.references import references


@pytest.fixture(scope="module")
def run(state):
    """A function: a code -> status of the step, and its artifact, of a real run."""
    from tests.operations import tiny_pipeline

    numbers = iter(range(100))

    def run(code):
        record = tiny_pipeline.run(f"cache-{next(numbers)}", code)
        step = record.steps["tiny_images"]
        return step.status.value, step.outputs["tiny_dataset"][0]

    return run


def test_a_cached_step_whose_files_are_there_stays_cached(run):
    assert run("whole")[0] == "completed"
    assert expire_lost_steps(["tiny_images"]) == []
    assert run("whole")[0] == "cached"


@pytest.mark.parametrize("lost", ["reference", "artifact"])
def test_a_step_that_has_lost_a_file_runs_again(run, lost):
    artifact = run(lost)[1]
    place = Path(artifact.uri)
    files = [Path(references(artifact.uri)[0])] if lost == "reference" else list(place.rglob("*"))
    for path in files:
        if path.is_file():
            path.unlink()
    if lost == "artifact":
        place.rmdir()
    assert expire_lost_steps(["tiny_images"]) == ["tiny_images"]
    status, artifact = run(lost)
    assert status == "completed"
    assert artifact.load().name == "tiny"
    assert expire_lost_steps(["tiny_images"]) == []


def test_other_steps_are_not_looked_at(run):
    artifact = run("other")[1]
    Path(references(artifact.uri)[0]).unlink()
    assert expire_lost_steps(["train", "report"]) == []
    assert expire_lost_steps(["train", "tiny_images"]) == ["tiny_images"]
