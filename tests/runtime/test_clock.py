"""The clock of tests: it moves when told to, or when nobody has anything else to do."""

import asyncio
import time

from horarium.kernel.instant import instant
from horarium.runtime.clock import Clock, FixedClock, SystemClock
from horarium.testing import ManualClock


def test_the_system_clock_reads_the_present() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now() - time.time()) < 2


def test_a_fixed_clock_stands_still() -> None:
    assert FixedClock(instant(77)).now() == 77


def test_a_manual_clock_wakes_sleepers_in_order() -> None:
    async def run() -> list[tuple[str, float]]:
        clock = ManualClock(1000)
        woken = []

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((name, clock.monotonic()))

        tasks = [asyncio.ensure_future(sleeper(n, s)) for n, s in (("b", 20), ("a", 10))]
        await asyncio.sleep(0)
        clock.advance(9)
        await asyncio.sleep(0)
        assert woken == []
        assert clock.sleeping == 2
        clock.advance(1)
        await asyncio.sleep(0)
        assert woken == [("a", 10.0)]
        clock.set(5)
        assert clock.now() == 5
        clock.advance(10)
        await asyncio.gather(*tasks)
        return woken

    assert asyncio.run(run()) == [("a", 10.0), ("b", 20.0)]


def test_autojump_passes_a_year_in_no_time() -> None:
    async def run() -> int:
        clock = ManualClock(0, autojump=0.001)
        for _ in range(365):
            await clock.sleep(86_400)
        return clock.now()

    began = time.monotonic()
    assert asyncio.run(run()) == 365 * 86_400
    assert time.monotonic() - began < 30
