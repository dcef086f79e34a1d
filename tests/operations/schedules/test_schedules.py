"""The upsert against ZenML's own client and SQLite; the orchestrator is a stand-in that writes down its calls."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from zenml.client import Client
from zenml.models import PipelineRequest, ScheduleRequest

from operations.schedules import known_schedules, schedules
from operations.schedules.record import record_of
from operations.schedules.scheduler import NEVER, scheduler_of
from operations.schedules.snapshot import Snapshot
from operations.schedules.text import render_applied, render_list, render_schedule
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.model import ModelConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.errors import InputError

WINTER = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The command dies."""


class Recording:
    """Stands in for an orchestrator; what it knows is by ZenML's id: (snapshot's epochs, cron, suspended)."""

    def __init__(self, pipeline):
        self.jobs, self.calls, self.die_at = {}, [], None
        self._pipeline = pipeline
        self.orchestrator = Client().active_stack_model.components["orchestrator"][0].id

    def _called(self, call):
        if call == self.die_at:
            raise Killed
        self.calls.append(call)

    def image(self):
        return "image@sha256:1"

    def create(self, name, snapshot):
        client = Client()
        row = client.zen_store.create_schedule(
            ScheduleRequest(
                name=name,
                active=True,
                cron_expression=NEVER,
                orchestrator_id=self.orchestrator,
                pipeline_id=self._pipeline,
                project=client.active_project.id,
            )
        )
        self.jobs[row.id] = [snapshot.config.train.epochs, NEVER, False]
        self._called("create")
        return row.id

    def patch(self, row, timing, suspended):
        self._called("suspend" if suspended else "fire")
        self.jobs[row.id][1:] = [timing.cron, suspended]

    def is_gone(self, row):
        return row.id not in self.jobs

    def remove(self, row):
        self._called("remove")
        self.jobs.pop(row.id, None)
        if self.die_at == "removed":
            raise Killed

    def start(self, row):
        self._called("start")
        return f"run-of-{row.name}"

    def firing(self):
        """What fires: epochs of the snapshot, and when."""
        return [(epochs, cron) for epochs, cron, suspended in self.jobs.values() if not suspended and cron != NEVER]


@pytest.fixture(scope="module")
def pipeline(state):
    client = Client()
    return client.zen_store.create_pipeline(PipelineRequest(name="scheduled", project=client.active_project.id)).id


@pytest.fixture
def scheduler(pipeline):
    yield (recording := Recording(pipeline))
    recording.die_at = None
    for schedule in known_schedules.list_schedules():
        schedules._remove(schedule.row, recording)


@pytest.fixture
def apply(scheduler):
    """A function: what the file says -> what came of applying it."""

    def applied(epochs=1, code="c0de", recipe="retrain", model="net", **timing):
        config = RunConfig(train=TrainConfig(epochs=epochs), model=ModelConfig(name=model))
        schedule = ScheduleConfig(**{"name": "nightly", "cron": "0 3 * * *", "time_zone": "Europe/Berlin", **timing})
        wanted = record_of(config, schedule, recipe, code, scheduler.image(), "abc")
        return schedules.apply(wanted, Snapshot(None, config, {}, recipe, "abc"), scheduler)

    return applied


def names():
    """Of all of ZenML's rows."""
    return sorted(row.name for row in Client().list_schedules().items)


def test_a_new_schedule_fires_once_it_is_complete(apply, scheduler):
    assert apply().action == "created"
    assert scheduler.calls == ["create", "fire"]
    assert scheduler.firing() == [(1, "0 3 * * *")]
    assert names() == ["nightly"]
    assert Client().get_schedule("nightly").cron_expression == "0 3 * * *"


def test_the_same_file_twice_changes_nothing(apply, scheduler):
    apply()
    scheduler.calls.clear()
    applied = apply()
    assert (applied.action, list(applied.changes), scheduler.calls) == ("unchanged", [], [])


def test_new_timing_keeps_the_snapshot(apply, scheduler):
    before = apply().schedule.row.id
    applied = apply(cron="0 4 * * *", overlap="replace")
    assert (applied.action, applied.schedule.row.id) == ("patched", before)
    assert list(applied.changes) == ["schedule.cron: 0 3 * * * → 0 4 * * *", "schedule.overlap: forbid → replace"]
    assert scheduler.firing() == [(1, "0 4 * * *")]
    assert Client().get_schedule("nightly").cron_expression == "0 4 * * *"


def test_another_configuration_replaces_the_snapshot(apply, scheduler):
    before = apply().schedule.row.id
    scheduler.calls.clear()
    applied = apply(epochs=2, cron="0 4 * * *")
    assert applied.action == "replaced"
    assert list(applied.changes) == ["train.epochs: 1 → 2", "schedule.cron: 0 3 * * * → 0 4 * * *"]
    assert scheduler.calls == ["create", "suspend", "fire", "remove"]  # never two that fire
    assert scheduler.firing() == [(2, "0 4 * * *")]
    assert applied.schedule.row.id != before
    assert names() == ["nightly"]


def test_other_code_and_another_image_replace_the_snapshot(apply, scheduler):
    apply()
    scheduler.image = lambda: "image@sha256:2"
    applied = apply(code="beef")
    assert applied.action == "replaced"
    assert list(applied.changes) == ["code: c0de → beef", "image: image@sha256:1 → image@sha256:2"]


def test_a_schedule_may_be_suspended_from_its_beginning(apply, scheduler):
    applied = apply(suspend=True)
    assert (applied.schedule.state, scheduler.firing()) == ("suspended", [])
    assert apply().action == "patched"
    assert scheduler.firing() == [(1, "0 3 * * *")]


def test_a_pause_outlasts_what_is_applied(apply, scheduler):
    apply()
    assert schedules.pause("nightly", scheduler)
    assert not schedules.pause("nightly", scheduler)
    for applied in (apply(), apply(cron="0 4 * * *"), apply(epochs=2)):
        assert (applied.schedule.state, scheduler.firing()) == ("paused", [])
    assert schedules.resume("nightly", scheduler)
    assert scheduler.firing() == [(2, "0 3 * * *")]


def test_a_pause_keeps_zenmls_row_active(apply, scheduler):
    """An inactive one has its token revoked, and with it that of a run that goes on."""
    apply()
    schedules.pause("nightly", scheduler)
    assert Client().get_schedule("nightly").active


@pytest.mark.parametrize("moment", ["create", "suspend", "fire", "remove"])
def test_after_a_crash_the_same_command_puts_things_right(apply, scheduler, moment):
    apply()
    scheduler.die_at = moment
    with pytest.raises(Killed):
        apply(epochs=2)
    assert len(scheduler.firing()) <= 1
    scheduler.die_at = None
    assert apply(epochs=2).schedule.state == "active"
    assert (scheduler.firing(), names()) == ([(2, "0 3 * * *")], ["nightly"])


@pytest.mark.parametrize("moment", ["create", "suspend", "fire", "remove"])
def test_after_a_crash_the_old_file_brings_the_old_schedule_back(apply, scheduler, moment):
    apply()
    scheduler.die_at = moment
    with pytest.raises(Killed):
        apply(epochs=2)
    scheduler.die_at = None
    apply()
    assert (scheduler.firing(), names()) == ([(1, "0 3 * * *")], ["nightly"])


@pytest.mark.parametrize("moment", ["removed", "renaming"])
@pytest.mark.parametrize("verb", ["apply", "remove", "pause"])
def test_after_a_crash_a_complete_replacement_takes_its_place(apply, scheduler, monkeypatch, capsys, moment, verb):
    apply()
    schedules.pause("nightly", scheduler)

    def die(*arguments):
        raise Killed

    scheduler.die_at = moment
    with monkeypatch.context() as patch:
        if moment == "renaming":
            patch.setattr(schedules, "_rename", die)
        with pytest.raises(Killed):
            apply(epochs=2)
    scheduler.die_at = None
    if verb == "apply":
        assert apply(epochs=2).action == "unchanged"
    else:
        getattr(schedules, verb)("nightly", scheduler)
    assert "what a killed command had begun is finished" in capsys.readouterr().out
    assert (scheduler.firing(), names()) == ([], [] if verb == "remove" else ["nightly"])
    if verb != "remove":  # a person's pause is not lost
        assert known_schedules.find_schedule("nightly").state == "paused"


def test_a_first_schedule_that_crashed_is_made_anew(apply, scheduler):
    scheduler.die_at = "fire"
    with pytest.raises(Killed):
        apply()
    scheduler.die_at = None
    assert apply().action == "created"
    assert (scheduler.firing(), names()) == ([(1, "0 3 * * *")], ["nightly"])


@pytest.mark.parametrize("other", [{"recipe": "train"}, {"model": "other"}])
def test_another_configurations_name_is_not_taken(apply, scheduler, other):
    apply()
    with pytest.raises(InputError, match="taken by another configuration") as error:
        apply(**other)
    assert "schedule remove nightly" in error.value.remedy
    assert scheduler.firing() == [(1, "0 3 * * *")]


def test_a_name_that_is_not_ours_is_left_alone(apply, scheduler):
    row = scheduler.create("nightly", Snapshot(None, RunConfig(), {}, "", None))
    with pytest.raises(InputError, match="did not make"):
        apply()
    assert known_schedules.list_schedules() == []
    Client().zen_store.delete_schedule(row)


@pytest.mark.parametrize("verb", [schedules.pause, schedules.resume, schedules.remove, schedules.run_now])
def test_another_orchestrators_schedule_is_left_alone(apply, scheduler, verb):
    apply()
    scheduler.calls.clear()
    ours, scheduler.orchestrator = scheduler.orchestrator, uuid4()
    with pytest.raises(InputError, match="another stack's orchestrator"):
        verb("nightly", scheduler)
    with pytest.raises(InputError, match="another stack's orchestrator"):
        apply(epochs=2)
    scheduler.orchestrator = ours
    assert scheduler.calls == []


def test_a_removed_schedule_leaves_its_name(apply, scheduler):
    apply()
    schedules.remove("nightly", scheduler)
    assert (scheduler.firing(), names()) == ([], [])
    assert apply(model="other").action == "created"


def test_a_run_starts_at_once(apply, scheduler):
    apply()
    assert schedules.run_now("nightly", scheduler) == "run-of-nightly"


def test_a_mistyped_name_is_told_the_nearest(apply):
    apply()
    with pytest.raises(InputError, match="no schedule of this name") as error:
        known_schedules.find_schedule("nigthly")
    assert error.value.remedy == "did you mean nightly?"


def test_the_next_times_are_those_of_the_zone(apply):
    told = render_applied(apply(), WINTER).splitlines()
    assert told == [
        "schedule nightly: created",
        "  next",
        "    Sat 2026-03-28 03:00 CET (UTC+01:00)",
        "    Sun 2026-03-29 03:00 CEST (UTC+02:00)",
        "    Mon 2026-03-30 03:00 CEST (UTC+02:00)",
    ]


def test_a_paused_schedule_fires_at_no_time(apply, scheduler):
    apply()
    schedules.pause("nightly", scheduler)
    assert "schedule resume ends that" in render_applied(apply(), WINTER)
    assert "paused" in render_list(known_schedules.list_schedules(), WINTER)


def test_a_list_has_a_line_for_each(apply):
    apply()
    apply(name="weekly", cron="0 3 * * sun", model="other")
    first, second = render_list(known_schedules.list_schedules(), WINTER).splitlines()
    assert first.split("  ")[0] == "nightly"
    assert "next 2026-03-28 03:00 CET" in first
    assert second.endswith("retrain.yaml for model other")


def test_one_is_shown_with_all_that_it_runs(apply):
    told = render_schedule(apply(epochs=7).schedule, WINTER)
    for words in ("train.epochs: 7", "0 3 * * * in Europe/Berlin", "image@sha256:1", "c0de, commit abc"):
        assert words in told


def test_the_local_stack_does_not_schedule(state):
    with pytest.raises(InputError, match="does not schedule") as error:
        scheduler_of(Client().active_stack)
    assert "local orchestrator" in error.value.received
    assert "crontab" in error.value.remedy
