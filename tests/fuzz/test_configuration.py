"""Configurations of every kind of nonsense: refused in few plain lines, or accepted and stored without loss."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.configuration.keys import all_keys
from recognition.configuration.loading import load_config
from recognition.configuration.resolved import to_yaml
from recognition.data.dataset import ImageDataset, Split
from tests.fuzz.command import write

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
SHIPPED = [path.read_text(encoding="utf-8") for path in CONFIGS]
KEYS = [key for key in all_keys().values() if not key.children]
SECTIONS = [key.path for key in all_keys().values() if key.children and key.path]
JUNK = [
    *(
        "",
        "~",
        "null",
        "[]",
        "{}",
        "[[[[]]]]",
        "{a: {b: {c: 1}}}",
        "yes",
        "-",
        "---",
        "...",
        "? x",
        "|",
        ">-",
        "%TAG ! x",
    ),
    *("&a 1", "*a", "&a [*a]", "<<: *a", "!!python/object:os.system x", "!!binary aGk=", "!x 1", "!!float 1", "!<!> 1"),
    *(
        "0",
        "-1",
        "1e999",
        "-1e-999",
        "9" * 99,
        "9" * 500,
        "1" + "0" * 80,
        "0x" + "f" * 90,
        "1e-3",
        ".inf",
        "-.inf",
        ".nan",
    ),
    *("0.1", "0.5", "1", "2", "3", "64", "1.0", "1_000", "0o17", "12:30:45", "2020-01-01", "#ffffff", "'#204060'"),
    *(
        '"\\ud800"',
        '"\\x1b[2J"',
        '"\\0"',
        '"\\uffff"',
        '"open',
        "'open",
        "\x1b[31m",
        "\x00",
        "\x85",
        "\u2028x",
        "\ufeff",
    ),
    *("a: b: c", "\t1", "@x", "`x", "\u202etxt", "x" * 3_000, "[" * 500, "{a: " * 300, "- " * 300, "{cat: 2, dog: 1}"),
    *(
        '{"\\x1b[2J\\n": 1}',
        '{"' + "x" * 3_000 + '": 1}',
        "{" + ", ".join(f"{n}: 1" for n in range(300)) + "}",
        "{cat: 0}",
    ),
    *(
        "s3://bucket/x",
        "(a",
        "(" * 200,
        "a{99999999999}",
        "balanced",
        "(?P<x>.)(?P<x>.)",
        "[8, 9]",
        "[8, 9, 3]",
        "\U0001f642",
    ),
]
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
odd = st.sampled_from(JUNK) | plain | plain.map(json.dumps) | st.integers().map(str) | st.floats().map(str)
choices = st.sampled_from(KEYS).flatmap(
    lambda key: st.tuples(
        st.just(key.path), st.sampled_from([*key.choices, json.dumps(key.default), "1", "0.5", "true"])
    )
)
guessed = choices | st.tuples(st.sampled_from([key.path for key in KEYS]), odd)
names = st.sampled_from([key.path for key in KEYS] + SECTIONS) | st.lists(plain, min_size=1, max_size=4).map(tuple)
strange = st.tuples(names, odd)


def document(entries):
    """YAML lines of keys by section; sections stand as often as they are drawn together."""
    lines, above = [], ()
    for path, value in sorted(entries, key=lambda entry: entry[0][:-1]):
        for depth, name in enumerate(path[:-1]):
            if path[: depth + 1] != above[: depth + 1]:
                lines.append(f"{'  ' * depth}{name}:")
                above = path[: depth + 1]
        lines.append(f"{'  ' * (len(path) - 1)}{path[-1]}: {value}")
    return "\n".join(lines) + "\n"


def unique(entries):
    return list(dict(entries).items())


documents = st.one_of(
    st.lists(choices, max_size=6).map(unique).map(document),
    st.tuples(st.lists(choices, max_size=5), st.lists(guessed, max_size=3)).map(
        lambda drawn: document(unique(drawn[0] + drawn[1]))
    ),
    st.lists(strange, max_size=8).map(document),
)


@st.composite
def mutated(draw):
    """A shipped configuration with some lines changed."""
    lines = draw(st.sampled_from(SHIPPED)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        cut = draw(st.integers(0, len(line)))
        changed = [
            [],
            [line, line],
            [line[:cut]],
            ["  " + line],
            [line.strip()],
            [line[:cut] + draw(odd) + line[cut:]],
            [line.partition(":")[0] + ": " + draw(odd)],
            [draw(odd)],
            [line, lines[draw(st.integers(0, len(lines) - 1))]],
        ]
        lines[place : place + 1] = draw(st.sampled_from(changed))
        lines = lines or [""]
    return "\n".join(lines)


settings_texts = st.one_of(
    st.tuples(names, odd).map(lambda entry: f"{'.'.join(entry[0])}={entry[1]}"),
    choices.map(lambda entry: f"{'.'.join(entry[0])}={entry[1]}"),
    st.text(st.characters(), max_size=60),
    odd,
)


@pytest.fixture(scope="module", autouse=True)
def one_dataset():
    """Stand in for the data: what paths lead to is another test's subject."""
    generator = np.random.default_rng(0)
    sizes = {"train": 200, "validation": 40, "test": 40}
    images = {side: generator.integers(0, 256, (size, 32, 32, 3), np.uint8) for side, size in sizes.items()}
    labels = {side: np.arange(size, dtype=np.int32) % 2 for side, size in sizes.items()}
    splits = {side: Split(images[side], labels[side], np.arange(size, dtype=np.uint64)) for side, size in sizes.items()}
    none = np.empty(0, np.int32)
    dataset = ImageDataset("folder", splits, ("cat", "dog"), (), none, {}, "digest", ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.runs.job.fallback_reason", lambda *_: "")
        patch.setattr("operations.runs.job.preload_dataset", lambda *_: dataset)
        yield


def check(watched, content, overrides=()):
    with watched.folder():
        path = write("given.yaml", content)
        words = [f"--set={text}" for text in overrides]
        if watched.check(f"--config={path}", *words).status is None:
            config = load_config(path, overrides)
            assert load_config(write("stored.yaml", to_yaml(config))) == config


@given(st.binary(max_size=300) | st.binary(max_size=20).map(lambda mark: mark + SHIPPED[0].encode()))
def test_arbitrary_bytes(watched, content):
    check(watched, content)


@given(plain | st.text(st.sampled_from("abc:[]{}-?!&*|>'\"%@`#, \n\t\r\x00\x1b\u2028\ufeff"), max_size=60))
def test_arbitrary_text(watched, content):
    check(watched, content)


@given(documents)
def test_documents_of_real_keys(watched, content):
    check(watched, content)


@given(mutated())
def test_shipped_configurations_changed(watched, content):
    check(watched, content)


@given(st.sampled_from(SHIPPED), st.lists(settings_texts, min_size=1, max_size=4))
def test_settings_of_the_command_line(watched, content, overrides):
    check(watched, content, overrides)


@given(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.sampled_from(["", "x: 1", "a: [", "train: {epochs: 0}", "- 1", "\x00"]),
)
def test_odd_names_of_files(watched, name, content):
    with watched.folder() as work:
        watched.check(f"--config={write(work / name / 'x.yaml', content)}")


@given(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.sampled_from(["", "x: 1", "a: [", "train: {epochs: 0}", "- 1", "\x00"]),
)
def test_odd_names_of_folders(watched, name, content):
    with watched.folder():
        watched.check(f"--config={write(f'configs/{name}/x.yaml', content)}")


@given(
    st.sampled_from(["smoke", "", ".", "..", "/", "/dev/null", "/dev/zero"]) | st.text(st.characters(), max_size=300)
)
def test_names_of_configurations(watched, name):
    with watched.folder():
        watched.check(f"--config={name}")
