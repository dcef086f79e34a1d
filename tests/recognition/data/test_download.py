import errno
import hashlib
import shutil
import socket
import tempfile
import threading
from contextlib import nullcontext, suppress

import pytest
import requests

from recognition.data import download as module
from recognition.data.download import DownloadError, download
from recognition.errors import InputError


@pytest.fixture
def archive(tmp_path, pack):
    return pack(tmp_path / "source.tar.gz", {"a.bin": bytes(range(256)) * 400})


@pytest.fixture
def digest(archive):
    return "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "deep" / "archive.tar.gz"


def nothing_left(target):
    return not target.parent.exists() or list(target.parent.iterdir()) == []


def test_file_address(archive, digest, target):
    download(archive.as_uri(), target, digest)
    assert target.read_bytes() == archive.read_bytes()
    assert list(target.parent.iterdir()) == [target]


def test_http_address(server, archive, digest, target):
    server.answers = [(200, archive.read_bytes())]
    download(server.url, target, digest)
    assert target.read_bytes() == archive.read_bytes()
    assert server.requests == 1


def test_md5_digest(archive, target):
    download(archive.as_uri(), target, "md5:" + hashlib.md5(archive.read_bytes()).hexdigest())
    assert target.exists()


@pytest.mark.parametrize("bad", [(500, b"busy"), (200, b"only the start", 10_000)])
def test_retries_after_an_error_and_after_a_broken_connection(server, archive, digest, target, bad):
    server.answers = [bad, bad, (200, archive.read_bytes())]
    download(server.url, target, digest)
    assert target.read_bytes() == archive.read_bytes()
    assert server.requests == 3


@pytest.mark.parametrize("bad", [(500, b"busy"), (404, b"gone"), (200, b"only the start", 10_000)])
def test_gives_up_and_leaves_nothing(server, digest, target, bad):
    server.answers = [bad]
    with pytest.raises(DownloadError, match="archive"):
        download(server.url, target, digest)
    assert server.requests == module.ATTEMPTS
    assert nothing_left(target)


def test_unreachable_port(target, digest, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DownloadError, match=str(port)):
        download(f"http://127.0.0.1:{port}/x", target, digest)
    assert nothing_left(target)


def test_a_silent_server_costs_one_attempt_when_patience_is_over(server, digest, target, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    server.answers = [(500, b"")]
    with pytest.raises(DownloadError):
        download(server.url, target, digest)
    assert server.requests == 1


def test_a_connection_that_breaks_later_is_tried_again_whatever_time_it_took(server, digest, target, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    server.answers = [(200, bytes(2 * module.CHUNK), 10 * module.CHUNK)]
    with pytest.raises(DownloadError):
        download(server.url, target, digest)
    assert server.requests == module.ATTEMPTS


def test_no_network_is_known_within_twenty_seconds():
    worst = module.PATIENCE + module.CONNECT_TIMEOUT + module.PAUSE * module.ATTEMPTS
    assert worst < 20


@pytest.mark.parametrize("kind", ["file", "http"])
def test_wrong_digest_leaves_nothing(server, archive, target, kind):
    server.answers = [(200, archive.read_bytes())]
    with pytest.raises(InputError, match="sha256:0000") as caught:
        download(archive.as_uri() if kind == "file" else server.url, target, "sha256:" + "0" * 64)
    assert len(str(caught.value).splitlines()) <= 8
    assert nothing_left(target)
    assert server.requests == (kind == "http")


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b"", "cut"])
def test_without_a_digest_only_a_complete_archive_is_kept(server, archive, target, body):
    server.answers = [(200, archive.read_bytes()[:300] if body == "cut" else body)]
    with pytest.raises(InputError, match="what arrived is") as caught:
        download(server.url, target, None)
    assert str(target.parent) not in str(caught.value)
    assert nothing_left(target)
    server.answers = [(200, archive.read_bytes())]
    download(server.url, target, None)
    assert target.exists()


@pytest.mark.parametrize(
    ("limit", "value", "words"), [("ARCHIVE_LIMIT", 100_000, "100,000 bytes"), ("LONGEST", 0, "hours")]
)
def test_a_server_that_sends_without_end_is_left(server, archive, digest, target, monkeypatch, limit, value, words):
    monkeypatch.setattr(module, limit, value)
    server.answers = [(200, bytes(4 * module.CHUNK))]
    with pytest.raises(InputError, match=f"refused[^$]+{words}"):
        download(server.url, target, digest)
    assert server.requests == 1
    assert nothing_left(target)


@pytest.fixture
def dripping(monkeypatch):
    """Address of a server that sends a byte now and then, less than a chunk in all."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ended = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/archive.tar.gz"
        ended.set()
        thread.join()


@pytest.mark.timeout(20)
def test_a_server_that_drips_is_left_at_the_same_time(dripping, digest, target, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 0.5)
    with pytest.raises(InputError, match="sends for longer"):
        download(dripping, target, digest)
    assert nothing_left(target)


@pytest.mark.parametrize(
    ("address", "location", "refused"),
    [
        ("https://a.example/x", "http://a.example/x", True),
        ("https://a.example/x", "https://b.example/x", False),
        ("https://a.example/x", "/y", False),
        ("http://a.example/x", "http://b.example/x", False),
    ],
)
def test_no_redirection_leads_from_an_encrypted_address_to_a_plain_one(address, location, refused):
    answer = requests.Response()
    answer.status_code, answer.url, answer.headers["location"] = 302, address, location
    with pytest.raises(ValueError, match="not encrypted") if refused else nullcontext():
        module._check_redirection(answer)


def test_file_that_is_not_there(tmp_path, target):
    with pytest.raises(DownloadError, match="no such file"):
        download((tmp_path / "absent.tar.gz").as_uri(), target, None)


def test_file_address_with_two_slashes(target):
    with pytest.raises(InputError, match="three slashes"):
        download("file://mirror/archive.tar.gz", target, None)


def test_cache_below_a_file(archive, digest, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(InputError, match="cannot be stored"):
        download(archive.as_uri(), tmp_path / "cache" / "archive.tar.gz", digest)


def test_read_only_cache(archive, digest, target, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    target.parent.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(InputError, match="Permission denied") as caught:
        download(archive.as_uri(), target, digest)
    assert caught.value.exit_status == 2


def test_full_disk_leaves_nothing(archive, digest, target, monkeypatch):
    def fill(source, output):
        with open(output, "wb") as file:
            file.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fill)
    with pytest.raises(InputError, match="No space left"):
        download(archive.as_uri(), target, digest)
    assert nothing_left(target)
