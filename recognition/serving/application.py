"""The server's endpoints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.routing import request_response
from starlette.types import ASGIApp

from recognition.prediction.answers import Answer, answers_of
from recognition.serving.batcher import Probabilities
from recognition.serving.body import read_body
from recognition.serving.documents import MOST_TOP, REQUEST, TOP, Predictions, Status, problems
from recognition.serving.engine import Engine, ModelCard
from recognition.serving.images import Images
from recognition.serving.observation import Observed
from recognition.serving.pages import POLICY, api_page, try_page
from recognition.serving.problems import MEDIA_TYPE, Problem, busy
from recognition.serving.service import READY, Service

DIGITS = 6  # of a probability
DESCRIPTION = "Send images, get the most probable classes."


def application(service: Service) -> ASGIApp:
    """The ASGI application.

    Args:
        service: What requests share; running while the application does.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="Image classification",
        description=DESCRIPTION,
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            Problem: _problem,
            HTTPException: _http_problem,
            RequestValidationError: _bad_parameter,
            Exception: _failure,
        },
    )
    _add_prediction(app, service)
    _add_state(app, service)
    _add_pages(app, service)
    return Observed(app, frozenset(getattr(route, "path", "") for route in app.routes), service.metrics)


def _add_prediction(app: FastAPI, service: Service) -> None:
    refusals = problems(400, 408, 413, 415, 422, 500, 503)

    @app.post("/predict", response_model=Predictions, responses=refusals, openapi_extra=REQUEST, tags=["prediction"])
    async def predict(request: Request) -> Response:
        """Classify images. If one of them cannot be used, none is classified, and the answer says which and why."""
        top = _top(request.query_params.get("top", str(TOP)))
        engine, images, probabilities = await _classified(request, service)
        answers = answers_of(probabilities, engine.card.classes, top, engine.card.rejection)
        rejected = sum(answer.label is None for answer in answers)
        service.metrics.images.labels("none").inc(rejected)
        service.metrics.images.labels("class").inc(len(answers) - rejected)
        request.scope["facts"] |= {"images": len(answers), "model": engine.card.name, "version": engine.card.version}
        return _json(_predictions(engine.card, images, answers))

    # FastAPI describes this path; what it does for dependencies, of which there are none, takes a fifth of a request.
    route = next(each for each in app.routes if isinstance(each, APIRoute) and each.endpoint is predict)
    route.app = request_response(predict)


def _top(text: str) -> int:
    """Not left to FastAPI, whose handling of parameters takes an eighth of a request's time."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_TOP):
        raise Problem(422, f"top is {text[:50]}; expected a whole number from 1 to {MOST_TOP}")
    return int(text[:9])


async def _classified(request: Request, service: Service) -> tuple[Engine, Images, Probabilities]:
    """The images of a request and their probabilities, within the time limit."""
    assert service.batcher is not None
    assert service.decoders is not None
    has_arrived = False
    try:
        with service.admitted():
            async with asyncio.timeout(service.limits.seconds):
                async with read_body(request, service) as body:
                    has_arrived, engine = True, service.engine
                    kind = request.headers.get("content-type", "")
                    images = await service.decoders.images(kind, body, engine.classifier.transform)
                del body
                return engine, images, await service.batcher.submit(engine, images.pixels)
    except TimeoutError:
        if not has_arrived:
            raise Problem(408, f"the body did not arrive within {service.limits.seconds:g} seconds") from None
        raise busy(f"there was no answer within {service.limits.seconds:g} seconds") from None


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


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", response_model=Status, responses=problems(503), tags=["operation"])
    async def healthz() -> Response:
        """Whether the process works: restart it where this fails."""
        if not service.alive:
            raise busy("a call of the model does not end")
        return _json({"status": "alive"})

    @app.get("/readyz", response_model=Status, responses=problems(503), tags=["operation"])
    async def readyz() -> Response:
        """Whether requests are welcome: a model is loaded and warmed up, and the server is not about to stop."""
        if service.status != READY:
            raise busy(f"the server is {service.status}")
        return _json({"status": READY})

    @app.get("/model", responses=problems(503), tags=["prediction"])
    async def model() -> ModelCard:
        """The model that answers."""
        return service.engine.card

    @app.get("/metrics", response_class=Response, tags=["operation"], responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Numbers for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _add_pages(app: FastAPI, service: Service) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home() -> Response:
        return _page(try_page(service.card, service.limits))

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs(request: Request) -> Response:
        return _page(api_page(app.openapi(), str(request.base_url).rstrip("/")))


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


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
    return await _problem(request, Problem(422, said))


async def _failure(request: Request, error: Exception) -> Response:
    """An error of ours, which the log tells with its traceback; the client learns nothing of it but the id."""
    return await _problem(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server has failed; its log says why"))
