"""Claim: ten times the images take at most ten and a half times the time and no more memory.

Generates small JPEG files, and runs the pipeline on a tenth of them and on all of them: both are read, hashed, divided
and stored, stay encoded (`data.max_decoded: 0`), and are learned for one epoch, decoded batch by batch. The time is
that of the steps ingest and train; the memory is the anonymous one of the whole command. large_data.py has more and
larger images, and learns few of them.

    python benchmarks/growth.py --images 20000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from command import Run, run
from measurement import Round, arguments, cost_ratio, publish
from photographs import write_classes

SIDE = 32
CLASSES = 20
SETTINGS = (
    f"data.image_size={SIDE}",
    "data.max_decoded=0",
    "data.test=0.01",
    "data.validation=0.01",
    "train.epochs=1",
    "train.batch_size=100",
    "train.learning_rate=0.01",
)


def main() -> None:
    """Run on a tenth of the images and on all, in turns."""
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--images", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, sizes = Path(name), {"tenth": options.images // 10, "all": options.images}
        for part, images in sizes.items():
            write_classes(folder / part, images, SIDE, CLASSES)
        pairs = [tuple(measure(folder, part, number) for part in sizes) for number in range(options.repeats)]
    few, many = pairs[0]
    compared = many.command, few.command
    seconds = [Round(work(many), work(few)) for few, many in pairs]
    memory = [Round(many.peak.anonymous, few.peak.anonymous) for few, many in pairs]
    figures = [
        cost_ratio("ten times the images, time of ingest and an epoch", compared, seconds, 10.5),
        cost_ratio("ten times the images, anonymous memory", compared, memory, 1.1),
    ]
    publish("growth", __doc__, figures, options.results)


def measure(folder: Path, part: str, number: int) -> Run:
    """A run on the images of one folder, in a state folder of its own."""
    words = [f"--set={setting}" for setting in (f"data.path={folder / part}", *SETTINGS)]
    return run(["--config=folder.yaml", *words], folder / f"state-{part}-{number}")


def work(done: Run) -> float:
    """Seconds of the steps whose work grows with the images."""
    return sum(done.summary["steps"][name]["seconds"] for name in ("ingest", "train"))


if __name__ == "__main__":
    main()
