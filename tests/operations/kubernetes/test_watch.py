import pytest

from operations.kubernetes.failure import RunFailed, failure
from operations.kubernetes.pending_guard import REASON
from operations.kubernetes.pod_log import OVERLAP
from operations.kubernetes.watch import Watch
from recognition.training.retraining import RetrainingRefused
from tests.operations.kubernetes.records import PODS, pod, run, step

JOBS = "/apis/batch/v1/namespaces/recognition/jobs"


def job(fake, name, annotations, **status):
    labels = {"run_id": "r1"}
    return fake.add(
        f"{JOBS}/{name}", metadata={"labels": labels, "annotations": annotations}, status=status, spec={"template": {}}
    )


def container(**state):
    each = {"name": "main", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": state}
    return {"containerStatuses": [each]}


def unschedulable(message):
    return {"conditions": [{"type": "PodScheduled", "status": "False", "message": message}]}


@pytest.fixture
def watch(cluster):
    return Watch(cluster, "recognition", "r1", pending_timeout=60)


def failed(watch, run):
    return failure(run, watch.logs, watch.reasons())


def test_a_pod_that_a_quota_refuses_is_told_once(fake, watch, capsys):
    job(fake, "job-1", {"zenml.io/step-name": "train"})
    about = {"involvedObject": {"kind": "Job", "name": "job-1"}, "reason": "FailedCreate", "message": "exceeded quota"}
    fake.add(f"{PODS.removesuffix('pods')}events/job-1.1", **about)
    watch.look()
    watch.look()
    assert capsys.readouterr().out.count("train gets no pod: exceeded quota") == 1


def test_zenmls_and_tensorflows_own_words_are_not_told(fake, watch, capsys):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "zenml: Step train has started.\nI0000 00:00:1 1 port.cc:153] oneDNN\nepoch 1\n"}
    watch.look()
    told = capsys.readouterr().out
    assert "epoch 1" in told
    assert "has started" not in told
    assert "oneDNN" not in told


def test_each_line_of_a_log_is_told_once(fake, watch, capsys):
    pod(fake, "train-1", "Running")
    pod(fake, "foreign", "Running", run="r2")
    fake.logs = {"train-1": "epoch 1\n", "foreign": "nothing of ours\n"}
    watch.look()
    fake.logs["train-1"] += "epoch 2\n"
    watch.look()
    watch.look()
    assert capsys.readouterr().out == "train: pod train-1\n  epoch 1\n  epoch 2\n"


@pytest.fixture
def wait(fake, monkeypatch):
    """A function: seconds -> so many pass, here and on the server."""
    passed = [0.0]
    monkeypatch.setattr("operations.kubernetes.pod_log.time.monotonic", lambda: 1_000 + passed[0])
    fake.clock = lambda: 1_800_000_000 + passed[0]
    return lambda seconds: passed.__setitem__(0, passed[0] + seconds)


def test_a_log_is_read_whole_once(fake, watch, wait, capsys):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "".join(f"epoch {number}\n" for number in range(5))}
    watch.look()
    wait(60)
    fake.logs["train-1"] += "epoch 5\n"
    watch.look()
    wait(3)
    watch.look()
    assert capsys.readouterr().out.splitlines()[1:] == [f"  epoch {number}" for number in range(6)]
    assert watch.logs == {"train": [f"epoch {number}" for number in range(6)]}
    assert fake.log_seconds == [None, 60 + OVERLAP, 3 + OVERLAP]


def test_equal_lines_are_two(fake, watch, wait, capsys):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "again\n"}
    watch.look()
    wait(3)
    fake.logs["train-1"] += "again\n\nagain\n"
    watch.look()
    assert watch.logs == {"train": ["again", "again", "", "again"]}


def test_what_is_written_while_an_answer_is_on_its_way_is_told(fake, watch, wait):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "one\n"}
    watch.look()
    fake.logs["train-1"] += "two\n"
    fake._log("train-1", {})  # now
    wait(3)
    watch.look()
    assert watch.logs == {"train": ["one", "two"]}


def test_a_line_is_told_when_it_has_its_end(fake, watch, wait, capsys):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "one\nload"}
    watch.look()
    assert capsys.readouterr().out == "train: pod train-1\n  one\n"
    wait(100)  # its beginning is old by then
    watch.look()
    fake.logs["train-1"] += "ing\ntwo\n"
    wait(100)
    watch.look()
    assert capsys.readouterr().out == "  loading\n  two\n"


def test_a_last_line_without_an_end_is_told(fake, watch, wait, capsys):
    pod(fake, "train-1", "Running")
    fake.logs = {"train-1": "one\nkilled wh"}
    watch.look()
    wait(3)
    pod(fake, "train-1", "Failed")
    watch.look()
    assert capsys.readouterr().out == "train: pod train-1\n  one\n  killed wh\n"


def test_a_pod_that_has_ended_is_read_a_last_time(fake, watch, capsys):
    pod(fake, "train-1", "Succeeded")
    fake.logs = {"train-1": "done\n"}
    watch.look()
    fake.requests.clear()
    watch.look()
    assert not [path for path, _ in fake.sent("GET") if path.endswith("/log")]
    assert "done" in capsys.readouterr().out


def test_what_a_pod_waits_for_is_told_when_it_changes(fake, watch, capsys):
    pod(fake, "train-1", "Pending", **unschedulable("0/1 nodes: Insufficient nvidia.com/gpu"))
    watch.look()
    watch.look()
    assert capsys.readouterr().out == "train waits: no node: 0/1 nodes: Insufficient nvidia.com/gpu\n"
    waits = container(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling a"})
    pod(fake, "train-1", "Pending", **waits)
    watch.look()
    assert capsys.readouterr().out == "train waits: ImagePullBackOff: Back-off pulling a\n"


@pytest.mark.parametrize(
    "status",
    [unschedulable("0/1 nodes: Insufficient cpu"), container(waiting={"reason": "ErrImagePull", "message": "no a"})],
)
def test_an_orchestrator_that_cannot_begin_ends_the_run(fake, watch, status):
    pod(fake, "first", "Pending", step=None, **status)
    job(fake, "job-first", {})
    with pytest.raises(RunFailed, match="the orchestrator's pod cannot begin"):
        watch.look()
    assert fake.sent("PATCH")[0][1]["spec"] == {"activeDeadlineSeconds": 1}


def test_an_orchestrator_that_gave_up_ends_the_run(fake, watch):
    gave_up = [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]
    job(fake, "first", {"zenml.io/orchestrator": "1"}, conditions=gave_up)
    with pytest.raises(RunFailed, match=r"backoff limit\n.*kubectl -n recognition logs job/first"):
        watch.look()


def test_a_cluster_that_is_away_is_asked_again(fake, watch, capsys):
    fake.failing = {"/api": 503}
    watch.look()
    assert "does not answer" in capsys.readouterr().out


def test_a_failed_step_is_told_with_its_last_lines(fake, watch):
    pod(fake, "train-1", "Failed")
    fake.logs = {"train-1": "\n".join(f"line {number}" for number in range(30))}
    watch.look()
    error = failed(watch, run(ingest=step("completed"), train=step(message="loss is NaN\nmore")))
    assert error.exit_status == 1
    assert "step train failed\n    line 20\n" in str(error)
    assert "    line 29\n  received: loss is NaN\n" in str(error)


def test_a_traceback_is_told_as_its_error(fake, watch):
    frames = [f'  File "{number}.py", line 1, in call\n    call()\n    ^^^^^^' for number in range(20)]
    lines = ["before", "Traceback (most recent call last):", *frames, "OSError: no space", "after"]
    pod(fake, "train-1", "Failed")
    fake.logs = {"train-1": "\n".join(lines)}
    watch.look()
    told = str(failed(watch, run(train=step(message="no space"))))
    assert "step train failed\n    before\n    OSError: no space\n    after\n" in told
    assert "stack check" in told


@pytest.mark.parametrize(
    "steps", [{"train": step("retrying")}, {"train": step()}, {}], ids=["retrying", "failed", "none"]
)
def test_what_the_scheduler_said_is_told(fake, watch, steps):
    job(fake, "job", {"zenml.io/step-name": "train", REASON: "waited 60 s for a node: 0/1 nodes"})
    error = failed(watch, run(ingest=step("completed"), **steps))
    assert "step train failed\n  received: waited 60 s for a node: 0/1 nodes" in str(error)


def test_a_run_that_somebody_stopped(watch):
    assert "the run is stopped" in str(failed(watch, run("stopped", ingest=step("completed"))))


def test_a_pod_without_memory_is_told_with_its_limit(fake, watch):
    pod(fake, "train-1", "Failed", **container(terminated={"reason": "OOMKilled", "exitCode": 137}))
    assert "more memory than its limit, 2Gi; resources.memory" in str(failed(watch, run(train=step())))


@pytest.mark.parametrize(
    "words",
    [
        "Pod ephemeral local storage usage exceeds the total limit of containers 10Gi. ",
        'Container main exceeded its local ephemeral storage limit "10Gi". ',
    ],
)
def test_a_pod_that_wrote_too_much_is_told_with_its_limit(fake, watch, words):
    pod(fake, "train-1", "Failed", reason="Evicted", message=words)
    assert f"{words.strip()} resources.disk raises it" in str(failed(watch, run(train=step())))


def test_a_pod_that_a_full_node_ended_is_not_told_to_have_written_too_much(fake, watch):
    pod(fake, "train-1", "Failed", reason="Evicted", message="The node was low on resource: ephemeral-storage.")
    assert "resources.disk" not in str(failed(watch, run(train=step())))


def test_a_refused_retraining_stays_one(watch):
    original = RetrainingRefused("the data differ", received="verdict shifted", expected="[]", remedy="look at: it")
    source = "recognition.training.retraining.RetrainingRefused"
    again = failed(watch, run(permit=step(source=source, message=str(original))))
    assert isinstance(again, RetrainingRefused)
    assert str(again) == str(original)
