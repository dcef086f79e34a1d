import json

import measurement
import pytest
from measurement import Figure, Round, alternate, cost_ratio, described, publish, speed_ratio


class Clock:
    """Time that passes only where work says so."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def work(self, name, seconds):
        def run(number):
            self.calls.append((name, number))
            self.now += seconds[number]

        return run


@pytest.fixture
def clock():
    return Clock()


def test_both_sides_take_turns_after_one_round_that_does_not_count(clock):
    ours, theirs = clock.work("ours", [100, 1, 2, 3]), clock.work("theirs", [100, 4, 5, 6])
    assert alternate(ours, theirs, 3, clock) == ((1, 4), (2, 5), (3, 6))
    order = ["ours", "theirs", "ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [name for name, _ in clock.calls] == order
    assert [number for _, number in clock.calls] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_what_happens_before_a_timing_is_not_timed(clock):
    def rest():
        clock.now += 1_000

    rounds = alternate(clock.work("ours", [1, 1]), clock.work("theirs", [1, 2]), 1, clock, before=rest)
    assert rounds == ((1, 2),)
    assert clock.now == 4 * 1_000 + 5


def test_ratios_are_taken_round_by_round():
    # as a whole, 6 seconds against 12 would be twice as fast
    rounds = [Round(1, 9), Round(1, 2), Round(4, 1)]
    fast, costly = speed_ratio("fast", ("a", "b"), rounds), cost_ratio("costly", ("a", "b"), rounds)
    assert fast.values == (9, 2, 0.25)
    assert costly.values == (1 / 9, 0.5, 4)
    assert (fast.median, costly.median) == (2, 0.5)


@pytest.mark.parametrize(
    ("goal", "higher", "reached"),
    [(2, True, True), (2.1, True, False), (2, False, True), (1.9, False, False), (None, True, None)],
)
def test_the_median_decides_whether_a_goal_is_reached(goal, higher, reached):
    assert Figure("x", ("a",), (100, 2, 0.1), "x", goal, higher).reached is reached


def test_a_record_holds_median_spread_and_what_was_compared(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measurement, "circumstances", lambda: {"matmul_gflops": 150.0, "cores": 2, "commit": "abc"})
    figure = speed_ratio("reading", ("ours.py", "theirs.py"), [Round(1, 3), Round(1, 2), Round(2, 2)], 2.5)
    publish("trial", "Claim: fast.\n\nMore.", [figure], tmp_path)
    record = json.loads((tmp_path / "trial.json").read_text())
    assert record["claim"] == "Claim: fast."
    assert (record["benchmark"], record["matmul_gflops"], record["commit"]) == ("trial", 150.0, "abc")
    [written] = record["figures"]
    assert [written[key] for key in ("median", "lowest", "highest", "repeats")] == [2, 1, 3, 3]
    assert written["compared"] == ["ours.py", "theirs.py"]
    assert written["rounds"] == [[1, 3], [1, 2], [2, 2]]
    assert written["reached"] is False
    printed = capsys.readouterr().out
    assert "2x (1 to 3, repeats: 3); goal at least 2.5x: MISSED" in printed
    assert "ours.py\n    against theirs.py" in printed


def test_a_figure_by_itself_has_its_unit():
    text = described(Figure("load", ("load()",), (3.0, 4.0, 5.0), "ms", 50.0, False))
    assert text == "load: 4 ms (3 to 5, repeats: 3); goal at most 50 ms: reached\n    load()"
