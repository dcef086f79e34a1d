import re
from pathlib import Path

import pytest

from recognition.configuration.loading import load_config

CONFIGS = sorted((Path(__file__).resolve().parent.parent / "configs").glob("*.yaml"))
HEAD = ("command", "hardware", "time", "expect")

each_config = pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)


@each_config
def test_shipped_configuration_is_valid(path):
    load_config(path)


@each_config
def test_shipped_configuration_says_what_to_expect_of_it(path):
    lines = path.read_text().splitlines()[: len(HEAD)]
    assert [re.match(r"# (\w+): +\S", line)[1] for line in lines] == list(HEAD)
    assert f"python run_pipeline.py --config {path.name}" in lines[0]


def test_there_are_configurations():
    assert {"smoke.yaml", "train.yaml"} <= {path.name for path in CONFIGS}
