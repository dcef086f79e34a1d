import pytest

from recognition.data.listing import printable, some


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Käse 🧀 \u202eabc", "Käse 🧀 \u202eabc"),
        (b"a\xff.png".decode(errors="surrogateescape"), r"a\xff.png"),
        ("two\nlines\r\x0b\x85\u2028\u2029", r"two\nlines\r\x0b\x85\u2028\u2029"),
        ("\x1b[2Jgone\x00\x7f\x9b", r"\x1b[2Jgone\x00\x7f\x9b"),
        ("\ud800", r"\ud800"),
    ],
)
def test_names_stand_in_one_printable_line(name, shown):
    assert printable(name) == shown
    assert len(printable(name).splitlines()) == 1


def test_messages_name_a_few_of_many_in_one_line():
    assert some(["a", "b\n"]) == r"a, b\n"
    assert some(range(5)) == "0, 1, 2 and 2 more"
