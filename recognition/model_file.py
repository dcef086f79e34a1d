"""Where ZenML looks for the type of a model that version 0.1.0 stored; goes with the release after 0.2.0."""

from recognition.training.model_file import ModelFile as ModelFile
