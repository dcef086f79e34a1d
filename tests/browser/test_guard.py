"""The guard of the local dashboards, as a browser meets it."""

import re
import threading
import time
from functools import partial

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from operations.dashboard.guard import Guard
from operations.dashboard.token import PARAMETER
from tests.operations.dashboard.test_dashboard import command, environment, free_port

pytestmark = pytest.mark.slow
TOKEN = "a-token"
EVIL = "evil.test"  # leads to this machine in the tests' browser: DNS rebinding
FETCH = "([path, options]) => fetch(path, options).then((answer) => answer.text(), () => 'refused')"

EMBED = """([kind, url]) => new Promise((done) => {
  const element = document.createElement(kind);
  element.onload = element.onerror = done;
  element.src = url;
  document.body.append(element);
})"""


async def page(request):
    request.app.state.reached.append(f"{request.method} {request.url.path}")
    return HTMLResponse(f"<title>own page</title>{request.method} {request.url.path}")


async def stream(request):
    return StreamingResponse(iter([b"first ", b"second"]))


def serve(app, port):
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return lambda: (setattr(server, "should_exit", True), thread.join())


def application():
    app = Starlette(routes=[Route("/stream", stream), Route("/{rest:path}", page, methods=["GET", "POST"])])
    app.state.reached = []
    return app


@pytest.fixture
def guarded():
    return application()


@pytest.fixture
def port(guarded):
    """Where a guarded page answers; at the next port anybody else's does."""
    port = free_port()
    ends = [serve(Guard(guarded, port, TOKEN), port), serve(application(), port + 1)]
    yield port
    for end in ends:
        end()


@pytest.fixture
def tab(browser):
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def go(tab, address):
    """The status with which an address answers."""
    return tab.goto(address).status


def test_the_owner_is_let_in_once_and_stays(tab, port):
    own = f"http://127.0.0.1:{port}"
    assert go(tab, own) == 401
    assert "dashboard start" in tab.inner_text("body")
    assert go(tab, f"{own}/runs?a=1&{PARAMETER}={TOKEN}#/place") == 200
    assert tab.url == f"{own}/runs?a=1#/place"
    assert tab.evaluate(FETCH, ["/stream", {}]) == "first second"
    assert tab.evaluate(FETCH, ["/api", {"method": "POST"}]).endswith("POST /api")
    assert tab.evaluate("document.cookie") == ""
    assert go(tab, own) == 200


def test_a_rebound_name_gets_nothing_even_of_who_is_let_in(tab, port):
    go(tab, f"http://127.0.0.1:{port}/?{PARAMETER}={TOKEN}")
    assert go(tab, f"http://{EVIL}:{port}/") == 403
    assert "own page" not in tab.content()
    assert go(tab, f"http://{EVIL}:{port}/?{PARAMETER}={TOKEN}") == 403
    assert "own page" not in tab.evaluate(FETCH, ["/api", {}])


def test_other_pages_reach_nothing(tab, port, guarded):
    own = f"http://127.0.0.1:{port}"
    go(tab, f"{own}/?{PARAMETER}={TOKEN}")
    assert "GET /" in guarded.state.reached
    for name in (EVIL, "127.0.0.1"):  # the latter's requests carry the cookie: the port makes no other machine of it
        assert go(tab, f"http://{name}:{port + 1}/") == 200
        for options in ({}, {"method": "POST"}, {"mode": "no-cors"}, {"mode": "no-cors", "method": "POST"}):
            tab.evaluate(FETCH, [f"{own}/api", {"credentials": "include", **options}])
        for kind in ("img", "iframe", "script"):
            tab.evaluate(EMBED, [kind, f"{own}/api"])
    assert not any("/api" in request for request in guarded.state.reached)
    tab.evaluate("(url) => { location = url }", f"{own}/linked")
    tab.wait_for_url(f"{own}/linked")
    assert "GET /linked" in tab.content()  # from one dashboard to the other


def test_the_real_pages_work_behind_it(tab, tmp_path):
    port = free_port()
    run = partial(command, environment(tmp_path))
    started = run("start", "--port", str(port))
    try:
        assert started.returncode == 0, started.stderr
        addresses = re.findall(r"http://\S+", started.stdout)
        answers, complaints = [], []
        tab.on("response", lambda answer: answers.append((answer.status, answer.url)))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        for address, shown, call in zip(
            addresses, ("Pipelines", "Experiments"), ("/api/v1/", "/ajax-api/"), strict=True
        ):
            del answers[:]
            assert go(tab, address.partition("?")[0]) == 401
            assert go(tab, address) == 200
            tab.get_by_text(shown).first.wait_for()
            tab.wait_for_timeout(1000)  # for what a page asks for after it is drawn
            assert [url for status, url in answers[1:] if status in (401, 403)] == []
            assert any(call in url for status, url in answers if status == 200)
            assert PARAMETER not in tab.url
        assert complaints == []
        assert go(tab, f"http://{EVIL}:{port}/") == 403
        assert go(tab, f"http://{EVIL}:{port + 1}/") == 403
    finally:
        assert run("stop").returncode == 0
