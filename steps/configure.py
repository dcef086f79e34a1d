"""Step: the resolved configuration becomes an artifact."""

from typing import Annotated

from zenml import step

from recognition.configuration.schema import RunConfig


@step(enable_cache=False)
def configure(config: RunConfig) -> Annotated[RunConfig, "configuration"]:
    """Hand on the configuration that this run uses, all defaults resolved."""
    return config
