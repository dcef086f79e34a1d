import pytest

from recognition.report.run_curves import HEIGHT, WIDTH, draw_panels, nice_ticks
from tests.recognition.report.samples import history_of


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.31, 0.68, [0.3, 0.4, 0.5, 0.6, 0.7]),
        (-3, 12, [-5, 0, 5, 10, 15]),
        (2, 2, [1, 1.5, 2, 2.5, 3]),
        (0, 0, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]),
    ],
)
def test_ticks_are_round_and_enclose(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)


def points(line):
    return [tuple(map(float, point.split())) for point in line.path[1:].split("L")]


def test_every_run_has_a_line_in_every_panel():
    panels = draw_panels([history_of(3), history_of(8)])
    assert [panel.title.split(",")[0] for panel in panels] == [
        "Validation accuracy",
        "Validation loss",
        "Training loss",
        "Learning rate",
    ]
    for panel in panels:
        assert [len(points(line)) for line in panel.lines] == [3, 8]
        inside = [0 <= x <= WIDTH and 0 <= y <= HEIGHT for line in panel.lines for x, y in points(line)]
        assert all(inside)


def test_lines_share_their_axes():
    accuracy = draw_panels([history_of(3), history_of(8)])[0]
    short, long = map(points, (accuracy.lines[0], accuracy.lines[1]))
    assert short == long[:3]
    heights = [y for _, y in long]
    assert heights == sorted(heights, reverse=True)  # better is higher on the page


def test_the_best_epoch_is_marked():
    (line,) = draw_panels([history_of(5, best_epoch=4)])[0].lines
    assert points(line)[3] == pytest.approx(line.best, abs=0.06)


def test_ticks_of_shares_are_percent_and_epochs_whole():
    panel = draw_panels([history_of(20)])[0]
    assert all(text.endswith(" %") for _, text in panel.y_ticks)
    assert [text for _, text in panel.x_ticks] == ["1", "5", "10", "15", "20"]


def test_one_epoch():
    panel = draw_panels([history_of(1, best_epoch=1)])[0]
    assert [text for _, text in panel.x_ticks] == ["1"]
    assert points(panel.lines[0])[0][0] == pytest.approx(panel.x_ticks[0][0], abs=0.06)


def test_another_metric_in_charge_has_a_panel_where_all_share_it():
    assert draw_panels([history_of(metric="macro_f1")] * 2)[1].title == "Validation macro F1"
    assert len(draw_panels([history_of(metric="macro_f1"), history_of()])) == 4
