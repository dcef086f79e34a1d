import subprocess
import sys

import pytest

from recognition.data.remote import address as module
from recognition.data.remote.address import check_address, is_remote, redacted
from recognition.errors import InputError


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
        ("s3://AKIA:se/cr/et@bucket/x", "s3://bucket/x"),
        ("abfs://container@account/x", "abfs://container@account/x"),
        ("s3://bucket/mail@home/x", "s3://bucket/mail@home/x"),
    ],
)
def test_redacted(text, safe):
    assert redacted(text) == safe


@pytest.mark.parametrize(
    "address",
    [
        "https://user:hunter2@host/x",
        "http://hunter2@host/x",
        "s3://AKIA:hunter/hunter2@bucket/x",
        "zip://*::https://user:hunter2@host/x.zip",
        "https://host/x?X-Amz-Credential=a&X-Amz-Signature=hunter2",
        "https://host/x?Expires=1&Signature=hunter2",
        "https://account/x?sv=1&sig=hunter2",
        "https://host/x?token=hunter2",
        "https://host/x?access_token=hunter2",
    ],
)
def test_credentials_are_refused_as_the_address_is_stored(refused, cache, address):
    error = refused(address, "would be stored")
    assert "AWS_PROFILE" in error.remedy
    assert not cache.exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://host:8080/mail@home/x?download=1",
        "https://host:8080",
        "abfs://container@account/x",
        "sftp://user@host/x",
        "s3://bucket/mail@home",
        "zip://*::s3://bucket/mail@home.zip",
        "memory:///x",
    ],
)
def test_addresses_without_credentials(address):
    check_address(address)


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "https://", "zip://*::s3://"])
def test_incomplete(address):
    with pytest.raises(InputError, match="incomplete"):
        check_address(address)


@pytest.mark.parametrize("address", ["foo://bucket/x", "S3://bucket/x", "zip://*::foo://x"])
def test_unknown_protocol(refused, address):
    assert "s3://" in refused(address, "Protocol not known").expected


@pytest.mark.parametrize(("protocol", "remedy"), [("s3", r"pip install 'recognition\[s3\]'"), ("gs", "gcsfs")])
def test_missing_package(refused, monkeypatch, protocol, remedy):
    import fsspec

    classes = sys.modules[fsspec.get_filesystem_class.__module__]._registry
    monkeypatch.delitem(classes, protocol, raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    refused(f"{protocol}://bucket/x", remedy)


def test_an_unreachable_server_is_known_within_some_twenty_seconds():
    assert 2 * module.RETRIES * max(module.CONNECT_TIMEOUT, module.READ_TIMEOUT) <= 20


def test_importing_is_cheap():
    code = "import sys, recognition.data.remote.mirror; print({'fsspec', 's3fs', 'aiohttp', 'tqdm'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
