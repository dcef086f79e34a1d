"""Claim: memory stays flat however many images there are: 100,000 of 224 pixels under 3 GiB.

Generates JPEG files of 224×224 pixels (once; about 1.5 GB for 100,000), runs the whole pipeline on a tenth of them and
on all of them, and samples the memory of its process. The images stay encoded (`data.max_decoded`) and are decoded
while training; train is limited to 200 images, since the network's speed is not the point, but all are read, hashed,
divided, stored and mapped. growth.py trains on all of its images, which are smaller.

    python benchmarks/large_data.py --folder /tmp/large --images 100000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from command import Run, run
from measurement import Figure, Round, arguments, cost_ratio, publish
from photographs import write_classes

SIDE = 224
PER_CLASS = 1_000
SETTINGS = (
    f"data.image_size={SIDE}",
    "data.train_limit=200",
    "data.max_decoded=100000000",
    "data.test=0.004",
    "data.validation=0.004",
    "train.epochs=1",
    "train.batch_size=8",
    "train.learning_rate=0.01",  # noise cannot be learned, and must not diverge
)


def main() -> None:
    """Run on a tenth of the images and on all."""
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    sizes = {"tenth": options.images // 10, "all": options.images}
    for name, images in sizes.items():
        write_classes(options.folder / name, images, SIDE, max(2, images // PER_CLASS))
    pairs = [[measure(options.folder / name, options.set) for name in sizes] for _ in range(options.repeats)]
    publish("large_data", __doc__, figures(pairs, options.images), options.results)


def measure(folder: Path, settings: list[str]) -> Run:
    """A run on the images of `folder`."""
    words = [f"--set={setting}" for setting in (f"data.path={folder}", *SETTINGS, *settings)]
    with tempfile.TemporaryDirectory(dir=folder.parent) as state:
        return run(["--config=folder.yaml", *words], Path(state))


def figures(pairs: list[list[Run]], images: int) -> list[Figure]:
    """Time and memory of ten times the images, and the memory itself, of pairs (a tenth, all)."""
    few, many = pairs[0]
    seconds = [Round(many.seconds, few.seconds) for few, many in pairs]
    anonymous = [Round(many.peak.anonymous, few.peak.anonymous) for few, many in pairs]
    memory = tuple(many.peak.anonymous / 2**30 for _, many in pairs)
    name, compared = f"{images:,} images of {SIDE} pixels", (many.command, few.command)
    return [
        Figure(f"{name}, anonymous memory", compared[:1], memory, "GiB", 3.0, False),
        cost_ratio(f"{name}, memory against a tenth of them", compared, anonymous, 1.1),
        cost_ratio(f"{name}, time against a tenth of them", compared, seconds, 10.5),
    ]


if __name__ == "__main__":
    main()
