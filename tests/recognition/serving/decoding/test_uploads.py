import pytest

from recognition.serving.decoding.uploads import Upload, uploads_of
from recognition.serving.problems import Problem

FORM = "multipart/form-data; boundary=B"


def part(content, disposition='form-data; name="files"; filename="a.png"'):
    return b"--B\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--B--\r\n"


def refused(content_type, body, most=3):
    with pytest.raises(Problem) as raised:
        uploads_of(content_type, body, most)
    return raised.value.status, raised.value.detail


def test_a_form_holds_files():
    second = part(b"\r\n--\x00", 'form-data; name="x"; filename="\u00fc.png"')
    assert uploads_of(FORM, form(part(b"one"), second), 2) == [Upload("a.png", b"one"), Upload("ü.png", b"\r\n--\x00")]


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/JPEG", "image/x-unknown; q=1", "application/octet-stream"])
def test_a_body_may_be_the_file(kind):
    assert uploads_of(kind, b"one", 1) == [Upload("", b"one")]


def test_what_a_browser_sends_for_no_file_does_not_count():
    empty = part(b"", 'form-data; name="files"; filename=""')
    assert uploads_of(FORM, form(empty, part(b"one")), 2) == [Upload("a.png", b"one")]
    assert refused(FORM, form(empty))[0] == 400


def test_an_empty_file_counts_if_it_has_a_name():
    assert uploads_of(FORM, form(part(b"")), 1) == [Upload("a.png", b"")]


@pytest.mark.parametrize(
    ("content_type", "body", "status", "told"),
    [
        ("image/png", b"", 400, "empty"),
        ("", b"x", 415, "missing"),
        ("text/plain", b"x", 415, "text/plain"),
        ("multipart/form-data", b"x", 400, "boundary"),
        ("multipart/form-data; boundary=" + 300 * "B", b"x", 400, "Boundary"),
        (FORM, b"x", 400, "cannot be parsed"),
        (FORM, form(), 400, "no file"),
        (FORM, part(b"one"), 400, "cut short"),
        (FORM, form(part(b"1", 'form-data; name="top"')), 400, "'top' is no file"),
        (FORM, form(part(b"1"), part(b"2"), part(b"3"), part(b"4")), 413, "more than 3"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_reason(content_type, body, status, told):
    found, detail = refused(content_type, body)
    assert found == status
    assert told in detail


def test_long_names_are_cut():
    (upload,) = uploads_of(FORM, form(part(b"x", f'form-data; name="files"; filename="{1000 * "n"}"')), 1)
    assert len(upload.name) == 255
