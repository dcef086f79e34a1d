import shutil
from pathlib import Path

import pytest

from operations.outcomes import comparison
from operations.outcomes.comparison import PAGE, compare, load_run, render_comparison
from recognition.errors import InputError
from tests.operations.outcomes import compared_pipeline
from tests.recognition.report.reading import Page

# ZenML writes the configuration by Pydantic's JSON mode, which takes no serializer's list for a tuple
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")

FIRST, SECOND, THIRD = "comparison-first", "comparison-second", "comparison-other-data"


@pytest.fixture(scope="module")
def runs(client):
    return [
        compared_pipeline.run(FIRST, 0),
        compared_pipeline.run(SECOND, 1),
        compared_pipeline.run(THIRD, 0, data_seed=1),
    ]


@pytest.fixture
def compared(runs, tmp_path):
    return compare([FIRST, SECOND], tmp_path / "output")


def artifact(run, name):
    return next(outputs[name][0] for step in run.steps.values() if name in (outputs := step.outputs))


@pytest.fixture
def without(tmp_path):
    """A function: take an artifact's folder away until the test has ended."""
    moved = []

    def take(uri):
        kept = tmp_path / "kept" / str(len(moved))
        kept.parent.mkdir(exist_ok=True)
        moved.append((kept, shutil.move(uri, kept), uri))

    yield take
    for kept, _, uri in moved:
        shutil.move(kept, uri)


def test_writes_a_page_where_it_is_asked_to(compared, tmp_path):
    _, page = compared
    assert page == tmp_path / "output" / PAGE
    texts = Page(page.read_text("utf-8")).texts
    assert FIRST in texts["header"]
    assert "train.seed" in texts["code"]


def test_writes_into_the_state_folder_otherwise(runs, state):
    _, page = compare([FIRST, SECOND], None)
    assert page.is_relative_to(state / "reports")
    assert page.is_file()


def test_what_is_loaded(runs):
    run = load_run(runs[1])
    assert (run.name, run.model) == (SECOND, "made version 1")
    assert run.configuration["train.seed"] == run.history.seed == 1
    assert run.data["digest"] == run.dataset.digest
    assert (run.data["test images"], run.data["source's digest"], run.data["is the fallback"]) == (30, "cd" * 32, False)
    assert (run.code["commit"], run.code["recipe"]) == ("ab" * 20, "smoke")
    assert (run.code["training code"], run.code["evaluation code"]) == ("0123456789abcdef", "fedcba9876543210")
    assert run.code["python"].startswith("3.")


def test_a_cached_run_has_the_first_ones_artifacts(runs):
    again = compared_pipeline.run("comparison-again", 0)
    assert again.steps["evaluate"].status.value == "cached"
    found, _ = compare([FIRST, "comparison-again"], None)
    assert "the same predictions" in found.warnings[0]


def test_the_terminal_says_what_differs(compared):
    found, page = compared
    told = render_comparison(found, page)
    accuracy = found.opponents[0].metrics["accuracy"]
    assert f"A  {FIRST}  (baseline)" in told
    assert f"{100 * accuracy.baseline:.2f}\u00a0% → " in told
    assert "configured differently: train.seed" in told
    assert told.endswith(f"page: {page}")
    assert "WARNING" not in told


def test_warnings_are_loud(compared):
    found, page = compared
    found = type(found)(**{**vars(found), "warnings": ("The test sets differ.",)})
    assert "\nWARNING: The test sets differ.\n" in render_comparison(found, page)


def test_runs_without_a_shared_image(runs):
    with pytest.raises(InputError, match="share no test image"):
        compare([FIRST, THIRD], None)


@pytest.mark.parametrize("names", [[FIRST], [str(i) for i in range(7)]])
def test_too_few_or_too_many(names):
    with pytest.raises(InputError, match="two runs or a few more"):
        compare(names, None)


def test_lost_images_leave_hashes(runs, without):
    without(artifact(runs[0], "dataset").uri)
    without(artifact(runs[1], "dataset").uri)
    found, page = compare([FIRST, SECOND], None)
    assert "gone" in found.warnings[0]
    assert not Page(page.read_text("utf-8")).attributes("img")
    assert found.data[0].values == ("made", "made")


def test_lost_files_are_an_error(runs, without):
    without(artifact(runs[1], "history").uri)
    with pytest.raises(InputError, match="stored files of a run are gone") as error:
        compare([FIRST, SECOND], None)
    assert error.value.received == f"{SECOND} without history"


def test_files_of_other_code_are_an_error(runs):
    path = Path(artifact(runs[1], "history").uri) / "history.json"
    kept = path.read_text()
    path.write_text('{"network": "fast"}')
    with pytest.raises(InputError, match="the history of a run cannot be read"):
        compare([FIRST, SECOND], None)
    path.write_text(kept)


def test_an_output_that_cannot_be_written(runs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="folder of --output cannot be written"):
        compare([FIRST, SECOND], tmp_path / "file")


def test_nothing_is_found_when_the_number_is_wrong(monkeypatch):
    monkeypatch.setattr(comparison, "find_trainings", lambda names: pytest.fail("looked for"))
    with pytest.raises(InputError):
        compare([], None)
