"""The gate's promises, on simulated pairs: seldom wrong, however often it is tried, and as powerful as documented."""

import numpy as np
import pytest

from benchmarks.gate_power import detectable
from recognition.gate.paired_test import compare_pair, share_p
from recognition.gate.spending import own_level
from tests.recognition.gate.pairs import pair_of

LEVEL, HALF_SPENT, NIGHTS = 0.05, 10, 50


def p_values(gained, lost, images, margin=0.0):
    """`share_p` of many pairs, each different one computed once."""
    pairs, places = np.unique(np.stack([gained.ravel(), lost.ravel()]), axis=1, return_inverse=True)
    values = np.array([share_p(int(won), int(missed), images, margin) for won, missed in pairs.T])
    return values[places.ravel()].reshape(gained.shape)


def draw(generator, images, discordant, difference, runs):
    """How many images only the candidate has right, and only the champion, int64, (runs,) each."""
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    counts = generator.multinomial(images, shares, runs)
    return counts[:, 0], counts[:, 1]


def most(share, runs):
    """What a share of the runs may be seen to be by chance: three standard errors above."""
    return share + 3 * np.sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize("images", [200, 1000])
@pytest.mark.parametrize("level", [0.05, own_level(LEVEL, HALF_SPENT, 1)])
def test_a_single_decision_promotes_an_equal_model_as_seldom_as_promised(images, level):
    runs = 20_000
    won = p_values(*draw(np.random.default_rng(0), images, 0.2, 0.0, runs), images) <= level
    assert 0.3 * level < won.mean() <= most(level, runs)


@pytest.mark.parametrize("level", [0.05, own_level(LEVEL, HALF_SPENT, 1)])
def test_a_model_that_is_worse_by_the_margin_seldom_counts_as_not_worse(level):
    runs = 20_000
    gained, lost = draw(np.random.default_rng(1), 1000, 0.2, -0.01, runs)
    won = (p_values(gained, lost, 1000, 0.01) <= level).mean()
    assert 0.5 * level < won <= most(1.05 * level, runs)  # Tango's is no exact test


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("number", [1, 50])
@pytest.mark.parametrize("images", [1_000, 10_000])
def test_the_documented_difference_is_found_in_four_of_five_cases(images, share, number):
    level = own_level(LEVEL, HALF_SPENT, number)
    gained, lost = draw(np.random.default_rng(2), images, share, detectable(images, share, level), 2_000)
    assert (p_values(gained, lost, images) <= level).mean() == pytest.approx(0.8, abs=0.035)


@pytest.fixture(scope="module")
def nights():
    """Whether models that are equally good have each of the same images right: bool, (runs, 1 + nights, images)."""
    generator = np.random.default_rng(3)
    chances = generator.beta(0.8, 0.5, (400, 1, 1000))  # how easy an image is; equal models differ on a fifth
    return generator.random((400, 1 + NIGHTS, 1000), np.float32) < chances


def count(champion, candidates):
    return (candidates & ~champion).sum(axis=-1), (champion & ~candidates).sum(axis=-1)


def test_fifty_nightly_retrainings_of_equal_models_seldom_promote_one(nights):
    p = p_values(*count(nights[:, :1], nights[:, 1:]), 1000)
    own = np.array([own_level(LEVEL, HALF_SPENT, number) for number in range(1, NIGHTS + 1)])
    assert (p <= own).any(axis=1).mean() <= most(LEVEL, len(nights))
    assert (p <= LEVEL).any(axis=1).mean() > 0.3  # so often would the unspent level be fooled
    assert (nights[:, 1:].mean(axis=2) > nights[:, :1].mean(axis=2)).any(axis=1).mean() > 0.9  # and a plain comparison


def test_what_a_true_promotion_hands_on_does_no_harm(nights):
    """Each fifth candidate is better; the champion is whoever was promoted last. Only equal ones count as wrong."""
    runs, generator = len(nights), np.random.default_rng(4)
    champion, skill = nights[:, 0].copy(), np.zeros(runs, int)
    handed_on, wrong, right = np.zeros(runs), np.zeros(runs, bool), np.zeros(runs, bool)
    for night in range(1, NIGHTS + 1):
        better = night % 5 == 0
        lift = generator.random((runs, 1000)) < (np.where(better, skill + 1, skill) * 0.2)[:, None]
        candidate = nights[:, night] | lift
        level = own_level(LEVEL, HALF_SPENT, night) + handed_on
        found = p_values(*count(champion, candidate), 1000) <= level
        wrong |= found & (not better)
        right |= found & better
        skill = np.where(found & better, skill + 1, skill)
        champion = np.where(found[:, None], candidate, champion)
        handed_on = np.where(found, level, 0.0)
    assert wrong.mean() <= most(LEVEL, runs)
    assert right.mean() > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_averages_over_classes_keep_their_level_too(metric):
    generator, true = np.random.default_rng(5), np.repeat(np.arange(5), (200, 100, 60, 30, 10))
    won = []
    for _ in range(200):
        chances = generator.beta(0.8, 0.5, len(true))
        champion, candidate = (generator.random(len(true)) < chances for _ in range(2))
        won.append(compare_pair(pair_of(champion, candidate, true, 5, metric), 0.0).p <= LEVEL)
    assert np.mean(won) <= most(LEVEL, 200)
