import pytest
from pydantic import ValidationError

from recognition.configuration.schema import RunConfig, TrainConfig


def test_values_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().train.epochs = 3  # type: ignore[misc]


def test_a_mistyped_network_gives_the_nearest() -> None:
    with pytest.raises(ValidationError, match=r"did you mean fast\?"):
        TrainConfig(network="fasst")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValidationError):
        TrainConfig(learning_rate=value)


@pytest.mark.parametrize("center", ["featurewise_center", "samplewise_center"])
def test_keys_that_agree(center: str) -> None:
    kind = center.removesuffix("_center")
    values = {center: True, f"{kind}_std_normalization": True}
    assert RunConfig.model_validate({"augmentation": values}).augmentation.model_dump()[center]
