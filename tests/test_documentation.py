import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "own-images.md"


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
