"""The test that decides: whether a candidate is better than the champion, or no worse than a margin, beyond chance."""

from __future__ import annotations

from dataclasses import dataclass

from recognition.evaluation.paired import CONFIDENCE, Difference, proportion_score
from recognition.evaluation.paired_metrics import compare_metrics
from recognition.gate.trial import CANDIDATE, CHAMPION, Pair

POWER = 0.8  # of what is called detectable


@dataclass(frozen=True)
class PairedTest:
    """A one-sided test of the candidate's metric against the champion's.

    Attributes:
        differences: Of every metric, candidate less champion, with 95 % intervals, as of `compare_metrics`.
        metric: The one that is tested.
        margin: How much worse is allowed; 0 asks for better.
        p: How likely as good a result, or a better one, is of a candidate that is worse by the margin; with margin 0,
            of one that is no better.
        error: Standard error of the difference.
    """

    differences: dict[str, Difference]
    metric: str
    margin: float
    p: float
    error: float

    @property
    def tested(self) -> Difference:
        """That of the metric."""
        return self.differences[self.metric]

    def detectable(self, level: float) -> float:
        """The smallest true difference that a test at a level would find in 4 of 5 cases."""
        from scipy.stats import norm

        return float(norm.isf(level) + norm.ppf(POWER)) * self.error - self.margin


def compare_pair(pair: Pair, margin: float) -> PairedTest:
    """Test a candidate.

    Accuracies are shares of the same images: with a margin by the score test of T. Tango (Statistics in Medicine 17,
    1998), without by McNemar's exact one, whose level holds down to the thousandths that a single decision has. The
    averages over classes have no such test; theirs takes the bootstrap's interval for that of a normal distribution,
    and below 25 images finds nothing.

    Args:
        pair: Candidate and champion, with an image or more.
        margin: As of `PairedTest`.
    """
    from scipy.stats import norm

    differences = compare_metrics(pair.shared, CHAMPION, CANDIDATE)
    tested = differences[pair.metric]
    if pair.metric == "accuracy":
        gained, lost = pair.discordant
        images = len(pair.shared)
        error = max(gained + lost, 1) ** 0.5 / images
        return PairedTest(differences, pair.metric, margin, share_p(gained, lost, images, margin), error)
    error = (tested.high - tested.low) / (2 * float(norm.isf((1 - CONFIDENCE) / 2)))
    p = float(norm.sf((tested.value + margin) / error)) if 0 < error < float("inf") else 1.0
    return PairedTest(differences, pair.metric, margin, p, error)


def share_p(gained: int, lost: int, images: int, margin: float) -> float:
    """One-sided p-value of the hypothesis that a share of the same images is worse by the margin, or more.

    Args:
        gained: Images that only the candidate has right.
        lost: Images that only the champion has right.
        images: All images, at least one.
        margin: 0 or more; 0 is McNemar's exact test.
    """
    from scipy.stats import binom, norm

    if margin == 0:
        return float(binom.sf(gained - 1, gained + lost, 0.5))
    return float(norm.sf(proportion_score(gained, lost, images, -margin)))
