from pathlib import Path

import pytest

from recognition.configuration.loading import find_config, load_config, used_config
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.data import DataConfig
from recognition.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with train.yaml and best.yaml, beside an empty current folder."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "configs" / "train.yaml").write_text("train: {epochs: 3}")
    (tmp_path / "configs" / "best.yaml").write_text("{}")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "configs"


def write(folder: Path, text: str) -> Path:
    path = folder / "train.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["train", "train.yaml", "../configs/train.yaml", "../configs/train"])
def test_a_config_is_found(folder: Path, name: str) -> None:
    assert find_config(name, folder).samefile(folder / "train.yaml")


def test_a_path_comes_before_the_folder(folder: Path) -> None:
    Path("train.yaml").write_text("{}")
    assert find_config("train", folder) == Path("train.yaml")


def test_a_folder_of_the_name_is_passed_over(folder: Path) -> None:
    Path("train").mkdir()
    assert find_config("train", folder) == folder / "train.yaml"


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "a\0b", "x" * 5000])
def test_a_miss_lists_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        find_config(name, folder)
    assert "best, train" in caught.value.expected
    assert not caught.value.remedy


def test_a_miss_gives_the_nearest(folder: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean train\?"):
        find_config("trian.yaml", folder)


def test_a_miss_in_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which is empty"):
        find_config("train", tmp_path / "missing")


@pytest.mark.parametrize("hold", ["0.3", "0.4"])
def test_a_key_that_does_nothing_is_refused_where_it_is_written_but_not_where_it_was_stored(folder, hold) -> None:
    path = write(folder, f"train:\n  schedule: cosine\n  hold: {hold}\n")
    stored = RunConfig.model_validate({"train": {"schedule": "cosine", "hold": float(hold)}})
    assert RunConfig.model_validate(stored.model_dump()) == stored
    if hold == "0.4":  # the default, which what we write ourselves spells out
        assert load_config(path) == stored
    else:
        with pytest.raises(InputError, match=r"train.yaml:3: train.hold: 0.3 contradicts train.schedule: cosine"):
            load_config(path)


def test_an_address_that_nobody_asks_is_refused(folder: Path) -> None:
    path = write(folder, "data:\n  path: here\n  url: https://example.org/a.tar.gz\n")
    with pytest.raises(InputError, match=r"train.yaml:3: data.url contradicts data.path"):
        load_config(path)


@pytest.mark.parametrize(
    "text",
    [
        "{train: {schedule: stable_decay, hold: 0.3}}",
        "{train: {init: a.keras, freeze: true, unfreeze_at: 2, layer_decay: 0.9, epochs: 3}}",
        "{train: {layer_decay: 0.9}}",
        "{data: {url: 'https://example.org/a.tar.gz'}}",
        "{resources: {gpus: 1}, train: {strategy: single}}",
        "{resources: {gpus: 2}}",
    ],
)
def test_a_key_that_does_something_is_taken(folder: Path, text: str) -> None:
    load_config(write(folder, text))


def test_load(folder: Path) -> None:
    path = write(folder, "train:\n  learning_rate: 1e-3\n  weight_decay: 1\n  momentum: .9\n")
    train = load_config(path).train
    assert (train.learning_rate, train.weight_decay, train.momentum, train.epochs) == (0.001, 1.0, 0.9, 1)
    assert isinstance(train.weight_decay, float)


def test_no_keys_are_the_defaults(folder: Path) -> None:
    assert load_config(write(folder, "{}")) == RunConfig()


def test_later_overrides_win(folder: Path) -> None:
    config = load_config(write(folder, "train: {epochs: 0}"), ["train.epochs=-1", "train.epochs=7", "data.seed=2"])
    assert (config.train.epochs, config.data.seed) == (7, 2)


def test_an_override_removes_the_fallback(folder: Path) -> None:
    path = write(folder, "data: {fallback: {source: digits}}")
    assert load_config(path).data.fallback is not None
    assert load_config(path, ["data.fallback=null"]).data.fallback is None


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["train.epochs=0"], "--set train.epochs=0: train.epochs is out of range"),
        (["train.epoch=3"], "--set train.epoch=3: unknown key train.epoch"),
        (["trian.epochs=3"], "--set trian.epochs=3: unknown key trian"),
        (["train={seed: 1, epochs: 0}"], "--set train={seed: 1, epochs: 0}: train.epochs is out of range"),
        (["data.fallback.train.epochs=1"], "--set data.fallback.train.epochs=1: data.fallback.source is missing"),
        (["train.optimizer=adam"], "--set train.optimizer=adam: train.momentum: 0.5 contradicts"),
        (["train.seed=1", "train.epochs"], "--set train.epochs: not a key and its value"),
    ],
)
def test_overrides_are_named(folder: Path, overrides: list[str], problem: str) -> None:
    path = write(folder, "train: {momentum: 0.5}")
    with pytest.raises(InputError) as caught:
        load_config(path, overrides)
    assert caught.value.problem.startswith(problem)
    assert caught.value.exit_status == 2


def test_files_are_named_with_their_line(folder: Path) -> None:
    path = write(folder, "# first\ntrain:\n  epochs: 0\n")
    with pytest.raises(InputError) as caught:
        load_config(path, ["data.seed=1"])
    assert caught.value.problem == f"{path}:3: train.epochs is out of range"


def test_the_fallback_form_is_checked_too(folder: Path) -> None:
    path = write(folder, f"data: {{fallback: {{source: digits}}}}\nmodel:\n  name: {'a' * 90}\n")
    with pytest.raises(InputError) as caught:
        load_config(path)
    assert caught.value.problem == f"{path}:3: with data.fallback in use, model.name is not valid"


@pytest.fixture
def config() -> RunConfig:
    data = {"path": "a", "url": "http://b", "train_limit": 9, "validation": 0.3, "seed": 4}
    fallback = {"source": "digits", "train": {"epochs": 2, "learning_rate": 0.5}}
    values = {"data": {**data, "fallback": fallback}, "train": {"epochs": 9, "batch_size": 64}, "model": {"name": "m"}}
    return RunConfig.model_validate(values)


def test_without_fallback_nothing_changes(config: RunConfig) -> None:
    assert used_config(config, fallback=False) == config


def test_with_fallback(config: RunConfig) -> None:
    used = used_config(config, fallback=True)
    assert used.data == DataConfig(source="digits", validation=0.3, seed=4)
    assert (used.train.epochs, used.train.learning_rate, used.train.batch_size) == (2, 0.5, 64)
    assert used.model.name == "m-fallback-digits"
    assert used.gate == config.gate


def test_a_fallback_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no data\.fallback"):
        used_config(RunConfig(), fallback=True)
