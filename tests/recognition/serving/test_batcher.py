import asyncio

import numpy as np
import pytest

from recognition.serving import batcher as batcher_module
from recognition.serving.batcher import Batcher
from recognition.serving.problems import Problem
from tests.recognition.serving.served import StubEngine


def pixels(count, channel=0):
    images = np.zeros((count, 4, 4, 3), np.uint8)
    images[..., channel] = 200
    return images


def batching(scenario, room=100):
    """Run a coroutine with a batcher."""

    async def run():
        sizes = []
        batcher = Batcher(room, sizes.append)
        try:
            await asyncio.wait_for(scenario(batcher, sizes), 20)
        finally:
            await batcher.close()

    asyncio.run(run())


async def held_up(batcher, engine):
    """The model is at work on one image, until its gate opens."""
    engine.gate.clear()
    first = batcher.submit(engine, pixels(1))
    while batcher._waiting:
        await asyncio.sleep(0.001)
    return first


def test_what_waits_shares_a_batch_and_each_gets_its_own_answer():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        first = await held_up(batcher, engine)
        waiting = [batcher.submit(engine, pixels(1, channel)) for channel in (0, 1, 2, 1)]
        engine.gate.set()
        _, *answers = await asyncio.gather(first, *waiting)
        assert sorted(sizes) == [1, 4]
        assert [int(answer[0].argmax()) for answer in answers] == [0, 1, 2, 1]
        assert batcher.images == 0

    batching(scenario)


def test_a_request_is_never_divided_and_a_large_one_goes_alone():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        first = await held_up(batcher, engine)
        waiting = [batcher.submit(engine, pixels(count)) for count in (3, 2, 7, 1)]
        engine.gate.set()
        _, *answers = await asyncio.gather(first, *waiting)
        assert sorted(sizes) == [1, 1, 2, 3, 7]
        assert [len(answer) for answer in answers] == [3, 2, 7, 1]

    batching(scenario)


def test_models_do_not_mix_and_each_answers_what_was_asked_of_it():
    async def scenario(batcher, sizes):
        old, new = StubEngine("1"), StubEngine("2")
        first = await held_up(batcher, old)
        waiting = [batcher.submit(engine, pixels(1)) for engine in (old, new, new, old)]
        old.gate.set()
        await asyncio.gather(first, *waiting)
        assert sorted(sizes) == [1, 1, 1, 2]
        assert [len(batch) for batch in old.batches] == [1, 1, 1]
        assert [len(batch) for batch in new.batches] == [2]

    batching(scenario)


def test_beyond_its_room_it_refuses_and_later_accepts_again():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        waiting = [await held_up(batcher, engine), batcher.submit(engine, pixels(4))]
        with pytest.raises(Problem) as raised:
            batcher.submit(engine, pixels(1))
        assert raised.value.status == 503
        assert int(raised.value.headers["Retry-After"]) >= 1
        engine.gate.set()
        await asyncio.gather(*waiting)
        assert len(await batcher.submit(engine, pixels(5))) == 5

    batching(scenario, room=5)


def test_a_request_given_up_is_not_computed_and_makes_room():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        first = await held_up(batcher, engine)
        given_up, kept = batcher.submit(engine, pixels(3)), batcher.submit(engine, pixels(1))
        given_up.cancel()
        engine.gate.set()
        await asyncio.gather(first, kept)
        assert sum(len(batch) for batch in engine.batches) == 2
        assert batcher.images == 0

    batching(scenario)


def test_a_failing_model_fails_its_batch_only():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        engine.failure = RuntimeError("out of memory")
        with pytest.raises(RuntimeError, match="out of memory"):
            await batcher.submit(engine, pixels(1))
        engine.failure = None
        assert len(await batcher.submit(engine, pixels(1))) == 1
        assert batcher.alive

    batching(scenario)


def test_closing_it_answers_what_waits():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        first = await held_up(batcher, engine)
        waiting = [batcher.submit(engine, pixels(1)) for _ in range(6)]
        engine.gate.set()
        await batcher.close()
        assert [len(answer) for answer in await asyncio.gather(first, *waiting)] == [1] * 7

    batching(scenario)


def test_a_call_that_does_not_end_is_a_reason_to_restart(monkeypatch):
    async def scenario(batcher, sizes):
        engine = StubEngine()
        first = await held_up(batcher, engine)
        assert batcher.alive
        monkeypatch.setattr(batcher_module, "STUCK", 0.0)
        assert not batcher.alive
        engine.gate.set()
        await first
        assert batcher.alive

    batching(scenario)


def test_requests_that_come_together_share_the_first_batch():
    async def scenario(batcher, sizes):
        engine = StubEngine()
        await asyncio.gather(*(batcher.submit(engine, pixels(1)) for _ in range(3)))
        assert sizes == [3]

    batching(scenario)


def test_beside_a_call_there_is_another_once_it_is_worth_it():
    async def scenario(batcher, sizes):
        slow, quick = StubEngine(), StubEngine()
        first = await held_up(batcher, slow)
        few = batcher.submit(quick, pixels(3))
        await asyncio.sleep(0.05)
        assert not few.done()
        many = batcher.submit(quick, pixels(1))
        await asyncio.gather(few, many)
        assert not first.done()
        assert sizes == [4]
        slow.gate.set()
        await first

    batching(scenario)
