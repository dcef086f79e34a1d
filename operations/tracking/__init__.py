"""MLflow, connected, and the records of runs there and in ZenML."""
