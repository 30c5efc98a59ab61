"""The daemon: takes mail, sends mail, and keeps the timetable, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from horarium.kernel.errors import Conflict, HorariumError, Unavailable
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.runtime.delivering import deliver_all
from horarium.runtime.desk import Desk
from horarium.runtime.directives import TimetableService
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.handling import Delivery, Status
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.outbox import Outbox
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.site import Site
from horarium.runtime.sweeping import keep_desk_swept, keep_swept
from horarium.runtime.tiers.role import takes_part
from horarium.runtime.wiring import mailboxes_for, open_store, outgoing_for
from horarium.store.store import Store
from horarium.transport.handover import Answer, Handover
from horarium.transport.handover_server import HandoverServer
from horarium.transport.lmtp import LmtpServer, Reply

log = logging.getLogger(__name__)

T = TypeVar("T")

PARTS = ("mail", "web", "directives", "distribution", "upkeep")
# A drain longer than thirty seconds would make an init system kill the process: one half is for the
# decisions in hand, the other for the mails on their way.
GRACE_SECONDS = 15.0
# How long an open request may be over its time before something is done about it.
SETTLE_SECONDS = 20.0
WATCHDOG_SECONDS = 10.0
# A site that does not distribute is looked at again after so long.
LOOK_SECONDS = 2.0
_TAKEN = Reply(250, "2.1.5 ok")
_UNKNOWN = Reply(550, "5.1.1 no such calendar user")
_TOO_MANY = Reply(451, "4.7.1 too many messages of this sender; try again later")
_LATER = Reply(451, "4.3.0 try again later")


@dataclass(frozen=True, slots=True)
class Served:
    """What a part that stands above the runtime works with. `settings` gives those in force,
    `wake` says that mails were written; nothing is asked of the store on the loop's own thread."""

    site: Site
    settings: Callable[[], Settings]
    clock: Clock
    store: Store
    publisher: Publisher | None = None
    wake: Callable[[], None] = lambda: None


FAILED = 70
"""The status of a daemon that ends because a part of it can not go on: a fault of our own, or data
that can not be made durable any more."""

# A part above the runtime while it runs; it gives what it listens on.
Face = Callable[[Served], AbstractAsyncContextManager[list[str]]]


class Daemon:
    """One running `serve`. `faces` are the parts above the runtime, by name."""

    def __init__(
        self,
        site: Site,
        settings: Settings,
        clock: Clock,
        parts: frozenset[str],
        load: Callable[[], Settings],
        faces: Mapping[str, Face] | None = None,
    ) -> None:
        self._site = site
        self._settings = settings
        self._clock = clock
        self._parts = parts
        self._load = load
        self._faces = faces or {}
        self._store: Store = open_store(site, settings, clock)
        self._publisher = Publisher(self._store, site.freebusy)
        self._agent = MailAgent(self._store, settings, self._publisher)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="decisions")
        self._outbox: Outbox | None = None
        self._timetable: TimetableService | None = None
        self._stop = asyncio.Event()
        self._failed = False
        self._reloading: asyncio.Task[None] | None = None
        self.addresses: list[str] = []

    async def run(self, ready: Callable[[list[str]], None]) -> int:
        """Serves until SIGTERM or SIGINT, or until a directive ends it; `ready` is told what is
        listened on. Returns the status to end with."""
        with only_one(self._site):
            self._install_signals()
            async with contextlib.AsyncExitStack() as stack:
                await self._start(stack)
                ready(self.addresses)
                _notify("READY=1")
                await self._stop.wait()
                if self._timetable is not None:
                    self._timetable.begin_to_stop()
                _notify("STOPPING=1")
            self._worker.shutdown()
            self._store.close()
        if self._failed:
            return FAILED
        return (self._timetable.status if self._timetable is not None else None) or 0

    # --- parts -----------------------------------------------------------

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(_feed_watchdog(self._clock))]
        stack.push_async_callback(_cancel, tasks)
        if self._parts & {"directives", "upkeep"}:
            tasks.append(await self._start_timetable(stack))
        if "mail" in self._parts:
            tasks.append(await self._start_mail(stack))
        if "upkeep" in self._parts:
            tasks.append(asyncio.create_task(keep_swept(self._store, self._clock, self._decide)))
            sweeping = keep_desk_swept(self._desk, self._clock, self._decide, self._mails_written)
            tasks.append(asyncio.create_task(sweeping))
        if "distribution" in self._parts:
            tasks.append(asyncio.create_task(self._distribute()))
        for name in sorted(self._parts & self._faces.keys()):
            self.addresses += await stack.enter_async_context(self._faces[name](self._served()))
        for task in tasks:
            task.add_done_callback(self._ended)

    def _served(self) -> Served:
        return Served(
            self._site, lambda: self._settings, self._clock, self._store, self._publisher,
            self._mails_written,
        )  # fmt: skip

    def _desk(self) -> Desk:
        """The desk under the settings in force."""
        return Desk(self._store, self._settings, SystemSecrets().random)

    def _mails_written(self) -> None:
        if self._outbox is not None:
            self._outbox.wake()

    async def _start_mail(self, stack: contextlib.AsyncExitStack) -> asyncio.Task[None]:
        """Starts to send, then to take mail; what is begun last is ended first."""
        mail = self._settings.mail
        outgoing = outgoing_for(self._site, self._settings)
        stack.push_async_callback(outgoing.close)
        mailboxes = mailboxes_for(self._site, self._settings)
        if mailboxes is not None:
            stack.push_async_callback(mailboxes.close)
        outbox = Outbox(self._store, outgoing, self._clock, mail.outbox_life, mailboxes)
        self._outbox = outbox
        sending = asyncio.create_task(outbox.run())
        stack.push_async_callback(_drain, outbox, sending)
        lmtp = LmtpServer(
            self,
            max_message=self._settings.limits.message,
            normalise=mail.bare_newlines == "normalise",
            answered=partial(crash.at, "ingest:after-ack"),
        )
        await lmtp.start(mail.lmtp, group=mail.lmtp_group)
        stack.push_async_callback(lmtp.stop, GRACE_SECONDS)
        handover = HandoverServer(self._handed_over)
        await handover.start(self._site.handover_socket)
        stack.push_async_callback(handover.stop)
        settling = asyncio.create_task(self._settle())
        stack.push_async_callback(_cancel, [settling])
        settling.add_done_callback(self._ended)
        self.addresses.append(f"lmtp {mail.lmtp}")
        self.addresses.append(f"pipe {self._site.handover_socket}")
        return sending

    async def _start_timetable(self, stack: contextlib.AsyncExitStack) -> asyncio.Task[None]:
        timetable = TimetableService(
            self._site,
            self._settings,
            self._clock,
            self._store,
            lines="directives" in self._parts,
            upkeep="upkeep" in self._parts,
            alone=self._parts == {"directives"},
        )
        self._timetable = timetable
        await timetable.start()
        stack.push_async_callback(timetable.stop)
        return asyncio.create_task(self._stop_after(timetable))

    async def _distribute(self) -> None:
        """Distributes as soon as the site has something to do with it; only then is it loaded."""
        while not await self._decide(lambda: takes_part(self._site, self._store)):
            await self._clock.sleep(LOOK_SECONDS)
        from horarium.runtime.tiers.serving import DistributionPart

        await DistributionPart(self._site, self._settings, self._store, self._clock).run()

    async def _stop_after(self, timetable: TimetableService) -> None:
        await timetable.over.wait()
        self._stop.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("serve.failed reason=%s", task.exception(), exc_info=task.exception())
            self._failed = True
            self._stop.set()

    # --- mail in ---------------------------------------------------------

    async def _settle(self) -> None:
        """Looks after the requests that are open: what has waited long enough, or is to be decided
        again because another process said so."""
        while True:
            try:
                now = self._clock.now()
                if await self._decide(partial(self._agent.settle, now)):
                    self._mails_written()
            except Unavailable as error:
                log.warning("requests.waiting reason=%s", error)
            await self._clock.sleep(SETTLE_SECONDS)

    async def recipient(self, sender: str, recipient: str) -> Reply:
        """Whether mail for `recipient` is taken (RCPT)."""
        try:
            # Answered here where that is quick: behind the decisions in hand it would wait.
            known = self._agent.knows_already(recipient)
            if known is None:
                known = await self._decide(lambda: self._agent.knows(recipient))
        except Unavailable:
            return _LATER
        return _TAKEN if known else _UNKNOWN

    async def deliver(self, sender: str | None, recipient: str, data: bytes) -> Reply:
        """Decides about one message for one recipient; answers after the commit."""
        now = self._clock.now()

        def work() -> Delivery | None:
            if not self._agent.admits(sender, now):
                return None
            return self._agent.deliver(sender, recipient, data, now)

        delivery = await self._decide(work)
        if delivery is None:
            log.warning("message.rate_limited sender=%s recipient=%s", sender, recipient)
            return _TOO_MANY
        self._wake_outbox(delivery)
        crash.at("ingest:before-ack")
        if delivery.status is Status.HANDLED:
            return Reply(250, "2.0.0 decided")
        return _UNKNOWN if delivery.status is Status.UNKNOWN else _LATER

    async def _handed_over(self, handover: Handover) -> Answer:
        now = self._clock.now()

        def work() -> Answer:
            return deliver_all(
                self._agent, handover.sender, handover.recipients, handover.data, now,
                emit=handover.emit, outgoing=handover.outgoing,
            )  # fmt: skip

        answer = await self._decide(work)
        self._mails_written()
        return answer

    def _wake_outbox(self, delivery: Delivery) -> None:
        if delivery.mails or delivery.answered:
            self._mails_written()

    async def _decide(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    # --- signals ---------------------------------------------------------

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            os._exit(130)  # told twice: at once, as every transaction in hand is whole or absent
        self._stop.set()

    def _reload(self) -> None:
        """Reads the settings anew; wrong ones leave the old in force."""
        try:
            self._settings = self._load()
        except HorariumError as error:
            log.error("reload.refused reason=%s", error)
            return
        self._agent = MailAgent(self._store, self._settings, self._publisher)
        if self._timetable is not None:
            self._timetable.settings = self._settings
            self._reloading = asyncio.create_task(self._timetable.reload())
        log.info("reload.done")


@contextmanager
def only_one(site: Site) -> Iterator[None]:
    """Keeps a second daemon off the site; the file names the process for `reload`."""
    path = pid_file(site)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another serve runs on {site.root}") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def pid_file(site: Site) -> Path:
    """Where a running daemon writes its process number."""
    return site.state / "serve.pid"


def running(site: Site) -> int | None:
    """The process number of the daemon that serves `site`, or None."""
    try:
        descriptor = os.open(pid_file(site), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(descriptor, 20).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


async def _drain(outbox: Outbox, sending: asyncio.Task[None]) -> None:
    """Lets the mails on their way arrive, so that no second copy of them leaves later."""
    outbox.stop()
    await asyncio.wait({sending}, timeout=GRACE_SECONDS)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _feed_watchdog(clock: Clock) -> None:
    while True:
        _notify("WATCHDOG=1")
        await clock.sleep(WATCHDOG_SECONDS)


def _notify(state: str) -> None:
    """Tells systemd, where it asked to be told (sd_notify(3))."""
    place = os.environ.get("NOTIFY_SOCKET")
    if not place:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + place[1:] if place.startswith("@") else place)
        sock.send(state.encode())
