"""Functions of ours that change what lasts, read from the code: each must be visited by some scenario's points."""

import ast

from tests.deaths.tracer import OURS, PROJECT

ROOMS = ("registry", "schedules", "storage", "tracking", "training")  # of operations/, which the scenarios are about
ELSEWHERE = {  # what no scenario needs to visit, and why: a file's path, or a function's name as a point has it
    "operations/registry/lease.py": "every order of two holders' requests: test_lease_model.py",
    "operations/registry/model_store.py:add_file": "one file, which is written anew: test_champion_data.py",
    "operations/registry/copying.py:_fetch": "a folder that ends with the command",
    "operations/registry/copying.py:_describe_anew": "a file in that folder",
    "operations/tracking/logged_model.py:log_model": "what a killed run has stored, no version names: prune has it",
    "operations/schedules/scheduler.py:start": "one request: test_scheduler.py",
    "operations/tracking/connection.py:connect_tracker": "an empty folder",
    "operations/training/past_trainings.py:note_question": "a tag that is written again: test_retraining.py",
    "operations/tracking/mlflow_runs.py:nested_run": "one request, which finds its run again: test_mlflow_runs.py",
    "operations/tracking/mlflow_runs.py:log_files": "files that are logged again: test_mlflow_runs.py",
    "operations/tracking/runs.py:_mark_stopping": "Ctrl-C, which close_orphans finishes: test_interruption.py",
    "recognition/training/checkpoint.py:load_checkpoint": "puts a damaged file aside: test_checkpoint.py",
    "operations/training/folder.py:_take_over": "a single rename: test_checkpoints.py",
}
CHANGING = (
    *("write_text", "write_bytes", "touch", "rename", "replace", "unlink", "mkdir", "rmdir", "makedirs", "rmtree"),
    *("copyfile", "copytree", "move", "remove", "fsync", "set_stage", "log_batch", "create_run", "end_run"),
)
BEGINNINGS = ("create_", "update_", "delete_", "set_", "log_", "finalize_", "patch_namespaced_", "publish_")


def changing_functions():
    """Names, as a point has them, of the functions that call what changes something and is not ours."""
    own = {
        node.name for tree in _trees(_all_files()) for node in ast.walk(tree[1]) if isinstance(node, ast.FunctionDef)
    }
    found = set()
    for path, tree in _trees(_looked_at()):
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            if any(_changes(node, own) for node in ast.walk(function)):
                found.add(f"{path}:{function.name}")
    return found


def unvisited(points):
    """Functions that change something, and that no point of these is in."""
    visited = {place for _, _, place in points} | set(ELSEWHERE)
    return sorted(each for each in changing_functions() if not {each, each.partition(":")[0]} & visited)


def _changes(node, own):
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name = node.func.attr
    if name == "replace" and len(node.args) != 1:  # of a text
        return False
    if name == "open":
        return any(isinstance(each, ast.Constant) and set("wax+") & set(str(each.value)) for each in node.args)
    return name not in (*own, "set_tracking_uri") and (name in CHANGING or name.startswith(BEGINNINGS))


def _looked_at():
    rooms = [path for room in ROOMS for path in (PROJECT / "operations" / room).glob("*.py")]
    return sorted(str(path.relative_to(PROJECT)) for path in (*rooms, PROJECT / "recognition/training/checkpoint.py"))


def _all_files():
    return [str(path.relative_to(PROJECT)) for name in OURS for path in (PROJECT / name).rglob("*.py")]


def _trees(paths):
    return [(path, ast.parse((PROJECT / path).read_text())) for path in paths]


if __name__ == "__main__":
    print("\n".join(sorted(changing_functions())))
