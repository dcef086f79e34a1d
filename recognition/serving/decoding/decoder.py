"""One process that decodes, as the server sees it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from typing import Any, NamedTuple

from recognition.serving.decoding.worker import LENGTHS

COMMAND = (sys.executable, "-P", "-m", "recognition.serving.decoding.worker")
STARTING_SECONDS = 60.0
SLICE = 2**18  # bytes of a body that are handed over at a time
TICK = 0.01  # seconds between looks at whether a process has ended
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")  # no secrets: what decodes strangers' files needs none


class DecoderEndedError(Exception):
    """The process has ended with work in its hands.

    Attributes:
        status: The process's, as of `subprocess.Popen.returncode`.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the process has ended with status {status}")
        self.status = status


class Decoder(NamedTuple):
    """A process that decodes, with the two ends of its channel; one piece of work at a time."""

    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls) -> Decoder:
        """Start a process, and wait until it is ready.

        An interpreter of its own and no fork: the server's threads may hold any lock at that moment.

        Raises:
            DecoderEndedError: It ends at once.
            OSError: It cannot be started, or is not ready in time.
        """
        own, other = socket.socketpair()
        variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        variables |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        try:
            with other:
                channel = other.fileno()
                process = subprocess.Popen(
                    COMMAND, stdin=channel, stdout=channel, env=variables, start_new_session=True
                )
        except OSError:
            own.close()
            raise
        decoder = cls(process, *await asyncio.open_connection(sock=own))
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                await decoder._read()
        except BaseException:
            await decoder.end()
            raise
        return decoder

    async def ask(self, document: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Hand over work, and wait for what it gives.

        Args:
            document: As `worker.answer` takes it.
            body: A request's body.

        Raises:
            DecoderEndedError: The process has ended.
        """
        text = json.dumps(document).encode()
        self.writer.write(LENGTHS.pack(len(text), len(body)) + text)
        try:
            with memoryview(body) as view:
                for start in range(0, len(body), SLICE):
                    self.writer.write(view[start : start + SLICE])
                    await self.writer.drain()
        except ConnectionError:
            pass  # what `_read` tells too
        return await self._read()

    async def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.writer.transport.abort()
        await self._status()

    async def _read(self) -> tuple[dict[str, Any], bytes]:
        try:
            lengths = LENGTHS.unpack(await self.reader.readexactly(LENGTHS.size))
            document, content = [await self.reader.readexactly(length) for length in lengths]
        except (asyncio.IncompleteReadError, ConnectionError):
            raise DecoderEndedError(await self._status()) from None
        return json.loads(document), content

    async def _status(self) -> int:
        while (status := self.process.poll()) is None:
            await asyncio.sleep(TICK)
        return status
