"""A real registry, a real server, real models; each model's answers tell which version gave them."""

import threading
from collections import Counter

import numpy as np
import pytest

from operations.inference.following import Follower
from operations.inference.serving import Place, load_engine, resolve_model, serve
from operations.registry.model_store import KERAS_FILE
from operations.registry.registry import CHAMPION, register
from operations.registry.rejection import settle_rejection
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from operations.tracking.model_files import kept
from recognition.errors import InputError
from recognition.prediction.rejection import Rejection, RejectionChoice
from recognition.serving.limits import Limits
from tests.recognition.serving.served import picture, serving, until

NAME, CLASSES, CLIENTS = "served-pets", 3, 4
REJECTION = Rejection(target_error=0.1, threshold=0.3, error=0.1, coverage=1, images=10)


def network(side):
    import keras

    images = keras.Input((side, side, 3), dtype="uint8")
    logits = keras.layers.Dense(CLASSES)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
    return keras.Model(images, keras.layers.Softmax()(logits))


@pytest.fixture(scope="module")
def versions(client):
    """Three versions of different image sizes and class names; the third one's file is damaged."""
    made = []
    for number in ("1", "2", "3"):
        side = 3 + int(number)
        names = [f"{number}-{name}" for name in ("ape", "bee", "cow")]
        metadata = {"classes": names, "image_shape": [side, side, 3], "data_digest": f"d{number}", "temperature": 1.5}
        run = mlflow_runs.run_id_of(client, f"served-{number}")
        file = log_model(client, run, network(side), metadata, np.zeros(0, np.uint64))
        made.append(register(client, NAME, file, {}, []))
        settle_rejection(client, made[-1], 0.1, RejectionChoice(target_error=0.1, rejection=REJECTION))
    damaged = kept(f"models:/{NAME}/3") / KERAS_FILE
    damaged.write_bytes(damaged.read_bytes()[:1_000])
    client.set_registered_model_alias(NAME, CHAMPION, "1")
    return made


def test_a_registered_model_tells_what_it_is(versions):
    card = load_engine(versions[0], largest=2).card
    assert (card.name, card.version, card.sha256) == (NAME, "1", versions[0].sha256)
    assert (card.data_digest, card.temperature, card.image_shape) == ("d1", 1.5, (4, 4, 3))
    assert card.rejection == REJECTION


def test_a_new_champion_is_taken_without_dropping_or_mixing_a_request(client, versions):
    found, failures, ended = Counter(), [], threading.Event()

    def ask(answering):
        while not ended.is_set():
            response = answering.send(picture("red"), picture("blue", (40, 30)))
            if response.status_code != 200:
                failures.append(response.text)
                return
            document = response.json()
            version = document["model"]["version"]
            for prediction in document["predictions"]:
                assert {each["label"][:2] for each in prediction["top"]} == {f"{version}-"}
            found[version] += 1

    with serving(None, Limits(seconds=60)) as answering:
        word = f"{NAME}@champion"
        follower = Follower(
            lambda: resolve_model(client, word), lambda model: load_engine(model, 8), answering.service, 0.05
        )
        with follower.beside(answering.server, resolve_model(client, word)):
            until(lambda: answering.service.card is not None, patience=60)
            clients = [threading.Thread(target=ask, args=(answering,)) for _ in range(CLIENTS)]
            for each in clients:
                each.start()
            for version in ("2", "1"):
                client.set_registered_model_alias(NAME, CHAMPION, version)
                until(lambda version=version: answering.service.card.version == version, patience=60)
                before = found[version]
                until(lambda version=version, before=before: found[version] > before + 10, patience=60)
            client.set_registered_model_alias(NAME, CHAMPION, "3")
            until(lambda: 'model_loads_total{result="failed"}' in answering.get("/metrics").text, patience=60)
            before = found["1"]
            until(lambda: found["1"] > before + 10, patience=60)
            client.set_registered_model_alias(NAME, CHAMPION, "1")
            settle_rejection(client, versions[0], 0.1, RejectionChoice(target_error=0.1))
            until(lambda: answering.service.card.rejection is None, patience=60)
            settle_rejection(client, versions[0], 0.1, RejectionChoice(target_error=0.1, rejection=REJECTION))
            until(lambda: answering.service.card.rejection == REJECTION, patience=60)
            ended.set()
            for each in clients:
                each.join()
    assert failures == []
    assert set(found) == {"1", "2"}


@pytest.mark.parametrize(
    ("word", "place", "told"),
    [
        ("served-pet", Place(port=0), "did you mean served-pets?"),
        (f"{NAME}/2", Place(port=0, follow=1), "nothing to follow"),
        (f"{NAME}/3", Place(port=0), "not what was registered"),
        (NAME, Place(port=0, wait=True), "--wait without --follow"),
        (NAME, Place(host="no.such.host.invalid"), "no such address"),
    ],
)
def test_what_cannot_be_served_is_refused(versions, word, place, told):
    with pytest.raises(InputError, match=told.replace("?", r"\?")):
        serve(word, place, Limits())
