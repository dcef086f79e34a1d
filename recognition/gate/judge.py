"""The decision, from what was tested and what the guards say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.configuration.sections.gate import GateConfig
from recognition.evaluation.paired import Difference
from recognition.evaluation.score import in_words
from recognition.gate.classes import guard_classes, guard_new_classes, guard_superclasses
from recognition.gate.decision import GateDecision, Guard
from recognition.gate.other_guards import guard_loss, guard_seeds
from recognition.gate.paired_test import PairedTest, compare_pair
from recognition.gate.trial import Pair, Trial
from recognition.training.history import Repeat


def judge_first(config: GateConfig, trial: Trial, guards: Sequence[Guard] = ()) -> GateDecision:
    """A first champion must beat chance by the configured margin; without an image left it cannot.

    Chance is what always naming the most frequent class would score; for the averages over classes, one class in all.

    Args:
        config: The margin.
        trial: The candidate's answers.
        guards: What else was looked at.
    """
    if trial.score is None:
        return _nothing_left(trial)
    counts = np.unique(trial.true, return_counts=True)[1]
    chance = float(counts.max() / counts.sum()) if trial.metric == "accuracy" else 1 / len(counts)
    needed = chance + config.margin_over_chance
    good = trial.score >= needed
    relation = "reaches" if good else "does not reach"
    reason = (
        f"there is no champion yet, and {in_words(trial.metric)} {trial.score:.2%} {relation} the {needed:.2%} asked "
        f"of a first one (chance {chance:.2%} plus {config.margin_over_chance:.2%})"
    )
    return _alone(trial, good, reason, guards=guards)


def judge_incomparable(
    config: GateConfig, trial: Trial, version: str, why: str, guards: Sequence[Guard] = ()
) -> GateDecision:
    """Where the champion cannot answer the same question, an explicit setting decides, if an image is left.

    Args:
        config: The setting, `gate.incomparable`.
        trial: The candidate's answers.
        version: The champion's version.
        why: What makes the two incomparable.
        guards: What else was looked at.
    """
    if trial.score is None:
        return _nothing_left(trial, version)
    reason = f"champion version {version} cannot be compared: {why}; gate.incomparable is {config.incomparable}"
    return _alone(trial, config.incomparable == "promote", reason, version, guards)


def judge_pair(
    config: GateConfig,
    pair: Pair,
    terms: tuple[int, float],
    repeats: Sequence[Repeat] = (),
    guards: Sequence[Guard] = (),
) -> GateDecision:
    """A candidate must be better than the champion beyond chance, or no worse, and pass every guard.

    Where classes came or went, it must be no worse on those that both know.

    Args:
        config: What is asked for.
        pair: Candidate and champion, with an image or more that both may be judged by.
        terms: Which decision on these images this is, and its level.
        repeats: All trainings of the candidate's recipe, where there were several.
        guards: What else was looked at: the data, latency and size.
    """
    number, level = terms
    test = compare_pair(pair, margin_of(config, pair.classes_changed))
    found = test.p <= level
    seen = [*_own_guards(config, pair, test, repeats, level), *guards]
    behind = not pair.classes_changed and test.tested.value < 0
    failed = [guard for guard in seen if guard.verdict == "failed"]
    reason = _reason(pair, test, terms, found, behind)
    if failed:
        reason += f"; {_failures(failed, in_full=found)}"
    passed = found and not behind and not failed
    return GateDecision(
        decision="promoted" if passed else "kept",
        reason=reason,
        metric=pair.metric,
        candidate=test.tested.other,
        champion=test.tested.baseline,
        champion_version=pair.version,
        images=len(pair.shared),
        excluded=pair.excluded,
        passed=passed,
        split=pair.split,
        require="not_worse" if test.margin else "better",
        margin=test.margin,
        low=_finite(test.tested.low),
        high=_finite(test.tested.high),
        p=test.p,
        level=level,
        number=number,
        detectable=_finite(test.detectable(level)),
        guards=tuple(seen),
    )


def margin_of(config: GateConfig, classes_changed: bool) -> float:
    """How much worse a candidate may be: nothing where it must be better."""
    return config.margin if config.require == "not_worse" or classes_changed else 0.0


def _own_guards(
    config: GateConfig, pair: Pair, test: PairedTest, repeats: Sequence[Repeat], level: float
) -> list[Guard]:
    guards = [
        guard_seeds(test, repeats, level),
        None if config.max_class_loss is None else guard_classes(pair, config.max_class_loss),
        None if config.max_superclass_loss is None else guard_superclasses(pair, config.max_superclass_loss),
        None if config.max_loss_increase is None else guard_loss(test.differences["loss"], config.max_loss_increase),
        None if config.min_new_recall is None else guard_new_classes(pair.added, config.min_new_recall),
    ]
    return [guard for guard in guards if guard is not None]


def _reason(pair: Pair, test: PairedTest, terms: tuple[int, float], found: bool, behind: bool) -> str:
    tested, (number, level) = test.tested, terms
    what = f"worse by less than {test.margin * 100:.2g} points" if test.margin else "better"
    verdict = f"{what} beyond chance" if found else f"not {what} beyond chance"
    if found and behind:
        verdict += ", but not as good on these images"
    where = f" of the {len(pair.shared.class_names) - len(pair.added) - len(pair.removed):,} classes that both know"
    return (
        f"{in_words(pair.metric)} {tested.other:.2%} against {tested.baseline:.2%} of champion version {pair.version} "
        f"on the same {len(pair.shared):,} images{where if pair.classes_changed else ''}: {_points(tested)}, {verdict} "
        f"(p {test.p:.2g}, level {level:.2g} for decision {number} on these images){_missed(test, level, found)}"
    )


def _missed(test: PairedTest, level: float, found: bool) -> str:
    """What it would have taken, where the candidate looks better."""
    if found or test.tested.value <= 0:
        return ""
    return f"; {test.detectable(level) * 100:+.2f} points would be found in 4 of 5 cases"


def _points(tested: Difference) -> str:
    told = f"{tested.value * 100:+.2f} points"
    interval = f" (95 % interval {tested.low * 100:+.2f} to {tested.high * 100:+.2f})"
    return told if np.isinf(tested.high) else told + interval


def _failures(failed: Sequence[Guard], in_full: bool = True) -> str:
    """What failed; with details only where nothing else has decided."""
    details = [f" ({guard.detail})" if in_full and guard.detail else "" for guard in failed]
    named = ", ".join(f"{guard.name}{detail}" for guard, detail in zip(failed, details, strict=True))
    return f"{'guard' if len(failed) == 1 else 'guards'} failed: {named}"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _nothing_left(trial: Trial, version: str | None = None) -> GateDecision:
    reason = f"no {trial.split} image is left to judge by: a model was trained or selected on each of the "
    remedy = "; gate.split: test asks other images" if trial.split == "gate" else ""
    return _alone(trial, False, f"{reason}{trial.excluded:,}{remedy}", version)


def _alone(
    trial: Trial, good: bool, reason: str, version: str | None = None, guards: Sequence[Guard] = ()
) -> GateDecision:
    failed = [guard for guard in guards if guard.verdict == "failed"]
    passed = good and not failed
    return GateDecision(
        decision="promoted" if passed else "kept",
        reason=f"{reason}; {_failures(failed, in_full=good)}" if failed else reason,
        metric=trial.metric,
        candidate=trial.score,
        champion=None,
        champion_version=version,
        images=len(trial.true),
        excluded=trial.excluded,
        passed=passed,
        split=trial.split,
        guards=tuple(guards),
    )
