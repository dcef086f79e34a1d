"""Places where an error would matter to a user, and the error that a developer might make there.

A place is a piece of the product's text and not a file and a line, so that it is found again when code moves. Whoever
changes the text itself changes it here too, or takes another place of the same room.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGES = ("recognition", "operations", "materializers", "steps", "pipelines", "commands", "k8s")


@dataclass(frozen=True)
class Mutant:
    """One error.

    Attributes:
        name: What it breaks.
        old: Text that stands exactly once in the product.
        new: The error that takes its place.
    """

    name: str
    old: str
    new: str


def product(root: Path) -> Iterator[Path]:
    """Every file of the product's code, below a checkout."""
    yield root / "run_pipeline.py"
    for package in PACKAGES:
        yield from sorted((root / package).rglob("*.py"))


def find(mutant: Mutant, root: Path) -> tuple[str, str]:
    """The file in which an error has its place, and its text.

    Raises:
        ValueError: It has none, or more than one.
    """
    texts = _texts(root)
    found = [path for path, text in texts.items() for _ in range(text.count(mutant.old))]
    if len(found) != 1:
        raise ValueError(
            f"{mutant.name} has {len(found)} places ({', '.join(found) or 'none'}): see tests/mutants/places.py"
        )
    return found[0], texts[found[0]]


@cache
def _texts(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in product(root)}


MUTANTS = (
    # recognition/augmentation
    Mutant(
        "rotation-centre-of-a-wide-image",
        "(plan.image_shape[0] - 1) / 2, (plan.image_shape[1] - 1) / 2",
        "(plan.image_shape[1] - 1) / 2, (plan.image_shape[0] - 1) / 2",
    ),
    Mutant(
        "plan-digest-without-whitening",
        'whitening = array_digest(self.zca) if self.zca is not None else ""',
        'whitening = ""',
    ),
    # recognition/calibration
    Mutant(
        "repeated-epoch-of-a-trial-counts-twice",
        "self._trial.user_attrs.get(EPOCHS, [])[: epoch.epoch - 1]",
        "self._trial.user_attrs.get(EPOCHS, [])",
    ),
    Mutant(
        "pruned-trial-may-win",
        'for trial in self.trials if trial.state == "complete"), key=_rank',
        "for trial in self.trials if trial.score is not None), key=_rank",
    ),
    # recognition/configuration
    Mutant(
        "fallback-loses-folds",
        'include={"validation", "gate", "seed", "folds"}',
        'include={"validation", "gate", "seed"}',
    ),
    Mutant(
        "override-keeps-the-lines-of-the-file",
        "if key[: len(path)] == path]:\n        del document.origins[key]",
        "if key[: len(path)] == path]:\n        pass",
    ),
    # recognition/configuration/sections
    Mutant("last-epoch-may-not-thaw", "self.unfreeze_at > last:", "self.unfreeze_at >= last:"),
    # recognition/data
    Mutant("copies-in-several-folds", "return (rank % count)[first][copies]", "return rank % count"),
    Mutant("side-takes-from-another-side", 'sides[chosen & (sides == "train")] = side', "sides[chosen] = side"),
    Mutant(
        "weights-of-other-images",
        "np.array(listing.weights, np.float32)[read.places]",
        "np.array(listing.weights, np.float32)[: len(read.places)]",
    ),
    Mutant(
        "hash-forgets-the-width",
        "xxhash.xxh3_64_intdigest(values, seed=colours.width)",
        "xxhash.xxh3_64_intdigest(values)",
    ),
    Mutant("changed-files-are-taken-from-memory", " and kept.state == _state(kept.files):", ":"),
    Mutant("hard-links-in-archives", "if member.issym() or member.islnk():", "if member.issym():"),
    # recognition/data/remote
    Mutant(
        "edited-copies-count-as-fetched",
        '"size": status.st_size, "mtime_ns": status.st_mtime_ns}',
        '"size": status.st_size}',
    ),
    # recognition/evaluation
    Mutant(
        "coverage-splits-ties",
        "counts = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1",
        "counts = np.arange(1, len(falling) + 1)",
    ),
    Mutant("copies-of-a-test-image", 'copy=keys.groupby(["hash", "label"]).cumcount(), row=', "copy=0, row="),
    Mutant(
        "calibration-undone-the-wrong-way",
        "rescale(probabilities, 1 / temperature), true, hits",
        "rescale(probabilities, temperature), true, hits",
    ),
    # recognition/export
    Mutant(
        "export-of-nan-passes",
        "if not parity.largest_difference <= tolerance:",
        "if parity.largest_difference > tolerance:",
    ),
    # recognition/gate
    Mutant(
        "gate-promotes-what-is-behind", "passed = found and not behind and not failed", "passed = found and not failed"
    ),
    Mutant(
        "level-handed-on-by-a-miss", "if last is not None and last.rejected else 0.0", "if last is not None else 0.0"
    ),
    Mutant(
        "lucky-first-seed",
        "value, variance = test.tested.value + shift, test.error**2 + spread",
        "value, variance = test.tested.value - shift, test.error**2 + spread",
    ),
    Mutant(
        "likeness-of-whole-sketches",
        "smallest = sorted(first | second)[:SKETCHED]",
        "smallest = sorted(first | second)",
    ),
    Mutant(
        "p-values-out-of-order",
        "np.minimum(1, np.maximum.accumulate(p[order] * factors))",
        "np.minimum(1, p[order] * factors)",
    ),
    # recognition/networks
    Mutant("large-network-is-not-whitened", 'if network.name in ("fast", "fast_large"):', 'if network.name == "fast":'),
    # recognition/pictures
    Mutant(
        "axes-of-the-confusion-picture",
        'axes.set_xlabel("predicted", color=INK)\n    axes.set_ylabel("true", color=INK)',
        'axes.set_xlabel("true", color=INK)\n    axes.set_ylabel("predicted", color=INK)',
    ),
    # recognition/prediction
    Mutant("threshold-of-several-looks", "(1 - CONFIDENCE) / len(STARTS)) <= target", "1 - CONFIDENCE) <= target"),
    Mutant("answer-at-the-threshold", "if best[0][1] >= threshold else None", "if best[0][1] > threshold else None"),
    # recognition/report
    Mutant(
        "comparison-forgets-validation",
        'return np.concatenate([dataset.splits[side].hashes for side in ("train", "validation")])',
        'return dataset.splits["train"].hashes',
    ),
    Mutant("curve-marks-the-last-epoch", '"o", [history.best_epoch - 1])', '"o", [-1])'),
    Mutant(
        "refused-data-are-not-told",
        'if looked and (not gate or change["verdict"] in CHANGED):',
        'if looked and gate and change["verdict"] in CHANGED:',
    ),
    # recognition/scheduling
    Mutant("percent-in-a-crontab", '{schedule.cron} {line}".replace("%", "\\\\%")', '{schedule.cron} {line}"'),
    Mutant(
        "hour-that-comes-twice",
        "return there if folds[0].utcoffset() != folds[1].utcoffset() else there[:1]",
        "return there[:1]",
    ),
    # operations/tracking
    Mutant("changed-files-are-loaded", "if digest != manifest[name]}", "if digest == name}"),
    # recognition/data, a file's structure
    Mutant("scans-without-end", "scans += marker == _START_OF_SCAN", "pass"),
    # recognition/serving
    Mutant("cancelled-requests-fill-the-queue", "self.images -= len(job.pixels)", "pass"),
    Mutant("call-beside-another-counts-twice", "self._called -= images\n", "pass\n"),
    Mutant("cut-requests-end-well", "return self._service.cut == 0", "return True"),
    Mutant("large-images-decoded-by-all-processes", "async with self._large:", "if answer:"),
    # recognition/training
    Mutant(
        "best-epoch-by-test-images",
        '_validate(learner, task.dataset.splits["validation"], task.metric)',
        '_validate(learner, task.dataset.splits["test"], task.metric)',
    ),
    Mutant(
        "same-augmentation-each-epoch", "step_seed(config.seed, index, number)", "step_seed(config.seed, 0, number)"
    ),
    Mutant("checkpoint-within-a-step", "if complete and progress.batches < count:", "if progress.batches < count:"),
    Mutant(
        "accumulated-gradients-are-too-long", "tf.shape(inputs)[0] * self._config.accumulate", "tf.shape(inputs)[0]"
    ),
    Mutant("resumed-without-momentum", '_assign(self._optimizer.variables, state["optimizer"])', "pass"),
    Mutant(
        "averages-are-not-kept",
        "with self._learner.averaged():\n                self.best_epoch, self.best",
        "if True:\n                self.best_epoch, self.best",
    ),
    Mutant("every-worker-writes", "if self._writes:\n", "if True:\n"),
    Mutant("oldest-checkpoint-first", "for path in reversed(_files(folder)):", "for path in _files(folder):"),
    Mutant(
        "temperature-of-training-images",
        'split = task.dataset.splits["validation"]\n    given = task.config.temperature',
        'split = task.dataset.splits["train"]\n    given = task.config.temperature',
    ),
    Mutant("folds-share-a-plan", 'plan = resolve_plan(task.plan.options, data.splits["train"])', "plan = task.plan"),
    Mutant("head-of-other-classes", "mine[..., to] = other[..., taken]", "mine[..., to] = other[..., to]"),
    Mutant("seed-that-was-used-twice", "while taken.intersection(seeds):", "if taken.intersection(seeds):"),
    # recognition
    Mutant("bad-input-fails-like-work", "exit_status = 2", "exit_status = 1"),
    # operations: the registry
    Mutant("lease-sees-no-sign-of-life", "if now != seen:\n", "if seen is None or now.holder != seen.holder:\n"),
    Mutant(
        "interruption-is-swallowed",
        "for late in held:\n            signal.raise_signal(late)",
        "held.clear()",
    ),
    Mutant(
        "promoted-version-stays-withdrawn",
        "registry.allow(client, model)  # not before",
        "None  # not before",
    ),
    Mutant(
        "found-champion-is-another-one", 'if entry.by in ("rollback", "found") and', 'if entry.by == "rollback" and'
    ),
    Mutant(
        "stage-of-another-registry-is-mended",
        "if zenml_models.is_elsewhere(model.name, address):\n        return False",
        "pass",
    ),
    Mutant(
        "new-version-is-always-challenger",
        "if recorded_decision(client, registered) is None:\n            check()",
        "if registered:\n            check()",
    ),
    Mutant(
        "champion-stays-challenger",
        "if CHALLENGER in aliases(client, model):\n        client.delete_registered_model_alias(",
        "if not model:\n        client.delete_registered_model_alias(",
    ),
    Mutant(
        "withdrawn-champion-comes-back",
        'if why is None or decision.decision != "promoted":',
        'if why is None or decision.decision == "promoted":',
    ),
    Mutant("changed-model-file-is-used", "if changed := changed_files(model, folder):", "if changed := {}:"),
    Mutant("copy-is-not-compared", "_check_arrived(stored, sha256)\n            check()", "check()"),
    Mutant(
        "latest-may-be-a-prediction",
        'if run.status.value == "completed" and REGISTER in run.steps:',
        'if run.status.value == "completed":',
    ),
    # operations: the gate
    Mutant(
        "lost-lock-still-promotes",
        "check()\n        return registry.apply_decision(",
        "return registry.apply_decision(",
    ),
    Mutant(
        "decision-on-other-images-stands",
        "(version, inputs.basis) == (recorded.champion_version, recorded.basis)",
        "version == recorded.champion_version",
    ),
    Mutant(
        "champion-judged-by-its-own-images",
        "np.isin(self.split.hashes, np.concatenate([self.seen, champion.seen]))",
        "np.isin(self.split.hashes, self.seen)",
    ),
    Mutant("guards-decide-what-is-spent", "rejected=decision.found)", "rejected=decision.passed)"),
    Mutant(
        "file-of-the-champion-is-not-checked",
        'registered" if changed_files(self.registered, self.folder) else',
        'registered" if not self.folder else',
    ),
    Mutant("champion-waits-for-approval", 'if promote == "auto" or in_charge:', 'if promote == "auto":'),
    Mutant(
        "message-of-last-night-again",
        "model.mlflow_version, TOLD_TAG, _told(results.decision))",
        'model.mlflow_version, TOLD_TAG, "")',
    ),
    # operations: trainings
    Mutant(
        "training-of-a-deleted-run-goes-on",
        "except KeyError:  # its run was deleted: the training is over, whatever became of it\n        return True",
        "except KeyError:\n        return False",
    ),
    Mutant(
        "finished-training-is-resumed",
        "if is_stored(folder):\n        remove_folder(folder)\n    folder.mkdir(",
        "folder.mkdir(",
    ),
    Mutant(
        "finished-training-counts-as-interrupted",
        'any(folder.rglob("*.npz")) and not (is_stored(folder) or is_elsewhere(folder)):',
        'any(folder.rglob("*.npz")):',
    ),
    Mutant("initial-weights-may-change", "if digest and found.digest != digest:", "if digest and not found.digest:"),
    Mutant("training-goes-on-with-other-images", "if before != digest:", "if before is None:"),
    Mutant(
        "reproduction-compares-with-itself",
        "_weights(job.original.model.path), _weights(model.path)",
        "_weights(model.path), _weights(model.path)",
    ),
    Mutant("different-is-no-failure", ", 1 if found.verdict == DIFFERENT else 0)", ", 0)"),
    # operations: runs
    Mutant(
        "run-of-a-silent-server-is-forgotten",
        "if not is_unreachable(error):\n            forget(run_name)",
        "forget(run_name)",
    ),
    Mutant(
        "ended-run-is-ended-again",
        'if client.get_run(run_id).info.status == "RUNNING":\n        client.set_terminated',
        "if run_id:\n        client.set_terminated",
    ),
    Mutant(
        "metrics-twice-after-an-interruption",
        "for metric in wanted if metric.step not in self._steps[metric.key]]",
        "for metric in wanted]",
    ),
    Mutant("lost-files-count-as-cached", "return bool(filled) and all(", "return bool(filled) or all("),
    Mutant("environment-of-the-user-is-overruled", "os.environ.setdefault(name, value)", "os.environ[name] = value"),
    Mutant(
        "credentials-of-another-stack-stay",
        "os.environ.update({name: value for name, value in before.items() if name.startswith(CREDENTIALS)})",
        "os.environ.update({})",
    ),
    # operations: schedules
    Mutant(
        "two-schedules-for-a-while",
        "scheduler.patch(known.row, known.record.timing, suspended=True)\n    _patch",
        "_patch",
    ),
    Mutant(
        "new-time-ends-a-pause",
        "_patch(known.row, wanted, known.paused, scheduler)",
        "_patch(known.row, wanted, False, scheduler)",
    ),
    # operations: models in use
    Mutant(
        "failing-model-is-loaded-at-once",
        "min(LONGEST_PAUSE, 2 * self._pause) if",
        "min(LONGEST_PAUSE, self._pause) if",
    ),
    Mutant(
        "export-is-fitted-to-test-images",
        'images_of_split(dataset.splits["train"], REPRESENTATIVES)[0]',
        'images_of_split(dataset.splits["test"], REPRESENTATIVES)[0]',
    ),
    Mutant(
        "process-of-the-same-number-is-ended",
        'if _command(process)[1:] == record["command"][1:]:',
        "if process.is_running():",
    ),
    # operations/storage
    Mutant("last-former-champion-may-go", "if 1 <= item.former <= policy.keep:", "if 1 <= item.former < policy.keep:"),
    Mutant("prune-beside-a-run", "if living := living_runs():", "if living := []:"),
    Mutant(
        "run-that-a-cached-step-came-from-may-go",
        "needs |= {(Kind.RUN, origin.name) for origin in origins if origin.id != run.id}",
        "pass",
    ),
    Mutant(
        "version-that-became-champion-meanwhile",
        "if aliases := registry.aliases(client, model):",
        "if aliases := []:",
    ),
    # operations/kubernetes and operations/kubeflow
    Mutant(
        "suspended-job-counts-as-refused", 'return not had and not job.get("spec", {}).get("suspend")', "return not had"
    ),
    Mutant(
        "schedule-fires-while-it-is-removed",
        'self._batch.patch_namespaced_cron_job(name, self._namespace, {"spec": {"suspend": True}})\n            try:',
        "try:",
    ),
    Mutant(
        "setting-that-was-taken-out-stays",
        "update = {key: wanted.get(key) for key in changed}",
        "update = {key: wanted[key] for key in changed if key in wanted}",
    ),
    Mutant("kubeflow-keeps-no-downloads", "step in (INGEST, TRAIN)", "step in (TRAIN,)"),
    # materializers
    Mutant("arrays-without-references", "sorted(array_path(self.artifact_store, d) for d in digests))", "[])"),
    Mutant("changed-artifact-is-loaded", 'if digest != document["sha256"]:', "if not digest:"),
    # steps
    Mutant(
        "threshold-of-test-images",
        "*judged_answers(validation.predictions), target",
        "*judged_answers(evaluation.predictions), target",
    ),
    Mutant(
        "validation-of-another-fold",
        'judged(first_fold(dataset, folds).splits["validation"])',
        'judged(dataset.splits["validation"])',
    ),
    Mutant("every-decision-is-a-repetition", '"repeated": decision == earlier,', '"repeated": earlier is not None,'),
    Mutant("longer-search-begins-again", "options.model_dump(exclude=BUDGET)", "options.model_dump()"),
    Mutant(
        "plan-of-test-images",
        'split = dataset.splits["train"]\n    plan = resolve_plan(config, split)',
        'split = dataset.splits["test"]\n    plan = resolve_plan(config, split)',
    ),
    # pipelines
    Mutant(
        "retraining-is-another-question",
        'data_summary, change, code["train"], code["initial weights"])',
        'data_summary, change, code["initial weights"], code["train"])',
    ),
    # commands and run_pipeline.py
    Mutant("prune-without-consent", "or not (options.yes or _agreed()):", "or not options:"),
    Mutant("last-finding-decides", "all_ok &= finding.ok", "all_ok = finding.ok"),
    Mutant("sigterm-kills", "signal.signal(signal.SIGTERM, terminate)", "pass"),
    # k8s
    Mutant(
        "passwords-are-made-anew",
        "create(name, namespace, values_of(known)) if found is None else found",
        "create(name, namespace, values_of(known))",
    ),
)
