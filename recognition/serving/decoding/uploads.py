"""The files in a request's body, taken apart in memory: nothing is ever written to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from recognition.serving.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FORM, BYTES = "multipart/form-data", "application/octet-stream"
NAME_LENGTH = 255  # characters of a file's name that are repeated in the answer
EMPTY_PARTS = 8  # beside the files: a browser's form sends one for each field in which no file was chosen


class Upload(NamedTuple):
    """A file in a request; its name is empty where the body is the file."""

    name: str
    content: bytes


def uploads_of(content_type: str, body: bytes, most: int) -> list[Upload]:
    """The files of a form, or the one that is the body.

    Args:
        content_type: The request's header.
        body: The request's body.
        most: Files a request.

    Raises:
        Problem: 400 for a form that cannot be parsed or holds anything but files, 413 for too many files or parts, 415
            for another type.
    """
    kind, parameters = parse_options_header(content_type)
    kind_name = kind.decode("latin-1")
    if not body:
        raise Problem(400, f"the body is empty; {expected()}")
    if kind_name == FORM:
        return _Form(parameters.get(b"boundary", b""), most).read(body)
    if kind_name.startswith("image/") or kind_name == BYTES:
        return [Upload("", body)]
    raise Problem(415, f"Content-Type is {content_type[:100] or 'missing'}; {expected()}")


def expected() -> str:
    """What a request to classify holds."""
    return f"expected {FORM} with one or more image files, or an image as the body with Content-Type image/*"


class _Form:
    """Collects the files of a form while python-multipart goes through it."""

    def __init__(self, boundary: bytes, most: int) -> None:
        if not boundary:
            raise Problem(400, f"Content-Type {FORM} has no boundary")
        self._boundary, self._most = boundary, most
        self._uploads: list[Upload] = []
        self._parts, self._ended = 0, False

    def read(self, body: bytes) -> list[Upload]:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }
        try:
            parser = MultipartParser(self._boundary, callbacks)
            parser.write(body)
            parser.finalize()
        except FormParserError as error:
            raise Problem(400, f"the form cannot be parsed: {error}") from None
        if not self._ended:
            raise Problem(400, "the form is cut short: its last boundary is missing")
        if not self._uploads:
            raise Problem(400, "the form holds no file; expected one or more image files")
        return self._uploads

    def _begin(self) -> None:
        self._parts += 1
        if len(self._uploads) == self._most or self._parts > self._most + EMPTY_PARTS:
            raise Problem(413, f"more than {self._most} files in one request")
        self._headers: dict[bytes, bytes] = {}
        self._content = bytearray()  # a list of pieces would take more than they: one may be a single byte

    def _begin_header(self) -> None:
        self._field, self._value = b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def _end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        if b"filename" not in options:
            field = options.get(b"name", b"").decode("utf-8", "replace")[:NAME_LENGTH]
            raise Problem(400, f"the form's field {field!r} is no file; expected image files only")
        name, content = options[b"filename"].decode("utf-8", "replace"), bytes(self._content)
        if name or content:
            self._uploads.append(Upload(name[:NAME_LENGTH], content))

    def _end_form(self) -> None:
        self._ended = True
