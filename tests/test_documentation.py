import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
DOCS = PROJECT / "docs"
PAGE = DOCS / "own-images.md"
PAGES = sorted([*PROJECT.glob("*.md"), *DOCS.glob("*.md"), PROJECT / "k8s" / "README.md"])


def links(page):
    """Links and pictures of a page within the project, each as the file and the anchor in it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    inside = [target.partition("#") for target in targets if "://" not in target]
    return [((page.parent / name).resolve() if name else page, anchor) for name, _, anchor in inside]


def anchors(page):
    """What can be linked to on a page: its headings, as GitHub and GitLab name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), f"no {target}"
        assert not anchor or anchor in anchors(target), f"no #{anchor} in {target}"


def test_the_guide_leads_to_every_page_and_the_front_page_to_the_guide():
    led_to = {target for target, _ in links(DOCS / "README.md")}
    assert set(PAGES) - led_to == {DOCS / "README.md"}
    assert DOCS / "README.md" in {target for target, _ in links(PROJECT / "README.md")}


def test_every_picture_is_shown():
    shown = {target for page in PAGES for target, _ in links(page)}
    assert {path for path in DOCS.iterdir() if path.suffix == ".png"} <= shown


def test_the_front_page_is_short():
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").split()) < 800


def test_the_change_log_begins_with_this_version_and_says_what_runs_again():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.split(r"^## ", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    assert newest.startswith(f"{version}\n")
    assert "**Runs again:**" in newest


def commands():
    """The shell commands of the page, in order."""
    return re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_worked_example_works_word_for_word(tmp_path):
    for name in ("run_pipeline.py", "docs", "configs"):
        (tmp_path / name).symlink_to(PROJECT / name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZENML_", "MLFLOW_"))}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RECOGNITION_STATE": str(tmp_path / "state"),
    }
    answers = []
    for command in commands():
        answer = subprocess.run(
            ["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
        )
        assert answer.returncode == 0, command + answer.stdout + answer.stderr
        answers.append(answer.stdout)
    made, trained, predicted, asked, from_table, from_parquet = answers
    assert "328 images" in made
    assert float(re.search(r"^  accuracy +([\d.]+)%", trained, re.MULTILINE)[1]) > 85
    assert "decision   promoted" in trained
    assert predicted.startswith("new.jpg  flower ")
    probabilities = {name: float(value) for name, value in re.findall(r"^(\w+) +([\d.]+)$", asked, re.MULTILINE)}
    assert max(probabilities, key=probabilities.get) == "flower"
    for again in (from_table, from_parquet):
        cached = re.search(r"^  cached +(.+)$", again, re.MULTILINE)[1].split(", ")
        assert {"augmentation", "train", "evaluate", "report"} <= set(cached)
