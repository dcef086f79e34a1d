import errno
import hashlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
import requests

from recognition.data import download as module
from recognition.data.download import DownloadError, download
from recognition.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def archive(tmp_path, pack):
    return pack(tmp_path / "source.tar.gz", {"a.bin": bytes(range(256)) * 400})


@pytest.fixture
def digest(archive):
    return "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "deep" / "archive.tar.gz"


LOCK = "incoming.lock"


def left(target):
    """Names of what is in the cache."""
    return {each.name for each in target.parent.iterdir()} - {LOCK} if target.parent.exists() else set()


def nothing_left(target):
    return left(target) == set()


def test_file_address(archive, digest, target):
    download(archive.as_uri(), target, digest)
    assert target.read_bytes() == archive.read_bytes()
    assert left(target) == {target.name}


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


def test_a_server_that_sends_without_end_is_left(server, archive, digest, target, monkeypatch):
    monkeypatch.setattr(module, "ARCHIVE_LIMIT", 100_000)
    server.answers = [(200, bytes(4 * module.CHUNK))]
    with pytest.raises(InputError, match=r"(?s)refused.+100,000 bytes"):
        download(server.url, target, digest)
    assert server.requests == 1
    assert nothing_left(target)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture(params=[HEAD, HEAD[:30], b""], ids=["its body", "its head", "nothing"])
def dripping(request, monkeypatch):
    """Address of a server that sends a byte now and then, or nothing, and never comes to an end."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ended = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(request.param)
            while not ended.wait(0.05):
                connection.sendall(b"x" if request.param else b"")

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


@pytest.mark.parametrize("known", [True, False], ids=["digest", "no digest"])
@pytest.mark.parametrize("compressed", [True, False], ids=["tar.gz", "tar"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "until it closes"])
def test_a_server_that_closes_before_the_end(server, tmp_path, pack, target, known, compressed, announced):
    """At 90 %, and for a plain tar also exactly between two members, where nothing is missing but the end."""
    path = pack(
        tmp_path / f"x.tar{'.gz' if compressed else ''}", {"a.bin": bytes(range(256)) * 40, "b.bin": b"b" * 512}
    )
    whole = path.read_bytes()
    digest = "sha256:" + hashlib.sha256(whole).hexdigest() if known else None
    full = len(whole) if compressed else 512 + 10_240 + 512 + 512  # without the zeros at its end
    for end in (full * 9 // 10, full - 1 if compressed else 512 + 10_240):
        server.answers = [(200, whole[:end], len(whole) if announced else None)]
        with pytest.raises(DownloadError if announced else InputError):
            download(server.url, target, digest)
        assert nothing_left(target)
    server.requests, server.answers = 0, [(200, whole)]
    download(server.url, target, digest)
    assert target.read_bytes() == whole


def test_what_a_killed_download_left_goes_with_the_next(server, archive, digest, target, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    words = "import sys; from pathlib import Path; from recognition.data.download import download; "
    words += "download(sys.argv[1], Path(sys.argv[2]), None)"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/archive.tar.gz"
        with subprocess.Popen([sys.executable, "-c", words, url, str(target)], cwd=ROOT) as client:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(HEAD + archive.read_bytes()[:50_000])
                while not list(target.parent.glob("incoming/*")):
                    time.sleep(0.01)
                client.kill()
    assert left(target) == {"incoming"}
    server.answers = [(200, archive.read_bytes())]
    download(server.url, target, digest)
    assert left(target) == {target.name}


def test_who_waits_for_anothers_download_finds_it(server, archive, digest, target):
    server.answers = [(200, archive.read_bytes())]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: download(server.url, target, digest), range(4)))
    assert server.requests == 1
    assert left(target) == {target.name}


def test_what_is_there_and_is_another_is_replaced(server, archive, digest, target):
    server.answers = [(200, archive.read_bytes())]
    target.parent.mkdir(parents=True)
    target.write_bytes(b"something else")
    download(server.url, target, digest)
    assert target.read_bytes() == archive.read_bytes()


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
