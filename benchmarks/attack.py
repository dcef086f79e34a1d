"""Claim: under attack the server answers 99 % of honest requests within a second, refuses none, and keeps its memory.

Four honest clients send a photo ten times a second, each on a connection that stays open. Beside them each of
`attacks.py` goes on for a minute, at full speed from two connections, or by opening as many as it can. Server,
attackers and honest clients are three processes on the same cores, so what the attackers compute is in the figures.
Measured are the time to an honest answer, answers other than 200, the server's anonymous memory with that of its
children, and whether all is as before from five seconds after the attack on.

    python benchmarks/attack.py --seconds 60
    python benchmarks/attack.py --seconds 5 --attacks "an endless line" "32 of them"
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import psutil
from attacks import ATTACKS, Attack, body, photograph
from measurement import Figure, arguments, publish
from serving import serve

HONEST, PAUSE = 4, 0.1  # clients, and seconds between an answer and the next request
CALM, SETTLING, AFTER = 3.0, 5.0, 3.0  # seconds before the attack, behind it, and then of measuring
PATIENCE = 60.0  # seconds after which a client gives up
HELD = 2_000  # connections at a time
PARALLEL = 2
DOCUMENTED = 3.6 * 2**30  # bytes beside the model: docs/serving.md
MEGABYTE = 1e6


class Answer(NamedTuple):
    """An honest request's."""

    start: float
    seconds: float
    status: int  # 0 for a connection that was closed


class Outcome(NamedTuple):
    """What an attack brought about."""

    name: str
    before: float
    share_99: float
    answers: int
    refused: Counter[int]
    memory: int
    unhealthy: int
    after: float

    def line(self) -> str:
        """For people."""
        refused = ", ".join(f"{count} x {status or 'closed'}" for status, count in self.refused.items()) or "none"
        return (
            f"{self.name:38} 99 % in {1_000 * self.share_99:6.0f} ms of {self.answers:4}; median before "
            f"{1_000 * self.before:4.0f}, after {1_000 * self.after:4.0f}; refused: {refused}; "
            f"+{self.memory / MEGABYTE:5.0f} MB; unhealthy: {self.unhealthy}"
        )


def main() -> None:
    """Attack a server in each way."""
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--seconds", type=float, default=60, help="of each attack; %(default)s")
    parser.add_argument("--attacks", nargs="+", metavar="NAME", choices=[attack.name for attack in ATTACKS])
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    attacks = [each for each in ATTACKS if not options.attacks or each.name in options.attacks]
    outcomes = []
    for attack in attacks:
        outcomes.append(asyncio.run(measured(attack, options.seconds)))
        print(outcomes[-1].line(), flush=True)
    if not options.attacks:
        publish("attack", __doc__, figures(outcomes, options.seconds), options.results)


def figures(outcomes: list[Outcome], seconds: float) -> list[Figure]:
    """The worst of all attacks, and each one's 99 %."""
    compared = (f"{len(outcomes)} attacks of {seconds:g} s each, {HONEST} honest clients",)
    worst = {
        "under attack, 99 % of honest requests": (max(1_000 * each.share_99 for each in outcomes), "ms", 1_000),
        "under attack, honest requests refused": (float(sum(each.refused.total() for each in outcomes)), "", 0),
        "under attack, memory against its limit": (max(each.memory for each in outcomes) / DOCUMENTED, "x", 1.1),
        "five seconds after an attack, median": (max(each.after / each.before for each in outcomes), "x", 1.5),
        "under attack, answers of /healthz that are no": (float(sum(each.unhealthy for each in outcomes)), "", 0),
    }
    every = [Figure(name, compared, (value,), unit, goal, False) for name, (value, unit, goal) in worst.items()]
    return every + [Figure(each.name, compared, (1_000 * each.share_99,), "ms") for each in outcomes]


async def measured(attack: Attack, seconds: float) -> Outcome:
    """One attack, on a server of its own."""
    with process(serve, "fast") as (server, pipe):
        port = pipe.recv()
        while not await is_alive(port):
            await asyncio.sleep(0.1)
        ends = time.monotonic() + CALM + seconds + SETTLING + AFTER
        honest = [asyncio.create_task(client(port, ends)) for _ in range(HONEST)]
        watched = asyncio.create_task(watch(port, psutil.Process(server.pid), ends))
        await asyncio.sleep(CALM)
        begun = time.monotonic()
        with process(attackers, port, attack.name):
            await asyncio.sleep(seconds)
        stopped = time.monotonic()
        answers = [answer for each in honest for answer in await each]
        memory, unhealthy = await watched
    during = [each for each in answers if begun <= each.start < stopped]
    times = sorted(each.seconds for each in during)
    return Outcome(
        attack.name,
        middle([each for each in answers if each.start < begun]),
        times[int(0.99 * (len(times) - 1))],
        len(during),
        Counter(each.status for each in answers if each.status != 200),
        memory,
        unhealthy,
        middle([each for each in answers if each.start >= stopped + SETTLING]),
    )


def middle(answers: list[Answer]) -> float:
    """Median of their times, seconds."""
    return statistics.median(each.seconds for each in answers)


async def client(port: int, ends: float) -> list[Answer]:
    """An honest client's answers, until a moment."""
    request, answers = body(photograph(), b"image/jpeg"), []
    connection = None
    while time.monotonic() < ends:
        start, status = time.monotonic(), 0
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PATIENCE):
                connection = connection or await asyncio.open_connection("127.0.0.1", port)
                connection[1].write(request)
                status = await answered(connection[0])
        answers.append(Answer(start, time.monotonic() - start, status))
        if status == 0 and connection is not None:
            connection[1].close()
            connection = None
        await asyncio.sleep(PAUSE)
    return answers


async def answered(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, which is read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    return int(head[9:12])


async def watch(port: int, server: psutil.Process, ends: float) -> tuple[int, int]:
    """By how much the server's memory grew beyond what it had, bytes, and how often it said that it is not alive."""
    before, highest, unhealthy = anonymous(server), 0, 0
    while time.monotonic() < ends:
        highest = max(highest, anonymous(server))
        unhealthy += await is_alive(port) is False
        await asyncio.sleep(0.2)
    return highest - before, unhealthy


async def is_alive(port: int) -> bool | None:
    """What /healthz says; None where it cannot be asked."""
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        status = await answered(reader)
        writer.close()
        return status == 200
    return None


def anonymous(server: psutil.Process) -> int:
    """Bytes of memory of a process and its children that no file holds."""
    total = 0
    for each in [server, *server.children(recursive=True)]:
        with suppress(psutil.Error, OSError), open(f"/proc/{each.pid}/status") as status:
            total += sum(int(line.split()[1]) * 1_024 for line in status if line.startswith("RssAnon"))
    return total


@contextmanager
def process(function: object, *words: object) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process of its own, and the connection to it."""
    here, there = multiprocessing.Pipe()
    started = multiprocessing.get_context("spawn").Process(target=function, args=(there, *words), daemon=True)  # type: ignore[arg-type]
    started.start()
    try:
        yield started, here
    finally:
        started.terminate()
        started.join()


def attackers(parent: Connection, port: int, name: str) -> None:
    """The attackers' process; it is ended from outside."""
    attack = next(each for each in ATTACKS if each.name == name)

    async def all_of_them() -> None:
        await asyncio.gather(*(attacker(port, attack) for _ in range(PARALLEL)))

    asyncio.run(all_of_them())


async def attacker(port: int, attack: Attack) -> None:
    """Attack for ever."""
    held: deque[asyncio.StreamWriter] = deque()
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if attack.is_held:
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                held.append(writer)
            for piece in attack.pieces():
                writer.write(piece)
                if attack.is_held:
                    break
                await writer.drain()
                if attack.hangs_up:
                    break
                if attack.is_answered:
                    await answered(reader)
            if not attack.is_held:
                writer.close()
        if len(held) > HELD // PARALLEL:
            held.popleft().transport.abort()
        await asyncio.sleep(0.001 if attack.name != "nobody" else 1)


if __name__ == "__main__":
    main()
