import numpy as np
import pytest

from recognition.gate.ledger import KEPT, SKETCHED, Entry, Ledger, likeness, open_ledger, sketch_of
from recognition.gate.spending import own_level


def hashes(seed, count=1000):
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def played(rejections):
    ledger = open_ledger([], hashes(0))
    for i, rejected in enumerate(rejections):
        number, level = ledger.terms(f"h{i}", 0.05, 10)
        ledger = ledger.record(Entry(number=number, hypothesis=f"h{i}", level=level, rejected=rejected))
    return ledger


def test_decisions_are_counted_and_their_levels_spent():
    ledger = played([False, True, False])
    own = [own_level(0.05, 10, number) for number in (1, 2, 3, 4)]
    assert [entry.number for entry in ledger.entries] == [1, 2, 3]
    assert [entry.level for entry in ledger.entries] == pytest.approx([own[0], own[1], own[2] + own[1]])
    assert ledger.terms("another", 0.05, 10) == (4, pytest.approx(own[3]))


def test_a_repeated_decision_has_its_old_terms_and_is_not_counted_again():
    ledger = played([False, True, False])
    assert ledger.terms("h0", 0.05, 10) == (1, ledger.entries[0].level)
    assert ledger.record(ledger.entries[0]) == ledger


def test_a_ledger_stays_small_and_goes_on_counting():
    ledger = played([False] * 200)
    assert len(ledger.entries) == KEPT
    assert ledger.terms("new", 0.05, 10)[0] == 201
    assert len(ledger.model_dump_json()) < 10_000
    assert Ledger.model_validate_json(ledger.model_dump_json()) == ledger


def test_images_that_come_by_and_by_do_not_begin_a_new_ledger():
    images, ledgers = hashes(0), []
    for night in range(50):
        images = np.concatenate([images[20:], hashes(100 + night, 40)])
        ledger = open_ledger(ledgers, images)
        ledgers = [ledger.record(Entry(number=night + 1, hypothesis=str(night), level=0.01, rejected=False))]
    assert len(ledgers[0].entries) == 50
    assert ledgers[0].sketch == sketch_of(images)


def test_other_images_have_a_ledger_of_their_own():
    first = played([True])
    assert open_ledger([first], hashes(1)).entries == ()
    assert open_ledger([first], hashes(1)).name != first.name
    assert open_ledger([open_ledger([], hashes(1)), first], hashes(0)) == first


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_likeness_estimates_the_share_of_common_images(share):
    everything = hashes(2, 20_000)
    common = int(share * 10_000)
    one, other = everything[:10_000], np.concatenate([everything[:common], everything[10_000 : 20_000 - common]])
    true = common / (20_000 - common)
    assert likeness(sketch_of(one), sketch_of(other)) == pytest.approx(true, abs=2.6 * 0.5 / SKETCHED**0.5)


def test_the_order_of_images_and_copies_do_not_matter():
    images = hashes(3)
    assert sketch_of(np.concatenate([images[::-1], images])) == sketch_of(images)
    assert likeness((), ()) == 0
