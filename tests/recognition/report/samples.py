"""What a report is made of, made up."""

import numpy as np

from recognition.evaluation.evaluate import evaluate
from recognition.gate.decision import GateDecision, Guard
from recognition.report.facts import RunFacts
from recognition.training.history import Epoch, History
from tests.recognition.evaluation.samples import names_of, random_probabilities, split_of


def history_of(epochs=3, best_epoch=2, metric="accuracy"):
    records = [
        Epoch(
            epoch=i + 1,
            train_loss=4 / (i + 1),
            train_accuracy=1 - 0.9 / (i + 1),
            validation_loss=4.5 / (i + 1),
            validation_accuracy=1 - 0.95 / (i + 1),
            validation_score=(1 - 0.95 / (i + 1)) * (1 if metric == "accuracy" else 0.8),
            learning_rate=0.1 / (i + 1),
            seconds=10,
            images_per_second=4500,
        )
        for i in range(epochs)
    ]
    return History(
        network="fast",
        parameters=1234567,
        device="CPU",
        precision="float32",
        seed=0,
        metric=metric,
        resumed_from=None,
        best_epoch=best_epoch,
        seconds=10.0 * epochs,
        images_per_second=4500,
        epochs=tuple(records),
    )


def decision_of(**changes):
    decision = GateDecision(
        decision="promoted",
        reason="accuracy 61.00% is better than the 60.00% of champion version 6",
        metric="accuracy",
        candidate=0.61,
        champion=0.6,
        champion_version="6",
        images=9990,
        excluded=10,
    )
    return decision.model_copy(update=changes)


def full_decision(**changes):
    """A decision with all that a paired test and guards add."""
    guards = (
        Guard(name="classes", verdict="failed", value=-0.31, limit=-0.1, unit="points", detail="sea_lion loses 31.0%"),
        Guard(name="superclasses", verdict="skipped", limit=-0.05, unit="points", detail="there are none"),
        Guard(name="loss", verdict="passed", value=-0.0123, limit=0.05, unit="nats", detail="1.301 before, 1.289 now"),
        Guard(name="data", verdict="warned", detail="shifted: train images have changed in brightness PSI 0.15"),
        Guard(name="latency", verdict="passed", value=3.21, limit=5, unit="ms"),
        Guard(name="size against the champion", verdict="passed", value=1.5, limit=2, unit="times"),
    )
    numbers = {"p": 0.00123, "level": 0.0041, "number": 7, "low": 0.004, "high": 0.016, "detectable": 0.0172}
    return decision_of(require="better", guards=guards, **numbers | changes)


def facts_of(**changes):
    facts = RunFacts(
        model="cifar100",
        model_version="12",
        registry_version="7",
        recipe="seed",
        data="cifar100",
        data_digest="ab" * 32,
        fallback=False,
        images={"train": 45000, "validation": 5000, "test": 10000},
        image_shape=(32, 32, 3),
        commit="0123456789abcdef0123456789abcdef01234567",
    )
    return facts.model_copy(update=changes)


def judged(
    classes=10, images=200, superclasses=0, names=None, superclass_names=None, channels=3, size=8, temperature=1
):
    """An evaluation and its split; with superclasses, each has equally many classes."""
    labels = np.random.default_rng(classes).permutation(np.arange(images) % classes)
    split = split_of(labels, size, channels)
    superclass_names = superclass_names or tuple(f"superclass_{i}" for i in range(superclasses))
    owners = np.arange(classes) * superclasses // classes if superclasses else ()
    probabilities = random_probabilities(labels, classes)
    return evaluate(probabilities, split, names or names_of(classes), superclass_names, owners, temperature), split
