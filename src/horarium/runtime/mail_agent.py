"""The mail agent: one message for one recipient becomes one transaction and its answer.

It decides nothing itself: the intake is read, each event is judged by `booking`, and everything
that is to be kept or sent is kept together, before anybody is told that the message was taken.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from functools import partial
from hashlib import sha256

from horarium.booking.imip import Intake, IntakeKind, read_message
from horarium.booking.kept import kept_request
from horarium.booking.open_request import Why
from horarium.booking.outcome import Mail
from horarium.kernel.errors import NotFound, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.checking_in import sweep
from horarium.runtime.desk import Desk
from horarium.runtime.directory import Directory, Registered, policy_digest, read_directory
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.handling import (
    Delivery,
    DirectoryChanged,
    DryRun,
    Envelope,
    Handling,
    Status,
    rated,
)
from horarium.runtime.lapsing import lapse
from horarium.runtime.limits import mail_limits, parse_limits
from horarium.runtime.offers import read_offers
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.surroundings import decision_keys
from horarium.store.kept import KeptMessage
from horarium.store.mail import Held
from horarium.store.requests import Due
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

# A message that fails this often for a reason of ours is set aside, so that the queue moves.
MOST_ATTEMPTS = 3
# Requests decided again after one message; what is left waits for the next look.
MOST_SETTLED = 1_000


class MailAgent:
    """Takes messages for the calendar users of one site."""

    def __init__(
        self, store: Store, settings: Settings, publisher: Publisher | None = None
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._settings = settings
        self._mail_limits = mail_limits(settings.limits)
        self._parse_limits = parse_limits(settings.limits)
        self._policies: dict[int, str] = {}
        self._directory: Directory | None = None
        self._hosts: frozenset[str] = frozenset()
        self._desk = Desk(store, settings, SystemSecrets().random)

    @property
    def directory(self) -> Directory:
        """The calendar users as they are now."""
        version = self._store.read(lambda tx: tx.directory.version())
        if self._directory is None or self._directory.version != version:
            self.reload()
        assert self._directory is not None
        return self._directory

    def reload(self) -> None:
        """Reads the calendar users, and the files they name, anew."""
        self._directory = self._store.read(lambda tx: read_directory(tx, self._settings))
        hosts = self._store.read(read_offers).hosts.values()
        self._hosts = frozenset(host.mail for host in hosts if host.mail)
        self._policies.clear()

    def knows(self, recipient: str) -> bool:
        """Whether mail for `recipient` is taken: a calendar user, the sender of our answers, to
        which reports come back, or who gives appointments, whom clients answer."""
        return self.directory.find(recipient) is not None or self._is_own(recipient)

    def knows_already(self, recipient: str) -> bool | None:
        """What `knows` says, where that takes one look at the store; None when the calendar users
        must be read anew first."""
        directory = self._directory
        version = self._store.read(lambda tx: tx.directory.version())
        if directory is None or directory.version != version:
            return None
        return directory.find(recipient) is not None or self._is_own(recipient)

    def admits(self, sender: str | None, now: Instant) -> bool:
        """Whether an envelope sender may have one more message handled now: a flood of one sender,
        or of one domain, is to come later. What resources here write to each other is not counted
        against them."""
        names = rated(sender)
        if not names or self.directory.find(names[0]) is not None:
            return True
        limits = (self._settings.limits.sender_rate, self._settings.limits.domain_rate)

        def within(tx: Transaction) -> bool:
            return all(
                tx.mail.rate_of(name, now) < most for name, most in zip(names, limits, strict=True)
            )

        return self._store.read(within)

    def deliver(
        self,
        sender: str | None,
        recipient: str,
        data: bytes,
        now: Instant,
        *,
        emit: bool = False,
        vouched: bool = False,
        outgoing: bool = False,
        key: str = "",
    ) -> Delivery:
        """Handles one message for one recipient. `outgoing` marks the copy of what a person, the
        recipient, sent. `sender` is the envelope sender: None when it is
        unknown, "" for the null one. With `emit` the mails are returned instead of queued;
        `vouched` is the operator's word for the sender of a message that was kept; `key` the one
        under which it was known, where a message comes again."""
        envelope = Envelope(sender, recipient, data, now, emit, vouched, outgoing, key)
        try:
            delivery = self._deliver(envelope)
            if delivery.woken:
                mails = self.settle(now, emit=emit)
                delivery = replace(delivery, mails=(*delivery.mails, *mails))
            if delivery.answered:
                self._desk.hear(now)
            return delivery
        except Unavailable as error:
            return Delivery(Status.TRY_LATER, str(error))
        except Exception:
            log.exception("message.failed recipient=%s", recipient)
            return self._after_failure(envelope, traceback.format_exc())

    def _deliver(self, envelope: Envelope) -> Delivery:
        crash.at("ingest:received")
        if self._directory is None:
            self.reload()
        for _ in range(3):
            directory = self._directory
            assert directory is not None
            user = directory.find(envelope.recipient)
            if user is None and directory is not self.directory:
                continue
            if user is None and not self._is_own(envelope.recipient):
                return Delivery(Status.UNKNOWN, "no such calendar user")
            if envelope.outgoing and (user is None or not user.is_person):
                return Delivery(Status.UNKNOWN, "no such person")
            intake = self._read(envelope.data, user)
            crash.at("ingest:parsed")
            again = self._for_again(envelope, intake, user)
            handling = Handling(self._settings, directory, user, envelope, again)
            keys = decision_keys(self._store.tenant, directory, user) if user else []
            try:
                delivery = self._store.transact(keys, partial(handling.run, intake=intake))
            except DirectoryChanged:
                self.reload()
                continue
            crash.at("ingest:after-commit")
            if self._publisher is not None and user is not None:
                self._publisher.after_change(user, envelope.now)
            return delivery
        raise Unavailable("the calendar users change too fast")

    def _for_again(
        self, envelope: Envelope, intake: Intake, user: Registered | None
    ) -> KeptMessage | None:
        """What is kept of a message that a resource decides about, made before the store is
        locked; its key comes later."""
        if user is None or user.is_person or intake.kind is not IntakeKind.CALENDAR:
            return None
        if not self._settings.retention.mail:
            return None
        if user.id not in self._policies:
            self._policies[user.id] = policy_digest(user.resource)
        data = kept_request(envelope.data, intake.objects)
        return KeptMessage(
            0, "", user.id, envelope.recipient, envelope.sender, envelope.now, envelope.vouched,
            self._policies[user.id], data,
        )  # fmt: skip

    def settle(self, now: Instant, *, emit: bool = False) -> tuple[Mail, ...]:
        """Decides again what is due to be: what was freed, answered by a person, refused by the one
        that stood in, or has waited too long. Each in a transaction of its own; the mails written.
        """
        written: list[Mail] = []
        directory = self.directory
        crash.at("settle:begun")
        self._store.transact([], lambda tx: lapse(tx, directory, now))
        crash.at("settle:lapsed")
        written += sweep(self._store, directory, now, emit=emit)
        for _ in range(MOST_SETTLED):
            due = self._store.read(lambda tx: tx.requests.due())
            if due is None:
                break
            crash.at("settle:due-read")
            written += self._settle(due, now, emit)
            crash.at("settle:after-commit")
        return tuple(written)

    def _settle(self, due: Due, now: Instant, emit: bool) -> tuple[Mail, ...]:
        directory = self.directory
        user = directory.by_id(due.resource)
        if user is None:
            self._store.transact([], lambda tx: tx.requests.take(due))
            return ()
        kept = due.kept
        envelope = Envelope(
            kept.sender, kept.recipient, kept.content, now, emit, due.why is Why.APPROVED
        )
        intake = self._read(kept.content, user)
        handling = Handling(self._settings, directory, user, envelope)
        keys = decision_keys(self._store.tenant, directory, user)
        try:
            return self._store.transact(keys, partial(handling.again, intake=intake, due=due)).mails
        except Unavailable:
            raise
        except Exception:
            # One that fails every time must not keep the others from being decided.
            log.exception("request.failed id=%s", due.id)
            reason = traceback.format_exc().strip().splitlines()[-1][:500]

            def give_up(tx: Transaction) -> None:
                tx.requests.take(due)
                tx.mail.notify_operator(user.uri, "request_failed", f"{due.id}: {reason}", now)

            self._store.transact([], give_up)
            return ()

    def dry_run(self, sender: str | None, recipient: str, data: bytes, now: Instant) -> DryRun:
        """What would be decided on one message as things stand; nothing is kept and nothing sent.
        Each event in it is judged by itself. NotFound when the recipient is no calendar user."""
        directory = self.directory
        user = directory.find(recipient)
        if user is None:
            raise NotFound(f"no such calendar user: {recipient}")
        intake = self._read(data, user)
        envelope = Envelope(sender, recipient, data, now, emit=True, vouched=False)
        handling = Handling(self._settings, directory, user, envelope)
        return self._store.read(partial(handling.foresee, intake=intake))

    def _read(self, data: bytes, user: Registered | None) -> Intake:
        own = user.resource.aliases if user else frozenset[str]()
        return read_message(
            data,
            self._mail_limits,
            self._parse_limits,
            own=own.__contains__,
            counter_as_request=self._settings.mail.counter_as_request,
            local_domains=self._settings.mail.local_domains,
        )

    def _after_failure(self, envelope: Envelope, trouble: str) -> Delivery:
        """A fault of ours: tried again a few times, then the message is set aside with the reason
        and the mail system is told that it was taken."""
        recipient, now = envelope.recipient, envelope.now
        reason = trouble.strip().splitlines()[-1][:500]
        held = Held(0, recipient, envelope.sender or "", reason, now, 0)
        digest = sha256(envelope.data).hexdigest()

        def keep(tx: Transaction) -> int:
            attempts = tx.mail.keep(held, digest, envelope.data, hold=False)
            if attempts >= MOST_ATTEMPTS:
                tx.mail.hold(digest, recipient)
                tx.mail.notify_operator(recipient, "message_failed", reason, now)
            return attempts

        try:
            attempts = self._store.transact([], keep)
        except Unavailable as error:
            return Delivery(Status.TRY_LATER, str(error))
        if attempts >= MOST_ATTEMPTS:
            return Delivery(Status.HANDLED, "kept for the operator")
        return Delivery(Status.TRY_LATER, "something went wrong here")

    def _is_own(self, recipient: str) -> bool:
        """Whether it is the sender of our answers, or the address of an appointer."""
        key = recipient.removeprefix("mailto:").lower()
        return key in (self._settings.mail.sender, *self._hosts)
