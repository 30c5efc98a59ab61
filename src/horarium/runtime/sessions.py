"""Sessions at work: who a request comes from, how somebody's session begins, goes on and ends.

A request costs one read, and at most one write a minute. Nothing is remembered between requests:
what was closed by anybody, in any process, is closed for the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from horarium.identity.account import Account
from horarium.identity.cookie import Cookie, read_cookie
from horarium.identity.ports import KeptSession, Secrets
from horarium.identity.record import Kind
from horarium.identity.session import Session
from horarium.identity.throttle import source_network
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.session_rules import SessionRules
from horarium.store.sessions import SessionRepository
from horarium.store.sign_ins import Happening
from horarium.store.store import Store, Transaction

# Last seen is kept to the minute, so that reading pages does not write all the time. Silence may
# therefore end a session up to 59 seconds early, never late.
SEEN_SECONDS = 60
MOST_PER_ACCOUNT = 20
MOST_VISITORS = 200
VISITORS_SECONDS = 600
# Kinds whose id travels in the cookie; the others are links.
_CARRIED = frozenset({Kind.STAFF, Kind.REMEMBERED, Kind.VISITOR})

# Given the transaction and the digests of the old and the new session: whatever hangs on the old
# one goes over to the new one.
PassOn = Callable[[Transaction, str, str], None]


@dataclass(frozen=True, slots=True)
class Signed:
    """A request of somebody who is signed in."""

    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request of anybody: with a visitor's session or none. `closing`, where there is one, is the
    cookie that takes a dead session away from the browser."""

    session: Session | None = None
    closing: Cookie | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was made, and the cookie that carries it."""

    session: Session
    cookie: Cookie


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing was done or looked at: try again from `until` on (429 with Retry-After)."""

    until: Instant


def nothing_hangs_on_it(_tx: Transaction, _old: str, _new: str) -> None:
    """The way of passing on for a service whose sessions carry nothing."""


class SessionKeeper:
    """What a site does with sessions. `pass_on` runs in the transaction that replaces one."""

    def __init__(
        self, store: Store, rules: SessionRules, secrets: Secrets | None = None,
        pass_on: PassOn = nothing_hangs_on_it,
    ) -> None:  # fmt: skip
        self.store = store
        self.rules = rules
        self.secrets: Secrets = secrets or SystemSecrets()
        self.pass_on = pass_on

    def kept(self, tx: Transaction) -> SessionRepository:
        """The sessions of a transaction, with the limits of this site."""
        return tx.sessions(self.rules.idle)

    def authenticate(self, cookie_header: str | None, now: Instant) -> Signed | Visitor:
        """Who a request with that `Cookie` field comes from. A wrong, expired or closed id gives a
        visitor and a closing cookie, and does not tell which it was."""
        id_ = read_cookie(cookie_header, self.rules.cookie)
        if id_ is None:
            return Visitor()
        dead = Visitor(None, Cookie(self.rules.cookie, "", 0))
        try:
            found = self.store.read(lambda tx: self.kept(tx).with_account(id_))
        except InvalidInput:
            return dead
        if found is None:
            return dead
        session, account = found[0].session, found[1]
        if session.is_expired(now) or session.kind not in _CARRIED:
            return dead
        if session.get_user() and (account is None or not account.signs_in):
            return dead
        self._see(session, now)
        return Signed(session, account) if account is not None else Visitor(session)

    def _see(self, session: Session, now: Instant) -> None:
        if not 0 <= now - session.last_seen < SEEN_SECONDS:
            session.see(now)
            self.store.transact([], lambda tx: self.kept(tx).see(session))

    def open_visitor(self, source: str, now: Instant, browser: str = "") -> Opened | Wait:
        """A session for somebody who has not signed in; Wait when too many were made from that
        source lately. InvalidInput when `source` is no address."""
        network = source_network(source)

        def work(tx: Transaction) -> Opened | Wait:
            sessions = self.kept(tx)
            since = Instant(now - VISITORS_SECONDS)
            if network and sessions.visitors_from(network, since) >= MOST_VISITORS:
                return Wait(Instant(now + SEEN_SECONDS))
            return self._open(tx, Kind.VISITOR, "", now, network, browser)

        return self.store.transact([], work)

    def renew_visitor(self, session: Session, seconds: int, now: Instant) -> Cookie:
        """Lets a visitor's session live for at least `seconds` more, so that it outlives what was
        put on hold for it; the cookie says the new time. Conflict when it has ended."""

        def work(tx: Transaction) -> Cookie:
            sessions = self.kept(tx)
            kept = sessions.get(session.get_hash_id())
            remaining = kept.session.get_remaining_time(now)
            if remaining is not None and remaining < seconds:
                kept.session.renew(seconds, now=now)
            cookie = self._bake(kept.session, now)
            sessions.save(kept)
            return cookie

        return self.store.transact([], work)

    def sign_out(self, session: Session, source: str, now: Instant) -> tuple[Cookie, Opened]:
        """Ends a session for good: the cookie that takes it from the browser, and the visitor's
        session that comes after it, with the cookie for who wants to go on at once."""
        network = source_network(source)

        def work(tx: Transaction) -> tuple[Cookie, Opened]:
            kept = self._of(tx, session)
            closing = self._close(tx, kept, "signed out", now)
            user = session.get_user()
            log(tx, now, "sign_out", user, user, network, session.id8)
            return closing, self._open(tx, Kind.VISITOR, "", now, network, kept.browser)

        return self.store.transact([], work)

    def rotate(self, session: Session, source: str, now: Instant) -> Opened:
        """Ends a session and gives its peer another of the same life: after a change of what the
        account may, or of its password. Conflict when it has ended."""
        network = source_network(source)

        def work(tx: Transaction) -> Opened:
            return self.rotate_in(tx, session, network, now)

        return self.store.transact([], work)

    def rotate_in(self, tx: Transaction, session: Session, network: str, now: Instant) -> Opened:
        """`rotate` within a transaction in hand."""
        kept = self._of(tx, session)
        remaining = kept.session.get_remaining_time(now)
        user = kept.session.get_user()
        made = self.rules.new(kept.session.kind, user, now, self.secrets)
        made.set_session_rid(kept.session.get_session_rid(), now=now)
        made.set_max_age(remaining, now=now)
        self.replace(tx, session, made, "rotated", now)
        log(tx, now, "rotation", user, user, network, made.id8, f"was {session.id8}")
        return self.put(tx, made, now, network, kept.browser)

    def replace(
        self, tx: Transaction, old: Session, new: Session, reason: str, now: Instant
    ) -> None:
        """Ends `old`, if it has not ended, and passes on to `new` what hangs on it."""
        try:
            kept = self._of(tx, old)
        except NotFound:
            return
        self._close(tx, kept, reason, now)
        self.pass_on(tx, old.digest, new.digest)

    def put(
        self, tx: Transaction, made: Session, now: Instant, network: str, browser: str
    ) -> Opened:
        """Keeps a new session and bakes its cookie; of its account's the longest unseen are closed
        so that there are at most MOST_PER_ACCOUNT."""
        sessions = self.kept(tx)
        if made.get_user():
            open_ = [
                k for k in sessions.open_of(made.get_user(), now) if k.session.kind in _CARRIED
            ]
            for kept in open_[: max(0, len(open_) - MOST_PER_ACCOUNT + 1)]:
                self._close(tx, kept, "too many", now)
        cookie = self._bake(made, now)
        sessions.add(made, source=network, browser=browser[:80])
        return Opened(made, cookie)

    def _open(
        self, tx: Transaction, kind: Kind, user: str, now: Instant, network: str, browser: str
    ) -> Opened:
        return self.put(tx, self.rules.new(kind, user, now, self.secrets), now, network, browser)

    def _bake(self, session: Session, now: Instant) -> Cookie:
        return session.get_cookie(self.rules.cookie, now=now, secure=self.rules.secure)

    def _of(self, tx: Transaction, session: Session) -> KeptSession:
        return self.kept(tx).of_digest(session.digest)

    def _close(self, tx: Transaction, kept: KeptSession, reason: str, now: Instant) -> Cookie:
        closing = kept.session.close(
            self.rules.cookie, now=now, secure=self.rules.secure, reason=reason
        )
        self.kept(tx).save(kept)
        return closing


def log(
    tx: Transaction, now: Instant, what: str, account: str, actor: str, source: str = "",
    session: str = "", detail: str = "",
) -> None:  # fmt: skip
    """Records what happened around signing in."""
    tx.identity_log.write(Happening(now, what, account, actor, source, session, detail))
