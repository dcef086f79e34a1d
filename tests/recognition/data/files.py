"""Image files for tests."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def picture(seed, size=(12, 10)):
    """An image of its own: a colour gradient between random corners."""
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR)


def encoded(seed, kind="PNG", size=(12, 10)):
    """The bytes of an image file."""
    buffer = io.BytesIO()
    picture(seed, size).save(buffer, kind)
    return buffer.getvalue()


def write_images(folder, count, first=0, suffix=".png"):
    """`count` different images in a folder, made where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        (folder / f"{seed:04}{suffix}").write_bytes(encoded(seed))
    return folder


def write_classes(root, counts, first=0):
    """A folder of classes with as many images each as `counts` says by name."""
    for name, count in counts.items():
        write_images(root / name, count, first)
        first += count
    return root


def write_table(path, rows, header="path,label"):
    """A CSV table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def write_parquet(path, seeds, labels, *, struct=False, **columns):
    """A parquet file of images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [encoded(seed) for seed in seeds]
    structs = [{"bytes": image, "path": f"{seed}.png"} for image, seed in zip(images, seeds, strict=True)]
    table = pa.table({"image": structs if struct else images, "label": labels, **columns})
    pq.write_table(table, path, row_group_size=16)
    return path
