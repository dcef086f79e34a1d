"""Claim: HTTP adds at most 5 ms to one image, and 32 clients get 80 % of the throughput of batches of 500 in process.

A network of train.yaml with CIFAR-100's shapes and random weights, compiled once in this process and once behind
`recognition.serving` in another, on loopback. The clients live in a third process, which takes its CPU time from the
same cores: it is in the server's figures. They send PNG files of 32 x 32 pixels on connections that stay open, each the
next request as soon as the last is answered, and read no more of an answer than its status. What is compared:

* one client, one image a request, against the compiled call for one decoded image;
* 32 clients, one image a request, and 32 clients, eight images a request, against the compiled call for batches of 500;
* the latter also against the same files decoded and classified in batches of 500 in process, as a server decodes, too.

    python benchmarks/serving.py --repeats 5
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from evaluation import bare_forward, untrained
from measurement import Figure, Round, alternate, arguments, publish, speed_ratio
from PIL import Image

CLIENTS, SINGLES = 32, 200
BOUNDARY = "an-image-ends-here"


def main() -> None:
    """Time the server and the bare model in turns."""
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--network", default="fast")
    parser.add_argument("--images", type=int, default=2_000, help="for throughput; %(default)s")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with child(serve, options.network) as server, child(send, server.recv()) as clients:
        figures = [
            latency(options.network, clients, options.repeats),
            *(throughput(options.network, clients, options.images, files, options.repeats) for files in (1, 8)),
            throughput_of_files(options.network, clients, options.images, options.repeats),
        ]
        server.send("stop")
    publish("serving", __doc__, figures, options.results)


def latency(network: str, clients: Connection, repeats: int) -> Figure:
    """Milliseconds that HTTP adds to one image."""
    forward = bare_forward(untrained(network), random_images(SINGLES), 1)
    rounds = alternate(lambda _: ask(clients, 1, 1, SINGLES), lambda _: forward(), repeats)
    added = tuple(1_000 * (each.ours - each.theirs) / SINGLES for each in rounds)
    compared = f"POST /predict, one client, {network}", "compiled call of one image"
    return Figure("what HTTP adds to one image", compared, added, "ms", 5, False, tuple(map(Round._make, rounds)))


def throughput(network: str, clients: Connection, count: int, files: int, repeats: int) -> Figure:
    """The server's throughput against that of large batches in process."""
    forward = bare_forward(untrained(network), random_images(count), 500)
    rounds = alternate(lambda _: ask(clients, CLIENTS, files, count // files), lambda _: forward(), repeats)
    images = "one image" if files == 1 else f"{files} images"
    compared = f"{CLIENTS} clients, {images} a request, {network}", "compiled calls of batches of 500 in process"
    return speed_ratio(f"throughput at {CLIENTS} clients, {images} a request", compared, rounds, 0.8)


def throughput_of_files(network: str, clients: Connection, count: int, repeats: int) -> Figure:
    """The server's throughput against that of large batches in process, whose files are decoded there, too."""
    from recognition.data.image_transform import ImageTransform
    from recognition.evaluation.predict import compiled

    model, files = untrained(network), [png(image) for image in random_images(8)] * (count // 8)
    transform = ImageTransform(*model.input_shape[1:], "crop", "#ffffff")
    classify = compiled(model, (None, *transform.shape))

    def predict() -> None:
        for start in range(0, len(files), 500):
            classify(np.stack([transform.decode(file).pixels for file in files[start : start + 500]])).numpy()

    rounds = alternate(lambda _: ask(clients, CLIENTS, 8, count // 8), lambda _: predict(), repeats)
    compared = f"{CLIENTS} clients, 8 images a request, {network}", "the same files in batches of 500 in process"
    return speed_ratio(f"throughput at {CLIENTS} clients, 8 files a request, decoded by both", compared, rounds, 0.8)


def ask(clients: Connection, count: int, files: int, requests: int) -> None:
    """Let so many clients send so many requests, all together, and wait for the last answer."""
    clients.send((count, files, requests))
    clients.recv()


def random_images(count: int) -> np.ndarray:
    """Images like CIFAR's in shape alone."""
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)


@contextmanager
def child(function: Callable, *words: object) -> Iterator[Connection]:
    """A process of its own, and the connection to it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=function, args=(there, *words), daemon=True)
    process.start()
    try:
        yield here
    finally:
        process.terminate()
        process.join()


def serve(parent: Connection, network: str) -> None:
    """The server's process: tells its port once the model is warm."""
    from recognition.data.image_transform import ImageTransform
    from recognition.prediction.classifier import Classifier
    from recognition.serving.engine import Engine, ModelCard
    from recognition.serving.limits import Limits
    from recognition.serving.logs import configure_logs
    from recognition.serving.server import GracefulServer, bind
    from recognition.serving.service import Service

    model = untrained(network)
    names = tuple(map(str, range(model.output_shape[-1])))
    transform = ImageTransform(*model.input_shape[1:], "crop", "#ffffff")
    card = ModelCard(
        name=network,
        version="1",
        sha256="",
        data_digest="",
        temperature=None,
        image_shape=transform.shape,
        classes=names,
        rejection=None,
    )
    limits = Limits()
    engine = Engine(Classifier(model, names, transform), card)
    engine.warm_up()
    service = Service(limits)
    service.swap(engine)
    with open(os.devnull, "w") as nowhere, bind("127.0.0.1", 0) as listener:
        configure_logs(quiet=False, stream=nowhere)
        parent.send(listener.getsockname()[1])
        GracefulServer(service).serve_on(listener)


def send(parent: Connection, port: int) -> None:
    """The clients' process: does what it is told over and over."""
    import uvloop

    while True:
        count, files, requests = parent.recv()
        uvloop.run(clients_of(port, count, request_of(files), requests))
        parent.send("done")


async def clients_of(port: int, count: int, request: bytes, requests: int) -> None:
    """So many connections, each with its share of the requests."""
    loop = asyncio.get_running_loop()
    shares = [requests // count + (number < requests % count) for number in range(count)]
    clients = [Client(request, share, loop.create_future()) for share in shares]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)
    for client in clients:
        client.ask()
    await asyncio.gather(*(client.done for client in clients))


class Client(asyncio.Protocol):
    """One request after the other on one connection; no coroutine, since what clients take is the server's loss."""

    def __init__(self, request: bytes, requests: int, done: asyncio.Future[None]) -> None:
        self._request, self._left, self.done = request, requests, done
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the connection."""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def ask(self) -> None:
        """Send the next request, or end."""
        if self._left == 0:
            self._transport.close()
            self.done.set_result(None)
            return
        self._left -= 1
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Wait for the answer's end, and look at its status."""
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not ended or len(body) < int(length):
            return
        self._received = b""
        if head.startswith(b"HTTP/1.1 200"):
            self.ask()
        else:
            self._fail(head.decode())

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that the server has closed has no answer."""
        self._fail(f"connection lost: {error}")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))


def request_of(files: int) -> bytes:
    """A whole request: one image as its body, or several in a form."""
    contents = [png(image) for image in random_images(files)]
    kind, body = "image/png", contents[0]
    if files > 1:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        disposition = 'Content-Disposition: form-data; name="files"; filename="a.png"'
        parts = [f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n" for content in contents]
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def png(image: np.ndarray) -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
