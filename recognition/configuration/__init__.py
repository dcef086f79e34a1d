"""The run configuration: YAML in, checked and typed sections out."""
