"""A loopback HTTP server that answers from a script."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request with the next (status, body, announced length or None); the last one is repeated."""

    daemon_threads = False  # so that closing waits for the last answer

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = [], 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/archive.tar.gz"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body, *length = self.server.answers[min(self.server.requests, len(self.server.answers) - 1)]
        self.server.requests += 1
        self.send_response(status)
        if length != [None]:
            self.send_header("Content-Length", str(length[0] if length else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ScriptedServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_pauses_and_no_real_data(monkeypatch):
    monkeypatch.setattr("recognition.data.download.PAUSE", 0.01)
    monkeypatch.delenv("RECOGNITION_DATA", raising=False)
