"""From an image file to the pixels that a network sees: one way for training, prediction, serving and export."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from recognition.data.image_structure import FORMATS, announced_pixels, excess, tile_excess

PIXEL_LIMIT = 89_478_485  # where Pillow begins to suspect a decompression bomb: 256 MiB of colours
ORIENTED = {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}  # what may tell; TIFF turns by itself
METHOD = Image.Resampling.BICUBIC
RGB = 3


class UnreadableImageError(Exception):
    """A file that holds no image that can be used; the text says why."""


class UnknownKindError(UnreadableImageError):
    """A file that is no image of FORMATS."""


class TooManyPixelsError(UnreadableImageError):
    """An image that is too large to decode."""


class DecodedImage(NamedTuple):
    """An image as the network sees it, and a hash of what it shows.

    Attributes:
        pixels: uint8, (height, width, channels).
        content: XXH3 of the upright image's size and colours before it was resized: the same for every transform.
        size: Height and width of the upright image before it was resized, pixels.
    """

    pixels: NDArray[np.uint8]
    content: int
    size: tuple[int, int]


@dataclass(frozen=True)
class ImageTransform:
    """How an image file becomes an array.

    Turned upright as its EXIF data say; 16 bits scaled to 8; transparency laid on the background; resized; grey where
    asked for. Of an animation the first picture counts.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 3 for red, green, blue; 1 for grey.
        resize: "crop" fills the size and cuts what stands over, evenly on both sides; "pad" fits the whole image and
            fills up with the background; "stretch" gives up the proportions.
        background: Colour as "#rrggbb".
    """

    height: int
    width: int
    channels: int
    resize: str
    background: str

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ImageTransform:
        """The transform that `to_json` described, as a stored model's metadata hold it under "transform"."""
        return cls(**document)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the result."""
        return self.height, self.width, self.channels

    def decode(self, content: bytes, pixel_limit: int = PIXEL_LIMIT) -> DecodedImage:
        """Decode an image file.

        Args:
            content: The file's bytes: PNG, JPEG, WebP, BMP, GIF or TIFF.
            pixel_limit: Most pixels to decode; more than 89 million are never decoded.

        Raises:
            UnreadableImageError: It is empty, cut short or damaged, or of a structure that would take for ever; of
                another kind (UnknownKindError); of more pixels than the limit (TooManyPixelsError).
        """
        if not content:
            raise UnreadableImageError("the file is empty")
        try:
            with _open(content, min(pixel_limit, PIXEL_LIMIT)) as image:
                colours = _on_background(_upright(image), self.background)
            values = colours.tobytes()
            mark = xxhash.xxh3_64_intdigest(values, seed=colours.width)
            if (colours.height, colours.width, RGB) == self.shape:
                pixels = np.frombuffer(values, np.uint8).reshape(self.shape)
            else:
                pixels = self._resized(colours)
        except (UnreadableImageError, MemoryError):
            raise
        except UnidentifiedImageError:
            raise UnknownKindError(f"not an image of a known kind ({', '.join(FORMATS)})") from None
        except Image.DecompressionBombError as error:
            raise TooManyPixelsError(_reason(error)) from None
        except Exception as error:  # damaged files make Pillow's decoders raise almost anything
            raise UnreadableImageError(_reason(error)) from error
        return DecodedImage(pixels, mark, (colours.height, colours.width))

    def _resized(self, image: Image.Image) -> NDArray[np.uint8]:
        """The image at its final size: uint8, (height, width, channels)."""
        if image.size != (self.width, self.height):
            image = {"crop": self._crop, "pad": self._pad, "stretch": self._stretch}[self.resize](image)
        if self.channels == RGB:
            return np.asarray(image)
        return np.asarray(image.convert("L"))[..., np.newaxis]

    def _stretch(self, image: Image.Image) -> Image.Image:
        return image.resize((self.width, self.height), METHOD)

    def _crop(self, image: Image.Image) -> Image.Image:
        scale = min(image.width / self.width, image.height / self.height)
        # rounding may leave less than nothing to cut, which Pillow refuses
        left, top = max(0, (image.width - scale * self.width) / 2), max(0, (image.height - scale * self.height) / 2)
        box = (left, top, image.width - left, image.height - top)
        return image.resize((self.width, self.height), METHOD, box=box)

    def _pad(self, image: Image.Image) -> Image.Image:
        scale = min(self.width / image.width, self.height / image.height)
        width, height = (max(1, round(side * scale)) for side in image.size)
        canvas = Image.new("RGB", (self.width, self.height), self.background)
        canvas.paste(image.resize((width, height), METHOD), ((self.width - width) // 2, (self.height - height) // 2))
        return canvas


def _open(content: bytes, pixel_limit: int) -> Image.Image:
    if content[:4] == b"RIFF" and (pixels := announced_pixels(content)) > pixel_limit:  # to be opened costs memory
        raise TooManyPixelsError(f"{pixels:,} pixels, more than {pixel_limit:,}")
    _refuse(excess(content))
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # Pillow's own limits, in its own words
        raise TooManyPixelsError(f"more than {pixel_limit:,} pixels") from None
    if image.width * image.height > pixel_limit:
        raise TooManyPixelsError(f"{image.width} x {image.height} pixels, more than {pixel_limit:,}")
    _refuse(tile_excess(image))
    return image


def _refuse(excess: str | None) -> None:
    if excess:
        raise UnreadableImageError(f"{excess}, as no camera or editor writes; save it anew, should it be an image")


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    if image.info.keys() & ORIENTED:
        with suppress(Exception):  # an image with damaged EXIF data is still an image
            ImageOps.exif_transpose(image, in_place=True)
    return image


def _on_background(image: Image.Image, background: str) -> Image.Image:
    """Eight-bit red, green and blue."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F":
        raise UnreadableImageError("floating-point pixels, which have no known range; expected 8 or 16 bits")
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(layer, mask=layer.getchannel("A"))
    return canvas


def _eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits scaled to eight; Pillow's own conversion would clamp them."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 2**16 - 1:
        raise UnreadableImageError("32-bit pixels outside 0 to 65535, whose range is not known; expected 8 or 16 bits")
    scaled = values.astype(np.uint32)
    scaled += 128
    scaled //= 257
    return Image.fromarray(scaled.astype(np.uint8))


def _reason(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return f"damaged or cut short ({text})" if isinstance(error, OSError) else text
