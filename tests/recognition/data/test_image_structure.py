import io

import pytest
from PIL import Image

from recognition.data.image_structure import FORMATS, announced_pixels
from recognition.data.image_transform import ImageTransform, TooManyPixelsError


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
