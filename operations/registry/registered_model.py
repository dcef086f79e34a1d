"""A version of a registered model, as steps hand it on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RegisteredModel(BaseModel):
    """A version in both registries.

    Attributes:
        sha256: Digest of the Keras file.
        manifest: Digests of all of its files by their paths, as JSON; empty for versions of 0.1.0.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    zenml_version: str
    mlflow_version: str
    sha256: str
    manifest: str = ""

    @property
    def uri(self) -> str:
        """MLflow's address of this version."""
        return f"models:/{self.name}/{self.mlflow_version}"
