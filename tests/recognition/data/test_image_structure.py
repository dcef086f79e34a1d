import io
import struct
import zlib

import pytest
from PIL import Image, ImageFile

from recognition.data.image_structure import FORMATS, announced_pixels
from recognition.data.image_transform import ImageTransform, TooManyPixelsError, UnreadableImageError


def saved(kind, mode="RGB", size=(70, 31), **options):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


WEBP = [saved("WEBP"), saved("WEBP", lossless=True), saved("WEBP", "RGBA"), saved("WEBP", exif=b"Exif\0\0MM\0*")]


@pytest.mark.parametrize("content", [*map(saved, FORMATS), *WEBP])
def test_every_kind_says_how_many_pixels_it_has(content):
    assert announced_pixels(content) == 70 * 31


@pytest.mark.parametrize("content", [b"", b"no image", b"RIFF1234WEBP", b"RIFF1234WAVEfmt ", saved("PNG")[:20]])
def test_what_is_none_has_none(content):
    assert announced_pixels(content) == 0


@pytest.mark.parametrize("content", WEBP)
def test_too_many_are_seen_before_there_is_memory_for_them(content, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(TooManyPixelsError):
        ImageTransform(4, 4, 3, "crop", "#ffffff").decode(content, 2_000)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(kind, data, count):
    """A PNG with so many chunks of a kind before its image."""
    content = saved("PNG")
    return content[:33] + chunk(kind, data) * count + content[33:]


def jpeg(segment, count):
    """A JPEG with so many segments of a kind before its image."""
    content = saved("JPEG")
    return content[:2] + segment * count + content[2:]


def progressive(scans):
    """A JPEG with the same refinement over and over again."""
    content = saved("JPEG", "L", progressive=True)
    place = content.rindex(b"\xff\xda")
    return content[:place] + content[place:-2] * scans + content[-2:]


def tiff(side, size=(16, 16), tiles=1):
    """A TIFF of tiles of side x side pixels, in their compressed form."""
    packed = zlib.compress(bytes(side * side))
    tags = {256: size[0], 257: size[1], 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
    behind = 8 + 2 + 12 * 10 + 4
    data = behind + 8 * tiles if tiles > 1 else behind
    for tag, values, place in ((324, [data] * tiles, behind), (325, [len(packed)] * tiles, behind + 4 * tiles)):
        entries += struct.pack("<HHLL", tag, 4, tiles, place if tiles > 1 else values[0])
    lists = struct.pack(f"<{2 * tiles}L", *[data] * tiles, *[len(packed)] * tiles) if tiles > 1 else b""
    return b"II*\0" + struct.pack("<LH", 8, 10) + entries + bytes(4) + lists + packed


TRANSFORM = ImageTransform(4, 4, 3, "crop", "#ffffff")
TEXT = b"a\0\0" + zlib.compress(bytes(9_999))
EXIF = b"\xff\xe1" + struct.pack(">H", 10) + b"Exif\0\0ab"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (progressive(60), "50 scans"),
        (jpeg(EXIF, 1_001), "1,000 segments"),
        (jpeg(b"\xff\xff" + EXIF[1:], 1_001), "1,000 segments"),
        (png(b"zTXt", TEXT, 65), "64 compressed"),
        (png(b"tEXt", b"a\0b", 3_000), "chunks"),
        (tiff(2_048), "tile of 2048 x 2048"),
        (tiff(16, (16 * 317, 16 * 317), 317 * 317), "100,000 tiles"),
    ],
    ids=["scans", "segments", "filled", "texts", "chunks", "tile", "tiles"],
)
def test_what_would_take_for_ever_is_refused_before_it_is_decoded(content, told, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(UnreadableImageError, match=told):
        TRANSFORM.decode(content)


@pytest.mark.parametrize(
    "content",
    [
        progressive(30),
        jpeg(EXIF, 200),
        saved("MPO", save_all=True, append_images=[Image.new("RGB", (70, 31))]),
        png(b"zTXt", TEXT, 60),
        png(b"tEXt", b"a\0b", 900),
        tiff(16),
        tiff(1_024),
        tiff(16, (160, 160), 100),
        saved("PNG", size=(3_000, 2_000)),
    ],
    ids=["scans", "segments", "several", "texts", "chunks", "tile", "large tile", "tiles", "large"],
)
def test_what_cameras_and_editors_write_is_decoded(content):
    assert TRANSFORM.decode(content).pixels.shape == (4, 4, 3)
