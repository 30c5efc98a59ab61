"""The daemon of one task in a process of its own: `serve` for that task and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from horarium.kernel.errors import HorariumError
from horarium.runtime.clock import Clock
from horarium.runtime.directives import TimetableService
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.store.store import Store

log = logging.getLogger(__name__)


async def run_one_task(
    site: Site,
    load: Callable[[], Settings],
    clock: Clock,
    store: Store,
    number: int,
    *,
    once: bool,
    ready: Callable[[], None],
) -> int:
    """Serves a task until SIGTERM or SIGINT, or until a directive ends it; with `once` until
    nothing is due. The status to end with. SIGHUP reads the settings anew, by `load`. Conflict when
    another process serves the task."""
    service = TimetableService(
        site, load(), clock, store, lines=True, upkeep=False, alone=True, only=number
    )
    told = asyncio.Event()
    _install(service, told, load)
    await service.start(once=once)
    ready()
    waits: list[asyncio.Future[object]] = [
        asyncio.ensure_future(told.wait()),
        asyncio.ensure_future(service.over.wait()),
    ]
    if once:
        waits.append(asyncio.ensure_future(service.finish()))
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    await service.stop()
    for wait in done:
        wait.result()
    return service.status or 0


def _install(service: TimetableService, told: asyncio.Event, load: Callable[[], Settings]) -> None:
    loop = asyncio.get_running_loop()
    reloading: set[asyncio.Task[None]] = set()

    def stop() -> None:
        if told.is_set():
            os._exit(130)  # told twice: at once, as every transaction in hand is whole or absent
        told.set()

    def reload() -> None:
        try:
            service.settings = load()
        except HorariumError as error:
            log.error("reload.refused reason=%s", error)
            return
        task = asyncio.create_task(service.reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
