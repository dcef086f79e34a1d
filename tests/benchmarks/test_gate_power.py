import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gate_power import detectable, power, power_table, rule_table
from recognition.gate.paired_test import compare_pair
from tests.recognition.gate.pairs import discordant, pair_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gate.md"


@pytest.mark.parametrize(("name", "table"), [("power", power_table), ("rules", rule_table)])
def test_the_page_holds_the_tables_as_computed(name, table):
    [written] = re.findall(f"<!-- {name} -->\n(.*?)<!-- /{name} -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert written == f"{table()}\n"


def test_power_is_the_level_without_a_difference_and_grows():
    assert 0.035 < power(10_000, 0.2, 0.0, 0.05) <= 0.05
    assert power(1000, 0.2, 0.01, 0.05) < power(1000, 0.2, 0.02, 0.05) < power(2000, 0.2, 0.02, 0.05)
    assert power(1000, 0.2, detectable(1000, 0.2, 0.01), 0.01) == pytest.approx(0.8, abs=0.01)


def test_what_cannot_be_found_has_no_smallest_difference():
    assert np.isnan(detectable(50, 0.1, 1e-6))


@pytest.mark.parametrize("images", [1_000, 10_000])
def test_a_decision_tells_nearly_the_same(images):
    pair = pair_of(*discordant(images, images // 10, images // 10))
    assert compare_pair(pair, 0.0).detectable(0.004) == pytest.approx(detectable(images, 0.2, 0.004), rel=0.04)
