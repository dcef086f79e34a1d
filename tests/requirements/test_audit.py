"""Locked versions against known vulnerabilities."""

import json
import subprocess
import sys

import pytest
import yaml

from tests.conftest import PROJECT

SCRIPT = PROJECT / "requirements" / "audit.py"


def advisory(events, package="Pillow", **more):
    affected = {"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"id": "PYSEC-1", "modified": "2026-10-01T00:00:00Z", "affected": [affected], **more}


@pytest.fixture
def audit(tmp_path):
    """A function: advisories -> status and output of the comparison with a lock of pillow 12.1.0."""
    (tmp_path / "requirements" / "known").mkdir(parents=True)
    script = tmp_path / "requirements" / "audit.py"
    script.write_bytes(SCRIPT.read_bytes())
    lock = "pillow==12.1.0 \\\n    --hash=sha256:0\nnumpy[x]==2.3.0 ; python_version > '3'\n"
    (tmp_path / "requirements" / "base.txt").write_text(lock)

    def run(*advisories):
        for number, each in enumerate(advisories):
            write = json.dumps if number % 2 else yaml.safe_dump
            suffix = "json" if number % 2 else "yaml"
            (tmp_path / "requirements" / "known" / f"{number}.{suffix}").write_text(write(each))
        words = [sys.executable, script, tmp_path / "requirements" / "known"]
        done = subprocess.run(words, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


NEITHER = advisory([{"introduced": "0"}, {"fixed": "12.0.0"}])


@pytest.mark.parametrize(
    "found",
    [
        advisory([{"introduced": "0"}, {"fixed": "12.1.1"}]),
        advisory([{"introduced": "12.1.0"}]),
        advisory([{"introduced": "11"}, {"last_affected": "12.1.0"}]),
        advisory([{"introduced": "0"}, {"fixed": "3"}, {"introduced": "12"}, {"fixed": "13"}]),
        advisory([]) | {"affected": [{"package": {"name": "NumPy", "ecosystem": "PyPI"}, "versions": ["2.3.0"]}]},
    ],
)
def test_a_version_that_is_known_to_be_vulnerable_is_named(audit, found):
    status, told = audit(NEITHER, found)
    assert status == 1
    assert "PYSEC-1" in told
    assert "base.txt" in told
    assert "the newest of 2026-10-01: 1 found" in told


@pytest.mark.parametrize(
    "other",
    [
        advisory([{"introduced": "0"}, {"fixed": "12.1.0"}]),
        advisory([{"introduced": "12.1.1"}]),
        advisory([{"introduced": "0"}], package="torch"),
        advisory([{"introduced": "0"}], withdrawn="2026-01-01T00:00:00Z"),
    ],
)
def test_others_are_not(audit, other):
    status, told = audit(NEITHER, other)
    assert status == 0
    assert "2 locked versions" in told
    assert "none found" in told


def test_nothing_to_compare_with_is_an_error(audit):
    status, told = audit()
    assert status == 2
    assert "no advisories" in told
    assert "ADVISORIES=" in told
