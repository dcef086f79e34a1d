"""Run the gate's comparison: the same images for candidate and champion, none that either has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from operations.gate.ledger import load_ledger, store_ledger
from operations.gate.stored_model import StoredModel, measure_latencies
from operations.platform.digest import digest_of
from operations.registry import registry
from operations.registry.registered_model import RegisteredModel
from recognition.configuration.sections.evaluation import EvaluationConfig
from recognition.configuration.sections.gate import GateConfig
from recognition.data.change import DataChange
from recognition.data.dataset import ImageDataset, Split, array_digest
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.shared_images import share_images
from recognition.gate.decision import GateDecision, Guard
from recognition.gate.judge import judge_first, judge_incomparable, judge_pair, margin_of
from recognition.gate.ledger import Entry
from recognition.gate.other_guards import guard_cost, guard_data
from recognition.gate.trial import CANDIDATE, NewClass, Pair, Trial
from recognition.training.history import History

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class GateInputs:
    """A candidate before the gate: what is known of it, and what it is judged by.

    Attributes:
        candidate: The registered candidate.
        evaluation: Its predictions on the test split.
        dataset: The data that it was trained and tested on.
        history: Its training, with all seeds where there were several.
        change: The data against the champion's.
        config: The gate's section of the configuration.
        scoring: The metric, and how many images a step takes when models predict.
    """

    candidate: RegisteredModel
    evaluation: Evaluation
    dataset: ImageDataset
    history: History
    change: DataChange
    config: GateConfig
    scoring: EvaluationConfig

    @property
    def side(self) -> str:
        """Name of the split that decides."""
        return self.config.split or ("gate" if "gate" in self.dataset.splits else "test")

    @property
    def split(self) -> Split:
        """The images that decide."""
        return self.dataset.splits[self.side]

    @property
    def basis(self) -> str:
        """Digest of all that a decision rests on but the two models; who has the last word is not part of it."""
        images = array_digest(self.split.hashes), array_digest(self.split.labels)
        rules = self.config.model_dump(exclude={"promote"})
        verdict = self.change.verdict if self.config.data_change != "ignore" else ""
        return digest_of((rules, self.scoring.metric, *images, verdict))


def judge(
    client: MlflowClient, inputs: GateInputs, champion: RegisteredModel | None, check: Callable[[], None]
) -> GateDecision:
    """Decide about a candidate; the registry's lock must be held.

    What was decided against the same champion by the same rules and images before stands, and costs nothing.

    Args:
        client: A client from `tracking.connect`.
        inputs: The candidate, what is known of it, and the rules.
        champion: The version that the alias points to; None where there is none.
        check: Raises where the lock was lost meanwhile; called before the ledger is written.
    """
    recorded = registry.recorded_decision(client, inputs.candidate)
    if recorded is not None and _still_stands(recorded, inputs, champion):
        return recorded
    judging = _Judging(client, inputs, check)
    decision = judging.alone() if champion is None else judging.against(StoredModel(champion))
    return decision.model_copy(update={"basis": inputs.basis, "finding": decision.reason})


def _still_stands(recorded: GateDecision, inputs: GateInputs, champion: RegisteredModel | None) -> bool:
    version = champion.mlflow_version if champion else None
    is_champion = version == inputs.candidate.mlflow_version
    return is_champion or (version, inputs.basis) == (recorded.champion_version, recorded.basis)


class _Judging:
    """One judgement, with what all its parts need."""

    def __init__(self, client: MlflowClient, inputs: GateInputs, check: Callable[[], None]) -> None:
        self.client, self.inputs, self.check = client, inputs, check
        self.config, self.dataset, self.split = inputs.config, inputs.dataset, inputs.split
        self.candidate = StoredModel(inputs.candidate)
        self.seen = np.concatenate([inputs.dataset.splits[side].hashes for side in ("train", "validation")])

    def alone(self) -> GateDecision:
        """Without a champion."""
        return judge_first(self.config, self._trial(), self._guards())

    def against(self, champion: StoredModel) -> GateDecision:
        """With one."""
        version, why = champion.registered.mlflow_version, champion.why_unfit(self.dataset)
        if why:
            return judge_incomparable(self.config, self._trial(), version, why, self._guards(unfit=True))
        pair = self._pair(champion)
        if not len(pair.shared):
            why = "of the classes that both know, no image is left"
            return judge_incomparable(self.config, self._trial(champion.seen), version, why)
        return self._decide(champion, pair)

    def _decide(self, champion: StoredModel, pair: Pair) -> GateDecision:
        config, name = self.config, self.candidate.registered.name
        ledger = load_ledger(self.client, name, self.split.hashes)
        asked = margin_of(config, pair.classes_changed)
        hypothesis = digest_of((self.candidate.registered.sha256, champion.registered.sha256, pair.metric, asked))
        terms = ledger.terms(hypothesis, config.level, config.half_spent)
        repeats, guards = self.inputs.history.repeats, self._guards(champion)
        decision = judge_pair(config, pair, terms, repeats, guards)
        number, level = terms
        entry = Entry(number=number, hypothesis=hypothesis, level=level, rejected=decision.found)
        self.check()
        store_ledger(self.client, name, ledger.record(entry))
        return decision

    def _trial(self, more_seen: NDArray[np.uint64] | None = None) -> Trial:
        seen = self.seen if more_seen is None else np.concatenate([self.seen, more_seen])
        kept = ~np.isin(self.split.hashes, seen)
        rows = self._answers().predictions[kept]
        true, predicted = rows["true"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64)
        return Trial(self.inputs.scoring.metric, self.inputs.side, true, predicted, excluded=int((~kept).sum()))

    def _pair(self, champion: StoredModel) -> Pair:
        ours = self._answers()
        shared = share_images([champion.judged(self.dataset, self.split, self.inputs.scoring.batch_size), ours])
        kept = ~np.isin(self.split.hashes, np.concatenate([self.seen, champion.seen]))
        known = set(champion.metadata["classes"])
        both = np.array([name in known for name in shared.class_names])[shared.true]
        owners = zip(self.dataset.classes, self.dataset.superclass_of.tolist(), strict=False)
        return Pair(
            metric=self.inputs.scoring.metric,
            split=self.inputs.side,
            shared=shared.take(kept[shared.answers[CANDIDATE].rows] & both),
            excluded=int((~kept).sum()),
            version=champion.registered.mlflow_version,
            superclass_of={name: self.dataset.superclasses[owner] for name, owner in owners},
            added=self._added(ours, kept, known),
            removed=tuple(name for name in champion.metadata["classes"] if name not in set(self.dataset.classes)),
        )

    def _added(self, ours: Evaluation, kept: NDArray[np.bool_], known: set[str]) -> tuple[NewClass, ...]:
        rows = ours.predictions[kept]
        right = (rows["true"] == rows["predicted"]).to_numpy()
        count = len(self.dataset.classes)
        images = np.bincount(rows["true"], minlength=count)
        hits = np.bincount(rows["true"][right], minlength=count)
        return tuple(
            NewClass(name, int(images[index]), int(hits[index]))
            for index, name in enumerate(self.dataset.classes)
            if name not in known
        )

    def _answers(self) -> Evaluation:
        """The candidate's: on test they are known, elsewhere it predicts."""
        if self.inputs.side == "test":
            return self.inputs.evaluation
        return self.candidate.judged(self.dataset, self.split, self.inputs.scoring.batch_size)

    def _guards(self, champion: StoredModel | None = None, unfit: bool = False) -> list[Guard]:
        """Those that are not about answers; what needs a champion only with one."""
        config, guards = self.config, []
        if config.data_change != "ignore" and (champion is not None or unfit):
            guards.append(guard_data(self.inputs.change, config.data_change == "block"))
        rivals = [self.candidate] if champion is None else [self.candidate, champion]
        if config.max_size is not None or (champion and config.max_size_ratio is not None):
            sizes = [rival.size for rival in rivals]
            guards += guard_cost("size", "MB", sizes[0], _second(sizes), config.max_size, config.max_size_ratio)
        if config.max_latency is not None or (champion and config.max_latency_ratio is not None):
            times = measure_latencies(rivals, self.split.images)
            limits = config.max_latency, config.max_latency_ratio
            guards += guard_cost("latency", "ms", times[0], _second(times), *limits)
        return guards


def _second(values: list[float] | tuple[float, ...]) -> float | None:
    return values[1] if len(values) > 1 else None
