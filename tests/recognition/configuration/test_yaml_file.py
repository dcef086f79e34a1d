from pathlib import Path

import pytest

from recognition.configuration.yaml_file import read_yaml
from recognition.errors import InputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "train.yaml"


@pytest.mark.parametrize(
    "content",
    [b"train: {seed: 1}", b"\xef\xbb\xbftrain: {seed: 1}", b"train:\r\n  seed: 1\r\n", b"---\ntrain: {seed: 1}\n..."],
)
def test_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_yaml(path).value == {"train": {"seed": 1}}


def test_an_empty_mapping_asks_for_defaults(path: Path) -> None:
    path.write_text("{}")
    assert read_yaml(path).value == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "{} is empty"),
        (b"# nothing\n", "{} is empty"),
        (b"- train\n", "{} holds no keys"),
        (b"train", "{} holds no keys"),
        (b"train: 1\nname: \xe9\n", "{}:2: not UTF-8 text"),
        ("train: {}".encode("utf-16"), "{}:1: not UTF-8 text"),
        (b"train:\n\tepochs: 1\n", "{}:2: a tab stands here"),
        (b"#" * 1_000_001, "{} is larger than 1000000 bytes"),
    ],
)
def test_refused(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert caught.value.problem == problem.format(path)
    assert caught.value.expected


def test_missing(path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_yaml(path)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_unreadable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_yaml(path)


def test_impossible_name() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(Path("a\0b"))


def test_control_characters_in_its_name_never_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2J\n.yaml"
    path.write_text("a: [")
    with pytest.raises(InputError) as refusal:
        read_yaml(path)
    first = str(refusal.value).split("\n")[0]
    assert r'\u001b[2J\n.yaml":1: not valid YAML' in first
