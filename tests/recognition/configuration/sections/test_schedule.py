import pytest
import yaml

from pipelines.training import NAME
from recognition.configuration.loading import load_config
from recognition.configuration.sections.schedule import LONGEST_NAME
from recognition.errors import InputError

NIGHTLY = {"name": "nightly", "cron": "0 3 * * *"}


@pytest.fixture
def load(tmp_path):
    """A function: keys of section schedule, and other sections -> the section that a file with them makes."""

    def loaded(schedule, **sections):
        path = tmp_path / "retrain.yaml"
        path.write_text(yaml.safe_dump({"schedule": NIGHTLY | schedule, **sections}))
        return load_config(path).schedule

    return loaded


def test_a_name_and_a_cron_are_enough(load):
    schedule = load({})
    assert (schedule.time_zone, schedule.overlap, schedule.suspend, schedule.starting_deadline) == (
        *("UTC", "forbid", False, 3600),
    )


def test_a_cron_is_kept_with_single_spaces(load):
    assert load({"cron": " 0  3 * * MON "}).cron == "0 3 * * mon"


def test_zenml_makes_a_name_of_it_that_a_cron_job_may_have():
    assert len(f"{'n' * LONGEST_NAME}-01234567-{NAME}") == 52


@pytest.mark.parametrize(
    "name", ["Nightly", "nightly_cifar", "9pm", "-n", "n-", "a--b", "", "näch", 3, "n" * 32, "n\n"]
)
def test_a_name_that_kubernetes_refuses_is_refused(load, name):
    with pytest.raises(InputError, match=r"retrain\.yaml:\d+.*expected up to 31 lower-case letters"):
        load({"name": name})


@pytest.mark.parametrize(("cron", "words"), [("99 * * * *", "minute 99"), (3, "received 3"), ("0 0 31 2 *", "never")])
def test_a_cron_that_is_none_is_refused_with_its_line(load, cron, words):
    with pytest.raises(InputError, match=rf"retrain\.yaml:\d+.*{words}.*expected five fields"):
        load({"cron": cron})


def test_an_unknown_zone_is_told_the_nearest(load):
    with pytest.raises(InputError, match=r"received 'Europe/Berln'.*did you mean Europe/Berlin\?"):
        load({"time_zone": "Europe/Berln"})


def test_a_calibration_is_not_scheduled(load):
    with pytest.raises(InputError, match="schedule contradicts calibrate"):
        load({}, calibrate={})
