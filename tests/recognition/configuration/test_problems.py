import pytest
from pydantic import ValidationError

from recognition.configuration.problems import explain
from recognition.configuration.schema import RunConfig
from recognition.configuration.yaml_text import parse_yaml
from recognition.errors import InputError
from recognition.networks import NETWORKS

_NAME = "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first"
_DIGEST = "md5: and 32, or sha256: and 64 lower-case hexadecimal digits, or null"
_URL = "an address that starts with http://, https:// or file://, or env:VARIABLE for it, or null"
_FALLBACK = "a section with keys such as source, train, or null"


def explained(text: str) -> InputError:
    document = parse_yaml(text, "file", lambda line: f"file:{line}")
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate(document.value)
    error = explain(caught.value, document)
    message = str(error)
    assert message.count("\n") < 10
    assert max(map(len, message.splitlines())) < 400
    for jargon in ("pydantic", "Traceback", "type=", "http://", "https://errors", "Input should", "ctx", "NoneType"):
        assert jargon not in message.replace("http://, https://", "")
    return error


@pytest.mark.parametrize(
    ("text", "sentence", "remedy"),
    [
        ("trian: {}", "file:1: unknown key trian", "did you mean train?"),
        ("epochs: 3", "file:1: unknown key epochs", "did you mean train.epochs?"),
        ("data:\n  sed: 3", "file:2: unknown key data.sed", "did you mean data.seed?"),
        ("data:\n  epochs: 3", "file:2: unknown key data.epochs", "did you mean train.epochs?"),
        (
            "data:\n  fallback:\n    sorce: digits\n    source: digits",
            "file:3: unknown key data.fallback.sorce",
            "did you mean data.fallback.source?",
        ),
        (
            "data:\n  fallback:\n    source: digits\n    train: {\n      epoch: 3}",
            "file:5: unknown key data.fallback.train.epoch",
            "did you mean data.fallback.train.epochs?",
        ),
        (
            "augmentation:\n  flip_horizontal: true",
            "file:2: unknown key augmentation.flip_horizontal",
            "did you mean augmentation.horizontal_flip?",
        ),
        ("train:\n  learningRate: 1", "file:2: unknown key train.learningRate", "did you mean train.learning_rate?"),
        ("evaluation:\n  batch: 3", "file:2: unknown key evaluation.batch", "did you mean evaluation.batch_size?"),
        (
            "evaluation:\n  metrics: accuracy",
            "file:2: unknown key evaluation.metrics",
            "did you mean evaluation.metric?",
        ),
        ("model:\n  nam: a", "file:2: unknown key model.nam", "did you mean model.name?"),
        ("resources:\n  thread: 1", "file:2: unknown key resources.thread", "did you mean resources.threads?"),
    ],
)
def test_unknown_keys(text: str, sentence: str, remedy: str) -> None:
    error = explained(text)
    assert (error.problem, error.remedy) == (sentence, remedy)


def test_an_unknown_key_like_no_other_lists_the_keys_of_its_section() -> None:
    error = explained("evaluation:\n  xyzzy: 1")
    assert (error.received, error.expected) == ("1", "one of metric, batch_size")


@pytest.mark.parametrize(
    ("key", "value", "kind", "received", "expected"),
    [
        ("train.epochs", "0", "is out of range", "0", "a whole number from 1 to 10000"),
        ("train.epochs", "10001", "is out of range", "10001", "a whole number from 1 to 10000"),
        ("train.epochs", "'3'", "is not written as a whole number", '"3"', "a whole number from 1 to 10000"),
        ("train.epochs", "3.0", "is not written as a whole number", "3.0", "a whole number from 1 to 10000"),
        ("train.epochs", "true", "is not written as a whole number", "true", "a whole number from 1 to 10000"),
        ("train.epochs", "null", "is not written as a whole number", "null", "a whole number from 1 to 10000"),
        ("train.epochs", "[1]", "is not written as a whole number", "[1]", "a whole number from 1 to 10000"),
        ("train.learning_rate", "fast", "is not a number", '"fast"', "a number above 0"),
        ("train.learning_rate", "true", "is not a number", "true", "a number above 0"),
        ("train.learning_rate", "0", "is out of range", "0", "a number above 0"),
        ("train.learning_rate", ".nan", "is not a finite number", "NaN", "a number above 0"),
        ("train.learning_rate", "1e999", "is not a finite number", "Infinity", "a number above 0"),
        ("train.weight_decay", ".inf", "is not a finite number", "Infinity", "a number of at least 0"),
        ("train.momentum", "1", "is out of range", "1", "a number of at least 0 and below 1, or null"),
        ("train.deterministic", "yes", "is neither true nor false", '"yes"', "true or false"),
        ("train.deterministic", "1", "is neither true nor false", "1", "true or false"),
        ("train.optimizer", "[sgd]", "is none of its choices", '["sgd"]', "one of sgd, adam, adamw, muon"),
        ("train.network", "3", "is not text", "3", f"one of {', '.join(NETWORKS)}"),
        ("model.name", "2018", "is not text", "2018", _NAME),
        ("model.name", "a b", "is not valid", '"a b"', _NAME),
        ("data.url", "ftp://host", "is not valid", '"ftp://host"', _URL),
        ("data.digest", "md5:123", "is not valid", '"md5:123"', _DIGEST),
        ("data.path", "''", "is not valid", '""', "a path, or null"),
        ("data.path", "3", "is not text", "3", "a path, or null"),
        ("data.seed", "-1", "is out of range", "-1", "a whole number of at least 0 and below 4294967296"),
        ("data.fallback", "digits", "is not a section", '"digits"', _FALLBACK),
    ],
)
def test_wrong_values(key: str, value: str, kind: str, received: str, expected: str) -> None:
    section, name = key.split(".")
    error = explained(f"# first\n{section}:\n  {name}: {value}\n")
    assert error.problem == f"file:3: {key} {kind}"
    assert (error.received, error.expected) == (received, expected)


@pytest.mark.parametrize("value", ["null", "3", "[]", "text"])
def test_sections_that_are_none(value: str) -> None:
    error = explained(f"train: {value}")
    assert error.problem == "file:1: train is not a section"
    assert error.expected == "a section with keys such as network, epochs, batch_size"


@pytest.mark.parametrize(
    ("key", "value", "near"),
    [
        ("train.optimizer", "adma", "adam"),
        ("train.optimizer", "SGD", "sgd"),
        ("train.network", "fasst", "fast"),
        ("train.schedule", "one-cycle", "one_cycle"),
        ("data.source", "CIFAR-100", "cifar100"),
        ("evaluation.metric", "macro-f1", "macro_f1"),
    ],
)
def test_choices_give_the_nearest(key: str, value: str, near: str) -> None:
    section, name = key.split(".")
    error = explained(f"{section}:\n  {name}: {value}\n")
    assert error.problem == f"file:2: {key} is none of its choices"
    assert error.remedy == f"did you mean {near}?"


@pytest.mark.parametrize(
    ("text", "keys", "way_out"),
    [
        (
            "train:\n  seed: 1\n  momentum: 0.5\n  optimizer: adam",
            ("train.momentum: 0.5", "train.optimizer: adam"),
            "only sgd",
        ),
        ("data:\n  source: digits\n  path: a", ("data.path", "data.source: digits"), "remove one"),
        (
            "data:\n  source: digits\n  fallback: {source: digits}",
            ("data.fallback", "data.source: digits"),
            "remove one",
        ),
        (
            "augmentation:\n  vertical_flip: true\n  zca_whitening: true",
            ("augmentation.zca_whitening: true", "augmentation.featurewise_center: false"),
            "set both",
        ),
        (
            "augmentation: {\n\n  samplewise_std_normalization: true}",
            ("augmentation.samplewise_std_normalization: true", "augmentation.samplewise_center: false"),
            "set both",
        ),
        (
            "augmentation:\n\n  featurewise_std_normalization: true",
            ("augmentation.featurewise_std_normalization: true", "augmentation.featurewise_center: false"),
            "set both",
        ),
        (
            "augmentation:\n  samplewise_center: true\n  featurewise_center: true",
            ("augmentation.featurewise_center: true", "augmentation.samplewise_center: true"),
            "choose one",
        ),
        (
            "augmentation:\n  featurewise_center: true\n  zca_whitening: true\n  featurewise_std_normalization: true",
            ("augmentation.zca_whitening: true", "augmentation.featurewise_std_normalization: true"),
            "choose one",
        ),
    ],
)
def test_contradictions(text: str, keys: tuple[str, str], way_out: str) -> None:
    problem = explained(text).problem
    assert problem.startswith(f"file:3: {keys[0]} contradicts {keys[1]}")
    assert way_out in problem


def test_a_missing_key_has_the_line_of_its_section() -> None:
    error = explained("data:\n  fallback: {}")
    assert error.problem == "file:2: data.fallback.source is missing"
    assert error.expected == "digits"


def test_a_line_inside_nested_flow_mappings() -> None:
    text = "{data: {fallback: {source: digits,\n train: {batch_size: 1,\n  epochs: 0}}}}"
    assert explained(text).problem == "file:3: data.fallback.train.epochs is out of range"


def test_several_problems_stand_in_the_order_of_the_file() -> None:
    assert str(explained("train:\n  epoch: 3\n  seed: a\ndata:\n  seed: -1")) == (
        "file: 3 errors\n"
        "  file:2: unknown key train.epoch; received 3; did you mean train.epochs?\n"
        '  file:3: train.seed is not written as a whole number; received "a"; '
        "expected a whole number of at least 0 and below 2147483648\n"
        "  file:5: data.seed is out of range; received -1; expected a whole number of at least 0 and below 4294967296"
    )


def test_many_problems_are_cut() -> None:
    message = str(explained("\n".join(f"k{i}: 1" for i in range(5000))))
    assert message.startswith("file: 5000 errors\n  file:1: unknown key k0;")
    assert message.endswith("\n  … and 4996 more")


@pytest.mark.parametrize("key", [r'"a\nb"', '""', r'"\e[31m"', "k" * 5000])
def test_odd_keys_do_not_break_the_message(key: str) -> None:
    assert explained(f"? {key}\n: 1").problem.startswith("file:1: unknown key ")
