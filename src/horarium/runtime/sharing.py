"""Free/busy on its way to others, for the calendar users that share it.

A published document is written whole beside the old one and put in its place, after each commit
that may have changed it; the daily pass writes all of them anew.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from horarium.booking.itip_freebusy import busy_times
from horarium.booking.outcome import Mail, Outcome
from horarium.booking.persons.sharing import person_busy
from horarium.booking.publishing import bundle, freebusy_document, shared_window
from horarium.booking.request import View
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.directory import Registered
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

ENDING = ".ifb"


def shown_times(
    tx: Transaction, user: Registered, within: Period, now: Instant
) -> dict[str, PeriodSet]:
    """What others may see of a calendar user's time in a stretch, by FBTYPE."""
    view = View(user.resource, tx.reservations(user.id, user.uri, now))
    if user.is_person:
        return person_busy(view, tx.person(user.id), within, now)
    return busy_times(view, within)


def document(tx: Transaction, user: Registered, now: Instant) -> bytes:
    """The free/busy of a calendar user as it is published now."""
    busy = shown_times(tx, user, shared_window(user.resource, now), now)
    return freebusy_document(user.uri, user.resource, busy, now)


def bundles(user: Registered) -> bool:
    """Whether free/busy goes along with the replies of a calendar user."""
    wish = user.resource.preferences
    return wish.freebusy_sharing == "share" and wish.freebusy_bundling == "always"


def publishes(user: Registered) -> bool:
    """Whether a document of a calendar user's free/busy is kept."""
    wish = user.resource.preferences
    return wish.freebusy_sharing == "share" and wish.freebusy_publishing == "publish"


def with_freebusy(tx: Transaction, user: Registered, outcome: Outcome, now: Instant) -> Outcome:
    """The outcome with free/busy in its replies, as it is after the change; a mail that is about
    free/busy has it already."""
    if not any(_is_reply(mail) for mail in outcome.mails):
        return outcome
    freebusy = document(tx, user, now)
    mails = tuple(
        replace(mail, content=bundle(mail.content, freebusy)) if _is_reply(mail) else mail
        for mail in outcome.mails
    )
    return replace(outcome, mails=mails)


def _is_reply(mail: Mail) -> bool:
    return mail.kind.startswith("reply")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Keeps the published documents of a site in `folder`."""

    store: Store
    folder: Path

    def path(self, user: Registered) -> Path:
        """Where the document of a calendar user lies."""
        return self.folder / (quote(user.resource.address.key, safe="@+") + ENDING)

    def publish(self, user: Registered, now: Instant) -> Path:
        """Writes the document of a calendar user; PermissionError where it is not shared, OSError
        where it can not be written."""
        if user.resource.preferences.freebusy_sharing != "share":
            raise PermissionError(f"{user.uri} does not share its free/busy (freebusy_sharing)")
        content = self.store.read(lambda tx: document(tx, user, now))
        path = self.path(user)
        write_whole(path, content)
        return path

    def after_change(self, user: Registered, now: Instant) -> None:
        """Keeps the document current where one is wanted. What goes wrong with it must not undo
        what was decided: it is said in the log, and the daily pass tries again."""
        if publishes(user):
            try:
                self.publish(user, now)
            except (HorariumError, OSError) as error:
                log.warning("freebusy.not_published user=%s reason=%s", user.uri, error)

    def publish_all(self, users: Iterable[Registered], now: Instant) -> list[str]:
        """Writes every document that is wanted and removes every other; what went wrong."""
        failures: list[str] = []
        wanted = {self.path(user).name: user for user in users if publishes(user)}
        for user in wanted.values():
            try:
                self.publish(user, now)
            except (HorariumError, OSError) as error:
                failures.append(f"{user.uri}: {error}")
        for path in self.folder.glob(f"*{ENDING}"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        return failures


def write_whole(path: Path, content: bytes) -> None:
    """Puts `content` in the place of the file `path`, whole or not at all, and such that it
    survives a loss of power. OSError when it cannot be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
