import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from recognition.data.image_transform import PIXEL_LIMIT, ImageTransform, UnreadableImageError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def transform(height=4, width=4, channels=3, resize="stretch", background="#ffffff"):
    return ImageTransform(height, width, channels, resize, background)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height=4, width=4, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def png(width, height, kind, depth, rows):
    """A PNG made by hand, since Pillow cannot write all that it can read."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "GIF", "JPEG"])
def test_every_format_is_read(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    image = Image.new("RGB", (6, 5), (120, 130, 140))
    pixels = transform(5, 6).decode(encoded(image, kind, **options)).pixels
    assert pixels.shape == (5, 6, 3)
    np.testing.assert_allclose(pixels, np.broadcast_to((120, 130, 140), (5, 6, 3)), atol=3)


def test_an_image_of_the_right_size_is_left_as_it_is():
    values = noise()
    for resize in ("crop", "pad", "stretch"):
        np.testing.assert_array_equal(transform(resize=resize).decode(encoded(Image.fromarray(values))).pixels, values)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation):
    upright = noise(4, 6)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that orientation 2 to 8 ask to undo
    stored = Image.fromarray(upright)
    if orientation > 1:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "TIFF"):
        content = encoded(stored, kind, exif=exif)
        np.testing.assert_array_equal(transform(4, 6).decode(content).pixels, upright)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_image():
    content = encoded(Image.fromarray(noise(8, 8)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert transform(8, 8).decode(content).pixels.shape == (8, 8, 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_never_clamped(kind):
    values = np.array([[0, 128, 129, 256], [257, 5_000, 32_768, 40_000], [65_534, 65_535, 50_000, 300]], np.uint16)
    pixels = transform(3, 4).decode(encoded(Image.fromarray(values), kind)).pixels
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(pixels, np.repeat(expected[..., np.newaxis], 3, axis=2))


def test_sixteen_bits_take_little_memory():
    content = encoded(Image.fromarray(np.zeros((1_000, 1_000), np.uint16)))
    tracemalloc.start()
    try:
        transform().decode(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * 1_000_000  # bytes a pixel


def test_sixteen_bits_of_colour_keep_their_order():
    values = np.linspace(0, 65_535, 4 * 3, dtype=">u2").reshape(1, 4, 3)
    pixels = transform(1, 4).decode(png(4, 1, 2, 16, b"\0" + values.tobytes())).pixels
    np.testing.assert_allclose(pixels.ravel(), values.ravel() / 257, atol=1)


def test_wide_values_without_a_known_range_are_refused():
    wide = Image.fromarray(np.array([[0, 100_000]], np.int32))
    with pytest.raises(UnreadableImageError, match="range is not known"):
        transform().decode(encoded(wide, "TIFF"))
    with pytest.raises(UnreadableImageError, match="floating-point"):
        transform().decode(encoded(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF"))


def test_a_palette_becomes_its_colours():
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        assert transform(1, 2).decode(encoded(image, kind)).pixels.tolist() == [[list(RED), list(BLUE)]]


def test_cmyk_becomes_its_colours():
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for kind in ("TIFF", "JPEG"):
        pixels = transform(8, 8).decode(encoded(image, kind)).pixels
        np.testing.assert_allclose(pixels[0, 0], RED, atol=4)


@pytest.mark.parametrize("background", ["#ffffff", "#204060"])
def test_transparency_shows_the_background(background):
    colour = [int(background[i : i + 2], 16) for i in (1, 3, 5)]
    clear = Image.new("RGBA", (2, 1), (10, 20, 30, 0))
    clear.putpixel((1, 0), (10, 20, 30, 255))
    halves = Image.new("LA", (2, 1), (0, 0))
    halves.putpixel((1, 0), (7, 255))
    palette = Image.new("P", (2, 1))
    palette.putpalette([1, 2, 3, 9, 9, 9])
    palette.putpixel((1, 0), 1)
    decode = transform(1, 2, background=background).decode
    assert decode(encoded(clear)).pixels.tolist() == [[colour, [10, 20, 30]]]
    assert decode(encoded(halves)).pixels.tolist() == [[colour, [7, 7, 7]]]
    assert decode(encoded(palette, transparency=0)).pixels.tolist() == [[colour, [9, 9, 9]]]


def test_of_an_animation_the_first_picture_counts():
    frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, GREEN)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert transform(2, 2).decode(content).pixels[0, 0].tolist() == list(RED)


def test_crop_cuts_evenly_what_stands_over():
    image = Image.new("RGB", (12, 4), GREEN)
    image.paste(RED, (0, 0, 4, 4))
    image.paste(BLUE, (8, 0, 12, 4))
    assert (transform(4, 4, resize="crop").decode(encoded(image)).pixels == GREEN).all()


@pytest.mark.parametrize("width", [29, 123, 225, 232, 253, 450])
def test_crop_takes_sizes_whose_ratio_is_rounded_up(width):
    image = Image.new("RGB", (width, 2 * width), GREEN)
    assert (transform(224, 224, resize="crop").decode(encoded(image)).pixels == GREEN).all()
    turned = image.transpose(Image.Transpose.ROTATE_90)
    assert (transform(224, 224, resize="crop").decode(encoded(turned)).pixels == GREEN).all()


def test_pad_shows_all_of_the_image():
    image = Image.new("RGB", (8, 2), RED)
    pixels = transform(4, 4, resize="pad", background="#0000ff").decode(encoded(image)).pixels
    assert (pixels[[0, 3]] == BLUE).all()
    assert (pixels[1] == RED).all()


def test_stretch_gives_up_the_proportions():
    image = Image.new("RGB", (2, 8), RED)
    image.paste(BLUE, (0, 4, 2, 8))
    pixels = transform(4, 4, resize="stretch").decode(encoded(image)).pixels
    assert pixels[0, :].tolist() == [list(RED)] * 4
    assert pixels[3, :].tolist() == [list(BLUE)] * 4


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 7)])
def test_extreme_proportions(resize, size):
    content = encoded(Image.new("RGB", size, RED))
    assert transform(5, 3, resize=resize).decode(content).pixels.shape == (5, 3, 3)


def test_grey():
    pixels = transform(channels=1).decode(encoded(Image.new("RGB", (4, 4), GREEN))).pixels
    assert pixels.shape == (4, 4, 1)
    assert (pixels == 150).all()  # the luma of ITU-R 601-2


def test_the_content_hash_is_that_of_the_picture_not_of_the_file():
    image = Image.fromarray(noise(20, 30))
    turned = Image.Exif()
    turned[0x0112] = 3
    same = [
        transform().decode(encoded(image)),
        transform(8, 8, 1, "pad").decode(encoded(image, "BMP")),
        transform().decode(encoded(image.transpose(Image.Transpose.ROTATE_180), "PNG", exif=turned)),
    ]
    assert len({each.content for each in same}) == 1
    others = [Image.fromarray(noise(20, 30, seed=1)), Image.fromarray(noise(20, 30).reshape(30, 20, 3))]
    assert len({transform().decode(encoded(each)).content for each in (image, *others)}) == 3


def damaged_jpeg():
    return encoded(Image.fromarray(noise(64, 64)), "JPEG")[:900]


def bomb(side=int(PIXEL_LIMIT**0.5) + 2):
    return png(side, side, 0, 1, b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"I am a text file", "not an image of a known kind"),
        (b"\x89PNG\r\n\x1a\n", "not an image of a known kind"),
        (damaged_jpeg(), "damaged or cut short"),
        (encoded(Image.fromarray(noise(64, 64)))[:2_000], "damaged or cut short"),
        (bomb(), "more than 89,478,485"),
        (bomb(30_000), "^more than 89,478,485 pixels$"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\n", "not an image of a known kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image of a known kind"),
    ],
    ids=["empty", "text", "header", "jpeg", "png", "bomb", "large bomb", "postscript", "svg"],
)
def test_what_is_no_image(content, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        transform().decode(content)


def test_it_survives_storage():
    stored = ImageTransform(8, 9, 1, "crop", "#ffffff")
    assert ImageTransform.from_json(stored.to_json()) == stored
