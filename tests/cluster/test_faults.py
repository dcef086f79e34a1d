"""What a user sees where a cluster cannot do what was asked, and that no half model version is left."""

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture
def fail(submit, digits_words):
    """A function: settings of a run -> what came of it; it registered nothing."""

    def run(*settings):
        words = (*digits_words, "--set=model.name=cluster-fault", *(f"--set={setting}" for setting in settings))
        outcome = submit.run(*words)
        assert "cluster-fault" not in submit.run("models", "list").stdout
        return outcome

    return run


def test_a_gpu_that_no_node_has_is_refused_before_anything_is_submitted(fail):
    outcome = fail("resources.gpus=64", "resources.node_selector={no: node}")
    assert outcome.status == 2
    assert "nothing was submitted" in outcome.stderr
    assert "GPUs" in outcome.stderr


def test_more_than_the_quota_allows_is_refused_before_anything_is_submitted(fail):
    outcome = fail("resources.memory=900Gi")
    assert outcome.status == 2
    assert "900Gi asked for of 32Gi requests.memory" in outcome.stderr


def test_a_pod_that_fits_on_no_node_ends_the_run_with_what_the_scheduler_said(fail):
    outcome = fail("resources.node_selector={no: node}", "resources.pending_timeout=20")
    assert outcome.status == 1
    assert "step train failed" in outcome.stderr
    assert "waited 20 s for a node: 0/" in outcome.stderr


def test_memory_that_is_too_small_is_named(fail):
    outcome = fail("resources.memory=300Mi", "resources.retries=0")
    assert outcome.status == 1
    assert "used more memory than its limit, 300Mi" in outcome.stderr


def test_an_image_that_is_nowhere_is_refused(submit, installation):
    path = installation.stack_file()
    stack = path.read_text()
    path.write_text(stack.replace("recognition:0.2.0", "recognition:missing"))
    try:
        assert submit.run("stack", "apply", path).status == 0
        checked = submit.run("stack", "check")
    finally:
        path.write_text(stack)
        assert submit.run("stack", "apply", path).status == 0
    assert checked.status == 1
    assert "recognition:missing" in checked.stdout
