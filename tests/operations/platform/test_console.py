from operations.platform.console import count, echo


def test_a_line_is_printed_at_once(capsys):
    echo("done")
    echo()
    assert capsys.readouterr().out == "done\n\n"


def test_counts_have_singular_and_plural():
    assert [count(number, "epoch") for number in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
