"""Step: decide whether the candidate becomes the champion."""

from typing import Annotated

from zenml import get_step_context, log_metadata, step

from operations import registry, tracking
from operations.console import say
from operations.judgement import judge
from operations.locks import state_lock
from operations.registry import RegisteredModel
from recognition.configuration.schema import EvaluationConfig, GateConfig
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision


@step(enable_cache=False)
def gate(
    registered: RegisteredModel,
    evaluation: Evaluation,
    dataset: ImageDataset,
    config: GateConfig,
    scoring: EvaluationConfig,
) -> Annotated[GateDecision, "decision"]:
    """Compare candidate and champion on the same test images and move the alias where the candidate is better.

    Args:
        registered: The candidate.
        evaluation: Its predictions.
        dataset: The test split, and what the candidate has seen.
        config: Margin, and what to do with an incomparable champion.
        scoring: The metric, and how to go through the images.
    """
    client = tracking.connect()
    with state_lock("gate"):
        decision = judge(client, registered, evaluation, dataset, config, scoring)
        registry.apply_decision(client, registered, decision)
    run_id = tracking.mlflow_run(client, get_step_context().pipeline_run.name)
    client.set_tag(run_id, "gate.decision", decision.decision)
    client.set_tag(run_id, "gate.reason", decision.reason)
    log_metadata(decision.model_dump(exclude_none=True))
    say(f"gate: {decision.decision}, because {decision.reason}")
    return decision
