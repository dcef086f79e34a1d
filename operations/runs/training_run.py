"""A run of the training pipeline that has ended: what is told of it, and where it is put."""

from __future__ import annotations

from typing import Any

from operations.outcomes import notify
from operations.outcomes.announcement import announce
from operations.outcomes.results import DATA_PAGE, PAGE, Results, copy_wrong_images, load_outputs, load_results
from operations.outcomes.summary import build_refusal, build_summary
from operations.outcomes.summary_text import render_refusal, render_summary
from operations.runs.job import TrainingJob
from operations.runs.kind import Ending, Record
from operations.tracking import runs
from operations.training.unfinished import give_up
from recognition.training.retraining import RetrainingRefused


def load(job: TrainingJob, run: Any) -> Results:
    """What a training left behind."""
    return load_results(run)


def record(job: TrainingJob, results: Results) -> Record:
    """Test accuracy and verdicts; all pages and numbers."""
    verdicts = {"decision": results.decision.decision, "data_change": results.change.verdict}
    return {"test_accuracy": results.metrics.accuracy, **verdicts}, results.files


def publish(job: TrainingJob, results: Results) -> Ending:
    """Copy pages and numbers to where people look for them, and tell who wants to know."""
    if job.config.retrain:
        give_up(job.task)  # nobody goes on with one that was interrupted
    folder, copies = job.report_folder(), job.options.copy_errors
    for name, content in results.files.items():
        (folder / name).write_bytes(content)
    summary = build_summary(results, job.recipe, job.commit, bool(job.fallback), folder / PAGE)
    announce(job.config, job.recipe, summary, results)
    copied = [copy_wrong_images(results, job.config.data, copies)] if copies else []
    return Ending(summary, "\n".join([render_summary(summary), *copied]))


def refuse(job: TrainingJob, refusal: RetrainingRefused) -> Ending:
    """Copy the data report of a refused retraining to where people look for it, and tell who wants to know."""
    run, path = runs.find_run(job.run_name), job.report_folder() / DATA_PAGE
    (page,) = load_outputs(run, "data_report")
    path.write_text(page, encoding="utf-8")
    summary = build_refusal(run, refusal.problem, job.commit, bool(job.fallback), path)
    notify.notify_end(job.config, job.recipe, summary, run)
    return Ending(summary, render_refusal(summary, refusal.remedy), refusal.exit_status)
