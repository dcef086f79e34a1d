import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from recognition.errors import InputError
from recognition.serving.limits import Limits
from recognition.serving.server import address_of, bind
from tests.conftest import PROJECT
from tests.recognition.serving.served import StubEngine, picture, serving, until

RED = picture("red")
SERVER = """
import sys, threading
from recognition.serving.limits import Limits
from recognition.serving.server import GracefulServer, bind
from recognition.serving.service import Service
from tests.recognition.serving.served import StubEngine

service, engine = Service(Limits(seconds=float(sys.argv[1]))), StubEngine()
service.swap(engine)
engine.gate.clear()
threading.Thread(target=lambda: (sys.stdin.readline(), engine.gate.set()), daemon=True).start()
with bind("127.0.0.1", 0) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.exit(0 if GracefulServer(service, float(sys.argv[2])).serve_on(listener) else 1)
"""


@pytest.fixture
def process():
    """A function: seconds, drain -> a server in a process of its own, whose model waits for a line; its address."""
    started = []

    def start(seconds=20, drain=0):
        words = [sys.executable, "-c", SERVER, str(seconds), str(drain)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(words, cwd=PROJECT, env={**os.environ, "PYTHONPATH": "."}, **pipes))
        address = f"http://127.0.0.1:{int(started[-1].stdout.readline())}"
        until(lambda: reaches(address), patience=20)
        return started[-1], address

    yield start
    for each in started:
        each.kill()
        each.communicate()


def reaches(address):
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def ask(address):
    return requests.post(f"{address}/predict", files={"files": ("a.png", RED)}, timeout=30)


def in_flight(address):
    return "recognition_queue_images 1.0" in requests.get(f"{address}/metrics", timeout=5).text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_answers_what_is_in_flight_and_ends_with_0(process, number):
    server, address = process()
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(ask, address)
        until(lambda: in_flight(address))
        server.send_signal(number)
        until(lambda: not reaches(address))
        assert server.poll() is None
        server.stdin.write("\n")
        server.stdin.flush()
        assert waiting.result().status_code == 200
    assert server.wait(20) == 0


def test_what_cannot_be_answered_in_time_is_told_by_the_status(process):
    server, address = process()
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(ask, address)
        until(lambda: in_flight(address))
        server.send_signal(signal.SIGTERM)
        until(lambda: not reaches(address))
        server.send_signal(signal.SIGINT)  # a second time: now
        assert waiting.exception(20) or waiting.result().status_code == 500
        server.stdin.write("\n")  # the model's thread ends with the batch that it is at
        server.stdin.flush()
    assert server.wait(20) == 1


def test_while_it_drains_it_answers_but_is_not_ready(process):
    server, address = process(drain=30)
    server.stdin.write("\n")
    server.stdin.flush()
    assert requests.get(f"{address}/readyz", timeout=5).status_code == 200
    server.send_signal(signal.SIGTERM)
    until(lambda: requests.get(f"{address}/readyz", timeout=5).status_code == 503)
    assert ask(address).status_code == 200
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


def test_an_idle_connection_does_not_hold_up_the_end():
    with serving(StubEngine(), Limits(seconds=30)) as client:
        assert client.get("/healthz").ok  # and stays connected
        start = time.monotonic()
        client.server.should_exit = True
        until(lambda: not any(thread.name == "model" for thread in threading.enumerate()))
        assert time.monotonic() - start < 10


def test_a_port_in_use_is_told_with_its_holder_and_a_free_one():
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError) as raised:
            bind("127.0.0.1", port)
        assert f"port {port} is in use" in str(raised.value)
        assert f"process {os.getpid()} (" in str(raised.value)
        free = int(str(raised.value).rpartition("--port ")[2])
        bind("127.0.0.1", free).close()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "::g"])
def test_an_address_of_no_machine_or_another_is_refused(host):
    with pytest.raises(InputError, match="no such address"):
        bind(host, 0)


def test_addresses_for_a_browser():
    with bind("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_addresses_of_version_6():
    with bind("::1", 0) as listener:
        assert address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
