"""Tells notices of distribution to those who want them: on the console, in a log, by mail, by
webhook. A sink that fails does not hold up the others, and a webhook is asked again for a day."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from horarium.booking.letter import Letter, write_letter
from horarium.booking.outcome import Mail
from horarium.ical.address import parse_address
from horarium.kernel.errors import HorariumError, Unavailable
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.clock import Clock
from horarium.runtime.notices import OFF, is_loud
from horarium.runtime.settings import NoticeSettings, Settings
from horarium.store.notices import KeptNotice
from horarium.store.store import Store, Transaction
from horarium.transport.webhook import post_webhook

log = logging.getLogger(__name__)

SECRET = "HORARIUM_SECRET_WEBHOOK"  # noqa: S105 - the name of a variable
LOOK_SECONDS = 2.0
BATCH = 50
FIRST_PAUSE, LONGEST_PAUSE = 10, 3_600
KEPT_DAYS = 30
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING}


class Notifying:
    """Drains the notices of one store, as long as it runs. ``settings`` are those in force."""

    def __init__(
        self, store: Store, settings: Callable[[], Settings], clock: Clock, folder: Path,
        environ: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._settings = settings
        self._clock = clock
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._swept: int | None = None

    async def run(self) -> None:
        """Tells until it is cancelled."""
        while True:
            try:
                while await self.flush() == BATCH:
                    pass
            except (HorariumError, OSError) as error:
                log.warning("notices.wait reason=%s", error)
            await self._clock.sleep(LOOK_SECONDS)

    async def flush(self) -> int:
        """Tells what is due, one batch; how many that was."""
        now = self._clock.now()
        due = await asyncio.to_thread(self._store.read, lambda tx: tx.notices.due(now, BATCH))
        await asyncio.to_thread(self._tell_here, due, now)
        reached = True
        for one in due:
            reached, again = await self._there(one, now, reached)
            await asyncio.to_thread(self._store.transact, [], partial(_again, one.id, again))
        return len(due)

    def _tell_here(self, due: Sequence[KeptNotice], now: Instant) -> None:
        chosen = self._settings().notices
        for one in due:
            if not one.told:
                self._here(one, chosen)
        self._sweep(chosen, now)

    def _here(self, one: KeptNotice, chosen: NoticeSettings) -> None:
        """The sinks of this machine."""
        line = f"{one.what} {one.about}: {one.text}".replace("\n", " ")
        if is_loud(one.level, chosen.console):
            log.log(_LEVELS.get(one.level, logging.INFO), "notice.%s", line)
        if is_loud(one.level, chosen.log):
            self._write(one, line)
        mail = is_loud(one.level, chosen.mail)
        mails = _mails(one, self._settings()) if mail else []
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            for letter in mails:
                tx.mail.post(letter, None, now)
            tx.notices.told(one.id)

        self._store.transact([], work)

    def _write(self, one: KeptNotice, line: str) -> None:
        at = format_instant(one.at)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._folder / f"{at[:10]}.log", flags, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(f"{at} {one.level} {line}\n")

    async def _there(
        self, one: KeptNotice, now: Instant, reached: bool
    ) -> tuple[bool, Instant | None]:
        """The webhook: whether it could be reached, and when it is asked again; None: not any
        more. Where it could not be reached just before, it is not tried."""
        chosen = self._settings().notices
        if chosen.webhook_url is None or not is_loud(one.level, chosen.webhook):
            return reached, None
        body = json.dumps(document_of(one)).encode()
        try:
            if not reached:
                raise Unavailable("it could not be reached just now")
            await post_webhook(chosen.webhook_url, self._environ.get(SECRET, ""), body, now)
        except Unavailable as error:
            if now - one.at > DAY:
                log.error("webhook.given_up notice=%d reason=%s", one.id, error)
                return False, None
            pause = min(FIRST_PAUSE << min(one.tries, 12), LONGEST_PAUSE)
            log.warning("webhook.waits notice=%d seconds=%d reason=%s", one.id, pause, error)
            return False, Instant(now + pause)
        return True, None

    def _sweep(self, chosen: NoticeSettings, now: Instant) -> None:
        """Once a day, what is old goes."""
        if self._swept == now // DAY:
            return
        self._swept = now // DAY
        oldest = format_instant(Instant(now - chosen.log_days * DAY))[:10]
        for path in self._folder.glob("????-??-??.log"):
            if path.stem < oldest:
                path.unlink()
        self._store.transact([], lambda tx: tx.notices.forget(Instant(now - KEPT_DAYS * DAY)))


def _again(id_: int, due: Instant | None, tx: Transaction) -> None:
    tx.notices.again(id_, due)


def document_of(one: KeptNotice) -> dict[str, object]:
    """A notice as it is sent: the number tells two of the same apart, and one sent twice."""
    return {
        "number": one.id,
        "at": format_instant(one.at),
        "level": one.level,
        "what": one.what,
        "about": one.about,
        "text": one.text,
    }


def _mails(one: KeptNotice, settings: Settings) -> list[Mail]:
    """The mails to the operators; none where there is nobody to write to, or from."""
    if settings.mail.sender is None or settings.notices.mail == OFF:
        return []
    sender = parse_address(settings.mail.sender)
    found = []
    for recipient in settings.notices.mail_to:
        to = parse_address(recipient)
        name = sha256(f"notice {one.id} {one.at} {to.text}".encode()).hexdigest()[:40]
        letter = Letter(
            sender_name="", sender=sender.text, recipient=to.text,
            subject=f"{one.level}: {one.what.replace('_', ' ')}: {one.about}"[:200],
            date=one.at, message_id=f"<{name}@horarium>", fields=(),
            text=f"{one.text}\n\n{one.what} {one.about}, {format_instant(one.at)}\n",
            calendar=b"", method="",
        )  # fmt: skip
        content = write_letter(letter)
        found.append(Mail("notice", letter.message_id, sender.text, to.text, "", 0, content))
    return found
