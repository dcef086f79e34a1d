import pytest
from pydantic import ValidationError

from recognition.configuration.schema import RunConfig


def test_values_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().train.epochs = 3  # type: ignore[misc]


@pytest.mark.parametrize("center", ["featurewise_center", "samplewise_center"])
def test_keys_that_agree(center: str) -> None:
    kind = center.removesuffix("_center")
    values = {center: True, f"{kind}_std_normalization": True}
    assert RunConfig.model_validate({"augmentation": values}).augmentation.model_dump()[center]
