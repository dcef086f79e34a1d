import pytest

from recognition.scheduling.zones import nearest_zone, zone_names


def test_zones_are_known_by_name():
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= zone_names()


def test_a_machines_own_zone_is_none():
    assert "localtime" not in zone_names()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Europe/New_York", "America/New_York"),
        ("utc", "UTC"),
        ("xyzzy", None),
    ],
)
def test_the_nearest_zone_is_told(written, meant):
    assert nearest_zone(written) == meant
