"""Places to mirror from, and what a mirror left behind."""

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recognition.data.remote.mirror import mirror
from recognition.errors import InputError
from tests.recognition.data.remote.trees import FILES


@pytest.fixture(autouse=True)
def _own_environment(no_credentials):
    """Tests see no credentials of this machine."""


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


@pytest.fixture
def bucket(s3):
    """A client of S3, where the bucket `photos` holds the files below train/."""
    for name, content in FILES.items():
        s3.put_object(Bucket="photos", Key=f"train/{name}", Body=content)
    return s3


@pytest.fixture
def website(tmp_path):
    """Host of a web server for the folder `site`, with pages that list folders; and that folder."""
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
def everything_written(cache):
    """A function: () -> the names and contents of all files in the cache, as one text."""

    def read():
        files = [path for path in cache.rglob("*") if path.is_file()]
        return b"\n".join(os.fsencode(path) + path.read_bytes() for path in files).decode()

    return read


@pytest.fixture
def refused(cache):
    """A function: address, words of the answer -> the error, once it was seen to be a proper one."""

    def run(address, match):
        with pytest.raises(InputError, match=match) as caught:
            mirror(address, cache)
        assert caught.value.received
        assert caught.value.expected or caught.value.remedy
        assert "hunter2" not in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 10
        return caught.value

    return run
