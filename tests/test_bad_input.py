import gzip
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import run_pipeline
from recognition.training.device import driver_gpus
from tests.conftest import Outcome

LONGEST = 10  # lines
SMOKE = "--config=smoke.yaml"
FOLDER = "cifar-100-binary"
RECORD = 3_074  # bytes
HEAVY = {"tensorflow", "keras", "zenml", "mlflow", "sklearn", "matplotlib"}
ON_TMPFS = """mount -t tmpfs -o "$1" none "$2" || exit; state=$2; shift 2
"$@"; status=$?; find "$state" -type f; exit $status"""


@pytest.fixture(scope="session")
def contents(cifar100_contents):
    """The files of a small valid CIFAR-100."""
    return {f"{FOLDER}/{name}": content for name, content in cifar100_contents(1, 1).items()}


@pytest.fixture(scope="session")
def archive(contents, pack, tmp_path_factory):
    """The path of a small valid CIFAR-100, to be read only."""
    return pack(tmp_path_factory.mktemp("valid") / f"{FOLDER}.tar.gz", contents)


@pytest.fixture
def in_process(tmp_path, monkeypatch, capfd):
    """What `command` is, in this process: most refusals need no other."""
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)
    monkeypatch.setattr(
        "operations.runs.job.TrainingJob.describe", lambda *_: pytest.fail("this was not refused", pytrace=False)
    )
    monkeypatch.delenv("RECOGNITION_DATA", raising=False)
    return InProcess(tmp_path, monkeypatch, capfd)


@dataclass(frozen=True)
class InProcess:
    folder: Path
    patch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture

    @property
    def state(self):
        return self.folder / "state"

    def run(self, *arguments, **environment):
        work = self.folder / "work"
        work.mkdir()
        self.patch.chdir(work)
        for name, value in {"RECOGNITION_STATE": str(self.state), **environment}.items():
            self.patch.setenv(name, value)
        status = run_pipeline.main([str(argument) for argument in arguments])
        return Outcome(status, *self.captured.readouterr(), work, None)


def assert_refused(outcome, state, *texts):
    """The command said what is wrong in a few lines, and did nothing."""
    assert outcome.status == 2, outcome.stderr
    assert outcome.stdout == ""
    message = [line for line in outcome.stderr.splitlines() if not line.startswith("Downloading ")]
    assert message[0].startswith("error: ")
    assert "Traceback" not in outcome.stderr
    assert len(message) <= LONGEST
    for text in texts:
        assert text in outcome.stderr
    # a lock is empty, and stays
    assert [path for path in state.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    assert list(outcome.folder.iterdir()) == []


def text_archive(archive, contents, pack, path):
    path.write_text("this is no archive\n" * 1_000)


def text_in_gzip(archive, contents, pack, path):
    path.write_bytes(gzip.compress(b"this is no archive\n" * 1_000))


def cut_short(archive, contents, pack, path):
    path.write_bytes(archive.read_bytes()[:100_000])


def damaged(archive, contents, pack, path):
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def partial_record(archive, contents, pack, path):
    pack(path, {**contents, f"{FOLDER}/train.bin": contents[f"{FOLDER}/train.bin"][:-1]})


def label_out_of_range(archive, contents, pack, path):
    records = bytearray(contents[f"{FOLDER}/train.bin"])
    records[RECORD + 1] = 100
    pack(path, {**contents, f"{FOLDER}/train.bin": bytes(records)})


def without_test_part(archive, contents, pack, path):
    pack(path, {name: content for name, content in contents.items() if "test.bin" not in name})


def member_above(archive, contents, pack, path):
    pack(path, {**contents, f"{FOLDER}/../../escaped": b"x"})


def absolute_member(archive, contents, pack, path):
    pack(path, {**contents, "/escaped": b"x"})


def symbolic_link(archive, contents, pack, path):
    pack(path, {**contents, f"{FOLDER}/extra": link(tarfile.SYMTYPE, "/etc/passwd")})


def hard_link(archive, contents, pack, path):
    pack(path, {**contents, f"{FOLDER}/extra": link(tarfile.LNKTYPE, f"{FOLDER}/train.bin")})


def link(kind, target):
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    ("write", "texts"),
    [
        (lambda *_: None, ["data.path names no CIFAR-100", "which does not exist", "to mend: correct data.path"]),
        (lambda *given: given[-1].touch(), ["is empty", "received: 0 bytes", "expected: a file with content"]),
        (text_archive, ["is not a tar archive", "expected: a complete tar or tar.gz archive"]),
        (text_in_gzip, ["is not a tar archive", "expected: a complete tar or tar.gz archive"]),
        (cut_short, ["is cut short", "received: 100,000 bytes", "to mend: fetch the archive again"]),
        (damaged, ["is damaged", "expected: a complete tar or tar.gz archive"]),
        (partial_record, ["train.bin is not in the binary format", "expected: a multiple of 3,074 bytes"]),
        (label_out_of_range, ["train.bin has a fine label out of range", "100 in record 1", "expected: 0 to 99"]),
        (without_test_part, ["lacks test.bin", "expected: all of"]),
        (member_above, ["points out of its own folder", "/../../escaped'"]),
        (absolute_member, ["points out of its own folder", "'/escaped'"]),
        (symbolic_link, ["holds a link", "-> '/etc/passwd'", "expected: plain files and folders"]),
        (hard_link, ["holds a link", "expected: plain files and folders"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_archive_that_is_not_what_it_should_be(in_process, tmp_path, archive, contents, pack, write, texts):
    path = tmp_path / "given.tar.gz"
    write(archive, contents, pack, path)
    outcome = in_process.run(SMOKE, f"--set=data.path={path}")
    assert_refused(outcome, in_process.state, "received: ", "expected: ", "to mend: ", *texts)


def test_an_archive_with_another_digest(in_process, archive):
    digest = f"sha256:{'0' * 64}"
    outcome = in_process.run(SMOKE, f"--set=data.path={archive}", f"--set=data.digest={digest}")
    assert_refused(outcome, in_process.state, "data.digest", "received: sha256:", f"expected: {digest}", "to mend: ")


def test_no_data_no_network_and_no_fallback(command):
    arguments = ("--set=data.fallback=null", f"--set=data.url=file://{command.state}/nothing.tar.gz")
    outcome = command.run(SMOKE, *arguments)
    texts = (
        "cannot be downloaded",
        "168,513,733 bytes",
        "to mend: name the archive as data.path or in RECOGNITION_DATA",
    )
    assert_refused(outcome, command.state, *texts)


@pytest.mark.parametrize(
    ("setting", "texts"),
    [
        ("train.network=vgg", ["train.network", 'received: "vgg"', "expected: one of "]),
        ("train.network=fsat", ["did you mean fast?"]),
        ("train.epochs=0", ["train.epochs is out of range", "received: 0", "expected: a whole number from 1"]),
        ("train.learning_rate=fast", ["train.learning_rate is not a number", 'received: "fast"', "above 0"]),
        ("data.source=digits", ["data.fallback contradicts data.source: digits"]),
        ("trian.epochs=3", ["unknown key trian", "did you mean train?"]),
        ("data.sorce=digits", ["unknown key data.sorce", "did you mean data.source?"]),
        ("data.fallback.sorce=digits", ["unknown key data.fallback.sorce"]),
        ("data.fallback.train.epoch=3", ["unknown key data.fallback.train.epoch", "did you mean "]),
        ("augmentation.flip=true", ["unknown key augmentation.flip"]),
        ("train.epoch=3", ["unknown key train.epoch", "did you mean train.epochs?"]),
        ("evaluation.batch=3", ["unknown key evaluation.batch"]),
        ("evaluation.metrics=accuracy", ["unknown key evaluation.metrics", "did you mean evaluation.metric?"]),
        ("model.nam=x", ["unknown key model.nam", "did you mean model.name?"]),
        ("resources.cores=2", ["unknown key resources.cores", "expected: one of threads"]),
        ("epochs", ["not a key and its value", "expected: key.path=value"]),
    ],
)
def test_a_setting_that_cannot_be(in_process, setting, texts):
    outcome = in_process.run(SMOKE, f"--set={setting}")
    assert_refused(outcome, in_process.state, f"--set {setting}", *texts)


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        (b"train:\n\tepochs: 1\n", [":2: a tab stands here", "expected: spaces"]),
        (
            b"train:\n  epochs: 1\n  epochs: 2\n",
            [":3: the key train.epochs stands here and in line 2", "each key once"],
        ),
        (
            b"train: !!python/object/apply:os.mkdir [made]\n",
            [":1: the tag", "is not allowed", "expected: a plain value"],
        ),
        (b"train:\n  epochs: 1\n  epoch: 2\n", [":3: unknown key train.epoch", "did you mean train.epochs?"]),
        (b"train: {epochs: 1\n", ["not valid YAML", "expected: a comma or the closing bracket"]),
        (b"- train\n", ["holds no keys", "expected: sections with keys"]),
        (b"", ["is empty", "to mend: "]),
        (b"\xff\xfe\x00train", ["not UTF-8 text", "expected: a YAML file in UTF-8"]),
    ],
    ids=["tab", "duplicate key", "tag", "unknown key", "syntax", "list", "empty", "binary"],
)
def test_a_configuration_that_is_not_what_it_should_be(in_process, tmp_path, text, texts):
    path = tmp_path / "given.yaml"
    path.write_bytes(text)
    assert_refused(in_process.run(f"--config={path}"), in_process.state, str(path), *texts)


def test_a_configuration_that_is_not_there(command):
    outcome = command.run("--config=smok.yaml")
    assert_refused(outcome, command.state, 'no configuration "smok.yaml"', "expected: ", "to mend: did you mean smoke?")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_configuration_that_may_not_be_read(in_process, tmp_path):
    path = tmp_path / "given.yaml"
    path.touch(mode=0)
    assert_refused(in_process.run(f"--config={path}"), in_process.state, "cannot be read: Permission denied")


def test_a_batch_that_is_larger_than_the_data(in_process, digits):
    outcome = in_process.run(*digits, "--set=train.batch_size=1296")
    texts = ("received: train.batch_size: 1296", "expected: at most 1295", "to mend: --set train.batch_size=128")
    assert_refused(outcome, in_process.state, *texts)


@pytest.mark.skipif(driver_gpus() > 0, reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(in_process, digits):
    texts = (
        "received: train.device: gpu",
        "expected: an NVIDIA GPU",
        "to mend: install the driver, or set train.device",
    )
    assert_refused(in_process.run(*digits, "--set=train.device=gpu"), in_process.state, *texts)


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("--summary={file}/summary.json", ["folder of --summary cannot be written", "(not a folder)"]),
        ("--summary={folder}", ["--summary names a folder", "expected: a file to write"]),
        ("--output={file}", ["folder of --output cannot be written", "(not a folder)", "or name another folder"]),
        ("--copy-errors={file}", ["folder of --copy-errors cannot be written", "(not a folder)"]),
        ("--copy-errors={full}", ["folder of --copy-errors is not empty", "nothing is overwritten"]),
    ],
)
def test_results_that_could_not_be_written(in_process, digits, tmp_path, option, texts):
    file, folder, full = tmp_path / "file", tmp_path / "folder", tmp_path / "full"
    file.touch()
    folder.mkdir()
    (full / "mine").mkdir(parents=True)
    assert_refused(
        in_process.run(*digits, option.format(file=file, folder=folder, full=full)), in_process.state, *texts
    )


def test_a_calibration_has_no_errors_to_copy(in_process):
    outcome = in_process.run("--config=calibrate.yaml", "--copy-errors=errors")
    assert_refused(outcome, in_process.state, "--copy-errors needs a training")


def test_a_state_folder_that_is_a_file(command, digits, tmp_path):
    file = tmp_path / "file"
    file.touch()
    outcome = command.run(*digits, RECOGNITION_STATE=str(file))
    assert_refused(outcome, command.state, f"{file} (not a folder)", "or set RECOGNITION_STATE to another folder")


@pytest.fixture
def on_tmpfs(command):
    """A function: mount options -> words before a command that mount its state folder for it alone."""
    command.state.mkdir(parents=True)
    alone = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--mount", "--map-root-user")

    def words(options):
        return (*alone, "sh", "-c", ON_TMPFS, "sh", options, str(command.state))

    if shutil.which("unshare") is None or subprocess.run([*words("size=1m"), "true"], capture_output=True).returncode:
        pytest.skip("mounting a file system is not permitted here")
    return words


def test_a_state_folder_that_may_not_be_written(command, digits, request):
    if os.geteuid() == 0:  # whom permissions do not stop
        outcome = command.run(*digits, before=request.getfixturevalue("on_tmpfs")("ro"))
    else:
        command.state.mkdir(mode=0o500)
        outcome = command.run(*digits)
    assert_refused(
        outcome, command.state, "the state folder cannot be written", f"received: {command.state} (", "to mend: "
    )


def test_a_disk_without_space(command, digits, on_tmpfs):
    outcome = command.run(*digits, before=on_tmpfs("size=1m"))
    texts = ("too little space for the state folder", "received: 1 MB free", "expected: ", "to mend: make room, or set")
    assert_refused(outcome, command.state, *texts)


def test_configuration_errors_come_before_anything_heavy_is_imported(command):
    outcome = command.run(SMOKE, "--set=train.epochs=0", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
    assert outcome.status == 2
    assert "pydantic" in imported
    assert not imported & HEAVY


def test_help_fits_a_terminal(command):
    outcome = command.run("--help", COLUMNS="80")
    lines = outcome.stdout.splitlines()
    assert outcome.status == 0
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    commands = lines[lines.index(next(line for line in lines if line.startswith("other commands"))) + 1 :]
    assert all("  " in line.strip() for line in commands)
