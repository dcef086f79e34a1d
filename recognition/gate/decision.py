"""What the gate decides, with every number that it rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["promoted", "kept", "waiting"]


class Guard(BaseModel):
    """One thing beside the metric that may not become worse.

    Attributes:
        name: Such as "classes".
        verdict: "warned" where it failed but may only warn; "skipped" where there was nothing to measure.
        value: What was measured, in `unit`; None where nothing was.
        limit: What is asked for, in `unit`; None where it is no number.
        unit: "points" for a difference of shares, candidate less champion, and "share" for a share, both as fractions;
            "nats", "ms", "MB", "times" the champion's, "" else.
        detail: In words, such as which class.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Literal["passed", "failed", "warned", "skipped"]
    value: float | None = None
    limit: float | None = None
    unit: Literal["points", "share", "nats", "ms", "MB", "times", ""] = ""
    detail: str = ""


class GateDecision(BaseModel):
    """A decision with its numbers and its reason in words.

    Attributes:
        decision: What follows; a version that is "waiting" becomes champion when a person says so.
        reason: Why, in a sentence.
        metric: "accuracy", "balanced_accuracy" or "macro_f1".
        candidate: Its value on `images`; None where no image is left.
        champion: The champion's on the same; also None where there is none, or where it cannot be compared.
        champion_version: MLflow's.
        images: How many judged.
        excluded: How many were left out, as a model was trained or selected on them.
        passed: Whether the gate itself would promote, whatever `gate.promote` says.
        finding: The gate's own part of the reason, without who had the last word.
        split: The side of the data that judged.
        require: What was asked for, "better" or "not_worse"; "" where there was nothing to compare with.
        margin: How much worse was allowed, as a fraction; 0 for better.
        low: Lower end of the 95 % interval of the difference, candidate less champion; None with too few images.
        high: Upper end.
        p: One-sided p-value of the hypothesis that the candidate is worse than allowed.
        level: What `p` was compared with: this decision's share of `gate.level`.
        number: Which decision on these images it was, from 1.
        detectable: The smallest true difference that a test at `level` would find in 4 of 5 cases.
        guards: What else was looked at.
        basis: Digest of configuration and images, by which a repeated judgement is known.
    """

    model_config = ConfigDict(frozen=True)

    decision: Verdict
    reason: str
    metric: str
    candidate: float | None
    champion: float | None
    champion_version: str | None
    images: int
    excluded: int
    passed: bool = False
    finding: str = ""
    split: str = "test"
    require: str = ""
    margin: float = 0.0
    low: float | None = None
    high: float | None = None
    p: float | None = None
    level: float | None = None
    number: int | None = None
    detectable: float | None = None
    guards: tuple[Guard, ...] = ()
    basis: str = ""

    @property
    def difference(self) -> float | None:
        """The candidate's value less the champion's; None where one is missing."""
        if self.candidate is None or self.champion is None:
            return None
        return self.candidate - self.champion

    @property
    def found(self) -> bool:
        """Whether the test alone, without guards, found the candidate good."""
        return self.p is not None and self.level is not None and self.p <= self.level

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the guards that failed."""
        return tuple(guard.name for guard in self.guards if guard.verdict == "failed")
