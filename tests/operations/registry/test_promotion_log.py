from types import SimpleNamespace

import pytest

from operations.registry import promotion_log
from operations.registry.promotion_log import append, former_champions, read_log


class Registry:
    """MLflow's tags of one registered model."""

    def __init__(self):
        self.tags = {}

    def get_registered_model(self, name):
        return SimpleNamespace(tags=self.tags)

    def set_registered_model_tag(self, name, key, value):
        self.tags[key] = value

    def delete_registered_model_tag(self, name, key):
        del self.tags[key]


@pytest.fixture
def log():
    """A function: triples of before, after and by -> the log."""

    def write(*changes):
        registry = Registry()
        for before, after, by in changes:
            append(registry, "ours", before, after, by, "because")
        return read_log(registry.tags)

    return write


def test_an_entry_says_everything(log):
    (entry,) = log((None, "1", "gate"))
    assert (entry.number, entry.before, entry.after, entry.by, entry.reason) == (1, None, "1", "gate", "because")
    assert "@" in entry.who
    assert entry.time.utcoffset().total_seconds() == 0


def test_going_back_twice_goes_two_back(log):
    up = [(None, "1", "gate"), ("1", "2", "gate"), ("2", "3", "person")]
    assert former_champions(log(*up)) == ["1", "2"]
    once = [*up, ("3", "2", "rollback")]
    assert former_champions(log(*once)) == ["1"]
    twice = [*once, ("2", "1", "rollback")]
    assert former_champions(log(*twice)) == []
    assert former_champions(log(*twice, ("1", "4", "gate"))) == ["1"]


def test_a_version_promoted_again_by_hand_goes_back_to_whom_it_followed(log):
    again = [(None, "1", "gate"), ("1", "2", "gate"), ("2", "1", "person")]
    assert former_champions(log(*again)) == ["1", "2"]
    assert former_champions(log(*again, ("1", "2", "rollback"))) == ["1"]


def test_an_alias_that_another_tool_took_back_counts_as_gone_back(log):
    assert former_champions(log((None, "1", "gate"), ("1", "2", "gate"), ("2", "1", "found"))) == []


def test_without_a_champion_the_last_one_is_a_former_one(log):
    assert former_champions(log((None, "1", "gate"), ("1", None, "found"))) == ["1"]
    assert former_champions(log()) == []


def test_old_entries_go_and_numbers_go_on(monkeypatch):
    monkeypatch.setattr(promotion_log, "KEPT", 3)
    registry = Registry()
    for number in range(5):
        append(registry, "ours", None, str(number), "gate", "because")
    assert [(entry.number, entry.after) for entry in read_log(registry.tags)] == [(3, "2"), (4, "3"), (5, "4")]


def test_numbers_are_sorted_as_numbers():
    registry = Registry()
    append(registry, "ours", None, "1", "gate", "because")
    registry.tags["promotion.1000000"] = registry.tags["promotion.000001"].replace('"number":1', '"number":1000000')
    append(registry, "ours", "1", "2", "gate", "because")
    assert [entry.number for entry in read_log(registry.tags)] == [1, 1_000_000, 1_000_001]


def test_a_long_reason_is_cut():
    registry = Registry()
    append(registry, "ours", None, "1", "person", "ä" * 10_000)
    (entry,) = read_log(registry.tags)
    assert len(entry.reason) == promotion_log.LONGEST
    assert entry.reason.endswith("ä…")


@pytest.mark.parametrize("tags", [{"promotion.000001": "{}"}, {"promotion.000001": "no JSON"}, {"promotion.x": "{}"}])
def test_what_is_no_entry_is_passed_over_and_not_written_over(tags):
    registry = Registry()
    registry.tags |= tags
    append(registry, "ours", None, "1", "gate", "because")
    assert [entry.after for entry in read_log(registry.tags)] == ["1"]
    assert tags.items() <= registry.tags.items()
