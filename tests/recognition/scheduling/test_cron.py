import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.scheduling.cron import calendar_texts, firing_times, parse_cron

BERLIN = ZoneInfo("Europe/Berlin")
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def test_fields_are_read():
    cron = parse_cron("*/15 0,12 1-10/3  jan,DEC  *")
    assert cron.text == "*/15 0,12 1-10/3 jan,dec *"
    assert cron.values == ((0, 15, 30, 45), (0, 12), (1, 4, 7, 10), (1, 12), None)


def test_weekdays_begin_with_sunday():
    assert parse_cron("0 0 * * sun-mon,sat").values[4] == (0, 1, 6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("99 * * * *", "minute 99 is not from 0 to 59"),
        ("* 24 * * *", "hour 24"),
        ("* * 0 * *", "day 0 is not from 1 to 31"),
        ("* * * mrz *", r"month mrz is not from 1 to 12, or jan to dec; did you mean mar\?"),
        ("0 0 * * 7", "weekday 7 is not from 0 to 6, or sun to sat"),
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("@daily", "1 fields"),
        ("", "0 fields"),
        ("0 22-2 * * *", "ends before it begins"),
        ("5/15 * * * *", "neither a number"),
        ("*/0 * * * *", "step"),
        ("*/60 * * * *", "step"),
        ("0,,1 * * * *", "neither"),
        ("0 0 l * *", "day l"),
        ("0 0 * * 1#2", "neither"),
        ("0 0 ? * *", "neither"),
        ("-1 * * * *", "neither"),
        ("² * * * *", "minute ²"),
        ("0 0 31 2 *", "never fires"),
        ("0 0 30-31 feb *", "never fires"),
        ("0 0 */2 * 1", "schedulers differ"),
        ("0 0 1 * */2", "schedulers differ"),
    ],
)
def test_what_schedulers_do_not_share_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_cron(text)


def test_a_leap_day_fires():
    times = firing_times(parse_cron("0 0 29 2 *"), BERLIN, datetime(2026, 1, 1, tzinfo=UTC), 1)
    assert times == [datetime(2028, 2, 29, tzinfo=BERLIN)]


def firing(text, start, number):
    """As ISO 8601, offsets included."""
    return [f"{time:%d %H:%M%z}" for time in firing_times(parse_cron(text), BERLIN, start, number)]


def test_times_keep_to_the_clock_of_the_zone():
    spring = datetime(2026, 3, 28, 0, 0, tzinfo=BERLIN)
    assert firing("0 3 * * *", spring, 3) == ["28 03:00+0100", "29 03:00+0200", "30 03:00+0200"]


def test_an_hour_that_the_clock_skips_does_not_fire():
    spring = datetime(2026, 3, 28, 0, 0, tzinfo=BERLIN)
    assert firing("30 2 * * *", spring, 2) == ["28 02:30+0100", "30 02:30+0200"]


def test_an_hour_that_the_clock_repeats_fires_twice():
    autumn = datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN)
    assert firing("30 2 * * *", autumn, 3) == ["25 02:30+0200", "25 02:30+0100", "26 02:30+0100"]
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert firing("30 2 * * *", between, 1) == ["25 02:30+0100"]


def test_times_within_a_repeated_hour_are_in_order():
    autumn = datetime(2026, 10, 25, 1, 59, tzinfo=BERLIN)
    offsets = [time[-5:] for time in firing("*/20 2 * * *", autumn, 7)]
    assert offsets == ["+0200"] * 3 + ["+0100"] * 4
    assert firing("*/20 2 * * *", autumn, 4)[3] == "25 02:00+0100"


def test_a_day_or_a_weekday_fires():
    start = datetime(2026, 1, 1, 12, 0, tzinfo=BERLIN)  # a Thursday
    assert firing("0 0 13 * fri", start, 3) == ["02 00:00+0100", "09 00:00+0100", "13 00:00+0100"]


def systemd(text, zone, after, number):
    """When systemd would fire, of all its calendar texts, in UTC."""
    words = ["systemd-analyze", "calendar", f"--iterations={number}", f"--base-time={after:%Y-%m-%d %H:%M:%S} UTC"]
    times = set()
    for calendar in calendar_texts(parse_cron(text), zone):
        told = subprocess.run([*words, calendar], capture_output=True, text=True, check=True, env={"TZ": "UTC"}).stdout
        lines = [line.split(": ", 1)[1] for line in told.splitlines() if "Iter" in line or "Next elapse" in line]
        times |= {datetime.strptime(line, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC) for line in lines}
    return sorted(times)[:number]


@needs_systemd
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize(
    "text", ["0 3 * * *", "*/20 6-18/4 * * mon-fri", "5 0 1,15 jan-jun *", "0 0 13 * fri", "0 12 29 2 *", "30 4 * * 0"]
)
def test_systemd_fires_at_the_same_times(text, zone):
    after = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
    ours = firing_times(parse_cron(text), ZoneInfo(zone), after, 6)
    assert [time.astimezone(UTC) for time in ours] == systemd(text, zone, after, 6)


FIELD = st.one_of(
    st.just("*"), st.from_regex(r"(\*|\d{1,2}(-\d{1,2})?)(/\d{1,2})?", fullmatch=True), st.text(max_size=4)
)


@given(st.lists(FIELD, min_size=4, max_size=6).map(" ".join))
def test_whatever_is_written_is_read_or_refused_with_words(text):
    with suppress(ValueError):
        cron = parse_cron(text)
        assert parse_cron(cron.text) == cron
        assert firing_times(cron, BERLIN, datetime(2026, 1, 1, tzinfo=UTC), 1)
