import subprocess
from collections import namedtuple
from dataclasses import replace

import pytest

from operations.platform.environment import data_cache
from operations.runs import job as module
from operations.runs.job import RunOptions, check_job, git_commit
from recognition.configuration.schema import RunConfig
from recognition.data import preload
from recognition.errors import InputError

Usage = namedtuple("Usage", "total used free")


def config_of(**sections):
    return RunConfig.model_validate({"data": {"source": "digits"}} | sections)


@pytest.fixture
def unreachable(monkeypatch):
    """CIFAR-100 that can neither be found nor downloaded."""
    monkeypatch.delenv("RECOGNITION_DATA", raising=False)
    monkeypatch.setattr("recognition.data.download.PAUSE", 0.01)
    return {"source": "cifar100", "url": "http://127.0.0.1:9/cifar-100-binary.tar.gz"}


def test_a_checked_job_knows_what_will_run(folder):
    job = check_job(config_of(), "smoke")
    assert (job.config, job.recipe, job.fallback) == (config_of(), "smoke", "")
    assert job.data == "digits: 1,295 train, 143 validation, 359 test images of 8x8x1, 10 classes"
    assert folder.is_dir()


def test_every_run_has_its_own_name(folder):
    names = {check_job(config_of(), "smoke").run_name for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("smoke-") for name in names)


@pytest.mark.parametrize("recipe", ["it's", "two words", "{date}", "ключ", "a/b", "x" * 300])
def test_any_name_of_a_configuration_gives_a_name_that_is_safe(folder, recipe):
    name = check_job(config_of(), recipe).run_name
    assert not set(name) & set("'\" {}/\\:")
    assert name.isascii()
    assert len(name) < 100


def test_the_images_are_read_once_and_kept_for_the_pipeline(folder, monkeypatch):
    check_job(config_of(), "smoke")
    monkeypatch.setattr(preload, "read_dataset", lambda *arguments: pytest.fail("read again"))
    assert preload.take_dataset(config_of().data, data_cache()).name == "digits"


def test_other_images_than_asked_for_are_refused(folder):
    digest = preload.preload_dataset(config_of().data, data_cache()).digest
    assert check_job(config_of(), "smoke", digest=digest).recipe == "smoke"
    with pytest.raises(InputError, match="not those that the run was trained on") as raised:
        check_job(config_of(data={"source": "digits", "validation": 0.2}), "smoke", digest=digest)
    assert digest[:16] in str(raised.value)


def test_the_fallback_stands_in_with_its_reason(folder, unreachable):
    config = config_of(data={**unreachable, "fallback": {"source": "digits", "train": {"epochs": 7}}})
    job = check_job(config, "smoke")
    assert (job.config.data.source, job.config.train.epochs) == ("digits", 7)
    assert job.config.model.name == "cifar100-fallback-digits"
    assert job.fallback
    assert "\n" not in job.fallback


def test_without_a_fallback_missing_data_is_an_input_error(folder, unreachable):
    with pytest.raises(InputError, match="127"):
        check_job(config_of(data=unreachable), "smoke")


def test_a_missing_gpu_is_found_before_anything_else(folder, monkeypatch):
    monkeypatch.setattr("recognition.training.device.driver_gpus", lambda: 0)
    monkeypatch.setattr(module, "fallback_reason", lambda *arguments: pytest.fail("looked for data"))
    with pytest.raises(InputError, match=r"train\.device is gpu"):
        check_job(config_of(train={"device": "gpu"}), "smoke")


def test_folders_are_checked_before_data_is_read(folder, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(module, "fallback_reason", lambda *arguments: pytest.fail("looked for data"))
    with pytest.raises(InputError, match="folder of --output cannot be written"):
        check_job(config_of(), "smoke", RunOptions(output=tmp_path / "file"))


def test_what_does_not_fit_the_images_is_refused(folder):
    with pytest.raises(InputError, match="too deep"):
        check_job(config_of(train={"network": "deck"}), "smoke")


@pytest.mark.parametrize(("spare", "enough"), [(115_008, True), (115_007, False)])  # the images have 115,008 bytes
def test_too_little_space_is_an_input_error(folder, monkeypatch, spare, enough):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: Usage(0, 0, module.FREE_BYTES + spare))
    if enough:
        check_job(config_of(), "smoke")
    else:
        with pytest.raises(InputError, match=r"too little space[^$]+150 MB free[^$]+RECOGNITION_STATE"):
            check_job(config_of(), "smoke")


def test_the_plan_is_told_in_lines(folder, monkeypatch):
    monkeypatch.setattr(module, "driver_gpus", lambda: 0)
    job = check_job(config_of(train={"epochs": 1, "batch_size": 64}), "smoke")
    lines = job.describe("default").splitlines()
    assert lines[0] == f"run {job.run_name}"
    told = dict(line.strip().split(maxsplit=1) for line in lines[1:])
    assert told["recipe"] == "smoke: 1 epoch, batch 64, sgd at 0.1, constant, seed 0"
    assert told["device"] == "auto: CPU, as there is no GPU; precision auto"
    assert (told["network"], told["stack"], told["model"]) == ("fast", "default", "cifar100")
    assert told["state"] == str(folder)
    assert "keras 3." in told["versions"]


@pytest.mark.parametrize(("device", "told"), [("auto", "auto: GPU;"), ("cpu", "cpu;"), ("gpu", "gpu;")])
def test_the_device_is_told_as_far_as_it_is_known(folder, monkeypatch, device, told):
    job = check_job(config_of(), "smoke")
    monkeypatch.setattr(module, "driver_gpus", lambda: 1)
    config = job.config.model_copy(update={"train": job.config.train.model_copy(update={"device": device})})
    assert f"device    {told}" in replace(job, config=config).describe("default")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout with one commit; a function runs git in it."""

    def git(*words):
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True)

    git("init", "--quiet")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--quiet", "--message=first")
    git("tag", "--annotate", "--message=release", "v1")
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    return git


def test_the_commit_is_known(checkout, tmp_path):
    head = checkout("rev-parse", "HEAD").stdout.strip()
    assert git_commit() == head
    (tmp_path / "file").write_text("2")
    assert git_commit() == f"{head}+changes"


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() is None
    monkeypatch.setenv("PATH", "")
    assert git_commit() is None
