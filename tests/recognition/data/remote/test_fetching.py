import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from recognition.data.remote import fetching as module
from recognition.data.remote.mirror import mirror
from tests.recognition.data.remote.trees import FILES, contents

KEEPER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_unchanged_files_are_not_read_again(photos, cache, fetched):
    first = mirror("memory://photos", cache)
    assert len(fetched) == len(FILES)
    assert mirror("memory://photos", cache) == mirror("memory://photos/", cache) == first
    assert len(fetched) == len(FILES)


def test_new_changed_and_removed_files(photos, cache, fetched):
    tree = mirror("memory://photos", cache)
    photos.pipe("/photos/cat/a.png", b"A" * 10)
    photos.pipe("/photos/new.png", b"new")
    photos.rm("/photos/dog", recursive=True)
    del fetched[:]
    mirror("memory://photos", cache)
    assert sorted(fetched) == ["/photos/cat/a.png", "/photos/new.png"]
    assert contents(tree) == {"cat/a.png": b"A" * 10, "cat/b.png": FILES["cat/b.png"], "new.png": b"new"}
    assert not (tree / "dog").exists()


def test_a_file_becomes_a_folder_and_back(memory, cache):
    memory.pipe("/photos/x", b"file")
    tree = mirror("memory://photos", cache)
    memory.rm("/photos/x")
    memory.pipe("/photos/x/y", b"below")
    assert contents(mirror("memory://photos", cache)) == {"x/y": b"below"}
    memory.rm("/photos/x", recursive=True)
    memory.pipe("/photos/x", b"file")
    assert contents(mirror("memory://photos", cache)) == {"x": b"file"}
    assert tree.is_dir()


def _shorten(path):
    path.write_bytes(b"short")


def _overwrite(path):
    path.write_bytes(b"z" * path.stat().st_size)
    os.utime(path, (1, 1))


def _link(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize("damage", [Path.unlink, _shorten, _overwrite, _link])
def test_damage_is_healed(photos, cache, fetched, damage):
    tree = mirror("memory://photos", cache)
    damage(tree / "cat" / "a.png")
    del fetched[:]
    mirror("memory://photos", cache)
    assert fetched == ["/photos/cat/a.png"]
    assert contents(tree) == FILES
    assert not (tree / "cat" / "a.png").is_symlink()


def test_nothing_foreign_stays_in_the_tree(photos, cache, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keep").write_text("keep")
    tree = mirror("memory://photos", cache)
    (tree / "link").symlink_to(tmp_path / "mine")
    (tree / "other.png").write_text("other")
    mirror("memory://photos", cache)
    assert contents(tree) == FILES
    assert not (tree / "link").exists()
    assert (tmp_path / "mine" / "keep").exists()


def test_interrupted_download_goes_on(photos, cache, fetched, refused, monkeypatch):
    get_file = type(photos).get_file

    def break_once(self, rpath, lpath, **options):
        if rpath.endswith("b.png"):
            Path(lpath).write_bytes(b"half")
            raise ConnectionResetError("gone")
        return get_file(self, rpath, lpath, **options)

    monkeypatch.setattr(module, "WORKERS", 1)
    monkeypatch.setattr(type(photos), "get_file", break_once)
    refused("memory://photos", "cannot be reached")
    (folder,) = cache.iterdir()
    assert set(contents(folder / "tree").values()) <= set(FILES.values())
    assert not (folder / "incoming").exists()
    kept = set(contents(folder / "tree"))
    monkeypatch.setattr(type(photos), "get_file", get_file)
    del fetched[:]
    assert contents(mirror("memory://photos", cache)) == FILES
    assert {name.removeprefix("/photos/") for name in fetched} == set(FILES) - kept
    assert kept


def test_a_killed_download_leaves_only_whole_files(photos, cache):
    tree = mirror("memory://photos", cache)
    (tree.parent / "incoming").mkdir()
    (tree.parent / "incoming" / "0").write_bytes(b"half")
    (tree / "cat" / "a.png").unlink()
    mirror("memory://photos", cache)
    assert contents(tree) == FILES
    assert not (tree.parent / "incoming").exists()


def test_two_processes_take_turns(photos, cache, refused, monkeypatch):
    tree = mirror("memory://photos", cache)
    monkeypatch.setattr(module, "FileLock", lambda path: FileLock(path, timeout=0))  # which else waits
    words = [sys.executable, "-c", KEEPER, str(tree.parent / "lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout.readline() == b"held\n"
        refused("memory://photos", "cannot be stored")
        keeper.stdin.close()
    assert mirror("memory://photos", cache) == tree


def test_names_that_are_one_on_this_disk(photos, cache, refused, monkeypatch):
    get_file = type(photos).get_file

    def as_if_another(self, rpath, lpath, **options):
        get_file(self, rpath, lpath, **options)
        target = Path(lpath).parents[1] / "tree" / "cat" / "a.png"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"A.PNG")

    monkeypatch.setattr(type(photos), "get_file", as_if_another)
    refused("memory://photos", "cannot be mirrored")


def test_a_file_that_vanishes(photos, cache, refused, monkeypatch):
    def vanish(self, rpath, lpath, **options):
        raise FileNotFoundError(rpath)

    monkeypatch.setattr(type(photos), "get_file", vanish)
    refused("memory://photos", r"/photos/.*part of memory://photos, does not exist")
    assert contents(cache).keys() <= {f"{folder.name}/lock" for folder in cache.iterdir()}


def test_a_file_that_ends_too_early(photos, cache, refused, monkeypatch):
    monkeypatch.setattr(type(photos), "get_file", lambda self, rpath, lpath, **_: Path(lpath).write_bytes(b"ha"))
    refused("memory://photos", "changed while it was fetched")
    assert not [name for name in contents(cache) if "tree" in name]


def test_a_file_that_sends_more_than_was_listed_is_left(photos, cache, refused, monkeypatch):
    def endless(self, rpath, lpath, callback, **_):
        for _ in range(1000):
            callback.relative_update(10)
        raise AssertionError("it would have gone on")

    monkeypatch.setattr(type(photos), "get_file", endless)
    assert "bytes are sent" in refused("memory://photos", "cannot be read").received
    assert not [name for name in contents(cache) if "tree" in name]


def test_a_web_file_without_a_size_ends_somewhere(server, cache, refused, monkeypatch):
    monkeypatch.setattr(module, "UNKNOWN_LIMIT", 1000)
    server.answers = [(200, b"short", None)]
    assert mirror(server.url, cache).read_bytes() == b"short"
    server.answers = [(200, bytes(100_000), None)]
    assert "more than 1,000 bytes" in refused(server.url, "cannot be read").received


def test_what_does_not_fit_is_not_begun(photos, cache, refused, monkeypatch, fetched):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=59))
    assert refused("memory://photos", "does not fit").received.startswith("60 bytes")
    assert fetched == []


def test_no_space_left(photos, cache, monkeypatch):
    def fill(self, rpath, lpath, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(photos), "get_file", fill)
    with pytest.raises(OSError, match="No space left") as caught:
        mirror("memory://photos", cache)
    assert caught.value.errno == errno.ENOSPC


def test_cache_below_a_file(photos, cache, refused):
    cache.parent.write_text("in the way")
    refused("memory://photos", "cannot be stored")


def test_one_line_in_the_log(photos, cache, caplog):
    with caplog.at_level("INFO", "recognition.data.remote"):
        mirror("memory://photos", cache)
        mirror("memory://photos", cache)
    assert caplog.messages == ["Fetching 3 files (0.0 MB) from memory://photos"]


def test_a_bar_on_a_terminal(photos, cache, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    mirror("memory://photos", cache)
    assert "60.0/60.0" in capsys.readouterr().err
