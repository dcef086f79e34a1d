"""Step: finish the records of a run that no command waits for."""

from zenml import get_step_context, step

from operations.runs.conclusion import conclude_run
from recognition.configuration.schema import RunConfig


@step(enable_cache=False)
def conclude(configuration: RunConfig, recipe: str, commit: str | None) -> None:
    """Give MLflow's and ZenML's records of the run what the command would have given them, and tell what came of it.

    Args:
        configuration: What the run used.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
    """
    conclude_run(get_step_context().pipeline_run.name, configuration, recipe, commit)
