from datetime import datetime, timedelta, timezone

import pytest

from recognition.report.formats import amount, breakable, duration, integer, moment, percent, percents, plural, points


def test_numbers():
    assert percent(0.78412) == "78.4\u00a0%"
    assert points(0.012) == "+1.20"
    assert points(-0.012) == "\u22121.20"
    assert integer(10000) == "10,000"
    assert [plural(count, "epoch") for count in (0, 1, 2000)] == ["0 epochs", "1 epoch", "2,000 epochs"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "share", "–"),
        (0.25, "share", "25.0 %"),
        (-0.012, "points", "\u22121.20 points"),
        (0.0124, "nats", "+0.012 nats"),
        (3.214, "ms", "3.21 ms"),
        (1.5, "times", "1.5 \u00d7"),
    ],
)
def test_what_a_guard_measured(value, unit, text):
    assert amount(value, unit).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds).replace("\u00a0", " ") == text


def test_names_break_after_underscores_and_are_escaped():
    assert breakable("a_<b>") == "<bdi>a_<wbr>&lt;b&gt;</bdi>"


def test_intervals_and_moments():
    assert percents((0.62, 0.6389)) == "62.0–63.9\u00a0%"
    zone = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 11, 23, 1, 5, tzinfo=zone)) == "2026-11-22, 23:05\u00a0UTC"
