"""The end of a run, for races and kills: register a stored model, judge it, promote it.

As a command: NAME URI SHA256 [killed]. It prints "ready", waits for a line, and goes; "killed" ends it with SIGKILL
when the alias was moved and ZenML's stage was not.
"""

import os
import signal
import sys

import numpy as np

from recognition.data.dataset import Duplicates, ImageDataset, Split, image_hashes

CLASSES = ("dark", "grey", "bright")
METADATA = {"classes": list(CLASSES), "image_shape": [4, 4, 1], "data": "made", "temperature": 1.0}


def dataset():
    """Images of which the brightness is the label, each with pixels of its own."""
    splits = {}
    for number, name in enumerate(("train", "validation", "test")):
        labels = np.array([0, 1, 2] * 8, np.int32)
        images = np.repeat(labels * 100, 16).reshape(-1, 4, 4, 1).astype(np.uint8)
        images[:, 0, 0, 0] = np.arange(len(labels)) + 30 * number
        splits[name] = Split(images, labels, image_hashes(images))
    return ImageDataset("made", splits, CLASSES, (), np.empty(0, np.int32), Duplicates({}, {}))


def network(skilled):
    """Tells all three apart, or takes bright for grey."""
    import keras

    images = keras.Input((4, 4, 1), dtype="uint8", name="images")
    brightness = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 100)(images))
    head = keras.layers.Dense(3, activation="softmax", name="probabilities")
    model = keras.Model(images, head(brightness))
    bright = [40.0, -45.0] if skilled else [0.0, -90.0]
    head.set_weights([np.array([[0.0, 20.0, bright[0]]]), np.array([0.0, -10.0, bright[1]])])
    return model


def finish(client, name, file, run=""):
    """What the steps register and gate do."""
    from operations.gate.gatekeeper import pass_gate
    from operations.gate.judgement import GateInputs
    from operations.registry import registry
    from recognition.configuration.sections.evaluation import EvaluationConfig
    from recognition.configuration.sections.gate import GateConfig
    from recognition.data.change import DataChange
    from recognition.evaluation.evaluate import evaluate
    from recognition.evaluation.predict import predict
    from recognition.training.model_file import load_model
    from tests.recognition.report.samples import history_of

    data = dataset()
    evaluation = evaluate(predict(load_model(file.path), data.splits["test"].images), data.splits["test"], CLASSES)
    metadata = {"metrics": {"accuracy": evaluation.metrics.accuracy}, "data": "made", "data_digest": data.digest}
    registered = registry.register(client, name, file, metadata, [])
    change = DataChange(verdict="unknown", reason="not compared")
    case = GateInputs(registered, evaluation, data, history_of(), change, GateConfig(), EvaluationConfig())
    return registered, pass_gate(client, case, run)


def main(name, uri, sha256, mode=""):
    from operations.platform.environment import load_tensorflow
    from operations.registry import zenml_models
    from operations.tracking import connection
    from recognition.training.model_file import ModelFile
    from tests.operations.stored_models import path_of

    load_tensorflow(1)
    client = connection.connect()
    if mode == "killed":
        zenml_models.set_production = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.readline()
    _, decision = finish(client, name, ModelFile(path_of(uri), uri, sha256))
    print(decision.decision, flush=True)


if __name__ == "__main__":
    from operations.platform.environment import prepare_environment

    prepare_environment()
    main(*sys.argv[1:])
