"""Decoding in processes: what they are given, and how they are ended."""

import asyncio
import signal
from pathlib import Path

import pytest

from recognition.data.image_transform import ImageTransform
from recognition.serving.decoding import decoder, decoders
from recognition.serving.decoding.decoders import Decoders
from recognition.serving.limits import Limits
from recognition.serving.problems import Problem
from tests.recognition.serving.served import picture

TRANSFORM = ImageTransform(4, 4, 3, "stretch", "#ffffff")
RED, LARGE, SMALL = picture("red", (90, 90), "BMP"), picture("red", (200, 200), "BMP"), picture("red", (9, 9), "BMP")
LIMITS = Limits(pixels=50_000)


def decoding(work, limits=LIMITS):
    """Run `work` with decoders, and end them."""

    async def run():
        every = Decoders(limits)
        try:
            async with asyncio.timeout(60):
                return await work(every)
        finally:
            await every.close()

    return asyncio.run(run())


async def red(every, content=RED):
    images = await every.images("image/bmp", content, TRANSFORM)
    assert images.pixels.shape == (1, 4, 4, 3)
    assert images.pixels[0, 0, 0].tolist() == [255, 0, 0]


async def stopped(every, send=None):
    """A process that is stopped with work in its hands, and that work."""
    await red(every)
    (process,) = [each.process for each in every._all]
    process.send_signal(signal.SIGSTOP)
    work = asyncio.create_task(every.images("image/bmp", RED, TRANSFORM))
    while not every._idle.empty():
        await asyncio.sleep(0)
    return process, work


def test_what_is_small_and_plain_needs_no_process():
    async def work(every):
        await red(every, picture("red"))
        return every._started

    assert decoding(work) == 0


@pytest.mark.parametrize("content", [RED, LARGE, SMALL])
def test_other_images_are_decoded_in_one(content):
    async def work(every):
        await red(every, content)
        await red(every, content)
        return every._started

    assert decoding(work) == 1


def test_all_processes_work_at_a_time_and_are_ended():
    async def work(every):
        await asyncio.gather(*(red(every) for _ in range(12)))
        while len(every._all) < every._started:
            await asyncio.sleep(0.01)
        return [each.process for each in every._all]

    processes = decoding(work)
    assert len(processes) == decoders.PROCESSES
    assert all(process.returncode == -signal.SIGKILL for process in processes)


def test_large_images_leave_room_for_others():
    async def work(every):
        for _ in range(decoders.LARGE):
            await every._large.acquire()
        waiting = asyncio.create_task(red(every, LARGE))
        await red(every)
        assert not waiting.done()
        every._large.release()
        await waiting

    decoding(work)


def test_problems_are_told_as_elsewhere():
    async def work(every):
        for content, status in (
            (RED[:-500], 422),
            (picture("red", (300, 300), "BMP"), 413),
            (b"no image" * 9_000, 415),
        ):
            with pytest.raises(Problem) as raised:
                await every.images("image/bmp", content, TRANSFORM)
            assert raised.value.status == status
            assert [error.status for error in raised.value.errors] == [status]

    decoding(work)


def test_work_that_nobody_waits_for_is_ended_and_its_process_replaced():
    async def work(every):
        process, waiting = await stopped(every)
        waiting.cancel()
        await asyncio.wait({waiting})
        while process.returncode is None:
            await asyncio.sleep(0.01)
        await red(every)
        assert process.returncode == -signal.SIGKILL
        assert process not in [each.process for each in every._all]

    decoding(work)


@pytest.mark.parametrize(
    ("number", "status", "told"),
    [(signal.SIGPROF, 422, "processor time"), (signal.SIGSEGV, 422, "ended over"), (signal.SIGKILL, 503, "memory")],
)
def test_a_process_that_ends_over_an_image_is_told_and_replaced(number, status, told):
    async def work(every):
        process, waiting = await stopped(every)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        with pytest.raises(Problem, match=told) as raised:
            await waiting
        assert raised.value.status == status
        await red(every)

    decoding(work)


def test_processes_that_cannot_be_started_are_told_and_tried_again(monkeypatch):
    monkeypatch.setattr(decoders, "STUCK", 0.0)
    command = decoder.COMMAND

    async def work(every):
        monkeypatch.setattr(decoder, "COMMAND", ("false",))
        with pytest.raises(Problem, match="started") as raised:
            await every.images("image/bmp", RED, TRANSFORM)
        assert raised.value.status == 503
        assert not every.alive
        monkeypatch.setattr(decoder, "COMMAND", command)
        await red(every)
        assert every.alive

    decoding(work)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="no /proc")
def test_a_process_knows_no_secrets_and_has_limits(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "xyzzy")

    async def work(every):
        await red(every)
        (process,) = [each.process for each in every._all]
        place = Path(f"/proc/{process.pid}")
        assert b"xyzzy" not in (place / "environ").read_bytes()
        (line,) = [line for line in (place / "limits").read_text().splitlines() if line.startswith("Max data size")]
        assert 2**20 < int(line.split()[3]) < 2**30

    decoding(work)
