"""Steps: the resolved configuration becomes an artifact."""

from typing import Annotated

from zenml import step

from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.train import TrainConfig


@step(enable_cache=False)
def configure(config: RunConfig) -> Annotated[RunConfig, "configuration"]:
    """Hand on the configuration that this run uses, all defaults resolved."""
    return config


@step(enable_cache=False, name="configure")
def configure_training(
    config: RunConfig,
) -> tuple[Annotated[RunConfig, "configuration"], Annotated[TrainConfig, "training_recipe"]]:
    """The same, with the recipe apart: an artifact, as step permit makes one, so that retraining shares the cache."""
    return config, config.train
