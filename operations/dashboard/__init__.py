"""ZenML's and MLflow's pages on this machine."""
