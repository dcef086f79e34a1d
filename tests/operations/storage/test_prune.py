"""Pruning with ZenML's and MLflow's real databases."""

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from operations.platform.environment import data_cache, state_folder
from operations.registry import promotion, registry
from operations.storage import removal
from operations.storage.items import Kind, Policy
from operations.storage.prune import carry_out, make_plan, parse_policy
from operations.tracking import mlflow_runs
from operations.tracking.runs import alive
from recognition.errors import InputError
from tests.operations import tiny_pipeline
from tests.operations.state import connect, empty_state, kept, own_state
from tests.operations.stored_models import path_of, promoted, stored

EVERYTHING = Policy(1, timedelta(0))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A registry that other tests do not share: all of it is pruned."""
    with own_state(empty_state(tmp_path_factory)), pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.storage.zenml_inventory.PIPELINES", ("tiny",))
        yield connect()


@pytest.fixture(scope="module")
def pets(client):
    """Four versions, each of a run of its own."""
    return [trained(client, "pets", run_name(number), str(number)) for number in range(4)]


@pytest.fixture(autouse=True)
def _kept_state(client):
    """For the next test there is what there was for this one."""
    with kept(state_folder()):
        yield


def run_name(number):
    return f"tiny-20260101-00000{number}-aaaaaa"


@pytest.fixture
def prune(client):
    """A function: a policy -> names of what is gone, and of what stayed."""

    def act(policy=EVERYTHING):
        gone, stayed = carry_out(client, policy, make_plan(client, policy).going)
        return [item.name for item in gone], stayed

    return act


class Killed(BaseException):
    """Stands for the end of the process."""


def trained(client, name, run_name, code):
    """A version whose run made a data set."""
    tiny_pipeline.run(run_name, code)
    content = f"{name} {code}".encode()
    metadata = {"metrics": {"accuracy": 0.5}, "data": "made", "data_digest": "ab" * 32}
    file = stored(client, content, run_name=run_name)
    mlflow_runs.finish_run(client, run_name, {}, {})
    return registry.register(client, name, file, metadata, [])


def zenml_runs():
    from zenml.client import Client

    return {run.name for run in Client().list_pipeline_runs(pipeline_name="tiny").items}


def stored_files(client, model):
    return path_of(model.uri)


def arrays():
    return sorted(state_folder().glob("zenml/local_stores/*/arrays/*.npy"))


def written():
    """All files but databases, with the time of their last change."""
    files = [path for path in state_folder().rglob("*") if path.is_file() and ".db" not in path.name]
    return {path: path.stat().st_mtime_ns for path in files}


def test_what_an_alias_needs_stays_and_the_rest_goes(client, prune, pets):
    promoted(client, pets[1])
    (state_folder() / "reports" / run_name(0)).mkdir(parents=True)
    path = stored_files(client, pets[0])
    before = set(arrays())
    gone, stayed = prune()
    assert stayed == []
    assert {"pets version 1", "pets version 3"} <= set(gone)
    assert [str(version.version) for version in registry.versions_of(client, "pets")] == ["2", "4"]
    assert zenml_runs() == {run_name(1), run_name(3)}
    assert not path.exists()
    assert not (state_folder() / "reports" / run_name(0)).exists()
    assert stored_files(client, pets[1]).read_bytes() == b"pets 1"
    assert set(arrays()) == before  # the runs that stay have the same images
    assert prune() == ([], [])


def test_rollback_still_works(client, prune, pets):
    for model in pets[:3]:
        promoted(client, model)
    assert "pets version 1" in prune()[0]
    told = promotion.roll_back(client, "pets", "it was better")
    assert told[-1].startswith("pets version 2 is champion again")


def test_a_cached_run_keeps_the_run_that_it_took_things_from(client, prune):
    tiny_pipeline.run("tiny-20260102-000000-aaaaaa", "same")
    tiny_pipeline.run("tiny-20260102-000001-aaaaaa", "same")
    prune()
    again = tiny_pipeline.run("tiny-20260102-000002-aaaaaa", "same")
    assert str(again.steps["tiny_images"].status) == "cached"


def test_data_that_nobody_reads_go(client, prune, monkeypatch):
    tiny_pipeline.run("tiny-20260103-000000-aaaaaa", "alone")
    orphan = Path(arrays()[0]).with_name("0" * 64 + ".npy")
    orphan.write_bytes(b"left by a killed command")
    data_cache().mkdir()
    (data_cache() / "archive").write_bytes(b"x")
    gone, _ = prune()
    assert orphan.name in gone
    assert not orphan.exists()
    assert (data_cache() / "archive").exists()  # a run may read it
    assert arrays()


def test_arrays_of_a_store_that_has_moved_stay(client, monkeypatch):
    from operations.platform import references

    tiny_pipeline.run("tiny-20260106-000000-aaaaaa", "moved")
    read = references.references
    monkeypatch.setattr(references, "references", lambda uri: [path.replace("/state/", "/old/") for path in read(uri)])
    going = {item.name for item in make_plan(client, EVERYTHING).going if item.kind is Kind.ARRAY}
    assert not going & {path.name for path in arrays()}


def test_a_dry_plan_changes_nothing(client):
    tiny_pipeline.run("tiny-20260104-000000-aaaaaa", "dry")
    before = written()
    assert make_plan(client, EVERYTHING).going
    assert written() == before


def test_other_tools_models_stay(client, prune):
    client.create_registered_model("theirs")
    for _ in range(3):
        client.create_model_version("theirs", source="file:///nowhere")
    prune()
    assert [str(version.version) for version in registry.versions_of(client, "theirs")] == ["1", "2", "3"]


LATER = (
    pytest.param(kind, marks=pytest.mark.exhaustive) for kind in (Kind.ARTIFACT, Kind.MODEL, Kind.TRACKED, Kind.RUN)
)


@pytest.mark.parametrize("kind", [Kind.VERSION, *LATER])
def test_what_a_kill_leaves_the_next_removal_finishes(client, prune, pets, monkeypatch, kind):
    promoted(client, pets[3])
    with monkeypatch.context() as patch:
        removers = removal._removers

        def dying(client):
            def die(item):
                raise Killed

            return {**removers(client), kind: die}

        patch.setattr(removal, "_removers", dying)
        with pytest.raises(Killed):
            prune()
    assert stored_files(client, pets[3]).read_bytes() == b"pets 3"
    _, stayed = prune()
    assert stayed == []
    assert prune() == ([], [])
    assert stored_files(client, pets[3]).read_bytes() == b"pets 3"
    runs = [run.data.tags[mlflow_runs.RUN_TAG] for run in client.search_runs([mlflow_runs.experiment_id(client)])]
    assert [run for run in runs if run in map(run_name, range(4))] == [run_name(3)]


@pytest.fixture
def server(monkeypatch):
    """ZenML's store refuses what a server refuses: to forget an artifact that a run tells of."""
    from zenml.client import Client

    store = Client().zen_store
    forget = store.delete_artifact_version

    def refusing(identifier):
        if not Client().list_artifact_versions(id=identifier, only_unused=True).items:
            raise ValueError("The metadata of artifact versions that are used in runs cannot be deleted.")
        forget(identifier)

    monkeypatch.setattr(type(store), "delete_artifact_version", lambda _, identifier: refusing(identifier))


def artifact_rows(run_name):
    from zenml.client import Client

    steps = Client().get_pipeline_run(run_name).steps.values()
    return [version.id for step in steps for each in step.outputs.values() for version in each]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_server_forgets_artifacts_with_their_run(client, prune, pets, server, monkeypatch, is_killed):
    from zenml.client import Client

    promoted(client, pets[3])
    rows = artifact_rows(run_name(0))
    with monkeypatch.context() as patch:
        delete = Client().delete_pipeline_run

        def dying(self, identifier):
            delete(identifier)
            raise Killed

        if is_killed:
            patch.setattr(Client, "delete_pipeline_run", dying)
            with pytest.raises(Killed):
                prune()
    prune()
    assert prune() == ([], [])
    assert not zenml_runs() & {run_name(number) for number in range(3)}
    assert not [row for row in rows if Client().list_artifact_versions(id=row).items]


def test_an_alias_that_was_given_meanwhile_keeps_a_version(client, pets):
    plan = make_plan(client, EVERYTHING)
    client.set_registered_model_alias("pets", "blue", pets[0].mlflow_version)
    (item,) = [item for item in plan.going if item.name == "pets version 1"]
    assert removal.remove(client, [item]) == [(item, "it is blue by now")]
    _, stayed = carry_out(client, EVERYTHING, plan.going)
    assert [(item.name, why) for item, why in stayed if item.kind is Kind.VERSION] == [("pets version 1", "blue")]


def test_nothing_is_removed_while_a_run_goes_on(client):
    with alive("train-1"), pytest.raises(InputError, match="train-1"):
        carry_out(client, EVERYTHING, [])


def test_no_run_begins_while_things_are_removed(client, monkeypatch, capsys):
    begun, threads = [], []

    def begin():
        with alive("train-2"):
            begun.append("train-2")

    def meanwhile(client, items):
        threads.append(Thread(target=begin))
        threads[0].start()
        while "waiting" not in capsys.readouterr().out:
            assert not begun
        return []

    monkeypatch.setattr("operations.storage.prune.remove", meanwhile)
    carry_out(client, EVERYTHING, [])
    threads[0].join()
    assert begun == ["train-2"]


def test_a_report_that_is_a_file_goes_and_what_cannot_go_is_told(client, prune, monkeypatch):
    reports = state_folder() / "reports"
    (reports / "kept").mkdir(parents=True)
    (reports / "note").write_text("a plain file")

    def refuse(path):
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr("operations.storage.removal.shutil.rmtree", refuse)
    gone, stayed = prune()
    assert "report of note" in gone
    assert not (reports / "note").exists()
    assert ("report of kept", "it cannot be removed: Operation not permitted") in [(i.name, why) for i, why in stayed]


@pytest.mark.parametrize(
    ("keep", "age", "told"),
    [(0, "30d", "--keep"), (1, "3x", "--older-than"), (1, "", "--older-than"), (1, "-1d", "no age")],
)
def test_what_makes_no_policy_is_refused(keep, age, told):
    with pytest.raises(InputError, match=told):
        parse_policy(keep, age)


def test_ages():
    ages = [parse_policy(1, age).older_than for age in ("12h", "30d", "2w", "7", "0d")]
    assert ages == [timedelta(hours=12), timedelta(30), timedelta(14), timedelta(7), timedelta(0)]
