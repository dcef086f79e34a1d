import shutil

import pytest

from operations.platform.code import code_hash, imported_files
from operations.platform.environment import PROJECT
from operations.training import former_code

PACKAGES = ("recognition", "operations", "materializers", "steps", "pipelines")
CACHED_STEPS = ("augmentation", "train", "evaluate", "report", "calibrate")
BASICS = {"__init__.py", "addresses.py", "errors.py"}
ROOMS = {  # of recognition, and files of operations by room, that a step may reach: what can change its result
    "data_report": ({"configuration", "data", "evaluation", "report"}, {"platform/console"}),
    "augmentation": (
        {"augmentation", "configuration", "data", "pictures"},
        {"platform/console", "platform/environment"},
    ),
    "train": (
        {"augmentation", "configuration", "data", "evaluation", "networks", "training"},
        {
            *("platform/digest", "platform/environment", "platform/references", "platform/termination"),
            *("tracking/logged_model", "tracking/model_files", "training/identity", "training/surroundings"),
        },
    ),
    "evaluate": (
        {"configuration", "data", "evaluation", "training"},
        {"platform/console", "platform/environment"},
    ),
    "report": (
        {"data", "evaluation", "gate", "pictures", "prediction", "report", "training"},
        {"platform/console", "registry/registered_model", "training/surroundings"},
    ),
    "calibrate": (
        {"augmentation", "calibration", "configuration", "data", "evaluation", "networks", "training"},
        {
            *("platform/console", "platform/digest", "platform/environment"),
            *("training/identity", "training/surroundings"),
        },
    ),
}
SECTIONS = {"train": {"augmentation", "checkpoint", "tail", "train"}, "evaluate": {"evaluation"}, "report": set()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages that nobody else edits."""
    root = tmp_path_factory.mktemp("checkout")
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(scope="module")
def before(copy):
    """The hash of each cached step in the copy as it is."""
    return {step: code_hash(f"steps.{step}", copy) for step in CACHED_STEPS}


@pytest.fixture
def edited(copy, before):
    """A function: path and old text, new text -> names of the cached steps whose hash changes; undone afterwards."""
    undo = []

    def edit(name, old, new):
        path = copy / name
        content = path.read_text() if path.exists() else None
        undo.append((path, content))
        assert old in (content or "")
        path.write_text((content or "").replace(old, new, 1))
        return {step for step in CACHED_STEPS if code_hash(f"steps.{step}", copy) != before[step]}

    yield edit
    for path, content in reversed(undo):
        path.unlink() if content is None else path.write_text(content)


def names(module, root):
    return {path.relative_to(root).as_posix() for path in imported_files(module, root)}


def test_a_function_of_the_report_changes_the_report_only(edited):
    assert edited(
        "recognition/report/numbers.py", "def report_numbers(", "def extra(): ...\n\n\ndef report_numbers("
    ) == {"report"}


@pytest.mark.parametrize("step", ROOMS)
def test_a_step_reaches_its_own_rooms_only(step):
    files = [path.relative_to(PROJECT) for path in imported_files(f"steps.{step}")]
    rooms, operations = ROOMS[step]
    assert {path.parts[1] for path in files if path.parts[0] == "recognition"} - BASICS == rooms
    ours = [path.relative_to("operations").with_suffix("") for path in files if path.parts[0] == "operations"]
    assert {path.as_posix() for path in ours if path.name != "__init__"} == operations
    assert {path.name for path in files if path.parts[0] == "steps"} == {f"{step}.py"}


@pytest.mark.parametrize("step", SECTIONS)
def test_a_step_depends_on_the_sections_that_it_is_given(step):
    found = {path.stem for path in imported_files(f"steps.{step}") if path.parent.name == "sections"}
    assert found - {"__init__"} == SECTIONS[step]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("recognition/scheduling/cron.py", "def ", "def extra(): ...\n\n\ndef "),
        ("operations/registry/lease.py", "def ", "def extra(): ...\n\n\ndef "),
        ("recognition/training/learner.py", '"""', '"""Better words. '),
        ("recognition/training/learner.py", "\n\n\n", "\n\n\n# why\n\n"),
        (
            "recognition/training/learner.py",
            "        if self._averages is None:\n",
            "        if (self._averages is None):\n",
        ),
        ("steps/train.py", '    """Train on', '    """Train well on'),
    ],
)
def test_what_cannot_change_a_result_changes_no_hash(edited, name, old, new):
    assert edited(name, old, new) == set()


def test_a_line_of_the_schedule_trains_again(edited):
    assert edited("recognition/training/schedule.py", "return ", "return 2 * ") == {"train", "calibrate"}


def test_the_former_versions_hashes_stand_beside_todays():
    """Where a step still gives what version 0.1.0's did, put its new hash into former_code.py; else drop its line."""
    today = {code_hash(f"steps.{step}") for step in ("augmentation", "calibrate", "evaluate", "train")}
    assert today == set(former_code._FORMER)


def test_a_style_sheet_changes_the_report_only(edited):
    assert edited("recognition/report/style.css", "", "/* darker */ ") == {"report"}


def test_a_new_asset_beside_the_page_changes_the_report(edited):
    assert edited("recognition/report/extra.js", "", "hover()") == {"report"}


def test_the_loop_changes_the_training(edited):
    changed = edited("recognition/training/epoch.py", "DIVERGED = 10.0", "DIVERGED = 9.0")
    assert "train" in changed
    assert "report" not in changed


def test_a_helper_of_a_helper_changes_the_training(edited):
    assert "train" in edited(
        "recognition/augmentation/statistics.py", "def channel_moments(", "def extra(): ...\n\n\ndef channel_moments("
    )


def test_an_import_inside_a_function_counts(edited):
    assert "import fast" in (PROJECT / "recognition/networks/__init__.py").read_text().partition("def ")[2]
    assert "train" in edited("recognition/networks/fast.py", "HEAD_SCALE = 1 / 9", "HEAD_SCALE = 1 / 8")


def test_a_step_changes_itself_only(edited):
    assert edited("steps/evaluate.py", "    load_tensorflow()", "    load_tensorflow(1)") == {"evaluate"}


def test_what_nobody_imports_changes_nothing(edited):
    assert edited("recognition/unused.py", "", "print()") == set()
    assert edited("pipelines/training.py", "", " ") == set()
    assert edited("recognition/report/.style.css.swp", "", "editor's") == set()


def test_the_hash_is_one_of_content_and_not_of_place(copy, tmp_path):
    shutil.copytree(copy, tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "recognition" / "__pycache__").mkdir()
    assert code_hash("steps.train", tmp_path / "elsewhere") == code_hash("steps.train", copy)


def test_another_version_of_a_library_changes_every_step(copy, monkeypatch):
    before = {code_hash(f"steps.{step}", copy) for step in CACHED_STEPS}
    monkeypatch.setattr("operations.platform.code.version", lambda name: "0")
    assert not before & {code_hash(f"steps.{step}", copy) for step in CACHED_STEPS}


@pytest.mark.parametrize(
    ("step", "files"),
    [
        ("augmentation", {"recognition/augmentation/plan.py", "recognition/pictures/augmentation.py"}),
        ("train", {"recognition/training/checkpoint.py", "operations/tracking/logged_model.py"}),
        (
            "evaluate",
            {"recognition/evaluation/metrics.py", "materializers/evaluation.py", "recognition/training/model_file.py"},
        ),
        (
            "report",
            {"recognition/report/page.html.jinja", "recognition/report/table.js", "recognition/gate/decision.py"},
        ),
    ],
)
def test_files_behind_a_step(copy, step, files):
    found = names(f"steps.{step}", copy)
    assert files | {f"steps/{step}.py", "recognition/__init__.py"} <= found
    assert not {f"steps/{other}.py" for other in CACHED_STEPS if other != step} & found


@pytest.mark.parametrize(
    "name", ["recognition/gate/judge.py", "recognition/pictures/curves.py", "recognition/data/download.py"]
)
def test_what_cannot_change_a_training_does_not_repeat_it(copy, name):
    assert (copy / name).is_file()
    assert name not in names("steps.train", copy)


def test_files_are_found_through_every_kind_of_import(tmp_path):
    contents = {
        "recognition/__init__.py": "",
        "recognition/a.py": "import recognition.b\ndef f():\n    from recognition import c",
        "recognition/b.py": "from recognition.deep.d import thing as other",
        "recognition/c.py": "import numpy, recognition.e as e",
        "recognition/e.py": "import recognition.a, recognition.f",
        "recognition/deep/__init__.py": "",
        "recognition/deep/d.py": "thing = 1",
        "recognition/deep/words.txt": "an asset",
        "recognition/unused.py": "",
        "recognition/f.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import recognition.unused",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert names("recognition.a", tmp_path) == contents.keys() - {"recognition/unused.py"}
