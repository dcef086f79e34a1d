"""How the page writes numbers and names."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup, escape

SPACE = "\u00a0"  # keeps a number and its unit on one line


def percent(share: float) -> str:
    """A fraction as percent with one decimal: 0.7841 is "78.4 %"."""
    return f"{100 * share:.1f}{SPACE}%"


def percents(interval: tuple[float, float]) -> str:
    """An interval of fractions as percent with one decimal: (0.7761, 0.792) is "77.6–79.2 %"."""
    return f"{100 * interval[0]:.1f}–{percent(interval[1])}"


def points(difference: float) -> str:
    """A difference of fractions in signed percentage points, two decimals: 0.012 is "+1.20"."""
    return f"{100 * difference:+.2f}".replace("-", "\u2212")


def amount(value: float | None, unit: str) -> str:
    """What a guard measured, with its unit: 0.25 as a share is "25.0 %", in points "+25.00 points"; a dash for None."""
    if value is None:
        return "–"
    if unit == "share":
        return percent(value)
    if unit == "points":
        return f"{points(value)} points"
    if unit == "nats":
        return f"{signed(value, 3)} nats"
    return f"{value:,.3g}{SPACE}{'×' if unit == 'times' else unit}"


def moment(when: datetime) -> str:
    """A time as "2026-11-22, 21:15 UTC"."""
    return f"{when.astimezone(UTC):%Y-%m-%d, %H:%M}{SPACE}UTC"


def integer(count: float) -> str:
    """A count with thousands separated: 10000 is "10,000"."""
    return f"{count:,.0f}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 epoch", "40 epochs"."""
    return f"{integer(count)} {noun}" if count == 1 else f"{integer(count)} {noun}s"


def duration(seconds: float) -> str:
    """Seconds as "41.2 s", "12 min 5 s" or "3 h 7 min"."""
    if seconds < 60:
        return f"{seconds:.1f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{SPACE}min {rest}{SPACE}s"
    return f"{minutes // 60}{SPACE}h {minutes % 60}{SPACE}min"


def breakable(name: str) -> Markup:
    """A name of the data, escaped, isolated from the direction of its neighbours; lines may break after underscores."""
    return Markup("<bdi>{}</bdi>").format(escape(name).replace("_", Markup("_<wbr>")))


def signed(value: float, decimals: int = 0) -> str:
    """A number with its sign: 12 is "+12"."""
    return f"{value:+,.{decimals}f}".replace("-", "\u2212")


def levels(fractions: tuple[float, ...]) -> str:
    """Fractions of the range as levels from 0 to 255: what an image editor shows."""
    return ", ".join(f"{255 * value:.1f}" for value in fractions)
