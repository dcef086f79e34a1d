"""Errors that a person can act on: what was received, what was expected, how to mend it."""


class RecognitionError(Exception):
    """An error of ours, shown without a traceback.

    Args:
        problem: One sentence that says what is wrong.
        received: What was received, where there is such a thing.
        expected: What was expected instead.
        remedy: How to mend it.

    Example:
        >>> print(InputError("train.epochs is out of range", received="0", expected="1 or more"))
        train.epochs is out of range
          received: 0
          expected: 1 or more
    """

    exit_status = 1

    def __init__(self, problem: str, *, received: str = "", expected: str = "", remedy: str = "") -> None:
        self.problem, self.received, self.expected, self.remedy = problem, received, expected, remedy
        details = (("received", received), ("expected", expected), ("to mend", remedy))
        super().__init__("\n".join([problem, *(f"  {name}: {text}" for name, text in details if text)]))


class InputError(RecognitionError):
    """Bad input or configuration, found before any work starts: exit status 2."""

    exit_status = 2


class TrainingError(RecognitionError):
    """Training cannot go on: exit status 1."""


class TrainingStopped(RecognitionError):  # noqa: N818
    """A training was asked to stop and has written its state down."""


class Terminated(KeyboardInterrupt):
    """The command was asked to end (SIGTERM), as a machine does that is about to go."""
