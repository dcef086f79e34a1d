import pytest

from recognition.configuration.overrides import apply_override
from recognition.configuration.yaml_text import Document, parse_yaml
from recognition.errors import InputError


@pytest.fixture
def document() -> Document:
    return parse_yaml("train: {epochs: 3, seed: 1}\ndata: {fallback: {source: digits}}\n", "file", "file:{}".format)


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("train.epochs=5", "train.epochs", 5),
        (" train.epochs = 5 ", "train.epochs", 5),
        ("train.learning_rate=1e-3", "train.learning_rate", 0.001),
        ("model.name=a=b", "model.name", "a=b"),
        ("data.fallback=null", "data.fallback", None),
        ("data.fallback=", "data.fallback", None),
        ("data.fallback.train.epochs=2", "data.fallback.train.epochs", 2),
        ("data.url=http://host:1/a?b=c", "data.url", "http://host:1/a?b=c"),
        ("data.path='no'", "data.path", "no"),
        ("train={epochs: 2}", "train", {"epochs": 2}),
    ],
)
def test_sets_a_key(document: Document, override: str, path: str, value: object) -> None:
    apply_override(document, override)
    found = document.value
    for key in path.split("."):
        assert isinstance(found, dict)
        found = found[key]
    assert found == value
    assert document.origins[tuple(path.split("."))] == f"--set {override}"


def test_other_keys_stay(document: Document) -> None:
    apply_override(document, "train.epochs=5")
    assert document.value == {"train": {"epochs": 5, "seed": 1}, "data": {"fallback": {"source": "digits"}}}
    assert document.origins["train", "seed"] == "file:1"


def test_a_replaced_section_forgets_its_lines(document: Document) -> None:
    apply_override(document, "train={epochs: 2}")
    assert ("train", "seed") not in document.origins


def test_a_null_section_is_filled() -> None:
    document = parse_yaml("data:\n  fallback: null", "file", "file:{}".format)
    apply_override(document, "data.fallback.source=digits")
    assert document.value == {"data": {"fallback": {"source": "digits"}}}


@pytest.mark.parametrize(
    "override", ["train.epochs", "=3", "", "train..epochs=3", ".epochs=3", "train.=3", "a." * 5000 + "b=1"]
)
def test_malformed(document: Document, override: str) -> None:
    with pytest.raises(InputError) as caught:
        apply_override(document, override)
    assert "not a key and its value" in caught.value.problem
    assert caught.value.expected == "key.path=value, such as train.epochs=3"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("train.epochs=[1", "--set train.epochs=[1: not valid YAML"),
        ("train.epochs=!!int 3", "--set train.epochs=!!int 3: the tag"),
        ("train.epochs=*x", "--set train.epochs=*x: anchors"),
        ("train.epochs=\t3", r'--set "train.epochs=\t3": a tab stands here'),
        ("train.epochs.x=3", "--set train.epochs.x=3: train.epochs is a value"),
        ("train.epochs.x.y=3", "--set train.epochs.x.y=3: train.epochs is a value"),
    ],
)
def test_refused(document: Document, override: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        apply_override(document, override)
    assert caught.value.problem.startswith(sentence)


def test_the_value_in_the_way_is_named(document: Document) -> None:
    with pytest.raises(InputError) as caught:
        apply_override(document, "train.epochs.x=3")
    assert caught.value.received == "train.epochs: 3 (file:1)"
