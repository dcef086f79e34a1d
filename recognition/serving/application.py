"""The server's endpoints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from recognition.prediction.answers import Answer, answers_of
from recognition.serving.batcher import Probabilities
from recognition.serving.decoding.images import Images
from recognition.serving.documents import MOST_TOP, TOP, openapi
from recognition.serving.engine import Engine, ModelCard
from recognition.serving.observation import Observed
from recognition.serving.pages import POLICY, api_page, try_page
from recognition.serving.problems import MEDIA_TYPE, Problem, busy
from recognition.serving.service import READY, Service

DIGITS = 6  # of a probability


def application(service: Service) -> ASGIApp:
    """The ASGI application.

    Args:
        service: What requests share; running while the application does.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    routes = [_prediction(service), *_state(service), *_pages(service)]
    handlers = {Problem: _problem, HTTPException: _http_problem, Exception: _failure}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return Observed(app, frozenset(route.path for route in routes), service.metrics)


def _prediction(service: Service) -> Route:
    async def predict(request: Request) -> Response:
        top = _top(request.query_params.get("top", str(TOP)))
        engine, images, probabilities = await _classified(request, service)
        answers = answers_of(probabilities, engine.card.classes, top, engine.card.rejection)
        rejected = sum(answer.label is None for answer in answers)
        service.metrics.images.labels("none").inc(rejected)
        service.metrics.images.labels("class").inc(len(answers) - rejected)
        request.scope["facts"] |= {"images": len(answers), "model": engine.card.name, "version": engine.card.version}
        return _json(_predictions(engine.card, images, answers))

    return Route("/predict", predict, methods=["POST"])


def _top(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_TOP):
        raise Problem(422, f"top is {text[:50]}; expected a whole number from 1 to {MOST_TOP}")
    return int(text[:9])


async def _classified(request: Request, service: Service) -> tuple[Engine, Images, Probabilities]:
    """The images of a request and their probabilities, within the time limit."""
    assert service.batcher is not None
    assert service.decoders is not None
    ends = request.scope["first_byte"] + service.limits.seconds
    with ExitStack() as answering:
        async with service.bodies.read(request, ends) as body:
            answering.enter_context(service.admitted())
            answering.enter_context(request.scope["connection"].cancelling(asyncio.current_task()))
            answering.enter_context(_told(service.limits.seconds))
            engine, kind = service.engine, request.headers.get("content-type", "")
            async with asyncio.timeout_at(ends):
                images = await service.decoders.images(kind, body, engine.classifier.transform)
        del body
        async with asyncio.timeout_at(ends):
            return engine, images, await service.batcher.submit(engine, images.pixels)


@contextmanager
def _told(seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise busy(f"there was no answer within {seconds:g} seconds") from None


def _predictions(card: ModelCard, images: Images, answers: list[Answer]) -> dict[str, Any]:
    """As documents.Predictions, which is not built here: checking what we made ourselves takes time."""
    return {
        "model": {"name": card.name, "version": card.version},
        "predictions": [
            {
                "file": name,
                "label": answer.label,
                "top": [{"label": label, "probability": round(share, DIGITS)} for label, share in answer.top],
            }
            for name, answer in zip(images.names, answers, strict=True)
        ],
    }


def _state(service: Service) -> list[Route]:
    async def healthz(request: Request) -> Response:
        if not service.alive:
            raise busy("a call of the model does not end")
        return _json({"status": "alive"})

    async def readyz(request: Request) -> Response:
        if service.status != READY:
            raise busy(f"the server is {service.status}")
        return _json({"status": READY})

    async def model(request: Request) -> Response:
        return _json(service.engine.card.model_dump(mode="json"))

    async def metrics(request: Request) -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return [Route(f"/{each.__name__}", each) for each in (healthz, readyz, model, metrics)]


def _pages(service: Service) -> list[Route]:
    description = openapi()

    async def home(request: Request) -> Response:
        return _page(try_page(service.card, service.limits))

    async def docs(request: Request) -> Response:
        return _page(api_page(description, str(request.base_url).rstrip("/")))

    async def described(request: Request) -> Response:
        return _json(description)

    return [Route("/", home), Route("/docs", docs), Route("/openapi.json", described)]


def _page(html: str) -> Response:
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def _json(document: Any) -> Response:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), media_type="application/json")


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    request.scope["facts"]["problem"] = problem.detail
    document = json.dumps(problem.document(request.scope["request_id"]), ensure_ascii=False)
    return Response(document.encode(), problem.status, problem.headers, MEDIA_TYPE)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {404: "there is nothing at this path; /docs lists what is", 405: "this path does not take this method"}
    said = detail.get(error.status_code, str(error.detail))
    return await _problem(request, Problem(error.status_code, said, headers=error.headers))


async def _failure(request: Request, error: Exception) -> Response:
    """An error of ours, which the log tells with its traceback; the client learns nothing of it but the id."""
    return await _problem(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server has failed; its log says why"))
