"""Two scheduled runs of one model at the same moment."""

import json

import pytest

from tests.cluster.test_core import finished, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
MODEL = "cluster-together"
SCHEDULES = ("first", "second")


def test_two_schedules_that_fire_at_once_leave_one_champion(submit, installation, digits_words):
    words = (*digits_words, f"--set=model.name={MODEL}", "--set=retrain={}", '--set=schedule.cron="0 3 1 1 *"')
    jobs = []
    for seed, name in enumerate(SCHEDULES):
        applied = submit.run("schedule", "apply", *words, f"--set=schedule.name={name}", f"--set=train.seed={seed}")
        assert applied.status == 0, applied.stderr
    for name in SCHEDULES:
        started = submit.run("schedule", "run-now", name)
        assert started.status == 0, started.stderr
        jobs.append(started.stdout.split()[-1])
    wait_for(lambda: all(finished(installation, job) for job in jobs), patience=900)
    assert [finished(installation, job) for job in jobs] == ["Complete", "Complete"]
    listed = json.loads(submit.run("models", "list", "--json").stdout)
    versions = [each for each in listed if each["model"] == MODEL]
    assert {each["version"] for each in versions} == {"1", "2"}
    assert [each["version"] for each in versions if "champion" in each["aliases"]] in (["1"], ["2"])
    for name in SCHEDULES:
        assert submit.run("schedule", "remove", name).status == 0
