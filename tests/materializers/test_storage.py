import csv
import threading
from pathlib import Path

import numpy as np
import pytest

from materializers import storage
from materializers.predictions import PredictionsMaterializer
from materializers.storage import (
    array_path,
    download,
    load_array,
    read_json,
    store_array,
    upload,
    write_json,
    write_table,
)
from recognition.data.dataset import array_digest

ARRAYS = [
    np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    np.array([1, 2**63], np.uint64),
    np.empty((0, 8, 8, 3), np.uint8),
    np.arange(12, dtype=np.int32).reshape(3, 4)[:, ::2],
]


def stored(store, array):
    """Store an array; its digest."""
    digest = array_digest(array)
    store_array(store, array, digest)
    return digest


def array_files(store):
    return sorted(path.name for path in (Path(store.path) / "arrays").glob("*"))


@pytest.mark.parametrize("array", ARRAYS, ids=["uint8", "uint64", "empty", "strided"])
def test_an_array_comes_back(store, array, tmp_path):
    loaded = load_array(store, stored(store, array), tmp_path)
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)


def test_equal_content_is_stored_once(store):
    array = np.arange(1000, 1100, dtype=np.int32)
    digest = stored(store, array)
    before = array_files(store)
    written = Path(array_path(store, digest)).stat().st_mtime_ns
    assert stored(store, array.copy()) == digest
    assert array_files(store) == before
    assert Path(array_path(store, digest)).stat().st_mtime_ns == written
    assert stored(store, array.astype(np.int64)) != digest
    assert stored(store, array.reshape(10, 10)) != digest


def test_a_loaded_array_is_mapped_and_read_only(store, tmp_path):
    loaded = load_array(store, stored(store, ARRAYS[0]), tmp_path)
    assert isinstance(loaded.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 0
    assert list(tmp_path.iterdir()) == []


def test_an_array_elsewhere_is_copied_here(store, tmp_path, monkeypatch):
    digest = stored(store, ARRAYS[0])
    monkeypatch.setattr(storage.Path, "is_file", lambda path: False)
    loaded = load_array(store, digest, tmp_path)
    monkeypatch.undo()
    np.testing.assert_array_equal(loaded, ARRAYS[0])
    assert isinstance(loaded.base, np.memmap)
    assert [path.name for path in tmp_path.iterdir()] == [f"{digest}.npy"]


def test_an_interruption_leaves_no_half_of_an_array(store, monkeypatch):
    array = np.arange(2000, 2100)

    def die(file, *arguments, **options):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np.lib.format, "write_array", die)
        with pytest.raises(KeyboardInterrupt):
            stored(store, array)
    assert not [name for name in array_files(store) if name.startswith(array_digest(array))]
    digest = stored(store, array)
    np.testing.assert_array_equal(np.load(array_path(store, digest), allow_pickle=False), array)


def test_two_may_store_the_same_array_at_the_same_moment(store, monkeypatch):
    array, meeting = np.arange(3000, 3100), threading.Barrier(2)
    write, errors = np.lib.format.write_array, []

    def write_together(*arguments, **options):
        meeting.wait(timeout=10)
        write(*arguments, **options)

    def attempt():
        try:
            stored(store, array)
        except Exception as error:
            errors.append(error)

    monkeypatch.setattr(np.lib.format, "write_array", write_together)
    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    digest = array_digest(array)
    np.testing.assert_array_equal(np.load(array_path(store, digest)), array)
    assert [name for name in array_files(store) if name.startswith(digest)] == [f"{digest}.npy"]


def test_arrays_of_objects_are_refused(store):
    with pytest.raises((ValueError, TypeError)):
        stored(store, np.array([{}], dtype=object))


def test_json_keeps_every_language(store):
    path = f"{store.path}/document.json"
    write_json(store, path, {"names": ["Ζ", "it's"], "none": None})
    assert read_json(store, path) == {"names": ["Ζ", "it's"], "none": None}
    assert "Ζ" in Path(path).read_text(encoding="utf-8")


def test_a_table_keeps_commas_and_quotes(store):
    rows = [["name", "count"], ["a, b", 1], ['"Ζ"', 2]]
    write_table(store, f"{store.path}/table.csv", rows)
    with open(f"{store.path}/table.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [[str(cell) for cell in row] for row in rows]


def test_a_folder_goes_there_and_back(store, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "back").mkdir()
    contents = {"plan.json": b"{}", "zca.npy": bytes(range(256)) * 1000}
    for name, content in contents.items():
        (tmp_path / "there" / name).write_bytes(content)
    uri = f"{store.path}/some_folder"
    store.makedirs(f"{uri}/visualizations")
    upload(store, tmp_path / "there", uri)
    download(store, uri, tmp_path / "back")
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == contents


def test_what_is_fetched_outside_of_steps_goes_with_the_process(monkeypatch, tmp_path):
    at_exit = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("atexit.register", lambda function, *words, **named: at_exit.append((function, words, named)))
    folder = storage.lasting_folder(PredictionsMaterializer("somewhere"))
    (folder / "file").write_text("x")
    ((function, words, named),) = at_exit
    function(*words, **named)
    assert list(tmp_path.iterdir()) == []
