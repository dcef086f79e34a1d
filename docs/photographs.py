"""Make a small set of photographs to try your own images with: tiles of three pictures that come with our packages.

    python docs/photographs.py photographs

writes photographs/<class>/<row>_<column>.jpg, the table photographs/photographs.csv and photographs.parquet.
"""

import csv
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from sklearn.datasets import load_sample_images

SIDE = 48  # pixels
NEW = "new.jpg"  # a tile that is in none of the folders


def pictures() -> dict[str, Image.Image]:
    """A temple and a flower from scikit-learn, a portrait from matplotlib."""
    temple, flower = map(Image.fromarray, load_sample_images().images)
    portrait = Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB")
    return {"temple": temple, "flower": flower, "portrait": portrait}


def write_tiles(folder: Path) -> list[tuple[str, str]]:
    """Cut the pictures into tiles; returns each tile's path below `folder`, and its class."""
    rows = []
    for name, picture in pictures().items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for top in range(0, picture.height - SIDE + 1, SIDE):
            for left in range(0, picture.width - SIDE + 1, SIDE):
                path = f"{name}/{top:03}_{left:03}.jpg"
                picture.crop((left, top, left + SIDE, top + SIDE)).save(folder / path, quality=92)
                rows.append((path, name))
    return sorted(rows)


def write_table(folder: Path, rows: list[tuple[str, str]]) -> None:
    """The same images as a CSV table."""
    with (folder / f"{folder.name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "label"), *rows])


def write_parquet(folder: Path, rows: list[tuple[str, str]]) -> None:
    """The same images in one parquet file, labels as numbers' names."""
    images = [(folder / path).read_bytes() for path, _ in rows]
    pq.write_table(pa.table({"image": images, "label": [name for _, name in rows]}), folder.with_suffix(".parquet"))


def main() -> None:
    """Write everything."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "photographs")
    rows = write_tiles(folder)
    write_table(folder, rows)
    write_parquet(folder, rows)
    flower = np.asarray(pictures()["flower"])
    Image.fromarray(flower[264:336, 168:240]).save(NEW, quality=92)  # petals on leaves: larger, and in between
    print(f"{len(rows)} images in {folder}, and {NEW}")


if __name__ == "__main__":
    main()
