"""The pipeline as a file for Kubeflow Pipelines."""
