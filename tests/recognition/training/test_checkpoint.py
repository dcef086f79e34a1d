import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest

from recognition.errors import InputError
from recognition.training import checkpoint
from recognition.training.checkpoint import Checkpoint, load_checkpoint, require_checkpoint, save_checkpoint
from recognition.training.history import EpochProgress
from tests.recognition.report.samples import history_of


def checkpoint_of(epochs, best_epoch=1):
    generator = np.random.default_rng(epochs)
    network = [generator.normal(size=(3, i + 1)).astype(np.float32) for i in range(12)]
    optimizer = [np.array(7, np.int32), np.array([1, 2], np.uint32), np.array(0.5, np.float32)]
    arrays = {"network": network, "optimizer": optimizer, "averages": [], "best": []}
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


def test_the_last_epoch_counts_and_one_before_it_stays(tmp_path):
    for epochs in (8, 9, 10, 11):
        save_checkpoint(tmp_path, checkpoint_of(epochs))
    assert [path.name[:11] for path in sorted(tmp_path.iterdir())] == ["epoch-00010", "epoch-00011"]
    check_equal(load_checkpoint(tmp_path), checkpoint_of(11))


def test_a_part_of_an_epoch_comes_after_the_epochs_before_it(tmp_path):
    part = EpochProgress(batches=10, loss=0.1 + 0.2, hits=7, seconds=1.5)
    later = dataclasses.replace(checkpoint_of(2), progress=part)
    save_checkpoint(tmp_path, later)
    save_checkpoint(tmp_path, dataclasses.replace(later, progress=EpochProgress(batches=9)))
    found = load_checkpoint(tmp_path)
    assert found.progress == part
    save_checkpoint(tmp_path, checkpoint_of(3))
    assert load_checkpoint(tmp_path).progress == EpochProgress()


def damage_nothing(path):
    path.write_bytes(b"")


def damage_the_end(path):
    path.write_bytes(path.read_bytes()[:-200])


def damage_the_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def damage_a_header(place, bits):
    """A function: flip bits of the first entry of the archive's directory."""

    def damage(path):
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\x01\x02") + place] ^= bits
        path.write_bytes(content)

    return damage


def damage_the_record(path):
    np.savez(path, record=np.frombuffer(b"{}", np.uint8))


@pytest.mark.parametrize(
    "damage",
    [
        *(damage_nothing, damage_the_end, damage_the_middle, damage_the_record),
        pytest.param(damage_a_header(8, 1), id="encrypted"),
        pytest.param(damage_a_header(10, 99), id="compressed in an unknown way"),
    ],
)
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_taken(tmp_path, damage):
    for epochs in (1, 2):
        save_checkpoint(tmp_path, checkpoint_of(epochs))
    last = tmp_path / checkpoint_of(2).name
    damage(last)
    said = []
    check_equal(load_checkpoint(tmp_path, said.append), checkpoint_of(1))
    [warning] = said
    assert warning.startswith(f"WARNING: checkpoint {last.name} is damaged")
    assert last.with_name(f"{last.name}.damaged").exists()
    assert load_checkpoint(tmp_path, said.append) is not None
    assert len(said) == 1


def test_a_checkpoint_of_another_network_is_refused():
    checkpoint = checkpoint_of(1)
    require_checkpoint(checkpoint, checkpoint.arrays)
    for arrays in (checkpoint.arrays["network"][1:], [*checkpoint.arrays["network"], np.zeros(3)]):
        with pytest.raises(InputError, match="of another network or optimizer"):
            require_checkpoint(checkpoint, {"network": arrays})
    with pytest.raises(InputError, match="of another network or optimizer"):
        require_checkpoint(checkpoint, {"averages": [np.zeros(2)]})


def test_nothing_is_pickled(tmp_path):
    save_checkpoint(tmp_path, checkpoint_of(2))
    [path] = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as archive:
        assert len(archive.files) == 16
        assert [archive[name].dtype.kind for name in archive.files].count("O") == 0


def stop_at(monkeypatch, owner, name, error):
    """Let the call of a function be the moment when something ends it."""

    def dying(*arguments, **options):
        raise error

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize(("owner", "name"), [(np, "savez"), (os, "fsync"), (Path, "rename")])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_interruption_leaves_the_earlier_checkpoint_whole(tmp_path, monkeypatch, owner, name, error):
    save_checkpoint(tmp_path, checkpoint_of(1))
    with monkeypatch.context() as patch:
        stop_at(patch, owner, name, error)
        with pytest.raises(type(error)):
            save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(1))
    save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(2))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interruption_after_the_renaming_leaves_both(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, checkpoint_of(1))
    with monkeypatch.context() as patch:
        stop_at(patch, checkpoint, "_flush_folder", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, checkpoint_of(2))
    check_equal(load_checkpoint(tmp_path), checkpoint_of(2))
    save_checkpoint(tmp_path, checkpoint_of(3))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_unfinished_checkpoint_is_not_read(tmp_path):
    save_checkpoint(tmp_path, checkpoint_of(3))
    path = tmp_path / checkpoint_of(3).name
    path.rename(f"{path}.unfinished")
    assert load_checkpoint(tmp_path) is None
