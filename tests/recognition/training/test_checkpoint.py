import json
from pathlib import Path

import numpy as np
import pytest

from recognition.training import checkpoint
from recognition.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tests.recognition.report.samples import history_of


def checkpoint_of(epochs, best_epoch=1):
    generator = np.random.default_rng(epochs)
    network = [generator.normal(size=(3, i + 1)).astype(np.float32) for i in range(12)]
    optimizer = [np.array(7, np.int32), np.array([1, 2], np.uint32), np.array(0.5, np.float32)]
    arrays = {"network": network, "optimizer": optimizer, "best": []}
    return Checkpoint(arrays, history_of(epochs).epochs, best_epoch)


def check_equal(found, expected):
    assert (found.epochs, found.best_epoch) == (expected.epochs, expected.best_epoch)
    assert found.arrays.keys() == expected.arrays.keys()
    for name, arrays in expected.arrays.items():
        assert [array.dtype for array in found.arrays[name]] == [array.dtype for array in arrays]
        for ours, theirs in zip(found.arrays[name], arrays, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_checkpoint_comes_back_whole_and_in_order(tmp_path):
    save_checkpoint(tmp_path / "training", checkpoint_of(2, best_epoch=2))
    check_equal(load_checkpoint(tmp_path / "training"), checkpoint_of(2, best_epoch=2))


def test_no_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path) is None
    assert load_checkpoint(tmp_path / "missing") is None


def test_the_last_epoch_counts_and_earlier_ones_go(tmp_path):
    for epochs in (8, 9, 10, 11):
        save_checkpoint(tmp_path, checkpoint_of(epochs))
        assert len(list(tmp_path.iterdir())) == 1
    check_equal(load_checkpoint(tmp_path), checkpoint_of(11))


def test_the_state_is_readable(tmp_path):
    save_checkpoint(tmp_path, checkpoint_of(2))
    state = json.loads(next(tmp_path.glob("*/state.json")).read_text())
    assert state["best_epoch"] == 1
    assert [epoch["epoch"] for epoch in state["epochs"]] == [1, 2]


def test_nothing_is_pickled(tmp_path):
    save_checkpoint(tmp_path, checkpoint_of(2))
    files = {path.name for path in tmp_path.glob("*/*")}
    assert files == {"network.npz", "optimizer.npz", "best.npz", "state.json"}
    for path in tmp_path.glob("*/*.npz"):
        with np.load(path, allow_pickle=False) as archive:
            assert [archive[name].dtype.kind for name in archive.files].count("O") == 0


def stop_at(monkeypatch, owner, name, call):
    """Let the given call of a function be the moment when the process dies."""
    original, calls = getattr(owner, name), []

    def dying(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [(checkpoint, "_write", 1), (checkpoint, "_write", 2), (checkpoint, "_flush", 4), (Path, "rename", 1)],
)
def test_an_interruption_leaves_the_earlier_checkpoint_whole(tmp_path, monkeypatch, owner, name, call):
    save_checkpoint(tmp_path, checkpoint_of(1))
    with monkeypatch.context() as patch:
        stop_at(patch, owner, name, call)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(1))
    save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(2))
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interruption_before_the_earlier_one_goes_leaves_the_later_one(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, checkpoint_of(1))
    with monkeypatch.context() as patch:
        stop_at(patch, checkpoint, "_flush_folder", 1)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(2))
    save_checkpoint(tmp_path, checkpoint_of(3))
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unfinished_checkpoint_is_not_read(tmp_path):
    save_checkpoint(tmp_path, checkpoint_of(3))
    next(tmp_path.glob("epoch-*")).rename(tmp_path / "epoch-00003.unfinished")
    assert load_checkpoint(tmp_path) is None
