import pytest

from recognition.errors import InputError, RecognitionError, TrainingError

PARTS = {"received": "0", "expected": "1 or more", "remedy": "--set train.epochs=1"}


def test_a_message_tells_received_expected_and_the_way_out():
    assert str(InputError("train.epochs is out of range", **PARTS)).splitlines() == [
        "train.epochs is out of range",
        "  received: 0",
        "  expected: 1 or more",
        "  to mend: --set train.epochs=1",
    ]


@pytest.mark.parametrize("part", PARTS)
def test_parts_that_are_missing_are_left_out(part):
    lines = str(RecognitionError("wrong", **{part: PARTS[part]})).splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(PARTS[part])


def test_a_problem_alone_is_one_line():
    assert str(RecognitionError("wrong")) == "wrong"


def test_bad_input_and_failed_work_have_their_own_exit_status():
    assert [kind.exit_status for kind in (InputError, TrainingError, RecognitionError)] == [2, 1, 1]
