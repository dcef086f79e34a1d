import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from recognition.prediction.rejection import Rejection
from recognition.serving.limits import Limits
from tests.recognition.serving.served import CLASSES, StubEngine, picture, serving, until

RED, BLUE = picture("red"), picture("blue")


@pytest.fixture(scope="module")
def client():
    with serving(StubEngine(), Limits(body=2**20, pixels=10_000, files=4, seconds=10)) as client:
        yield client


def refusal(response, status):
    """A proper problem document of this status; its text."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-ID"]
    return document["detail"]


def labels(response):
    assert response.status_code == 200, response.text
    return [prediction["label"] for prediction in response.json()["predictions"]]


def test_files_of_a_form_are_answered_in_their_order(client):
    response = client.send(RED, BLUE, query="?top=2")
    assert labels(response) == ["red", "blue"]
    document = response.json()
    assert document["model"] == {"name": "colours", "version": "1"}
    assert [each["file"] for each in document["predictions"]] == ["0.png", "1.png"]
    first, second = document["predictions"][0]["top"]
    assert first["label"] == "red"
    assert first["probability"] > 0.9 > second["probability"]


def test_an_image_may_be_the_body(client):
    assert labels(client.post(data=BLUE, headers={"Content-Type": "image/png"})) == ["blue"]


def test_a_larger_image_is_answered_alike(client):
    assert labels(client.send(picture("blue", (95, 105)))) == ["blue"]  # beyond what is decoded at once
    assert labels(client.send(picture("blue", (140, 70), "BMP"))) == ["blue"]


def test_so_many_classes_as_there_are_can_be_named(client):
    (prediction,) = client.send(RED, query="?top=1000").json()["predictions"]
    assert len(prediction["top"]) == len(CLASSES)


@pytest.mark.parametrize("top", ["0", "1001", "-1", "two", "", "9" * 5_000, "١"])
def test_a_parameter_out_of_range_is_refused(client, top):
    assert "top is" in refusal(client.send(RED, query=f"?top={top}"), 422)


def test_one_bad_file_refuses_the_request_and_is_named(client):
    response = client.send(RED, b"no image")
    assert "1 of 2" in refusal(response, 415)
    assert [error["file"] for error in response.json()["errors"]] == ["1.png"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": b""}, 400),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"data": b"x", "headers": {"Content-Type": "image/png"}}, 415),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"data": RED, "headers": {"Content-Type": "image/png", "Content-Encoding": "gzip"}}, 415),
        ({"data": RED[:50], "headers": {"Content-Type": "image/png"}}, 422),
        ({"data": picture("red", (101, 100)), "headers": {"Content-Type": "image/png"}}, 413),
        ({"files": [("files", RED)] * 5}, 413),
        ({"data": bytes(2**20 + 1), "headers": {"Content-Type": "image/png"}}, 413),
        ({"data": iter([bytes(2**20), b"x"]), "headers": {"Content-Type": "image/png"}}, 413),
    ],
)
def test_bad_requests_have_reasons_and_do_no_harm(client, options, status):
    assert refusal(client.post(**options), status)
    assert labels(client.send(RED)) == ["red"]
    assert client.service.bodies.bytes == client.service.requests == 0


def test_unknown_paths_and_methods(client):
    assert refusal(client.get("/nothing"), 404)
    response = client.get("/predict")
    assert refusal(response, 405)
    assert response.headers["Allow"] == "POST"


def test_an_id_is_kept_where_it_is_a_proper_one(client):
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    for improper in ("a b", "x" * 200, '"'):
        assert client.get("/healthz", headers={"X-Request-ID": improper}).headers["X-Request-ID"] != improper


def test_the_model_tells_what_it_is(client):
    card = client.get("/model").json()
    assert (card["version"], card["classes"], card["temperature"]) == ("1", list(CLASSES), 1.5)
    assert card["rejection"] is None


def test_none_of_these_is_no_label_and_is_counted():
    rejection = Rejection(target_error=0.1, threshold=0.8, error=0.1, coverage=0.5, images=10)
    with serving(StubEngine(rejection=rejection)) as client:
        assert labels(client.send(RED, picture("#ff00ff"))) == ["red", None]
        text = client.get("/metrics").text
        assert client.get("/model").json()["rejection"]["threshold"] == 0.8
    assert 'recognition_images_total{answer="none"} 1.0' in text
    assert 'recognition_images_total{answer="class"} 1.0' in text


def test_what_happens_is_counted(client):
    client.send(RED), client.send(b"no image"), client.get("/elsewhere")
    response = client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    for line in (
        'recognition_requests_total{path="/predict",status="200"}',
        'recognition_requests_total{path="/predict",status="415"}',
        'recognition_requests_total{path="other",status="404"}',
        'recognition_request_seconds_bucket{le="0.005",path="/predict"}',
        "recognition_batch_images_count",
        "recognition_queue_images 0.0",
        f'recognition_model_info{{name="colours",sha256="{"0" * 64}",version="1"}} 1.0',
    ):
        assert line in response.text, line
    assert "elsewhere" not in response.text


def test_until_a_model_is_loaded_it_lives_but_is_not_ready():
    with serving(None) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        for refused in (client.get("/readyz"), client.get("/model"), client.send(RED)):
            assert "load" in refusal(refused, 503)
            assert int(refused.headers["Retry-After"]) >= 1
        assert "being loaded" in client.get("/").text
        client.service.swap(StubEngine())
        assert client.get("/readyz").json() == {"status": "ready"}
        assert labels(client.send(RED)) == ["red"]


def test_requests_beyond_the_queue_are_refused_at_once():
    engine = StubEngine()
    with serving(engine, Limits(queue=2, files=2)) as client, ThreadPoolExecutor(2) as others:
        engine.gate.clear()
        waiting = [others.submit(client.send, RED) for _ in range(2)]
        until(lambda: client.service.requests == 2)
        refused = client.send(RED)
        engine.gate.set()
        assert "in flight" in refusal(refused, 503)
        assert refused.headers["Retry-After"] == "1"
        assert [labels(each.result()) for each in waiting] == [["red"], ["red"]]


def test_images_beyond_the_queue_are_refused():
    engine = StubEngine()
    with serving(engine, Limits(queue=3, files=2)) as client, ThreadPoolExecutor(1) as others:
        engine.gate.clear()
        waiting = others.submit(client.send, RED, RED)
        until(lambda: client.service.batcher.images == 2)
        refused = client.send(RED, RED)
        engine.gate.set()
        assert "waiting for the model" in refusal(refused, 503)
        assert labels(waiting.result()) == ["red", "red"]


def test_bodies_together_take_so_much_and_no_more():
    limits = Limits(body=1_000)
    with serving(StubEngine(), limits) as client:
        client.service.bodies.bytes = limits.bodies  # as if others were being read
        assert "memory" in refusal(client.send(RED), 503)
        client.service.bodies.bytes = 0
        assert labels(client.send(RED)) == ["red"]


def test_a_model_too_slow_is_given_up():
    engine = StubEngine()
    with serving(engine, Limits(seconds=0.2)) as client:
        engine.gate.clear()
        refused = client.send(RED)
        engine.gate.set()
        assert "0.2 seconds" in refusal(refused, 503)
        until(lambda: client.service.batcher.images == 0)
        assert labels(client.send(RED)) == ["red"]


def test_a_client_too_slow_is_given_up():
    with serving(StubEngine(), Limits(seconds=0.2)) as client:
        address = urlsplit(client.address)
        with socket.create_connection((address.hostname, address.port), timeout=10) as slow:
            slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nx")
            assert slow.recv(1_000).startswith(b"HTTP/1.1 408 ")
        assert client.service.bodies.bytes == 0


def test_a_client_that_hangs_up_does_no_harm(client):
    address = urlsplit(client.address)
    with socket.create_connection((address.hostname, address.port), timeout=10) as rude:
        rude.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nx")
        until(lambda: client.service.bodies.arriving == 1)
    until(lambda: client.service.bodies.arriving == 0)
    assert client.service.bodies.bytes == 0
    assert labels(client.send(RED)) == ["red"]


def test_a_failure_of_ours_is_told_without_its_reason(logged):
    engine = StubEngine()
    engine.failure = RuntimeError("secret")
    lines = logged(quiet=True)
    with serving(engine) as client:
        response = client.send(RED)
        engine.failure = None
        assert refusal(response, 500)
        assert "secret" not in response.text
        assert labels(client.send(RED)) == ["red"]
    assert [line for line in lines() if "RuntimeError: secret" in line.get("traceback", "")]


def test_a_swap_neither_drops_nor_mixes_requests_in_flight():
    old, new = StubEngine("1"), StubEngine("2", ("one", "two", "three"), side=7)
    with serving(old) as client, ThreadPoolExecutor(4) as others:
        old.gate.clear()
        before = [others.submit(client.send, RED) for _ in range(4)]
        until(lambda: client.service.batcher.images == 4)
        client.service.swap(new)
        after = threading.Thread(target=old.gate.set)
        after.start()
        assert labels(client.send(RED, RED)) == ["one", "one"]
        assert [labels(each.result()) for each in before] == [["red"]] * 4
        after.join()
        assert {batch.shape[1:] for batch in old.batches} == {(4, 4, 3)}
        assert {batch.shape[1:] for batch in new.batches} == {(7, 7, 3)}
        assert 'version="2"' in client.get("/metrics").text
