"""Step: decide whether the candidate becomes the champion."""

from typing import Annotated

from zenml import get_step_context, log_metadata, step

from operations.gate.gatekeeper import pass_gate
from operations.gate.judgement import GateInputs
from operations.outcomes.announcement import is_told
from operations.platform.console import echo
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from operations.tracking import connection, mlflow_runs
from recognition.configuration.sections.evaluation import EvaluationConfig
from recognition.configuration.sections.gate import GateConfig
from recognition.data.change import DataChange
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluation import Evaluation
from recognition.gate.decision import GateDecision
from recognition.training.history import History

LOGGED = ("decision", "reason", "number", "p", "level")  # as tags of MLflow's run


@step(enable_cache=False)
def gate(
    registered: RegisteredModel,
    evaluation: Evaluation,
    dataset: ImageDataset,
    history: History,
    change: DataChange,
    config: GateConfig,
    scoring: EvaluationConfig,
) -> Annotated[GateDecision, "decision"]:
    """Compare candidate and champion on the same images and move the alias where the candidate passes.

    Args:
        registered: The candidate.
        evaluation: Its predictions on the test split.
        dataset: The images that decide, and what the candidate has seen.
        history: Its training.
        change: The data against the champion's.
        config: What is asked for.
        scoring: The metric, and how to go through the images.
    """
    client, run_name = connection.connect(), get_step_context().pipeline_run.name
    earlier = registry.recorded_decision(client, registered)
    inputs = GateInputs(registered, evaluation, dataset, history, change, config, scoring)
    decision = pass_gate(client, inputs, run_name)
    run_id = mlflow_runs.run_id_of(client, run_name)
    for name in LOGGED:
        if (value := getattr(decision, name)) is not None:
            client.set_tag(run_id, f"gate.{name}", value)
    client.set_tag(run_id, "gate.failed_guards", ", ".join(decision.failed))
    known = {"repeated": decision == earlier, "told": is_told(client, registered, decision)}
    log_metadata({**decision.model_dump(mode="json", exclude_none=True), **known})
    echo(f"gate: {decision.decision}, because {decision.reason}")
    return decision
