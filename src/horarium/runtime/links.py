"""Links with which a password is set: the first one, or another for one that was forgotten.

They are kept like sessions, by their digest, for half an hour; each is used once, and a new one
ends the one before. Setting a password signs nobody in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from horarium.identity.account import Account, normal_name
from horarium.identity.password import new_password
from horarium.identity.ports import PasswordHasher
from horarium.identity.record import Kind
from horarium.identity.session import Session
from horarium.identity.throttle import counter_of, source_network, source_waits_until
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.sessions import Opened, SessionKeeper, Wait, log
from horarium.runtime.signing_in import identity_key
from horarium.store.store import Transaction

LINK_KINDS = frozenset({Kind.SETUP, Kind.RESET})
# Links asked for by one who forgot the password, of one account.
MOST_RESETS = 3
RESETS_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Link:
    """The token of a link that was made for an account, and where to mail it, "" for nowhere."""

    token: str
    account: str
    mail: str


def open_link(
    keeper: SessionKeeper, tx: Transaction, account: Account, kind: Kind, by: str, now: Instant,
    source: str = "",
) -> str:  # fmt: skip
    """The token of a new link for an account; the links it had are ended."""
    close_links(keeper, tx, account, now)
    made = keeper.rules.new(kind, account.name, now, keeper.secrets)
    keeper.kept(tx).add(made, source=source)
    log(tx, now, kind.value, account.name, by, source, made.id8, "link made")
    return made.get_hash_id()


def close_links(keeper: SessionKeeper, tx: Transaction, account: Account, now: Instant) -> None:
    """Ends all links of an account."""
    sessions = keeper.kept(tx)
    for kept in sessions.open_of(account.name, now):
        if kept.session.kind in LINK_KINDS:
            kept.session.close(now=now, secure=keeper.rules.secure, reason="link ended")
            sessions.save(kept)


def ask_reset(keeper: SessionKeeper, name: str, source: str, now: Instant) -> Link | Wait | None:
    """A link for one who forgot the password; None when the name is unknown, can not sign in, or
    has had MOST_RESETS in the last hour. Whoever asked is told the same in each case. Counts as a
    try of its source, and is refused like one."""
    network = source_network(source)

    def work(tx: Transaction) -> Link | Wait | None:
        wait = count_source(keeper, tx, network, now)
        if wait is not None:
            return wait
        try:
            account = tx.accounts.find(normal_name(name))
        except InvalidInput:
            account = None
        if account is None or not account.signs_in:
            return None
        since = Instant(now - RESETS_SECONDS)
        if keeper.kept(tx).resets_since(account.name, since) >= MOST_RESETS:
            return None
        token = open_link(keeper, tx, account, Kind.RESET, "", now, network)
        return Link(token, account.name, account.mail)

    return keeper.store.transact([], work)


def look_at_link(keeper: SessionKeeper, token: str, now: Instant) -> str:
    """The account whose password a link sets. Changes nothing. NotFound for a link that is none,
    was used, or is too old."""
    return keeper.store.read(lambda tx: _account_of(keeper, tx, token, now).name)


def use_link(
    keeper: SessionKeeper, passwords: PasswordHasher, token: str, password: str, source: str,
    now: Instant,
) -> str | Wait:  # fmt: skip
    """Sets the password by a link, which is used then, and closes all sessions of the account: its
    name. NotFound for a link that is none; InvalidInput for a password that is not taken, and then
    the link can be used again."""
    network = source_network(source)
    try:
        name = look_at_link(keeper, token, now)
    except NotFound:
        wait = keeper.store.transact([], lambda tx: count_source(keeper, tx, network, now))
        if wait is not None:
            return wait
        raise
    stored = passwords.hash(new_password(password, name))

    def work(tx: Transaction) -> str:
        account = _account_of(keeper, tx, token, now)
        store_password(keeper, tx, account, stored, account.name, now, source=network)
        return account.name

    return keeper.store.transact([], work)


def store_password(
    keeper: SessionKeeper, tx: Transaction, account: Account, stored: str, by: str, now: Instant,
    mine: Session | None = None, source: str = "",
) -> tuple[int, Opened | None]:  # fmt: skip
    """Keeps what is stored of a new password and ends what the old one had opened."""
    tx.accounts.save(replace(account, password=stored))
    close_links(keeper, tx, account, now)
    opened = keeper.rotate_in(tx, mine, source, now) if mine is not None else None
    keep = opened.session.digest if opened is not None else ""
    closed = keeper.kept(tx).close_of(account.name, now, "password changed", keep)
    log(tx, now, "password", account.name, by, source)
    return closed, opened


def count_source(keeper: SessionKeeper, tx: Transaction, network: str, now: Instant) -> Wait | None:
    """Counts a try of a source that is not a sign-in; Wait when it had too many."""
    if not network:
        return None
    counter = counter_of("source", network, identity_key(tx, keeper))
    until = source_waits_until(tx.failures.failures(counter, now), now)
    if until is not None:
        return Wait(until)
    tx.failures.add(counter, now)
    return None


def _account_of(keeper: SessionKeeper, tx: Transaction, token: str, now: Instant) -> Account:
    found = keeper.kept(tx).with_account(token)
    if found is not None:
        session, account = found[0].session, found[1]
        alive = session.kind in LINK_KINDS and not session.is_expired(now)
        if alive and account is not None and account.signs_in:
            return account
    raise NotFound("the link is not valid, was used, or is too old")
