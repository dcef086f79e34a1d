"""Images side by side in one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognition.errors import InputError

GAP = 8
LINE = 20
FONT_SIZE = 13
BACKGROUND = "white"
INK = "#222222"
WIDEST = 1600  # pixels of a picture; larger images are drawn smaller


def image_grid(
    images: NDArray[np.generic],
    titles: Sequence[str] = (),
    columns: int = 6,
    scale: int = 4,
    heading: Sequence[str] = (),
) -> bytes:
    """Draw images in rows, each with its title below, shortened where it is wider than its image.

    The font is DejaVu Sans, as it comes with matplotlib; a letter that it lacks, such as a Chinese one, stands as its
    code point.

    Args:
        images: uint8 or float in 0–255 (values outside are clipped), (n, height, width, 1 or 3).
        titles: One for each image, or none at all.
        columns: Images a row.
        scale: Pixels of the picture for each pixel of an image, a side: 4 shows 32 pixels well. Fewer where the
            picture would be wider than WIDEST.
        heading: Lines of text above the images, wrapped where they are wider than the picture.

    Returns:
        The bytes of an RGB PNG, the same for the same arguments.

    Raises:
        InputError: The images have another shape, or their number is not that of the titles.
    """
    _require_images(images, titles)
    columns = min(columns, len(images))
    tiles = [_tile(image, scale, (WIDEST - GAP) // columns - GAP) for image in images]
    width, height = tiles[0].width + GAP, tiles[0].height + GAP + (LINE if titles else 0)
    text = [line for paragraph in heading for line in _wrap(paragraph, columns * width - GAP)]
    top = GAP + len(text) * LINE + (GAP if text else 0)
    canvas = Image.new("RGB", (columns * width + GAP, top + -(-len(tiles) // columns) * height), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(text):
        draw.text((GAP, GAP + number * LINE), line, INK, _font())
    for place, tile in enumerate(tiles):
        left, upper = GAP + place % columns * width, top + place // columns * height
        canvas.paste(tile, (left, upper))
        if titles:
            draw.text((left, upper + tile.height + 2), _shorten(titles[place], tile.width), INK, _font())
    return _png(canvas)


def _require_images(images: NDArray[np.generic], titles: Sequence[str]) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not images.size:
        raise InputError(
            "these are no images to draw", received=f"shape {images.shape}", expected="(n, height, width, 1 or 3)"
        )
    if titles and len(titles) != len(images):
        raise InputError(
            "titles and images differ in number", received=f"{len(titles)} titles", expected=f"{len(images)} or none"
        )


def _tile(image: NDArray[np.generic], scale: int, widest: int) -> Image.Image:
    values = np.rint(np.clip(image.astype(np.float64), 0, 255)).astype(np.uint8)
    if values.shape[-1] == 1:
        values = np.repeat(values, 3, axis=-1)
    height, width = values.shape[:2]
    if width * scale <= widest:
        return Image.fromarray(values).resize((width * scale, height * scale), Image.Resampling.NEAREST)
    return Image.fromarray(values).resize((widest, max(1, height * widest // width)), Image.Resampling.BOX)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(), FONT_SIZE)


@cache
def _letters() -> frozenset[int]:
    """Code points that the font can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(_font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def _font_file() -> Path:
    package = find_spec("matplotlib")  # found but not imported, which would take a while
    assert package is not None, "a dependency"
    assert package.origin is not None, "a package has a file"
    return Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def _clean(text: str) -> str:
    """One line that the font can draw: no line breaks or control characters, no halves of a surrogate pair."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    return "".join(letter if ord(letter) in _letters() else f"U+{ord(letter):X} " for letter in " ".join(words)).strip()


def _fits(text: str, width: int) -> bool:
    return _font().getlength(text) <= width


def _shorten(title: str, width: int) -> str:
    text = _clean(title)[:width]  # no letter is narrower than a pixel, and measuring a long text takes minutes
    if _fits(text, width):
        return text
    while text and not _fits(text + "…", width):
        text = text[:-1]
    return text.rstrip() + "…"


def _wrap(paragraph: str, width: int) -> list[str]:
    lines = [""]
    for word in _clean(paragraph).split():
        longer = f"{lines[-1]} {word}".lstrip()
        if _fits(longer, width):
            lines[-1] = longer
        else:
            lines.append(_shorten(word, width))
    return [line for line in lines if line]


def _png(canvas: Image.Image) -> bytes:
    buffer = BytesIO()
    canvas.save(buffer, "PNG")
    return buffer.getvalue()
