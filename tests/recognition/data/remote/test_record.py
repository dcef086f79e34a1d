import pytest

from recognition.data.remote.mirror import mirror
from recognition.data.remote.record import append_record, describe, read_record
from tests.recognition.data.remote.trees import FILES, contents


@pytest.mark.parametrize("damaged", [b"", b"{", b'\n{"file": "cat/a.png"', b"\xff\xfe"])
def test_a_damaged_record_is_not_believed(photos, cache, damaged):
    tree = mirror("memory://photos", cache)
    (tree.parent / "record.jsonl").write_bytes(damaged)
    (tree / "cat" / "a.png").write_bytes(b"z" * 10)
    mirror("memory://photos", cache)
    assert contents(tree) == FILES


def test_a_line_cut_short_spoils_no_other(tmp_path):
    (tmp_path / "a\nb").write_text("copy")
    (tmp_path / "record").write_text('\n{"file": "a')
    line = describe("a\nb", "1", tmp_path / "a\nb")
    append_record(tmp_path / "record", line)
    assert line in read_record(tmp_path / "record")


def test_what_cannot_be_compared_is_never_current(tmp_path):
    (tmp_path / "a").write_text("copy")
    assert describe("a", None, tmp_path / "a") is None
    assert describe("a", "1", tmp_path / "b") is None
    assert None not in read_record(tmp_path / "none")
