"""What surrounds the pipeline: environment, MLflow tracking and registry, interrupted runs, summary, dashboard.

The only package beside steps, pipelines and materializers that knows ZenML and MLflow; it knows no step.
"""
