from recognition.report.histogram import outlines


def test_steps_are_shares_on_one_scale():
    one, other = outlines({"one": [1, 3], "other": [50, 50]})
    assert (one.name, other.name) == ("one", "other")
    assert one.path == "M0 40V26.67H50V0.00H100V40"
    assert other.path == "M0 40V13.33H50V13.33H100V40"


def test_nothing_to_count():
    [empty] = outlines({"empty": [0, 0]})
    assert empty.path == "M0 40V40.00H50V40.00H100V40"
