"""Signing in with a password.

A try is counted as failed before the password is looked at, and taken back when it was right: so
tries made at the same time can not pass the throttle together. The password is checked between two
transactions, since that takes long.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from horarium.identity.account import Account, normal_name
from horarium.identity.cookie import UNLIMITED_SECONDS, Cookie, read_cookie
from horarium.identity.password import normal_password
from horarium.identity.ports import PasswordHasher
from horarium.identity.record import Kind
from horarium.identity.session import Session, fresh_id
from horarium.identity.throttle import (
    counter_of,
    name_waits_until,
    source_network,
    source_waits_until,
)
from horarium.identity.written import SECRET_OCTETS, digest_of
from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.sessions import SessionKeeper, Wait, log
from horarium.store.sign_ins import BROWSER_SECONDS
from horarium.store.store import Transaction

DAY = 86_400
# The key of the counters: the store alone does not tell which names were tried in vain.
_KEY = "identity_key"
# A name is hashed whole; who sends more means no account.
_LONGEST_TRIED = 1_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """It is the account: its new session, the cookie of it, and the cookie by which the browser is
    known from now on, None where it was known."""

    session: Session
    account: Account
    cookie: Cookie
    browser_cookie: Cookie | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Name or password is wrong, or the account can not sign in; nobody learns which."""


@dataclass(frozen=True, slots=True)
class _Try:
    account: Account | None
    counters: tuple[str, ...]
    source: str
    known: bool


class SigningIn:
    """The way in by name and password."""

    def __init__(self, keeper: SessionKeeper, passwords: PasswordHasher) -> None:
        self._keeper = keeper
        self._passwords = passwords

    def sign_in(
        self, name: str, password: str, visitor_session: Session | None, source: str,
        device_cookie: str | None, now: Instant, *, browser: str = "", remember: bool = False,
    ) -> SignedIn | Refused | Wait:  # fmt: skip
        """Signs somebody in; the visitor's session is closed and what hung on it goes over to the
        new one. `device_cookie` is the value of the cookie of a known browser (`device_of`), None
        for none. Wait without a look at the password after too many failures; Unavailable when
        too many passwords are being checked, and then nothing is counted."""
        begun = self._keeper.store.transact(
            [], lambda tx: self._begin(tx, name, source, device_cookie, now)
        )
        if isinstance(begun, Wait):
            return begun
        account = begun.account
        stored = account.password if account is not None and account.signs_in else ""
        try:
            right = self._passwords.verify(password, stored)
            renewed = self._renewed(password, stored) if right else stored
        except Unavailable:
            self._keeper.store.transact([], lambda tx: self._take_back(tx, begun, now))
            raise
        return self._keeper.store.transact(
            [],
            lambda tx: self._end(
                tx, begun, right, stored, renewed, visitor_session, now, browser, remember
            ),
        )

    def _renewed(self, password: str, stored: str) -> str:
        """What is stored from now on: anew where the parameters have risen since."""
        if not self._passwords.outgrown(stored):
            return stored
        return self._passwords.hash(normal_password(password))

    def _begin(
        self, tx: Transaction, name: str, source: str, device: str | None, now: Instant
    ) -> _Try | Wait:
        network = source_network(source)
        account, tried = _find(tx, name)
        digest = digest_of(device) if device else ""
        known = account is not None and bool(digest) and tx.browsers.knows(digest, account, now)
        key = identity_key(tx, self._keeper)
        of_name = counter_of("browser", digest, key) if known else counter_of("name", tried, key)
        of_source = counter_of("source", network, key)
        waits = [
            name_waits_until(tx.failures.failures(of_name, now), now),
            source_waits_until(tx.failures.failures(of_source, now), now) if network else None,
        ]
        until = max((at for at in waits if at is not None), default=None)
        if until is not None:
            return Wait(until)
        counters = (of_name, of_source) if network else (of_name,)
        for counter in counters:
            tx.failures.add(counter, now)
        return _Try(account, counters, network, known)

    def _take_back(self, tx: Transaction, begun: _Try, now: Instant) -> None:
        for counter in begun.counters:
            tx.failures.take_back(counter, now)

    def _end(
        self, tx: Transaction, begun: _Try, right: bool, stored: str, renewed: str,
        visitor: Session | None, now: Instant, browser: str, remember: bool,
    ) -> SignedIn | Refused:  # fmt: skip
        name = begun.account.name if begun.account is not None else ""
        account = tx.accounts.find(name) if right else None
        # It may have been disabled, or given another password, while this one was checked.
        if account is None or not account.signs_in or account.password != stored:
            log(tx, now, "failure", name, "", begun.source, detail="" if name else "unknown name")
            return Refused()
        self._take_back(tx, begun, now)
        tx.failures.clear(begun.counters[0])
        account = _signed_in(account, renewed, now)
        tx.accounts.save(account)
        rules, secrets = self._keeper.rules, self._keeper.secrets
        kind = Kind.REMEMBERED if remember and rules.remember else Kind.STAFF
        made = rules.new(kind, account.name, now, secrets)
        if visitor is not None:
            self._keeper.replace(tx, visitor, made, "signed in", now)
        opened = self._keeper.put(tx, made, now, begun.source, browser)
        log(tx, now, "sign_in", account.name, account.name, begun.source, made.id8)
        cookie = None if begun.known else self._remember_browser(tx, account, now)
        return SignedIn(made, account, opened.cookie, cookie)

    def _remember_browser(self, tx: Transaction, account: Account, now: Instant) -> Cookie:
        value = fresh_id(self._keeper.secrets)
        tx.browsers.add(digest_of(value), account, now)
        age = min(BROWSER_SECONDS, UNLIMITED_SECONDS)
        return Cookie(self._keeper.rules.browser_cookie, value, age)


def device_of(cookie_header: str | None, keeper: SessionKeeper) -> str | None:
    """The value of the cookie by which a browser is known, of a `Cookie` field."""
    return read_cookie(cookie_header, keeper.rules.browser_cookie)


def identity_key(tx: Transaction, keeper: SessionKeeper) -> bytes:
    """The site's key of the counters; made when it is first asked for."""
    kept = tx.meta(_KEY)
    if kept is None:
        kept = keeper.secrets.random(SECRET_OCTETS).hex()
        tx.set_meta(_KEY, kept)
    return bytes.fromhex(kept)


def _find(tx: Transaction, name: str) -> tuple[Account | None, str]:
    """The account meant, and the name under which its failures are counted."""
    try:
        normal = normal_name(name)
    except InvalidInput:
        tried = unicodedata.normalize("NFC", str(name)[:_LONGEST_TRIED])
        return None, tried.casefold()
    return tx.accounts.find(normal), normal


def _signed_in(account: Account, password: str, now: Instant) -> Account:
    return replace(account, password=password, last_sign_in=now // DAY)
