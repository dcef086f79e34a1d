"""What MLflow and ZenML give page by page, read to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

PAGE = 100  # rows that ZenML is asked for at once


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


def zenml_pages(list_method: Callable[..., Any], size: int = PAGE, **conditions: Any) -> Iterator[Any]:
    """All that one of ZenML's lists has, each page when it is needed.

    Args:
        list_method: A method of the client, such as `Client().list_pipeline_runs`.
        size: Rows to ask for at once.
        conditions: What it is asked by.
    """
    number, pages = 1, 1
    while number <= pages:
        page = list_method(size=size, page=number, **conditions)
        yield from page.items
        number, pages = number + 1, page.total_pages
