import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from recognition.evaluation.paired import (
    Difference,
    mcnemar,
    paired_bootstrap,
    paired_shares,
    proportion_interval,
    proportion_score,
)

BENTUR = (1, 7, 21)  # children with reactive airways before or after a transplantation only, and all; Fagerland (2013)


def answers(gained, lost, both=0, neither=0):
    """Whether baseline and other are right."""
    baseline = [False] * gained + [True] * lost + [True] * both + [False] * neither
    other = [True] * gained + [False] * lost + [True] * both + [False] * neither
    return np.array(baseline), np.array(other)


def mean_of(values):
    return lambda counts: (values @ counts / len(values))[np.newaxis]


def test_mcnemar_is_exact_where_few_images_differ():
    assert mcnemar(*BENTUR[:2]) == pytest.approx(2 * (1 + 8) / 2**8)
    assert mcnemar(0, 5) == pytest.approx(2 / 2**5)


def test_mcnemar_is_mid_p_where_many_differ():
    exact = stats.binomtest(10, 30).pvalue
    assert mcnemar(10, 20) == pytest.approx(exact - stats.binom.pmf(10, 30, 0.5))


@pytest.mark.parametrize("counts", [(0, 0), (3, 3), (40, 40)])
def test_a_balance_is_chance(counts):
    assert mcnemar(*counts) == 1


def test_mcnemar_takes_many_classes_at_once():
    gained, lost = [0, 1, 12, 40], [6, 7, 9, 20]
    assert mcnemar(gained, lost) == pytest.approx([float(mcnemar(*pair)) for pair in zip(gained, lost, strict=True)])
    assert mcnemar(gained, lost) == pytest.approx(mcnemar(lost, gained))


def test_mcnemar_keeps_its_level():
    generator = np.random.default_rng(0)
    discordant = generator.integers(1, 200, 20_000)
    p = mcnemar(gained := generator.binomial(discordant, 0.5), discordant - gained)
    assert 0.03 < np.mean(p < 0.05) < 0.055


def test_the_interval_of_a_published_example():
    assert proportion_interval(*BENTUR) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_the_interval_where_no_image_tells_the_two_apart():
    z2 = stats.norm.ppf(0.975) ** 2
    assert proportion_interval(0, 0, 50) == pytest.approx((-z2 / (50 + z2), z2 / (50 + z2)))


@pytest.mark.parametrize(("gained", "lost", "images"), [(40, 20, 160), (3, 0, 30), (0, 12, 12), (500, 450, 10_000)])
def test_the_score_test_just_keeps_the_ends(gained, lost, images):
    """At an end, the score with the nuisance share fitted by a general optimizer equals the normal quantile."""
    for end in proportion_interval(gained, lost, images):
        if abs(end) == 1:
            continue

        def unlikeliness(share, end=end):
            cells = np.array([share + end, share, 1 - end - 2 * share])
            counts = np.array([gained, lost, images - gained - lost])
            return -np.sum(counts * np.log(np.maximum(cells, 1e-300)))

        bounds = (max(0.0, -end) + 1e-12, (1 - end) / 2 - 1e-12)
        share = minimize_scalar(unlikeliness, bounds=bounds, method="bounded", options={"xatol": 1e-13}).x
        variance = images * (2 * share + end - end**2)
        assert abs(gained - lost - images * end) / np.sqrt(variance) == pytest.approx(1.95996, abs=2e-3)


def test_exchange_turns_the_interval_round():
    low, high = proportion_interval(30, 12, 200)
    assert proportion_interval(12, 30, 200) == pytest.approx((-high, -low))
    baseline, other = answers(30, 12, 100, 58)
    there, back = paired_shares(baseline, other), paired_shares(other, baseline)
    assert (there.value, there.p, there.direction) == (-back.value, back.p, -back.direction)


def test_the_interval_covers_what_it_promises():
    generator = np.random.default_rng(0)
    draws = generator.multinomial(60, [0.15, 0.05, 0.8], 1500)
    intervals = np.array([proportion_interval(gained, lost, 60) for gained, lost, _ in draws.tolist()])
    covered = np.mean((intervals[:, 0] <= 0.1) & (intervals[:, 1] >= 0.1))
    assert 0.935 < covered < 0.975


def test_identical_predictors():
    right = np.arange(100) < 60
    found = paired_shares(right, right)
    assert (found.value, found.p, found.direction) == (0, 1, 0)
    assert found.low < 0 < found.high
    (same,) = paired_bootstrap(mean_of(np.arange(100.0)), mean_of(np.arange(100.0)), 100)
    assert (same.low, same.high, same.direction) == (0, 0, 0)


def test_one_image_proves_nothing():
    found = paired_shares(*answers(1, 0))
    assert (found.value, found.p, found.high, found.direction) == (1, 1, 1, 0)
    (mean,) = paired_bootstrap(mean_of(np.zeros(1)), mean_of(np.ones(1)), 1)
    assert (mean.value, mean.low, mean.high, mean.direction) == (1, -np.inf, np.inf, 0)


def test_all_discordant():
    found = paired_shares(*answers(40, 0))
    assert (found.value, found.high, found.direction) == (1, 1, 1)
    assert found.low > 0.8
    assert paired_shares(*answers(0, 40)).direction == -1


def test_a_difference_needs_interval_and_test():
    assert Difference(0.1, 0.2, 0.05, 0.15).direction == 1
    assert Difference(0.1, 0.2, -0.05, 0.25).direction == 0
    assert Difference(0.1, 0.2, 0.05, 0.15, p=0.03).direction == 1
    assert Difference(0.1, 0.2, 0.05, 0.15, p=0.03, confidence=0.99).direction == 0
    assert paired_shares(*answers(*BENTUR[:2], both=1, neither=12)).direction == 0  # the exact test is not sure


def test_the_bootstrap_agrees_with_scipy():
    generator = np.random.default_rng(1)
    before, after = generator.exponential(size=300), generator.exponential(1.2, size=300)
    (found,) = paired_bootstrap(mean_of(before), mean_of(after), 300, resamples=8000)
    reference = stats.bootstrap(
        (after - before,), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.01)
    assert found.value == pytest.approx(after.mean() - before.mean())


def test_the_bootstrap_depends_on_nothing_but_its_seed():
    values = np.random.default_rng(0).normal(size=(2, 50))
    first, again, other = (
        paired_bootstrap(mean_of(values[0]), mean_of(values[1]), 50, resamples=100, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_bootstrap_is_symmetric():
    before, after = np.random.default_rng(0).normal(size=(2, 80))
    (there,) = paired_bootstrap(mean_of(before), mean_of(after), 80)
    (back,) = paired_bootstrap(mean_of(after), mean_of(before), 80)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_the_bootstrap_covers_what_it_promises():
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        values = generator.normal(0.3, 1, 60)
        (found,) = paired_bootstrap(mean_of(np.zeros(60)), mean_of(values), 60, resamples=300, seed=seed)
        covered += found.low <= 0.3 <= found.high
    assert 0.9 < covered / 300 < 0.98


@pytest.mark.parametrize(("gained", "lost", "images"), [(12, 5, 40), (0, 3, 100), (60, 40, 1000), (1, 0, 5)])
def test_the_scores_of_an_intervals_ends_are_those_of_its_confidence(gained, lost, images):
    low, high = proportion_interval(gained, lost, images)
    z = stats.norm.isf(0.025)
    for end, score in ((low, z), (high, -z)):
        if abs(end) < 1:
            assert proportion_score(gained, lost, images, end) == pytest.approx(score, rel=1e-6)


def test_the_score_of_no_difference_is_mcnemars():
    assert proportion_score(30, 18, 200, 0.0) == pytest.approx(12 / np.sqrt(48))
    assert proportion_score(0, 0, 200, 0.0) == 0
