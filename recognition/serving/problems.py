"""Why a request has no answer: problem details for HTTP (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
CLIENT_GONE, GONE = 499, "the client has gone"  # nginx' status for it, which nobody sees but the log


class FileProblem(BaseModel):
    """What is wrong with one of the files."""

    index: int = Field(description="place in the request, from 0")
    file: str = Field(description="its name in the request, empty for a body that is an image")
    status: int = Field(description="what the request would have been answered with, had it been alone")
    detail: str


class ProblemDocument(BaseModel):
    """Why a request has no answer (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what is wrong, and what was expected")
    request_id: str
    errors: list[FileProblem] = Field(default=[], description="the files that are to blame")


class Problem(Exception):  # noqa: N818 - the RFC's word
    """A request is refused.

    Args:
        status: 4xx where the client is to mend it, 503 where it may try again.
        detail: What is wrong, and what was expected.
        errors: The files that are to blame.
        headers: Such as Retry-After.
    """

    def __init__(
        self, status: int, detail: str, errors: Sequence[FileProblem] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), dict(headers or {})

    def document(self, request_id: str) -> dict[str, Any]:
        """The body of the response.

        Args:
            request_id: Of the request.
        """
        title = "Client Closed Request" if self.status == CLIENT_GONE else HTTPStatus(self.status).phrase
        document = ProblemDocument(
            title=title, status=self.status, detail=self.detail, request_id=request_id, errors=list(self.errors)
        )
        return document.model_dump()

    def to_json(self) -> dict[str, Any]:
        """What it was made of."""
        errors = [error.model_dump() for error in self.errors]
        return {"status": self.status, "detail": self.detail, "errors": errors, "headers": self.headers}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The problem that `to_json` described."""
        errors = [FileProblem(**error) for error in document["errors"]]
        return cls(document["status"], document["detail"], errors, document["headers"])


def busy(detail: str, seconds: int = 1) -> Problem:
    """503: try again.

    Args:
        detail: Why it does not work now.
        seconds: When to try again.
    """
    return Problem(503, detail, headers={"Retry-After": str(seconds)})
