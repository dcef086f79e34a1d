import os
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.scheduling.local import LocalCommand, crontab_lines, systemd_units

ODD = '50 % of $HOME\'s "own" data'
PROGRAM = "import os, sys; print(os.getcwd(), os.environ['RECOGNITION_STATE'], *sys.argv[1:], sep='|')"


def schedule(**keys):
    return ScheduleConfig(name="nightly", cron="30 4 13 * fri", time_zone="Europe/Berlin", **keys)


@pytest.fixture
def command(tmp_path):
    """A command with characters that shells, cron and systemd read in their own way."""
    folder = tmp_path / ODD
    folder.mkdir()
    words = [sys.executable, "-c", PROGRAM, f"--set=data.path={ODD}"]
    return LocalCommand(words, folder, {"RECOGNITION_STATE": ODD}, folder / "lock", folder / "log")


def as_cron_runs_it(line):
    """What cron gives to the shell: the line behind its five fields, each escaped % by itself."""
    return line.split(" ", 5)[5].replace("\\%", "%")


needs_flock = pytest.mark.skipif(not shutil.which("flock"), reason="needs flock")


@needs_flock
@pytest.mark.parametrize("overlap", ["forbid", "allow"])
def test_the_crontab_line_runs_the_very_command(command, overlap):
    zone, line = crontab_lines(schedule(overlap=overlap), command).splitlines()
    assert zone == "CRON_TZ=Europe/Berlin"
    assert line.startswith("30 4 13 * fri ")
    assert "%" not in line.replace("\\%", "")
    environment = {"HOME": "/", "PATH": "/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "-c", as_cron_runs_it(line)], check=True, env=environment)
    assert command.log.read_text() == f"{command.folder}|{ODD}|--set=data.path={ODD}\n"


@needs_flock
def test_a_second_run_is_skipped_while_the_first_goes_on(command):
    _, line = crontab_lines(schedule(), command).splitlines()
    held = ["flock", str(command.lock), "sh", "-c", "echo held; sleep 60"]
    with subprocess.Popen(held, stdout=subprocess.PIPE, start_new_session=True) as holder:
        holder.stdout.readline()
        status = subprocess.run(["/bin/sh", "-c", as_cron_runs_it(line)], check=False).returncode
        os.killpg(holder.pid, signal.SIGTERM)
    assert status == 1
    assert command.log.read_text() == ""


def test_a_timer_fires_on_day_and_on_weekday(command):
    units = systemd_units(schedule(), command)
    assert units["nightly.timer"].count("OnCalendar=") == 2


@pytest.mark.parametrize(("deadline", "persistent"), [(None, "true"), (60, "false")])
def test_a_missed_run_is_made_up_for_without_a_deadline(command, deadline, persistent):
    units = systemd_units(schedule(starting_deadline=deadline), command)
    assert f"Persistent={persistent}" in units["nightly.timer"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(command, tmp_path):
    units = systemd_units(schedule(), command)
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    words = ["systemd-analyze", "verify", "--user", "--man=no", str(tmp_path / "nightly.timer")]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    complaints = [line for line in told.stderr.splitlines() if "nightly" in line]
    assert complaints == []


def test_a_service_says_each_word_as_systemd_reads_it(command):
    text = systemd_units(schedule(), command)["nightly.service"]
    (started,) = [line.removeprefix("ExecStart=") for line in text.splitlines() if line.startswith("ExecStart=")]
    assert [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(started)] == command.words
