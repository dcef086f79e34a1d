"""Registered models: versions, aliases, files, and who may change them."""

# Where ZenML looks for the type of a version that 0.1.0 registered; goes with the release after 0.2.0.
from operations.registry.registered_model import RegisteredModel as RegisteredModel
