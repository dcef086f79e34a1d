"""Image files of every kind of damage: pixels of the right shape, or a reason why not, within bounded memory."""

import io
import resource
import struct
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from PIL import Image

from recognition.data.image_transform import ImageTransform, UnreadableImageError
from tests.fuzz.command import at_most
from tests.fuzz.damage import damaged

MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "WEBP": ["RGB", "RGBA"],
    "BMP": ["1", "L", "P", "RGB", "RGBA"],
    "GIF": ["1", "L", "P", "RGB", "RGBA"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"],
}
VARIANTS = {
    "PNG": [{}, {"transparency": 0}, {"optimize": True}],
    "JPEG": [{}, {"progressive": True}, {"quality": 1}, {"icc_profile": b"no profile"}],
    "WEBP": [{}, {"lossless": True}],
    "BMP": [{}],
    "GIF": [{}, {"interlace": 1}, {"transparency": 0}],
    "TIFF": [{"compression": name} for name in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate", "group4", "jpeg")],
}
SIZES = [(1, 1), (9, 7), (40, 3)]
MEMORY = 1_500_000_000  # bytes more than at the start: twice what an image of PIXEL_LIMIT takes
SIDES = [0, 1, 2, 9_459, 9_460, 60_000, 65_535, 2**31 - 1, 2**32 - 1]


def image(mode, size):
    """An image with many values, in any mode."""
    values = np.random.default_rng(size).integers(0, 256, (size[1], size[0], 4), np.uint8)
    if mode == "I;16":
        return Image.fromarray(values[..., 0].astype(np.uint16) * 257)
    if mode in ("I", "F", "1", "P", "L"):
        return Image.fromarray(values[..., 0]).convert(mode)
    bands = 4 if mode in ("CMYK", "RGBA") else 2 if mode == "LA" else 3
    parts = [Image.fromarray(values[..., band]) for band in range(bands)]
    return Image.merge(mode, parts)


def encoded(kind, mode, size, options):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 1 + (size[0] % 8)
    more = {"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
    animated = {"save_all": True, "append_images": [image(mode, size)]} if kind in ("GIF", "TIFF") else {}
    image(mode, size).save(buffer, kind, **options, **more, **animated)
    return buffer.getvalue()


def valid_files():
    """A file of every kind, mode, variant and size that Pillow can write."""
    found = []
    for kind, modes in MODES.items():
        for mode in modes:
            for options in VARIANTS[kind]:
                for size in SIZES:
                    try:
                        found.append(encoded(kind, mode, size, options))
                    except (OSError, ValueError, TypeError, KeyError):
                        continue  # not every mode goes with every variant
    return found


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@st.composite
def claims(draw):
    """A few bytes that claim to be an image of any size."""
    width, height = draw(st.sampled_from(SIDES)), draw(st.sampled_from(SIDES))
    depth, colour = draw(st.sampled_from([1, 8, 16])), draw(st.sampled_from([0, 2, 3, 4, 6]))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, draw(st.integers(0, 1))))
    rows = chunk(b"IDAT", zlib.compress(bytes(draw(st.sampled_from([0, 100, 100_000])))))
    png = b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")
    small = width % 65_536, height % 65_536
    gif = (
        b"GIF89a" + struct.pack("<HH", *small) + b"\0\0\0,\0\0\0\0" + struct.pack("<HH", *small) + b"\0\x02\x02D\x01\0;"
    )
    bmp = b"BM" + struct.pack("<IIIIIIHHIIIIII", 100, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    tags = {256: width, 257: height, 258: depth, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 10}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    return draw(st.sampled_from([png, gif, bmp, tiff]))


VALID = valid_files()
transforms = st.builds(
    ImageTransform,
    st.integers(2, 20),
    st.integers(2, 20),
    st.sampled_from([1, 3]),
    st.sampled_from(["crop", "pad", "stretch"]),
    st.sampled_from(["#ffffff", "#204060"]),
)


@contextmanager
def bounded_memory():
    """Let the process grow by MEMORY at most; beyond it MemoryError, which no image excuses."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs Linux's account of memory")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(lines["VmSize"].split()[0]) * 1024 + MEMORY, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def decode(transform, content):
    try:
        return transform.decode(content)
    except UnreadableImageError as error:
        return str(error)


def check(transform, content):
    with warnings.catch_warnings(), bounded_memory(), at_most(10):
        warnings.simplefilter("ignore")  # as the command does
        first, second = decode(transform, content), decode(transform, content)
    event("refused" if isinstance(first, str) else "decoded")
    if isinstance(first, str):
        assert first == second
        assert 0 < len(first) <= 300
        return
    assert first.pixels.shape == transform.shape
    assert first.pixels.dtype == np.uint8
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.content == second.content
    assert 0 <= first.content < 2**64


def test_there_are_files_of_every_kind():
    assert {Image.open(io.BytesIO(content)).format for content in VALID} == set(MODES)


@given(
    transforms,
    st.binary(max_size=400)
    | st.tuples(st.sampled_from(VALID), st.binary(max_size=99)).map(lambda parts: parts[0][:12] + parts[1]),
)
def test_arbitrary_bytes(transform, content):
    check(transform, content)


@given(transforms, damaged(st.sampled_from(VALID)))
def test_damaged_files(transform, content):
    check(transform, content)


@given(transforms, damaged(claims()))
def test_claims_of_any_size(transform, content):
    check(transform, content)
