"""The outbox: sends what was decided, again and again until it is gone or given up.

Bookings never wait for it. A mail is claimed, sent, and the result recorded; a process that dies in
between leaves a claim that ends, and the same octets go out once more.
"""

from __future__ import annotations

import asyncio
import logging
from hashlib import sha256

from horarium.booking.outcome import MAILBOX
from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.store.mail import DueMail
from horarium.store.store import Store, Transaction
from horarium.transport.outgoing import Outgoing, PermanentFailure, Result, Sent, TemporaryFailure

log = logging.getLogger(__name__)


# One claim; larger ones would hold more mails back when a process dies.
BATCH = 50
# Mails on their way at once.
CONCURRENT = 8
FIRST_PAUSE, LONGEST_PAUSE = 60, 3_600
# After it was woken the sender waits so long for more mail: one claim and one record for all of it
# cost two commits, and decisions wait behind each.
LINGER_SECONDS = 0.1
# How long the sender sleeps when nothing is due; new mail wakes it at once.
IDLE_SECONDS = 30.0


class Outbox:
    """Drains the outbox of a store: out through one transport, and through another into the
    mailboxes of persons."""

    def __init__(
        self,
        store: Store,
        outgoing: Outgoing,
        clock: Clock,
        life_seconds: int,
        mailboxes: Outgoing | None = None,
    ) -> None:
        self._store = store
        self._outgoing = outgoing
        self._mailboxes = mailboxes
        self._clock = clock
        self._life = life_seconds
        self._wake = asyncio.Event()
        self._stopped = False
        self._gate = asyncio.Semaphore(CONCURRENT)

    def wake(self) -> None:
        """Says that there is new mail."""
        self._wake.set()

    def stop(self) -> None:
        """Lets `run` end as soon as the mails on their way have arrived or failed."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Sends until it is stopped. Only one daemon serves a site, so whatever is claimed when
        it starts was claimed by one that died."""
        freed = False
        while not self._stopped:
            self._wake.clear()
            try:
                if not freed:
                    await asyncio.to_thread(self._free_claims)
                    freed = True
                sent = await self.flush()
                pause = LINGER_SECONDS if sent else await self._pause()
                if sent == BATCH:
                    continue
            except Unavailable as error:
                log.warning("outbox.waiting reason=%s", error)
                pause = IDLE_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue
            await self._linger()

    async def _linger(self) -> None:
        if not self._stopped:
            await self._clock.sleep(LINGER_SECONDS)

    def _free_claims(self) -> None:
        now = self._clock.now()
        freed = self._store.transact([], lambda tx: tx.mail.free_claims(MAX_INSTANT, now))
        if freed:
            log.info("outbox.resumed mails=%d", freed)

    async def flush(self) -> int:
        """Sends what is due now, one batch; how many mails it was."""
        now = self._clock.now()
        mails = await asyncio.to_thread(
            self._store.transact, [], lambda tx: tx.mail.claim(now, BATCH)
        )
        if not mails:
            return 0
        crash.at("outbox:claimed")
        results = await asyncio.gather(*(self._send(mail) for mail in mails))
        pairs = list(zip(mails, results, strict=True))
        crash.at("outbox:before-sent")
        await asyncio.to_thread(self._store.transact, [], lambda tx: self._record(tx, pairs))
        crash.at("outbox:after-sent")
        return len(mails)

    async def _send(self, mail: DueMail) -> Result:
        async with self._gate:
            crash.at("outbox:before-connect")
            way = self._mailboxes if mail.kind == MAILBOX else self._outgoing
            if way is None:
                return TemporaryFailure("mail.local_delivery is not set")
            try:
                result = await way.send(mail.envelope_from, mail.recipient, mail.content)
            except OSError as error:
                return TemporaryFailure(str(error))
            crash.at("outbox:data-acked")
            return result

    def _record(self, tx: Transaction, pairs: list[tuple[DueMail, Result]]) -> None:
        now = self._clock.now()
        for mail, result in pairs:
            if isinstance(result, Sent):
                tx.mail.finish(mail, "sent", result.text[:500], now)
            elif isinstance(result, PermanentFailure):
                tx.mail.finish(mail, "dead", f"{result.code} {result.text}"[:500], now)
            elif now - mail.created >= self._life:
                tx.mail.finish(mail, "dead", f"given up: {result.text}"[:500], now)
            else:
                due = Instant(now + pause_after(mail.attempts, mail.message_id))
                tx.mail.finish(mail, "pending", result.text[:500], now, due)

    async def _pause(self) -> float:
        due = await asyncio.to_thread(self._store.read, lambda tx: tx.mail.next_due())
        if due is None:
            return IDLE_SECONDS
        return min(max(float(due - self._clock.now()), 0.2), IDLE_SECONDS)


def pause_after(attempts: int, message_id: str) -> int:
    """Seconds until the next attempt: 1, 2, 4, … minutes up to an hour, spread by a tenth either
    way so that mails that failed together do not come back together."""
    doublings = min(max(attempts - 1, 0), 10)
    pause = min(FIRST_PAUSE << doublings, LONGEST_PAUSE)
    drawn = sha256(f"{message_id}\0{attempts}".encode()).digest()
    spread = int.from_bytes(drawn[:4], "big") / 2**32 * 0.2 - 0.1
    return round(pause * (1 + spread))
