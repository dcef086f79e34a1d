import errno
import os
import sqlite3

import pytest

from operations.platform.disk import refusal_of_disk


@pytest.fixture
def state(monkeypatch, tmp_path):
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path))
    return tmp_path


def wrapped(error):
    """As libraries hand it on."""
    outer = RuntimeError("the step failed")
    outer.__context__ = error
    return outer


def system(number, path=None):
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(state, number):
    for error in (system(number), wrapped(system(number))):
        refusal = refusal_of_disk(error)
        assert (refusal.problem, refusal.exit_status) == ("there is no space left", 2)
        assert os.strerror(number) in refusal.received


def of_sqlite(path, *statements):
    """What SQLite says of the last of some statements."""
    database = sqlite3.connect(path)
    try:
        for statement in statements:
            database.execute(statement)
    except sqlite3.Error as error:
        return error
    finally:
        database.close()
    raise AssertionError("it worked")


def test_a_full_database(state):
    statements = ("PRAGMA max_page_count = 2", "CREATE TABLE one (content)", "INSERT INTO one VALUES (zeroblob(99999))")
    refusal = refusal_of_disk(wrapped(of_sqlite(state / "full.db", *statements)))
    assert refusal.problem == "there is no space left"
    assert refusal.received == "database or disk is full"


def test_a_database_that_cannot_be_written(state):
    error = of_sqlite(state / "x.db", "PRAGMA query_only = 1", "CREATE TABLE one (number INT)")
    assert refusal_of_disk(wrapped(error)).problem == "the state folder can be written no more"


def test_a_state_folder_that_is_closed(state):
    for error in (system(errno.EROFS), *(system(number, str(state / "a")) for number in (errno.EACCES, errno.EPERM))):
        assert str(state) in refusal_of_disk(error).received


@pytest.mark.parametrize(
    "error",
    [
        ValueError("mine"),
        system(errno.ENOENT),
        system(errno.EACCES, "/root/of/somebody"),
        system(errno.EROFS, "/root/of/somebody"),
        system(errno.EACCES),
        sqlite3.OperationalError("no such table"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_another_error(state, error):
    assert refusal_of_disk(error) is None
