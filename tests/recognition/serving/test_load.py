"""Many clients at once, some of them rude: nothing but 503 is a server's fault, and memory stays flat."""

import gc
import random
import socket
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from recognition.serving.limits import Limits
from tests.recognition.serving.served import StubEngine, picture, serving, until

MEBIBYTE = 2**20
NOISE = 96 * MEBIBYTE  # the allocator's, clients included; an image kept from each request would be gigabytes
CLIENTS = 32
IMAGES = [
    picture(colour, size, kind)
    for colour in ("red", "blue")
    for size in ((8, 8), (300, 200))
    for kind in ("PNG", "JPEG")
]
FORM = {"Content-Type": "multipart/form-data; boundary=B"}


def good(session, url):
    return session.post(url, files=[("files", image) for image in random.sample(IMAGES, 3)])


def raw(session, url):
    return session.post(url, data=random.choice(IMAGES), headers={"Content-Type": "image/png"})


def cut_short(session, url):
    content = random.choice(IMAGES)
    return session.post(url, data=content[: len(content) // 2], headers={"Content-Type": "image/jpeg"})


def no_image(session, url):
    return session.post(url, files={"files": ("a.png", b"no image" + random.randbytes(5_000))})


def no_form(session, url):
    return session.post(url, data=random.randbytes(1_000), headers=FORM)


def too_many_pixels(session, url):
    return session.post(url, data=BOMB, headers={"Content-Type": "image/png"})


def too_long(session, url):
    return session.post(url, data=iter([bytes(MEBIBYTE)] * 3), headers={"Content-Type": "image/png"})


def too_many_files(session, url):
    return session.post(url, files=[("files", IMAGES[0])] * 50)


def empty(session, url):
    return session.post(url)


def hang_up(session, url):
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as rude:
        rude.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9999\r\n\r\nx")


BOMB = picture("red", (2_000, 1_000))
RUDE = (cut_short, no_image, no_form, too_many_pixels, too_long, too_many_files, empty, hang_up)
ALLOWED = {
    good: {200},
    raw: {200},
    cut_short: {415, 422},  # a head cut short is of no known kind
    no_image: {415},
    no_form: {400},
    too_many_pixels: {413},
    too_long: {413},
    too_many_files: {413},
    empty: {400},
}


def besiege(url, seconds):
    """What CLIENTS got from a server in so many seconds: counts by kind of request and status."""

    def client(number):
        session, ends = requests.Session(), time.monotonic() + seconds
        session.trust_env = False
        found = Counter()
        while time.monotonic() < ends:
            action = random.choice((good, raw, *RUDE))
            try:
                response = action(session, url)
            except requests.ConnectionError:  # refused in the middle of a body that is too long
                assert action is too_long
                continue
            if response is not None:
                found[action, response.status_code] += 1
        session.close()
        return found

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(client, range(CLIENTS)), Counter())


def anonymous():
    gc.collect()
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared


@pytest.mark.parametrize("seconds", [3, pytest.param(15, marks=pytest.mark.slow)])
def test_rude_clients_do_no_harm_to_polite_ones_or_to_memory(seconds, logged):
    logged(quiet=True)  # what pytest keeps of logs would grow
    limits = Limits(body=2 * MEBIBYTE, pixels=1_000_000, files=32, seconds=20, queue=48)
    engine = StubEngine(side=32)
    engine.batches = deque(maxlen=1)
    with serving(engine, limits) as client:
        url = f"{client.address}/predict"
        besiege(url, seconds / 3)
        before = anonymous()
        found = besiege(url, seconds)
        grown = anonymous() - before
        until(lambda: client.service.requests == 0)
        assert client.service.bodies.bytes == client.service.batcher.images == 0
    for (action, status), count in found.items():
        assert status in ALLOWED[action] | {503}, (action.__name__, status, count)
    assert {action for action, status in found if status != 503} == set(ALLOWED)
    assert found[good, 200] + found[raw, 200] > 0.05 * found.total()
    assert grown < NOISE
