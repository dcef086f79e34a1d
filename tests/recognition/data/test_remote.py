import errno
import functools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recognition.data import remote as module
from recognition.data.remote import is_remote, mirror, redacted
from recognition.errors import InputError

PROJECT = Path(module.__file__).parents[2]
FILES = {"cat/a.png": b"a" * 10, "cat/b.png": b"b" * 20, "dog/deep/c d.png": b"c" * 30}
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "state" / "remote"


@pytest.fixture
def memory():
    """The store of memory://, where a test puts files by their absolute names."""
    from fsspec.implementations.memory import MemoryFileSystem

    fs = MemoryFileSystem()
    fs.store.clear()
    yield fs
    fs.store.clear()


@pytest.fixture
def photos(memory):
    for name, content in FILES.items():
        memory.pipe(f"/photos/{name}", content)
    return memory


@pytest.fixture
def fetched(monkeypatch):
    """Names of the files that were read from memory://, in order."""
    from fsspec.implementations.memory import MemoryFileSystem

    names, get_file = [], MemoryFileSystem.get_file

    def count(self, rpath, *arguments, **options):
        names.append(rpath)
        return get_file(self, rpath, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "get_file", count)
    return names


@pytest.fixture(scope="module")
def s3_address():
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def s3(s3_address, credentials, monkeypatch):
    """A client of the S3 server, where a bucket `photos` holds the files below train/."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="photos")
    for name, content in FILES.items():
        client.put_object(Bucket="photos", Key=f"train/{name}", Body=content)
    yield client
    for entry in client.list_objects_v2(Bucket="photos").get("Contents", []):
        client.delete_object(Bucket="photos", Key=entry["Key"])
    client.close()


@pytest.fixture
def website(tmp_path):
    """Address of a web server for the folder `site`, with pages that list folders."""
    site = tmp_path / "site"
    site.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", site
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(tree):
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def record(tree):
    return json.loads((tree.parent / "record.json").read_text())


def everything_written(cache):
    return b"\n".join(os.fsencode(path) + path.read_bytes() for path in cache.rglob("*") if path.is_file()).decode()


def refused(address, cache, match):
    with pytest.raises(InputError, match=match) as caught:
        mirror(address, cache)
    assert "received: " in str(caught.value)
    assert "expected: " in str(caught.value) or "to mend: " in str(caught.value)
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "path",
    ["s3://b/x", "gs://b", "https://host/x", "memory://x", "file:///x", "zip://*::s3://b/x.zip", "simplecache::s3://b"],
)
def test_addresses(path):
    assert is_remote(path)


@pytest.mark.parametrize("path", ["photos", "/data/photos", "C:\\photos", "C://photos", "./s3://b", "a:b", "~/x", ""])
def test_paths(path):
    assert not is_remote(path)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://user:p@ss@host/x?sig=1&t=2", "https://host/x"),
        ("zip://a.png::https://token@host/x.zip?sig=1", "zip://a.png::https://host/x.zip"),
        ("403, url='https://u:p@host/x?sig=1'", "403, url='https://host/x'"),
        ("abfs://container@account/x", "abfs://container@account/x"),
        ("s3://bucket/mail@home/x", "s3://bucket/mail@home/x"),
    ],
)
def test_redacted(text, safe):
    assert redacted(text) == safe


def test_importing_is_cheap():
    code = "import sys, recognition.data.remote; print({'fsspec', 's3fs', 'aiohttp', 'tqdm'} & set(sys.modules))"
    words = [sys.executable, "-c", code]
    assert subprocess.run(words, cwd=PROJECT, capture_output=True, text=True).stdout.strip() == "set()"


def test_folder(photos, cache):
    tree = mirror("memory://photos", cache)
    assert contents(tree) == FILES
    assert cache in tree.parents


def test_file_keeps_its_name(photos, cache):
    path = mirror("memory://photos/cat/a.png", cache)
    assert path.name == "a.png"
    assert path.read_bytes() == FILES["cat/a.png"]


def test_file_address(tmp_path, cache):
    write(tmp_path / "photos", FILES)
    assert contents(mirror((tmp_path / "photos").as_uri().replace("%20", " "), cache)) == FILES


def test_members_of_an_archive(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    assert contents(mirror(f"zip://::file://{tmp_path}/photos.zip", cache)) == FILES


def test_record_is_readable(photos, cache):
    tree = mirror("memory://photos", cache)
    entry = record(tree)["files"]["cat/a.png"]
    assert record(tree)["address"] == "memory://photos"
    assert entry["size"] == 10
    assert entry["sha256"] == "bf2cb58a68f684d95a3b78ef8f661c9a4e5b09e82cc8f9cc88cce90528caeb27"


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
    assert set(record(tree)["files"]) == set(contents(tree))


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


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"files": {"cat/a.png": {"size": 1}}}', '{"files": [1]}'])
def test_damaged_record_is_not_believed(photos, cache, damaged):
    tree = mirror("memory://photos", cache)
    (tree.parent / "record.json").write_text(damaged)
    (tree / "cat" / "a.png").write_bytes(b"z" * 10)
    mirror("memory://photos", cache)
    assert contents(tree) == FILES
    assert set(record(tree)["files"]) == set(FILES)


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


def test_two_addresses_never_share(photos, cache):
    photos.pipe("/photos-cat/a.png", b"another")
    assert contents(mirror("memory://photos/cat", cache)) == {"a.png": b"a" * 10, "b.png": b"b" * 20}
    assert contents(mirror("memory://photos-cat", cache)) == {"a.png": b"another"}
    assert contents(mirror("memory://photos", cache)) == FILES
    assert len(list(cache.iterdir())) == 3


def test_interrupted_download_goes_on(photos, cache, fetched, monkeypatch):
    get_file = type(photos).get_file

    def break_once(self, rpath, lpath, **options):
        if rpath.endswith("b.png"):
            Path(lpath).write_bytes(b"half")
            raise ConnectionResetError("gone")
        return get_file(self, rpath, lpath, **options)

    monkeypatch.setattr(module, "WORKERS", 1)
    monkeypatch.setattr(type(photos), "get_file", break_once)
    refused("memory://photos", cache, "cannot be reached")
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


def _list(monkeypatch, memory, names):
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
def test_names_that_do_not_belong_are_refused(memory, monkeypatch, cache, name):
    _list(monkeypatch, memory, ["/photos/good", name])
    refused("memory://photos", cache, "cannot be mirrored")
    assert not cache.exists()


@pytest.mark.parametrize("names", [["/photos/a", "/photos/a/b"], ["/photos/a", "/photos/a"]])
def test_names_that_exclude_each_other_are_refused(memory, monkeypatch, cache, names):
    _list(monkeypatch, memory, names)
    refused("memory://photos", cache, "cannot be mirrored")
    assert not cache.exists()


def test_names_that_a_file_system_without_case_cannot_hold(photos, cache):
    photos.pipe("/photos/Cat/A.png", b"other")
    tree = mirror("memory://photos", cache)
    assert contents(tree) == {**FILES, "Cat/A.png": b"other"}
    (tree.parent / "TREE").mkdir()  # as if both were one
    refused("memory://photos", cache, "cannot be mirrored")


def test_archive_that_points_out_of_itself(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"evil")
    refused(f"zip://::file://{tmp_path}/evil.zip", cache, "cannot be mirrored")


def test_too_many_files(photos, cache, monkeypatch):
    monkeypatch.setattr(module, "COUNT_LIMIT", 2)
    refused("memory://photos", cache, "cannot be mirrored")
    assert not cache.exists()


def test_folder_that_cannot_be_listed_is_not_taken_for_empty(photos, cache, monkeypatch):
    ls = type(photos).ls

    def refuse(self, path, **options):
        if path.endswith("dog"):
            raise PermissionError("not for you")
        return ls(self, path, **options)

    tree = mirror("memory://photos", cache)
    monkeypatch.setattr(type(photos), "ls", refuse)
    refused("memory://photos", cache, "may not be read")
    assert contents(tree) == FILES


def test_a_file_that_vanishes(photos, cache, monkeypatch):
    def vanish(self, rpath, lpath, **options):
        raise FileNotFoundError(rpath)

    monkeypatch.setattr(type(photos), "get_file", vanish)
    refused("memory://photos", cache, "changed while it was fetched")
    assert contents(cache).keys() <= {f"{folder.name}/lock" for folder in cache.iterdir()}


def test_a_file_that_ends_too_early(photos, cache, monkeypatch):
    monkeypatch.setattr(type(photos), "get_file", lambda self, rpath, lpath, **_: Path(lpath).write_bytes(b"ha"))
    refused("memory://photos", cache, "changed while it was fetched")
    assert not [name for name in contents(cache) if "tree" in name]


def test_no_space_left(photos, cache, monkeypatch):
    def fill(self, rpath, lpath, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(photos), "get_file", fill)
    with pytest.raises(OSError, match="No space left") as caught:
        mirror("memory://photos", cache)
    assert caught.value.errno == errno.ENOSPC


def test_cache_below_a_file(photos, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    refused("memory://photos", tmp_path / "cache", "cannot be stored")


def test_one_line_in_the_log(photos, cache, caplog):
    with caplog.at_level("INFO", "recognition.data.remote"):
        mirror("memory://photos", cache)
        mirror("memory://photos", cache)
    assert caplog.messages == ["Fetching 3 files (0.0 MB) from memory://photos"]


def test_a_bar_on_a_terminal(photos, cache, caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with caplog.at_level("INFO", "recognition.data.remote"):
        mirror("memory://photos", cache)
    assert "60.0/60.0" in capsys.readouterr().err
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("address", "match"),
    [
        ("foo://bucket/x", "not a known protocol"),
        ("S3://bucket/x", "not a known protocol"),
        ("s3://", "incomplete"),
        ("s3:///x", "incomplete"),
        ("https://", "incomplete"),
        ("zip://*::s3://", "incomplete"),
        ("memory://nothing", "does not exist"),
        ("file:///no/such/folder", "does not exist"),
        ("zip://::file:///no/such.zip", "does not exist"),
    ],
)
def test_addresses_that_lead_nowhere(memory, cache, address, match):
    refused(address, cache, match)
    assert not cache.exists()


def test_unknown_protocol_names_the_known_ones(cache):
    assert "s3" in refused("foo://bucket/x", cache, "foo").expected.split(", ")


@pytest.mark.parametrize(("protocol", "remedy"), [("s3", r"pip install 'recognition\[s3\]'"), ("gs", "gcsfs")])
def test_missing_package(cache, monkeypatch, protocol, remedy):
    import fsspec

    classes = sys.modules[fsspec.get_filesystem_class.__module__]._registry
    monkeypatch.delitem(classes, protocol, raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    refused(f"{protocol}://bucket/x", cache, remedy)


def test_s3_folder_and_file(s3, cache):
    s3.put_object(Bucket="photos", Key="train/", Body=b"")  # as consoles make it
    tree = mirror("s3://photos/train", cache)
    assert contents(tree) == FILES
    assert "ETag" in record(tree)["files"]["cat/a.png"]["token"]
    assert mirror("s3://photos/train/cat/a.png", cache).read_bytes() == FILES["cat/a.png"]


def test_s3_changes_are_seen_and_only_they_are_read(s3, cache, monkeypatch):
    import s3fs

    tree, read, get_file = mirror("s3://photos/train", cache), [], s3fs.S3FileSystem._get_file

    async def count(self, rpath, *arguments, **options):
        read.append(rpath)
        return await get_file(self, rpath, *arguments, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "_get_file", count)
    mirror("s3://photos/train", cache)
    assert read == []
    s3.put_object(Bucket="photos", Key="train/cat/a.png", Body=b"A" * 10)
    s3.delete_object(Bucket="photos", Key="train/cat/b.png")
    mirror("s3://photos/train", cache)
    assert read == ["photos/train/cat/a.png"]
    assert contents(tree) == {"cat/a.png": b"A" * 10, "dog/deep/c d.png": FILES["dog/deep/c d.png"]}


def test_s3_listing_of_many_pages(s3, cache, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    assert s3.list_objects_v2(Bucket="photos")["IsTruncated"]
    assert contents(mirror("s3://photos/train", cache)) == FILES


def test_s3_secrets_are_written_nowhere(s3, cache, caplog):
    with caplog.at_level("INFO"):
        mirror("s3://photos/train", cache)
    assert SECRET not in everything_written(cache) + caplog.text


@pytest.mark.parametrize(
    ("address", "match"),
    [("s3://no-such-bucket/x", "does not exist"), ("s3://photos/empty", "no files"), ("s3://photos/../x", "no files")],
)
def test_s3_without_files(s3, cache, address, match):
    refused(address, cache, match)


def test_s3_key_that_points_elsewhere(s3, cache):
    s3.put_object(Bucket="photos", Key="train/../../evil", Body=b"evil")
    refused("s3://photos/train", cache, "cannot be mirrored")
    assert not cache.exists()


def test_s3_without_credentials(s3_address, cache, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    error = refused("s3://photos/train", cache, "no credentials")
    assert "AWS_ACCESS_KEY_ID" in error.remedy
    assert "AWS_PROFILE" in error.remedy


def test_s3_with_wrong_credentials(server, credentials, cache, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.rpartition("/")[0])
    code = b"<Error><Code>InvalidAccessKeyId</Code><Message>The key does not exist.</Message></Error>"
    server.answers = [(403, b"<?xml version='1.0'?>" + code)]
    refused("s3://photos/train", cache, "may not be read")


def test_s3_server_that_is_not_there(closed_port, credentials, cache, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    refused("s3://photos/train", cache, "cannot be reached")


def test_s3_server_that_says_nothing(credentials, cache, monkeypatch):
    monkeypatch.setattr(module, "READ_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        refused("s3://photos/train", cache, "cannot be reached")


def test_an_unreachable_server_is_known_within_some_twenty_seconds():
    assert 4 * max(module.CONNECT_TIMEOUT, module.READ_TIMEOUT) <= 20


def test_the_interpreter_ends_after_s3(s3, cache):
    code = "import sys, pathlib, recognition.data.remote as r; print(r.mirror(sys.argv[1], pathlib.Path(sys.argv[2])))"
    words = [sys.executable, "-W", "error", "-c", code, "s3://photos/train", str(cache)]
    ended = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert contents(Path(ended.stdout.strip())) == FILES


def test_web_folder_and_file(website, cache):
    host, site = website
    write(site, FILES)
    assert contents(mirror(f"http://{host}/", cache)) == FILES
    path = mirror(f"http://user:{SECRET}@{host}/dog/deep/c%20d.png?signature={SECRET}", cache)
    assert path.name == "c d.png"
    assert path.read_bytes() == FILES["dog/deep/c d.png"]
    assert SECRET not in everything_written(cache)


def test_web_address_without_a_file(website, cache):
    refused(f"http://user:{SECRET}@{website[0]}/nothing.csv?signature={SECRET}", cache, "does not exist")


def test_web_server_that_is_not_there(closed_port, cache):
    refused(f"http://user:{SECRET}@127.0.0.1:{closed_port}/x?signature={SECRET}", cache, "cannot be reached")


@pytest.mark.parametrize("status", [401, 403])
def test_web_server_that_refuses(server, cache, status):
    server.answers = [(status, b"")]
    refused(server.url, cache, "may not be read")
