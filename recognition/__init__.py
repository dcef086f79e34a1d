"""Everything that knows about images, networks and numbers; imports neither zenml nor mlflow."""
