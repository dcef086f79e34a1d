"""What one client, or many, may take of the server's time and memory by the way they speak HTTP."""

import socket
import threading
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from recognition.serving.connection import CHUNKS, HEAD_LINES, PIPELINED
from recognition.serving.limits import Limits
from tests.recognition.serving.served import StubEngine, picture, serving, until

RED = picture("red")
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
WHOLE = POST + b"Content-Length: %d\r\n\r\n" % len(RED) + RED


@pytest.fixture(scope="module")
def client():
    with serving(StubEngine(), Limits(queue=32, seconds=10)) as client:
        yield client


@contextmanager
def connected(client, receive=None):
    """A socket to the server; `receive` bytes for what it has not read."""
    address = urlsplit(client.address)
    with socket.socket() as peer:
        if receive:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        peer.settimeout(20)
        peer.connect((address.hostname, address.port))
        yield peer


def status(peer):
    """Of the next answer; None where the server has closed."""
    try:
        line = peer.recv(12)
    except ConnectionError:
        return None
    return int(line[9:12]) if line else None


def closed(peer):
    """Whether the server closes, after whatever it still says."""
    try:
        while peer.recv(2**16):
            pass
    except ConnectionError:
        pass
    return True


def connections(client):
    return len(client.server.server_state.connections)


@pytest.mark.parametrize(
    "start", [b"GET /", b"GET / HTTP/1.1\r\nX-A: ", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 90 + b"c"]
)
def test_a_head_without_end_is_refused_before_it_takes_memory(client, start):
    with connected(client) as peer:
        peer.sendall(start)
        sent = 0
        try:
            for _ in range(1_000):
                sent += peer.send(b"a" * 65_536)
        except ConnectionError:
            pass
        assert sent < 64 * 65_536  # what the system takes before the server reads it
    until(lambda: connections(client) == 0)


def test_the_one_who_sends_too_long_a_head_is_told(client):
    with connected(client) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nX-A: " + b"a" * 33_000)
        assert status(peer) == 431


@pytest.mark.parametrize(("lines", "expected"), [(HEAD_LINES - 1, 200), (HEAD_LINES, 431)])
def test_a_head_has_so_many_lines(client, lines, expected):
    with connected(client) as peer:
        peer.sendall(GET[:-2] + b"a: b\r\n" * lines + b"\r\n")
        assert status(peer) == expected


@pytest.mark.parametrize(("waiting", "expected"), [(PIPELINED, 200), (PIPELINED + 1, None)])
def test_so_many_requests_may_wait_for_an_answer_before_them(client, waiting, expected):
    with connected(client) as peer:
        peer.sendall(WHOLE + GET * waiting)
        found = status(peer)
        assert found == expected
        if found:
            peer.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert closed(peer)


@pytest.mark.parametrize(("chunks", "expected"), [(CHUNKS - 1, 415), (CHUNKS, None)])
def test_a_body_comes_in_so_many_chunks(client, chunks, expected):
    with connected(client) as peer:
        try:
            peer.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n")
        except ConnectionError:
            assert expected is None
        assert status(peer) == expected


def test_long_content_types_are_refused(client):
    response = client.post(data=RED, headers={"Content-Type": "image/png" + ";a=b" * 500})
    assert response.status_code == 415


def test_there_are_no_websockets(client):
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "a" * 24,
        "Sec-WebSocket-Version": "13",
    }
    assert client.get("/predict", headers=upgrade).status_code == 405


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(b"", None), (b"GET / HT", 408), (b"\r\n\r\n", None), (POST + b"Content-Length: 9\r\n\r\nx", 408)],
)
def test_who_sends_nothing_more_is_left_in_time(sent, expected):
    with serving(StubEngine(), Limits(seconds=0.2)) as client, connected(client) as peer:
        peer.sendall(sent)
        assert status(peer) == expected
        assert closed(peer)
        until(lambda: connections(client) == 0)


def test_who_drips_is_left_in_time():
    with serving(StubEngine(), Limits(seconds=0.2)) as client, connected(client) as peer:
        ended = threading.Event()
        peer.sendall(b"GET /")

        def drip():
            try:
                while not ended.wait(0.02):
                    peer.sendall(b"a")
            except OSError:
                pass

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert status(peer) == 408
        until(lambda: connections(client) == 0)
        ended.set()
        dripping.join()


def test_who_takes_no_answer_is_left_in_time():
    with serving(StubEngine(), Limits(seconds=0.2)) as client, connected(client, receive=4_096) as peer:
        peer.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * PIPELINED)
        until(lambda: connections(client) == 1)
        until(lambda: connections(client) == 0)


def test_those_who_hold_connections_keep_nobody_out():
    with serving(StubEngine(), Limits(queue=4, files=1, seconds=20)) as client:
        assert client.get("/healthz").ok  # its connection stays
        with connected(client) as first, connected(client) as second, ExitStack() as others:
            first.sendall(b"GET / HT")
            second.sendall(POST + b"Content-Length: 9\r\n\r\n")
            until(lambda: client.service.bodies.arriving == 1)
            for _ in range(20):
                others.enter_context(connected(client))
            assert closed(first)
            assert closed(second)
            assert client.send(RED).status_code == 200
            assert client.get("/healthz").ok
            assert connections(client) <= 8


def test_heads_without_bodies_take_no_place_in_the_queue():
    with serving(StubEngine(), Limits(queue=4, files=1, seconds=20)) as client, ExitStack() as peers:
        for _ in range(4):
            peers.enter_context(connected(client)).sendall(POST + b"Content-Length: 9\r\n\r\n")
        until(lambda: client.service.bodies.arriving == 4)
        assert client.send(RED).status_code == 200


def test_the_body_that_is_late_gives_way_where_memory_ends():
    body = 1_000
    with serving(StubEngine(), Limits(body=body, queue=64, seconds=20)) as client, connected(client) as slow:
        slow.sendall(POST + b"Content-Length: %d\r\n\r\n" % body + b"x" * (body - 1))
        until(lambda: client.service.bodies.bytes == body - 1)
        client.service.bodies.bytes += client.service.limits.bodies - body + 1  # as if others were being decoded
        assert client.send(RED).status_code == 200
        assert status(slow) == 503


def test_a_client_that_has_gone_is_not_answered(logged):
    lines, engine = logged(), StubEngine()
    with serving(engine) as client:
        engine.gate.clear()
        with connected(client) as busy, connected(client) as peer:
            busy.sendall(WHOLE)
            until(lambda: client.service.batcher.images == 1)
            peer.sendall(WHOLE)
            until(lambda: client.service.batcher.images == 2)
            peer.close()
            until(lambda: client.service.requests == 1)
            engine.gate.set()
            assert status(busy) == 200
        assert client.service.cut == 0
    assert 499 in [line.get("status") for line in lines()]
