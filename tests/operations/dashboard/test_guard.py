import asyncio
import stat

import pytest

from operations.dashboard import token as tokens
from operations.dashboard.guard import Guard

PORT, TOKEN = 8237, "a-token"
OWN, EVIL = "127.0.0.1:8237", "evil.test:8237"
COOKIE = ("cookie", f"other=1; dashboard-{PORT}={TOKEN}")


async def app(scope, receive, send):
    """What is guarded: tells that it was reached."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the page"})
    else:
        await send({"type": "lifespan.startup.complete"})


def ask(*headers, path="/", query="", kind="http", method="GET", port=PORT):
    """What the guard or the app sends."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": pairs}
    scope |= {"method": method} if kind == "http" else {}
    asyncio.run(Guard(app, port, TOKEN)(scope, receive, send))
    return sent


def status(*headers, **options):
    return ask(*headers, **options)[0]["status"]


def headers_of(answer):
    return {name.decode(): value.decode() for name, value in answer[0]["headers"]}


def test_the_cookie_lets_in():
    assert status(("host", OWN), COOKIE) == 200
    assert status(("host", "localhost:8237"), COOKIE, ("origin", "http://localhost:8237"), method="POST") == 200
    assert status(("host", "localhost"), ("cookie", f"dashboard-80={TOKEN}"), port=80) == 200


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        f"dashboard-{PORT}=",
        f"dashboard-{PORT}=other",
        f"dashboard-{PORT}=é",
        f"dashboard-8238={TOKEN}",
        f"dashboard-{PORT}={TOKEN}x",
        TOKEN,
        "=;=;\x00",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/info", "/healthy", "/health/", "//health"])
def test_nobody_else_is_let_in(cookie, path):
    answer = ask(("host", OWN), *([("cookie", cookie)] if cookie else []), path=path)
    assert answer[0]["status"] == 401
    assert b"dashboard start" in answer[1]["body"]
    assert TOKEN.encode() not in answer[1]["body"]
    assert headers_of(answer)["cache-control"] == "no-store"


def test_that_a_page_is_up_is_no_secret_but_told_to_nobody_else():
    assert status(("host", OWN), path="/health") == 200
    assert status(("host", EVIL), path="/health") == 403


@pytest.mark.parametrize(
    "host",
    [EVIL, "evil.test", "127.0.0.1", "127.0.0.1:8238", "127.0.0.1:8237.evil.test", "127.0.0.2:8237", "[::1]:8237", ""],
)
def test_a_foreign_name_is_refused_with_the_cookie_and_with_the_token(host):
    assert status(("host", host), COOKIE) == 403
    assert status(("host", host), query=f"{tokens.PARAMETER}={TOKEN}") == 403


def test_names_that_are_missing_or_many_are_refused():
    assert status(COOKIE) == 403
    assert status(("host", OWN), ("host", EVIL), COOKIE) == 403
    assert status(("host", OWN), ("origin", f"http://{OWN}"), ("origin", f"http://{EVIL}"), COOKIE) == 403


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "", f"https://{OWN}", "http://127.0.0.1:8238", OWN])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_another_origin_is_refused(origin, method):
    assert status(("host", OWN), ("origin", origin), COOKIE, method=method) == 403


def test_what_another_port_of_this_machine_embeds_is_refused_and_its_links_are_not():
    def from_other(mode, destination, **options):
        told = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)]
        return status(("host", OWN), COOKIE, *told, **options)

    assert from_other("no-cors", "image") == 403
    assert from_other("navigate", "iframe") == 403
    assert from_other("navigate", "document", method="POST") == 403
    assert from_other("navigate", "document") == 200


def test_the_token_is_exchanged_for_a_cookie_of_this_page_alone():
    answer = ask(("host", OWN), path="/projects/x", query=f"a=1&{tokens.PARAMETER}={TOKEN}&b=")
    headers = headers_of(answer)
    assert answer[0]["status"] == 303
    assert headers["location"] == "/projects/x?a=1&b="
    assert headers["set-cookie"] == f"dashboard-{PORT}={TOKEN}; HttpOnly; Path=/; SameSite=strict"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["//evil.test/x", "/\\evil.test/x", "///evil.test/x"])
def test_the_exchange_leads_nowhere_else(path):
    place = headers_of(ask(("host", OWN), path=path, query=f"{tokens.PARAMETER}={TOKEN}"))["location"]
    assert place in ("/evil.test/x", "/%5Cevil.test/x")


def test_a_wrong_token_or_one_that_is_sent_as_a_form_is_not_exchanged():
    assert status(("host", OWN), query=f"{tokens.PARAMETER}=wrong") == 401
    assert status(("host", OWN), query=f"{tokens.PARAMETER}=%ff%00") == 401
    assert status(("host", OWN), query=f"{tokens.PARAMETER}={TOKEN}", method="POST") == 401


@pytest.mark.parametrize(
    ("headers", "reached"),
    [
        ([("host", OWN), COOKIE], True),
        ([("host", OWN), ("origin", f"http://{OWN}"), COOKIE], True),
        ([("host", OWN)], False),
        ([("host", OWN), ("origin", "http://evil.test"), COOKIE], False),
        ([("host", EVIL), ("origin", f"http://{EVIL}"), COOKIE], False),
    ],
)
def test_sockets_are_guarded_too(headers, reached):
    sent = ask(*headers, kind="websocket", query=f"{tokens.PARAMETER}={TOKEN}")
    assert [message["type"] for message in sent] == ["websocket.accept" if reached else "websocket.close"]


def test_the_applications_own_start_is_not_guarded():
    assert ask(kind="lifespan") == [{"type": "lifespan.startup.complete"}]


def test_only_the_owner_reads_the_token(monkeypatch, tmp_path):
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path))
    assert tokens.token() is None
    file = tmp_path / "dashboard" / "token"
    file.parent.mkdir()
    file.with_suffix(".new").write_text("of who was killed")
    file.with_suffix(".new").chmod(0o666)
    tokens.renew()
    first = tokens.token()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) >= 43  # 256 bits
    tokens.renew()
    assert tokens.token() not in (None, first)
    address = tokens.with_token("http://127.0.0.1:1/#/runs?type=x")
    assert address == f"http://127.0.0.1:1/?dashboard_token={tokens.token()}#/runs?type=x"
