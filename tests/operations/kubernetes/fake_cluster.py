"""An API server as far as our code asks one: objects by their path, reviews of rights, logs; on loopback."""

import json
import re
import threading
import time
from copy import deepcopy
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

REVIEW = re.compile(r"subjectaccessreviews$")


class FakeCluster:
    """What an API server knows.

    Attributes:
        objects: By path, such as /apis/batch/v1/namespaces/recognition/jobs/a.
        logs: A pod's log by its name; each line has the time at which its beginning was there first.
        clock: Time of the server, seconds.
        log_seconds: Of how many seconds a log was asked for, None for all of it, for each time.
        denied: Verbs and resources that nobody may use, such as "create jobs".
        requests: Method, path and body of each request so far.
        failing: Statuses by the beginning of a path, answered in place of anything else.
    """

    def __init__(self):
        self.objects, self.logs, self.denied, self.requests, self.failing = {}, {}, set(), [], {}
        self.after = lambda method, path: None
        self.clock, self.log_seconds, self._line_times = time.time, [], {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self, path, context="cluster"):
        """Write a kubeconfig that leads here."""
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": context,
                    "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                    "users": [{"name": "me", "user": {"token": "t"}}],
                    "contexts": [{"name": context, "context": {"cluster": "fake", "user": "me"}}],
                }
            )
        )
        return path

    def add(self, path, **content):
        """An object at a path; its name is the path's last part."""
        name = path.rpartition("/")[2]
        metadata = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", **content.pop("metadata", {})}
        self.objects[path] = {"metadata": metadata, **content}
        return self.objects[path]

    def sent(self, method):
        """Path and body of each request of a method so far."""
        return [(path, body) for each, path, body in self.requests if each == method]

    def answer(self, method, path, query, body):
        """Status and content."""
        for beginning, status in self.failing.items():
            if path.startswith(beginning):
                return status, {"kind": "Status", "code": status, "message": "as the test wants"}
        if path.rstrip("/") == "/version":
            return 200, {"major": "1", "minor": "34", "gitVersion": "v1.34.3"} | dict.fromkeys(VERSION_PARTS, "x")
        if REVIEW.search(path):
            return 201, {**body, "status": {"allowed": self._is_allowed(body["spec"]["resourceAttributes"])}}
        if path.endswith("/log"):
            name = path.split("/")[-2]
            return (200, self._log(name, query)) if name in self.logs else (404, {})
        return getattr(self, f"_{method.lower()}")(path, query, body)

    def _log(self, name, query):
        seconds = int(query["sinceSeconds"][0]) if "sinceSeconds" in query else None
        self.log_seconds.append(seconds)
        lines, times = self.logs[name].splitlines(keepends=True), self._line_times.setdefault(name, [])
        times += [self.clock()] * (len(lines) - len(times))
        earliest = self.clock() - seconds if seconds is not None else 0
        stamped = [
            (at, f"{stamp(at + 1e-6 * place)} {line}" if "timestamps" in query else line)
            for place, (at, line) in enumerate(zip(times, lines, strict=True))
        ]
        return "".join(line for at, line in stamped if at >= earliest)

    def _is_allowed(self, attributes):
        resource = "/".join(filter(None, (attributes["resource"], attributes.get("subresource"))))
        return f"{attributes['verb']} {resource}" not in self.denied

    def _get(self, path, query, body):
        if path in self.objects:
            return 200, self.objects[path]
        if path.rpartition("/")[2] not in COLLECTIONS:
            return 404, {"kind": "Status", "code": 404}
        found = [
            each
            for place, each in sorted(self.objects.items())
            if place.rpartition("/")[0] == path and self._matches(each, query)
        ]
        return 200, {"items": deepcopy(found), "metadata": {}}

    def _matches(self, each, query):
        labels = each["metadata"].get("labels", {})
        pairs = [pair.split("=", 1) for pair in query.get("labelSelector", [""])[0].split(",") if pair]
        fields = [pair.split("=", 1) for pair in query.get("fieldSelector", [""])[0].split(",") if pair]
        return all(labels.get(key) == value for key, value in pairs) and all(
            _field(each, key) == value for key, value in fields
        )

    def _post(self, path, query, body):
        name = body["metadata"]["name"]
        if f"{path}/{name}" in self.objects:
            return 409, {"kind": "Status", "code": 409}
        body["metadata"] |= {"uid": f"u{len(self.requests)}", "creationTimestamp": "2026-01-01T00:00:00Z"}
        self.objects[f"{path}/{name}"] = body
        return 201, body

    def _patch(self, path, query, body):
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404}
        _merge(self.objects[path], body)
        return 200, self.objects[path]

    def _delete(self, path, query, body):
        return (200, {}) if self.objects.pop(path, None) else (404, {"kind": "Status", "code": 404})


def stamp(seconds):
    """A time as the kubelet writes it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


COLLECTIONS = ("pods", "jobs", "cronjobs", "secrets", "nodes", "events", "resourcequotas")
VERSION_PARTS = ("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform")


def _field(each, path):
    for part in path.split("."):
        each = each.get(part, {})
    return each


def _merge(into, patch):
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif value is None:
            into.pop(key, None)
        else:
            into[key] = value


def _handler(cluster):
    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            cluster.requests.append((self.command, parts.path, body))
            status, content = cluster.answer(self.command, parts.path, parse_qs(parts.query), body)
            text = content if isinstance(content, str) else json.dumps(content)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(content, str) else "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())
            cluster.after(self.command, parts.path)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *arguments):
            pass

    return Handler
