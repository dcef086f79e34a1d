import re
from itertools import product
from pathlib import Path

import pytest

from recognition.errors import InputError
from recognition.export import choice
from recognition.export.choice import EXCEPT, FORMATS, PAIRS, QUANTIZATIONS, Choice, check_choice, check_network

DOCS = Path(__file__).resolve().parents[3] / "docs" / "export.md"


@pytest.mark.parametrize("pair", list(product(FORMATS, (None, *QUANTIZATIONS))))
def test_what_does_not_go_together_is_refused(pair):
    if pair in PAIRS:
        assert check_choice(*pair).tolerance == PAIRS[pair]
    else:
        with pytest.raises(InputError, match="litert --quantize int8"):
            check_choice(*pair)


def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == "tf2onnx" else name)
    with pytest.raises(InputError, match="without tf2onnx") as raised:
        check_choice("onnx", None)
    assert "[export]" in str(raised.value)
    assert check_choice("savedmodel", None).file == "model"


def test_the_docs_list_what_works_with_its_tolerances():
    rows = re.findall(r"^\| (\w+) \|\s*(\w*) \| `([\w.]+)`.*\| ([\d.]+) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    listed = {(form, quantize or None): (file, float(tolerance)) for form, quantize, file, tolerance in rows}
    assert listed == {pair: (Choice(*pair).file, tolerance) for pair, tolerance in PAIRS.items()}


@pytest.mark.parametrize(("form", "network"), EXCEPT)
def test_a_network_that_a_format_does_not_know_is_refused_and_documented(form, network):
    with pytest.raises(InputError, match=network) as raised:
        check_network(Choice(form, "int8"), network)
    assert "--format savedmodel" in str(raised.value)
    assert f"| {form} | {network} |" in DOCS.read_text("utf-8")
    check_network(Choice(form), "fast")
