import zipfile

import pytest

from recognition.data.remote.mirror import mirror
from tests.recognition.data.remote.trees import FILES, contents


def list_as(monkeypatch, memory, names):
    entries = [{"name": name, "size": 1, "type": "file", "created": 1} for name in names]
    monkeypatch.setattr(type(memory), "ls", lambda self, path, detail=True, **_: entries)


@pytest.mark.parametrize(
    "name",
    [
        "/photos/../../evil",
        "/photos/a/../../b",
        "/photos//etc/evil",
        "/evil",
        "/photos/a\0b",
        "/photos/./a",
        "/photos/a//b",
        "/photos/" + "x" * 256,
        "/photos/\udfff\ud800",
    ],
)
def test_names_that_do_not_belong_are_refused(memory, monkeypatch, cache, refused, name):
    list_as(monkeypatch, memory, ["/photos/good", name])
    refused("memory://photos", "cannot be mirrored")
    assert not cache.exists()


def test_a_name_of_a_file_and_of_a_folder_is_refused(memory, monkeypatch, cache, refused):
    list_as(monkeypatch, memory, ["/photos/a", "/photos/a/b"])
    refused("memory://photos", "cannot be mirrored")
    assert not cache.exists()


def test_archive_that_points_out_of_itself(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"evil")
    refused(f"zip://::file://{tmp_path}/evil.zip", "cannot be mirrored")


def test_folder_that_cannot_be_listed_is_not_taken_for_empty(photos, cache, refused, monkeypatch):
    ls = type(photos).ls

    def refuse(self, path, **options):
        if path.endswith("dog"):
            raise PermissionError("not for you")
        return ls(self, path, **options)

    tree = mirror("memory://photos", cache)
    monkeypatch.setattr(type(photos), "ls", refuse)
    refused("memory://photos", "may not be read")
    assert contents(tree) == FILES
