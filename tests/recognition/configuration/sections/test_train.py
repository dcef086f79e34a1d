import pytest
from pydantic import ValidationError

from recognition.configuration.sections.train import TrainConfig


def test_a_mistyped_network_gives_the_nearest() -> None:
    with pytest.raises(ValidationError, match=r"did you mean fast\?"):
        TrainConfig(network="fasst")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValidationError):
        TrainConfig(learning_rate=value)
