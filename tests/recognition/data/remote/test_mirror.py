import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data.own_images import read_own_images
from recognition.data.remote import address as address_module
from recognition.data.remote.mirror import mirror
from tests.recognition.data.files import write_classes
from tests.recognition.data.remote.trees import FILES, contents, write


def test_folder(photos, cache):
    tree = mirror("memory://photos", cache)
    assert contents(tree) == FILES
    assert tree.is_absolute()
    assert cache in tree.parents


def test_file_keeps_its_name(photos, cache):
    path = mirror("memory://photos/cat/a.png", cache)
    assert path.name == "a.png"
    assert path.read_bytes() == FILES["cat/a.png"]


def test_file_address(tmp_path, cache):
    write(tmp_path / "photos")
    assert contents(mirror((tmp_path / "photos").as_uri(), cache)) == FILES


def test_members_of_an_archive(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    assert contents(mirror(f"zip://::file://{tmp_path}/photos.zip", cache)) == FILES


def test_two_addresses_never_share(photos, cache):
    photos.pipe("/photos-cat/a.png", b"another")
    assert contents(mirror("memory://photos/cat", cache)) == {"a.png": b"a" * 10, "b.png": b"b" * 20}
    assert contents(mirror("memory://photos-cat", cache)) == {"a.png": b"another"}
    assert contents(mirror("memory://photos", cache)) == FILES
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("address", ["memory://nothing", "file:///no/such/folder", "zip://::file:///no/such.zip"])
def test_addresses_that_lead_nowhere(memory, cache, refused, address):
    refused(address, "does not exist")
    assert not cache.exists()


def test_s3_folder_and_file(bucket, cache):
    bucket.put_object(Bucket="photos", Key="train/", Body=b"")  # as consoles make it
    assert contents(mirror("s3://photos/train", cache)) == FILES
    assert mirror("s3://photos/train/cat/a.png", cache).read_bytes() == FILES["cat/a.png"]


def test_s3_changes_are_seen_and_only_they_are_read(bucket, cache, monkeypatch):
    import s3fs

    tree, read, get_file = mirror("s3://photos/train", cache), [], s3fs.S3FileSystem._get_file

    async def count(self, rpath, *arguments, **options):
        read.append(rpath)
        return await get_file(self, rpath, *arguments, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "_get_file", count)
    mirror("s3://photos/train", cache)
    assert read == []
    bucket.put_object(Bucket="photos", Key="train/cat/a.png", Body=b"A" * 10)
    bucket.delete_object(Bucket="photos", Key="train/cat/b.png")
    mirror("s3://photos/train", cache)
    assert read == ["photos/train/cat/a.png"]
    assert contents(tree) == {"cat/a.png": b"A" * 10, "dog/deep/c d.png": FILES["dog/deep/c d.png"]}


def test_s3_listing_of_many_pages(bucket, cache, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    assert bucket.list_objects_v2(Bucket="photos")["IsTruncated"]
    assert contents(mirror("s3://photos/train", cache)) == FILES


def test_s3_secrets_are_written_nowhere(bucket, s3_credentials, cache, caplog, everything_written):
    with caplog.at_level("INFO"):
        mirror("s3://photos/train", cache)
    assert s3_credentials not in everything_written() + caplog.text


@pytest.mark.parametrize(
    ("address", "match"),
    [("s3://no-such-bucket/x", "does not exist"), ("s3://photos/empty", "no files"), ("s3://photos/../x", "no files")],
)
def test_s3_without_files(s3, refused, address, match):
    refused(address, match)


def test_s3_key_that_points_elsewhere(bucket, cache, refused):
    bucket.put_object(Bucket="photos", Key="train/../../evil", Body=b"evil")
    refused("s3://photos/train", "cannot be mirrored")
    assert not cache.exists()


def test_s3_without_credentials(s3_server, refused, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    error = refused("s3://photos/train", "no credentials")
    assert "AWS_ACCESS_KEY_ID" in error.remedy
    assert "AWS_PROFILE" in error.remedy


def test_s3_with_wrong_credentials(server, s3_credentials, refused, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.rpartition("/")[0])
    code = b"<Error><Code>InvalidAccessKeyId</Code><Message>The key does not exist.</Message></Error>"
    server.answers = [(403, b"<?xml version='1.0'?>" + code)]
    refused("s3://photos/train", "may not be read")


def test_s3_server_that_is_not_there(closed_port, s3_credentials, refused, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    refused("s3://photos/train", "cannot be reached")


def test_s3_server_that_says_nothing(s3_credentials, refused, monkeypatch):
    monkeypatch.setattr(address_module, "READ_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        refused("s3://photos/train", "cannot be reached")


def test_the_interpreter_ends_after_s3(bucket, cache):
    code = """
import pathlib, sys, recognition.data.remote.mirror as module
print(module.mirror(sys.argv[1], pathlib.Path(sys.argv[2])))
"""
    words = [sys.executable, "-W", "error", "-c", code, "s3://photos/train", str(cache)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert contents(Path(ended.stdout.strip())) == FILES


def test_images_at_s3_are_the_same_data_set(s3, tmp_path):
    root = write_classes(tmp_path / "photos", {"cat": 60, "dog": 60})
    for path in root.rglob("*.png"):
        s3.upload_file(str(path), "photos", f"train/{path.relative_to(root)}")

    def digest(place):
        config = DataConfig(source="folder", path=place, image_size=[10, 12], resize="stretch")
        return read_own_images(config, tmp_path / "cache")[0].digest

    assert digest("s3://photos/train") == digest(str(root))


def test_web_folder_and_file(website, cache):
    host, site = website
    write(site)
    assert contents(mirror(f"http://{host}/", cache)) == FILES
    path = mirror(f"http://{host}/dog/deep/c%20d.png?download=1", cache)
    assert path.name == "c d.png"
    assert path.read_bytes() == FILES["dog/deep/c d.png"]


def test_web_address_without_a_file(website, refused):
    refused(f"http://{website[0]}/nothing.csv", "does not exist")


def test_web_server_that_is_not_there(closed_port, refused):
    refused(f"http://127.0.0.1:{closed_port}/x", "cannot be reached")


@pytest.mark.parametrize("status", [401, 403])
def test_web_server_that_refuses(server, refused, status):
    server.answers = [(status, b"")]
    refused(server.url, "may not be read")
