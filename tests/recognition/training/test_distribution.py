import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from recognition.errors import InputError
from recognition.training import distribution
from recognition.training.device import Device
from recognition.training.distribution import (
    Distribution,
    check_mirrored,
    check_strategy,
    choose_distribution,
    is_shared,
    requested_cluster,
)
from tests.recognition.training.samples import recipe

ROOT = Path(__file__).resolve().parents[3]
USUAL = ("half precision", "all")
RARE = ("plain", "accumulated", "clipped", "averaged", "muon", "adam", "bfloat16")
RARE_OF_WORKERS = ("half precision", *RARE)
CPU = Device("cpu", "/CPU:0", "float32", "")


def cluster(index=0, kind="worker", workers=("a:1", "b:2")):
    return json.dumps({"cluster": {"worker": list(workers)}, "task": {"type": kind, "index": index}})


@pytest.fixture(autouse=True)
def tf_config(monkeypatch):
    """A function that sets the variable."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return lambda text: monkeypatch.setenv("TF_CONFIG", text)


def start(folder, *features, **environment):
    command = [sys.executable, "-m", "tests.recognition.training.shared_batches", str(folder), *features]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors[-2000:]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def measured(folder, features):
    """Losses of trainings on one device and on two, by feature and strategy."""
    finish(start(folder, *features))
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize(("numbers", "agree"), [([2, 2, 2], True), ([1, 2, 3], False), ([2, 2, 3], False)])
def test_workers_agree_where_all_have_the_same_number(numbers, agree, monkeypatch):
    """Their mean would not do: of 1, 2 and 3 it is what the second has."""
    monkeypatch.setattr(distribution, "_gathered", lambda strategy, number: numbers)
    assert Distribution(None, replicas=3, workers=3, chief=False, reason="").agree(2) == agree


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("usual"), USUAL)


@pytest.fixture(scope="module")
def rare_curves(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("rare"), RARE)


def shared(folder, features):
    """Losses of trainings of two processes, by process and feature."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    processes = [start(folder, *features, TF_CONFIG=cluster(index, workers=addresses)) for index in (0, 1)]
    for process in processes:
        finish(process)
    return [json.loads((folder / f"worker-{index}.json").read_text()) for index in (0, 1)]


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Losses by process, and the files that one training left."""
    folder = tmp_path_factory.mktemp("workers")
    losses = shared(folder, ("all",))
    return losses, sorted(path.name for path in folder.glob("all workers/*"))


@pytest.fixture(scope="module")
def rare_workers(tmp_path_factory):
    return shared(tmp_path_factory.mktemp("rare_workers"), RARE_OF_WORKERS)


@pytest.mark.parametrize("feature", USUAL)
def test_two_devices_learn_what_one_learns(curves, feature):
    check_alike(feature, **curves[feature])


@pytest.mark.exhaustive
@pytest.mark.parametrize("feature", RARE)
def test_two_devices_learn_what_one_learns_with_less_usual_recipes(rare_curves, feature):
    check_alike(feature, **rare_curves[feature])


def check_alike(feature, single, mirrored):
    tolerance = {"half precision": 1e-3, "bfloat16": 1e-2}.get(feature, 1e-5)
    for epoch_of_one, epoch_of_two in zip(single, mirrored, strict=True):
        assert epoch_of_two == pytest.approx(epoch_of_one, rel=tolerance)
    assert single[-1][0] < 1.02 * single[0][0]


@pytest.mark.exhaustive
def test_each_feature_changes_what_is_learned(curves, rare_curves):
    losses = [each["single"][-1][1] for each in (curves | rare_curves).values()]
    assert len({round(loss, 4) for loss in losses}) == len(losses) == len(USUAL + RARE)


@pytest.mark.parametrize(("device", "gpus"), [("auto", 0), ("gpu", 1), ("cpu", 2)])
def test_one_device_has_nobody_to_share_a_batch_with(device, gpus):
    check_mirrored(recipe(strategy="auto", device=device), gpus)
    check_mirrored(recipe(strategy="mirrored", device="auto"), 2)
    with pytest.raises(InputError, match="there is one device to train on"):
        check_mirrored(recipe(strategy="mirrored", device=device), gpus)


def test_two_processes_learn_what_one_learns(curves, workers):
    losses, _ = workers
    assert losses[0] == losses[1]
    check_alike("all", curves["all"]["single"], losses[0]["all"])


@pytest.mark.exhaustive
@pytest.mark.parametrize("feature", RARE_OF_WORKERS)
def test_two_processes_learn_what_one_learns_with_less_usual_recipes(curves, rare_curves, rare_workers, feature):
    assert rare_workers[0] == rare_workers[1]
    check_alike(feature, {**curves, **rare_curves}[feature]["single"], rare_workers[0][feature])


def test_one_of_two_processes_saves(workers):
    _, files = workers
    assert files == ["epoch-00001-batch-0000000.npz", "epoch-00002-batch-0000000.npz"]


def test_no_cluster(tf_config):
    assert requested_cluster() is None
    for text in ("", " ", cluster(workers=["a:1"])):
        tf_config(text)
        assert requested_cluster() is None


def test_a_cluster_with_a_chief_of_its_own(tf_config):
    names = {"chief": ["a:1"], "worker": ["b:2", "c:3"]}
    for kind, index, expected in (("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)):
        tf_config(json.dumps({"cluster": names, "task": {"type": kind, "index": index}}))
        assert requested_cluster() == (["a:1", "b:2", "c:3"], expected)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        cluster(5),
        cluster(-1),
        cluster(kind="ps"),
        '{"cluster": {"worker": 3}, "task": {"type": "worker"}}',
    ],
)
def test_a_cluster_that_is_none(tf_config, text):
    tf_config(text)
    with pytest.raises(InputError, match="TF_CONFIG is not a training cluster"):
        requested_cluster()


def test_workers_that_nobody_named():
    with pytest.raises(InputError, match="names no second worker"):
        check_strategy(recipe(strategy="multi_worker"))


@pytest.mark.parametrize("strategy", ["auto", "multi_worker"])
def test_a_batch_that_workers_cannot_share(tf_config, strategy):
    tf_config(cluster())
    check_strategy(recipe(strategy=strategy, batch_size=30))
    with pytest.raises(InputError, match=r"shared evenly by 2 devices(.|\n)*train.batch_size=30"):
        check_strategy(recipe(strategy=strategy, batch_size=31))


def test_workers_train_by_one_strategy():
    check_strategy(recipe(workers=2, strategy="multi_worker", batch_size=30))
    with pytest.raises(InputError, match=r"one strategy only(.|\n)*train.strategy: mirrored"):
        check_strategy(recipe(workers=2, strategy="mirrored"))


def test_workers_are_as_many_as_tf_config_names(tf_config):
    tf_config(cluster())
    check_strategy(recipe(workers=2, batch_size=30))
    with pytest.raises(InputError, match=r"contradict each other(.|\n)*train.workers: 3, and 2 in TF_CONFIG"):
        check_strategy(recipe(workers=3, batch_size=30))


def test_a_batch_that_workers_of_the_recipe_cannot_share():
    with pytest.raises(InputError, match=r"shared evenly by 4 devices(.|\n)*train.batch_size=28"):
        check_strategy(recipe(workers=4, batch_size=30))


def test_workers_that_nobody_started():
    check_strategy(recipe(workers=2, batch_size=30))
    with pytest.raises(InputError, match="the workers of this training were not started"):
        choose_distribution(recipe(workers=2, batch_size=30), CPU)


def test_who_shares_a_training(tf_config):
    assert not is_shared(recipe())
    assert is_shared(recipe(workers=2))
    tf_config(cluster())
    assert is_shared(recipe())
    assert not is_shared(recipe(strategy="single"))


def test_a_single_device_is_not_mirrored():
    with pytest.raises(InputError, match="there is one device"):
        choose_distribution(recipe(strategy="mirrored"), CPU)


def test_one_device_is_taken_as_it_is():
    chosen = choose_distribution(recipe(), CPU)
    assert (chosen.replicas, chosen.workers, chosen.chief) == (1, 1, True)
