"""Work on all cores whose results come in order, a bounded number of them ahead of whoever takes them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
CORES = os.cpu_count() or 1


def map_chunks(
    work: Callable[[list[T]], R], items: Iterable[T], size: int, ahead: int, workers: int = CORES
) -> Generator[R, None, None]:
    """The results of work on chunks of items, in the items' order; closing it ends the threads.

    Args:
        work: Called in a thread.
        items: Consumed as fast as they are worked on.
        size: Items of a chunk.
        ahead: Chunks that wait, at most, to be taken: what bounds the memory.
        workers: Threads.
    """
    left = iter(items)
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, "chunks") as pool:
        try:
            while chunk := list(islice(left, size)):
                waiting.append(pool.submit(work, chunk))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
