"""Training curves of several runs over each other, as points for inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recognition.evaluation.score import in_words
from recognition.training.history import Epoch, History

WIDTH, HEIGHT = 320, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 30  # margins
TICKS = 5


@dataclass(frozen=True)
class Line:
    """A run's line: its position among the runs, its points as an SVG path, and its best epoch's point."""

    run: int
    path: str
    best: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """One quantity by epoch; ticks are (place in the drawing, text)."""

    title: str
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def draw_panels(histories: Sequence[History]) -> tuple[Panel, ...]:
    """Lay out validation accuracy, the metric in charge where all share another, the losses and the learning rate."""
    quantities: list[tuple[str, Callable[[Epoch], float], bool]] = [
        ("Validation accuracy", lambda epoch: epoch.validation_accuracy, True),
        ("Validation loss, nats", lambda epoch: epoch.validation_loss, False),
        ("Training loss, nats", lambda epoch: epoch.train_loss, False),
        ("Learning rate", lambda epoch: epoch.learning_rate, False),
    ]
    metrics = {history.metric for history in histories}
    if len(metrics) == 1 and metrics != {"accuracy"}:
        name = in_words(metrics.pop())
        quantities.insert(1, (f"Validation {name}", lambda epoch: epoch.validation_score, True))
    return tuple(_panel(title, value, share, histories) for title, value, share in quantities)


def nice_ticks(low: float, high: float) -> list[float]:
    """About TICKS round numbers (1, 2 or 5 by a power of ten) that enclose a range; a range of one value is widened.

    Args:
        low: Its lower end.
        high: Its upper end, not below `low`.
    """
    if high == low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(size for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _panel(title: str, value: Callable[[Epoch], float], share: bool, histories: Sequence[History]) -> Panel:
    values = [[value(epoch) for epoch in history.epochs] for history in histories]
    ticks = nice_ticks(min(map(min, values)), max(map(max, values)))
    longest = max(map(len, values))

    def x(epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((epoch - 1) / (longest - 1) if longest > 1 else 0.5)

    def y(number: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (ticks[-1] - number) / (ticks[-1] - ticks[0])

    lines = []
    for run, (history, numbers) in enumerate(zip(histories, values, strict=True)):
        points = [(x(epoch + 1), y(number)) for epoch, number in enumerate(numbers)]
        path = "M" + "L".join(f"{left:.1f} {top:.1f}" for left, top in points)
        lines.append(Line(run, path, points[history.best_epoch - 1]))
    epochs = sorted({round(tick) for tick in nice_ticks(1, longest)} & set(range(1, longest + 1)) | {1, longest})
    return Panel(
        title,
        tuple(lines),
        tuple((x(epoch), str(epoch)) for epoch in _apart(epochs, longest)),
        tuple((y(tick), f"{100 * tick:.4g} %" if share else f"{tick:.4g}") for tick in ticks),
    )


def _apart(epochs: Sequence[int], longest: int) -> list[int]:
    """Without those too near to the last for their numbers to stand side by side."""
    return [epoch for epoch in epochs if epoch == longest or longest - epoch >= longest / 10]
