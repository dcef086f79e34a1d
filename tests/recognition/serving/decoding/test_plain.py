import struct
import zlib

import pytest

from recognition.serving.decoding.plain import is_plain
from tests.recognition.serving.served import picture

PNG, JPEG = picture("red"), picture("red", kind="JPEG")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("content", [PNG, JPEG])
def test_ordinary_files_are(content):
    assert is_plain(content)


@pytest.mark.parametrize(
    "content",
    [
        PNG[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(99))) + PNG[33:],
        PNG[:33] + chunk(b"gAMA", bytes(4)) * 64 + PNG[33:],
        PNG[:33] + b"\xff\xff\xff\xffzTXt",
        JPEG[:2] + b"\xff\xe1\0\x08Exif\0\0" + JPEG[2:],
        JPEG[:2] + b"\xff\xdd\0\x04\0\0" * 16 + JPEG[2:],
        JPEG[:-2] + JPEG[JPEG.index(b"\xff\xda") : -2] * 3 + b"\xff\xd9",
        JPEG.replace(b"\xff\xc0", b"\xff\xc2"),
        JPEG[:20],
        picture("red", kind="BMP"),
        picture("red", kind="GIF"),
        b"",
        b"no image",
    ],
)
def test_all_others_are_not(content):
    assert not is_plain(content)
