"""What MLflow gives page by page, read to its end; for ZenML its own `depaginate` does that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def mlflow_pages(search: Callable[..., Iterable[Any]], *arguments: Any, **options: Any) -> Iterator[Any]:
    """All that one of MLflow's searches finds, each page when it is needed.

    Args:
        search: A method of the client that takes a `page_token`.
        arguments: Its others.
        options: Its others by name.
    """
    token = None
    while token != "":
        page: Any = search(*arguments, **options, page_token=token)
        yield from page
        token = page.token or ""
