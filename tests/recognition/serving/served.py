"""A server on loopback whose model is a stand-in: what an image shows most, red, green or blue, is its class."""

import io
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import requests
from PIL import Image

from recognition.data.image_transform import ImageTransform
from recognition.serving.engine import ModelCard
from recognition.serving.limits import Limits
from recognition.serving.server import GracefulServer, address_of, bind
from recognition.serving.service import Service

CLASSES = ("red", "green", "blue")


class StubEngine:
    """Answers by colour; waits for its gate where it is closed, and fails where it is told to."""

    def __init__(self, version="1", classes=CLASSES, side=4, rejection=None):
        self.classifier = SimpleNamespace(transform=ImageTransform(side, side, 3, "stretch", "#ffffff"))
        self.card = ModelCard(
            name="colours",
            version=version,
            sha256="0" * 64,
            data_digest="1" * 64,
            temperature=1.5,
            image_shape=(side, side, 3),
            classes=classes,
            rejection=rejection,
        )
        self.largest = 4
        self.gate, self.failure, self.batches = threading.Event(), None, []
        self.gate.set()

    def probabilities(self, pixels):
        self.gate.wait(10)
        self.batches.append(pixels)
        if self.failure:
            raise self.failure
        sums = pixels.sum(axis=(1, 2), dtype=np.float64) + 1
        return (sums / sums.sum(axis=1, keepdims=True)).astype(np.float32)


def picture(colour, size=(6, 5), kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


class Client:
    """Speaks with a server."""

    def __init__(self, address, service):
        self.address, self.service, self._session = address, service, requests.Session()
        self._session.trust_env = False

    def get(self, path, **options):
        return self._session.get(self.address + path, timeout=20, **options)

    def send(self, *contents, query="", **options):
        """Files, in a form."""
        files = [("files", (f"{number}.png", content)) for number, content in enumerate(contents)]
        return self.post(files=files, query=query, **options)

    def post(self, query="", **options):
        return requests.post(f"{self.address}/predict{query}", timeout=20, **options)

    def close(self):
        self._session.close()


@contextmanager
def serving(engine=None, limits=None, **options):
    """A running server; its client, and the server itself as `client.server`."""
    service = Service(limits or Limits(seconds=10))
    if engine:
        service.swap(engine)
    with bind("127.0.0.1", 0) as listener:
        server = GracefulServer(service, **options)
        client = Client(address_of(listener), service)
        client.server = server
        thread = threading.Thread(target=server.serve_on, args=(listener,))
        thread.start()
        until(lambda: server.started)
        try:
            yield client
        finally:
            client.close()
            server.should_exit = True
            thread.join()


def until(true, patience=10):
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)
