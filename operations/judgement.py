"""Run the gate's comparison: the same images for candidate and champion, none that either has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from operations import model_store, registry
from operations.environment import load_tensorflow
from operations.registry import RegisteredModel
from recognition.configuration.schema import EvaluationConfig, GateConfig
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision, Trial, judge_first, judge_incomparable, judge_pair

if TYPE_CHECKING:
    from mlflow import MlflowClient


def judge(
    client: MlflowClient,
    candidate: RegisteredModel,
    evaluation: Evaluation,
    dataset: ImageDataset,
    config: GateConfig,
    scoring: EvaluationConfig,
) -> GateDecision:
    """Decide about a candidate; what was decided by the same metric against the same champion before stands.

    Args:
        client: A client from `tracking.connect`.
        candidate: The registered candidate.
        evaluation: Its predictions on the test split.
        dataset: The data that it was trained and tested on.
        config: The gate's section of the configuration.
        scoring: The metric, and how many images a step takes when the champion predicts.
    """
    champion = registry.champion(client, candidate.name)
    recorded = registry.recorded_decision(client, candidate)
    if recorded is not None and _still_stands(recorded, candidate, champion, scoring.metric):
        return recorded
    seen = np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])
    if champion is None:
        return judge_first(config, _trial(evaluation, _unseen(dataset, seen), scoring.metric))
    return _against(champion, evaluation, dataset, seen, config, scoring)


def _still_stands(
    recorded: GateDecision, candidate: RegisteredModel, champion: RegisteredModel | None, metric: str
) -> bool:
    version = champion.mlflow_version if champion else None
    return version == candidate.mlflow_version or (version, metric) == (recorded.champion_version, recorded.metric)


def _against(
    champion: RegisteredModel,
    evaluation: Evaluation,
    dataset: ImageDataset,
    seen: NDArray[np.uint64],
    config: GateConfig,
    scoring: EvaluationConfig,
) -> GateDecision:
    uri = f"models:/{champion.name}/{champion.mlflow_version}"
    metadata = None if _is_lost(uri) else model_store.metadata_of(uri)
    why = "its stored files are gone" if metadata is None else _incomparable(metadata, dataset)
    if metadata is None or why:
        trial = _trial(evaluation, _unseen(dataset, seen), scoring.metric)
        return judge_incomparable(config, trial, champion.mlflow_version, why)
    champions = np.load(model_store.fetch(uri, model_store.SEEN_FILE), allow_pickle=False)
    kept = _unseen(dataset, np.concatenate([seen, champions]))
    predicted = _champion_predictions(uri, metadata, dataset, scoring.batch_size)[kept]
    return judge_pair(_trial(evaluation, kept, scoring.metric), predicted, champion.mlflow_version)


def _is_lost(model_uri: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        return not model_store.fetch(model_uri, model_store.KERAS_FILE).is_file()
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return True
        raise


def _incomparable(metadata: dict[str, Any], dataset: ImageDataset) -> str:
    """Why a champion cannot answer for this data set, empty where it can."""
    missing = set(dataset.classes) - set(metadata["classes"])
    added = set(metadata["classes"]) - set(dataset.classes)
    if missing or added:
        return f"it knows other classes ({len(missing)} of ours missing, {len(added)} that we lack)"
    if list(metadata["image_shape"]) != list(dataset.image_shape):
        return f"it takes images of {metadata['image_shape']}, ours are {list(dataset.image_shape)}"
    theirs = metadata.get("transform") or {}
    ours = dataset.transform.to_json() if dataset.transform else {}
    if theirs != ours:
        differing = sorted(key for key in theirs | ours if theirs.get(key) != ours.get(key))
        return f"its image files became arrays in another way ({', '.join(differing)})"
    return ""


def _champion_predictions(
    uri: str, metadata: dict[str, Any], dataset: ImageDataset, batch_size: int | None
) -> NDArray[np.int64]:
    """The champion's predictions on the test split, as indices into the data set's own classes."""
    from recognition.evaluation.predict import predict
    from recognition.model_file import load_model

    load_tensorflow()
    model = load_model(model_store.fetch(uri, model_store.KERAS_FILE))
    ours = np.array([dataset.classes.index(name) for name in metadata["classes"]])
    predictions: NDArray[np.int64] = ours[predict(model, dataset.splits["test"].images, batch_size).argmax(axis=1)]
    return predictions


def _unseen(dataset: ImageDataset, seen: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return ~np.isin(dataset.splits["test"].hashes, seen)


def _trial(evaluation: Evaluation, kept: NDArray[np.bool_], metric: str) -> Trial:
    rows = evaluation.predictions[kept]
    true, predicted = rows["true"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64)
    return Trial(metric, true, predicted, excluded=int((~kept).sum()))
