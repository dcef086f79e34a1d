import hashlib

import pytest

from recognition.configuration.sections.data import DataConfig
from recognition.data import location
from recognition.data.location import ARCHIVE, ENVIRONMENT, OFFICIAL_DIGEST, DataUnavailableError, locate_cifar100
from recognition.errors import InputError


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def archive(tmp_path, pack):
    (tmp_path / "store").mkdir()
    return pack(tmp_path / "store" / ARCHIVE, {"a.bin": b"a"})


@pytest.fixture
def downloads(monkeypatch):
    """The downloads asked for, instead of downloads."""
    asked = []
    monkeypatch.setattr(location, "download", lambda *arguments: asked.append(arguments))
    return asked


def unpacked(folder):
    folder.mkdir(parents=True)
    (folder / "train.bin").write_bytes(b"x")
    return folder


def sha256(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def refused(config, cache, *words):
    with pytest.raises(InputError) as caught:
        locate_cifar100(config, cache)
    assert not isinstance(caught.value, DataUnavailableError)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert len(message.splitlines()) <= 8


def test_path_may_be_the_archive_or_a_folder(archive, cache):
    assert locate_cifar100(DataConfig(path=str(archive)), cache) == archive
    assert locate_cifar100(DataConfig(path=str(archive.parent)), cache) == archive


def test_path_may_be_the_unpacked_folder_or_its_parent(tmp_path, cache):
    folder = unpacked(tmp_path / "store" / "cifar-100-binary")
    assert locate_cifar100(DataConfig(path=str(folder)), cache) == folder
    assert locate_cifar100(DataConfig(path=str(folder.parent)), cache) == folder


def test_path_may_be_an_address_whose_mirror_is_kept(archive, cache):
    place = locate_cifar100(DataConfig(path=archive.as_uri()), cache)
    assert place.is_relative_to(cache)
    assert place.read_bytes() == archive.read_bytes()
    written = place.stat().st_mtime_ns
    assert locate_cifar100(DataConfig(path=archive.parent.as_uri()), cache).name == ARCHIVE
    assert locate_cifar100(DataConfig(path=archive.as_uri(), digest=sha256(archive)), cache) == place
    assert place.stat().st_mtime_ns == written
    refused(DataConfig(path=(archive.parent / "none").as_uri()), cache, "none", "does not exist")


def test_path_is_expanded_and_made_absolute(archive, cache, monkeypatch):
    monkeypatch.setenv("HOME", str(archive.parent))
    monkeypatch.chdir(archive.parent)
    assert locate_cifar100(DataConfig(path=f"~/{ARCHIVE}"), cache) == archive
    assert locate_cifar100(DataConfig(path=ARCHIVE), cache) == archive


def test_path_that_does_not_exist(tmp_path, cache, archive, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(archive))
    refused(DataConfig(path=str(tmp_path / "absent")), cache, "data.path", "absent", "does not exist", ARCHIVE)


def test_path_to_a_folder_without_data(tmp_path, cache):
    refused(DataConfig(path=str(tmp_path)), cache, "data.path", "holds no CIFAR-100")


def test_environment_comes_after_path_and_before_cache(tmp_path, archive, cache, pack, monkeypatch):
    cache.mkdir()
    cached, other = pack(cache / ARCHIVE, {"a": b"a"}), pack(tmp_path / "other.tar.gz", {"a": b"a"})
    assert locate_cifar100(DataConfig(), cache) == cached
    monkeypatch.setenv(ENVIRONMENT, str(archive.parent))
    assert locate_cifar100(DataConfig(), cache) == archive
    assert locate_cifar100(DataConfig(path=str(other)), cache) == other


def test_environment_that_is_wrong(tmp_path, cache, downloads, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "absent"))
    refused(DataConfig(), cache, ENVIRONMENT, "does not exist")
    assert downloads == []


def test_empty_environment_counts_as_not_set(archive, cache, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "")
    assert locate_cifar100(DataConfig(url=archive.as_uri()), cache) == cache / ARCHIVE


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_digest_of_a_local_file(archive, cache, algorithm):
    fitting = f"{algorithm}:{hashlib.new(algorithm, archive.read_bytes()).hexdigest()}"
    assert locate_cifar100(DataConfig(path=str(archive), digest=fitting), cache) == archive
    wrong = fitting[:-1] + ("0" if fitting[-1] != "0" else "1")
    refused(DataConfig(path=str(archive), digest=wrong), cache, str(archive), fitting, wrong)


def test_digest_of_a_folder_is_a_contradiction(tmp_path, cache):
    folder = unpacked(tmp_path / "unpacked")
    refused(DataConfig(path=str(folder), digest="md5:" + "0" * 32), cache, "data.digest", "folder")


def test_official_download(cache, downloads):
    assert locate_cifar100(DataConfig(), cache) == cache / ARCHIVE
    assert [asked[:3] for asked in downloads] == [(location.OFFICIAL_URL, cache / ARCHIVE, OFFICIAL_DIGEST)]


def test_mirror_is_checked_against_its_own_digest_only(cache, downloads):
    url, digest = "https://mirror.example/x.tar.gz", "sha256:" + "1" * 64
    locate_cifar100(DataConfig(url=url, digest=digest), cache)
    locate_cifar100(DataConfig(url=url), cache)
    locate_cifar100(DataConfig(digest=digest), cache)
    expected = [(url, digest), (url, None), (location.OFFICIAL_URL, digest)]
    assert [(asked[0], asked[2]) for asked in downloads] == expected


def test_download_happens_once(server, archive, cache):
    server.answers = [(200, archive.read_bytes())]
    config = DataConfig(url=server.url, digest=sha256(archive))
    assert locate_cifar100(config, cache) == locate_cifar100(config, cache) == cache / ARCHIVE
    assert server.requests == 1


def test_wrong_digest_of_a_download_is_not_unavailable(archive, cache):
    refused(DataConfig(url=archive.as_uri(), digest="sha256:" + "0" * 64), cache, "refused", archive.as_uri())
    assert [each.name for each in cache.iterdir()] == ["incoming.lock"]


def test_unavailable_says_where_to_get_it_and_where_to_put_it(tmp_path, cache):
    url = (tmp_path / "absent.tar.gz").as_uri()
    with pytest.raises(DataUnavailableError) as caught:
        locate_cifar100(DataConfig(url=url), cache)
    message = str(caught.value)
    official = (location.OFFICIAL_URL, "168,513,733", OFFICIAL_DIGEST)
    for word in (url, *official, "data.path", ENVIRONMENT, str(cache / ARCHIVE)):
        assert word in message
    assert len(message.splitlines()) <= 8
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("status", [404, 200])
def test_a_mirror_whose_address_is_a_secret_is_named_by_its_variable(server, cache, monkeypatch, caplog, status):
    caplog.set_level("DEBUG", "recognition")
    server.answers = [(status, b"<html>no archive</html>")] * 3
    monkeypatch.setenv("MIRROR", f"{server.url}/hunter2?token=hunter3")
    with pytest.raises(InputError) as caught:
        locate_cifar100(DataConfig(url="env:MIRROR"), cache)
    assert "env:MIRROR" in str(caught.value)
    assert "hunter" not in str(caught.value) + caplog.text
    assert server.requests >= 1


@pytest.mark.parametrize(("value", "told"), [(None, "not set"), ("", "not set"), ("ftp://hunter2", "is set")])
def test_a_variable_that_holds_no_address(cache, monkeypatch, value, told):
    if value is not None:
        monkeypatch.setenv("MIRROR", value)
    with pytest.raises(InputError, match=told) as caught:
        locate_cifar100(DataConfig(url="env:MIRROR"), cache)
    assert "hunter" not in str(caught.value)


def test_a_mirror_named_by_a_variable_is_used(archive, cache, monkeypatch):
    monkeypatch.setenv("MIRROR", archive.as_uri())
    assert locate_cifar100(DataConfig(url="env:MIRROR"), cache) == cache / ARCHIVE
