"""Who is let in to a page: whoever has its token, under its own name; not other pages of the same browser.

Both servers trust whoever reaches them. Without a guard that would be every user of this machine and, as a foreign
name can be made to lead to 127.0.0.1 (DNS rebinding), every page that is open in a browser on it.
"""

from __future__ import annotations

import html
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from operations.dashboard.token import PARAMETER

NAMES = ("127.0.0.1", "localhost")
START_COMMAND = "python run_pipeline.py dashboard start"
OPEN = ("/health",)  # that a page is up is no secret
KEEP_QUIET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
DOCUMENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>"""


class Guard:
    """An application that answers in front of another one, and lets only its owner through.

    Args:
        app: What is guarded.
        port: The port that both answer on.
        token: What its owner has; exchanged for a cookie at the first visit.
    """

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())
        self._address = f"http://{NAMES[0]}:{port}"
        self._token = token
        self._cookie = f"dashboard-{port}"  # a browser gives a machine's cookies to all of its ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on what its owner asks for."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: status 403
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._own_name(headers) or _from_another_page(scope, headers):
            return _page(403, "Not under this name", f"This page answers only as {self._address}, to itself.")
        if scope["path"] in OPEN or self._matches(self._cookie_of(headers)):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope.get("method") == "GET" and self._matches(dict(query).get(PARAMETER, "")):
            return self._welcome(scope, [(name, value) for name, value in query if name != PARAMETER])
        return _page(
            401,
            "Only with its token",
            f"On the machine that it runs on, {START_COMMAND} tells the address that lets you in.",
        )

    def _own_name(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        return len(hosts) == 1 and hosts[0] in self._hosts and origins in ([], [f"http://{hosts[0]}"])

    def _cookie_of(self, headers: Headers) -> str:
        try:
            found = SimpleCookie("; ".join(headers.getlist("cookie"))).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    def _matches(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _welcome(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        """Exchange the token for a cookie, and go where the address leads without it, which histories then keep."""
        place = "/" + scope["path"].lstrip("/")  # two slashes would lead to another machine
        answer = RedirectResponse(place + (f"?{urlencode(query)}" if query else ""), 303, KEEP_QUIET)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return answer


def _from_another_page(scope: Scope, headers: Headers) -> bool:
    """Whether a browser says that the request comes from a page of another port or name; a followed link is welcome."""
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    if followed and scope.get("method") == "GET":
        return False
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _page(status: int, title: str, text: str) -> Response:
    return HTMLResponse(DOCUMENT.format(title=html.escape(title), text=html.escape(text)), status, KEEP_QUIET)
