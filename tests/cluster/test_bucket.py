"""A bucket that takes nothing more, as one does that is full: what a user sees, and that a run can be repeated."""

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
FOLDER = "/buckets/recognition"  # of SeaweedFS


@pytest.fixture
def read_only(installation):
    """A function: whether the bucket may be written to."""

    def set_to(value):
        words = f"fs.configure -locationPrefix={FOLDER} -apply " + ("-readOnly" if value else "-delete")
        installation.kubectl("exec", "-i", "s3-0", "--", "weed", "shell", "-master=127.0.0.1:9333", words=f"{words}\n")

    yield set_to
    set_to(False)


@pytest.fixture
def words(digits_words, long_training):
    settings = ("model.name=cluster-bucket", f"train.epochs={long_training}")
    return (*digits_words, *(f"--set={setting}" for setting in settings), "--summary=summary.json")


def test_a_bucket_that_may_only_be_read_is_told_before_anything_is_submitted(read_only, submit, words):
    read_only(True)
    refused = submit.run(*words)
    assert refused.status == 2, refused.stderr
    assert "nothing was submitted" in refused.stderr
    assert "bucket: " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_bucket_that_is_full_in_mid_run_ends_it_and_the_same_command_goes_on(read_only, submit, words, long_training):
    running = submit.start(*words, "--set=resources.retries=0")
    running.wait_for("epoch 2:")
    read_only(True)
    ended = running.end()
    assert ended.status == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    assert "train failed" in ended.stderr
    read_only(False)
    assert "cluster-bucket" not in submit.run("models", "list").stdout
    again = submit.run(*words, "--set=resources.retries=0")
    assert again.status == 0, again.stderr
    assert f"resuming after epoch {long_training}" in again.stdout
    assert again.summary["model"]["mlflow_version"] == "1"
    assert again.summary["model"]["aliases"] == ["champion"]
