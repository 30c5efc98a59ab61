"""What people see of sessions, and closing them by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.identity.account import normal_name
from horarium.identity.groups import groups_of, reached
from horarium.identity.ports import KeptSession
from horarium.identity.record import Kind
from horarium.identity.session import State
from horarium.kernel.instant import Instant
from horarium.runtime.links import LINK_KINDS
from horarium.runtime.session_rules import SessionRules
from horarium.runtime.sessions import log
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as people read it: `id` is the first 8 digits of its digest, `remaining` seconds
    (None for unlimited), `groups` the session groups that reach its account."""

    id: str
    state: State
    remaining: int | None
    user: str
    kind: Kind
    name: str
    rid: str
    path: str
    created: Instant
    modified: Instant
    last_seen: Instant
    expires: Instant | None
    source: str
    browser: str
    reason: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which sessions are meant: those of an account, of those that a session group reaches, of a
    registration id; None leaves it open."""

    account: str | None = None
    group: str | None = None
    rid: str | None = None
    state: State | None = None


def list_sessions(
    store: Store, rules: SessionRules, chosen: Chosen, now: Instant
) -> tuple[list[SessionView], list[str]]:
    """The sessions chosen, in the order in which they were made, and the names of the records that
    can not be read. NotFound for an account or group that there is not."""

    def work(tx: Transaction) -> tuple[list[SessionView], list[str]]:
        sessions = tx.sessions(rules.idle)
        views = _views(tx, sessions.all(_users(tx, chosen)), now)
        return [view for view in views if _fits(view, chosen)], sessions.unreadable()

    return store.read(work)


def find_session(store: Store, rules: SessionRules, id8: str, now: Instant) -> SessionView:
    """One session by the first 8 digits of its digest. NotFound; Conflict when two begin so."""
    return store.read(lambda tx: _views(tx, [tx.sessions(rules.idle).named(id8)], now)[0])


def close_session(
    store: Store, rules: SessionRules, id8: str, by: str, now: Instant
) -> SessionView:
    """Closes one session for good; the session as it is then."""

    def work(tx: Transaction) -> SessionView:
        sessions = tx.sessions(rules.idle)
        kept = sessions.named(id8)
        if kept.session.state(now) is not State.CLOSED:
            kept.session.close(now=now, secure=rules.secure, reason=f"closed by {by}")
            sessions.save(kept)
            log(tx, now, "closed", kept.session.get_user(), by, session=kept.session.id8)
        return _views(tx, [kept], now)[0]

    return store.transact([], work)


def close_sessions(
    store: Store, rules: SessionRules, chosen: Chosen | None, by: str, now: Instant, keep: str = ""
) -> int:
    """Closes all sessions of an account or group, or with None every session, but the one of the
    digest `keep`, in one transaction; how many were open."""

    def work(tx: Transaction) -> int:
        sessions = tx.sessions(rules.idle)
        if chosen is None:
            closed = sessions.close_all(now, f"all closed by {by}", keep)
            log(tx, now, "closed", "", by, detail=f"all sessions: {closed}")
            return closed
        users = _users(tx, chosen) or frozenset()
        why = f"group {chosen.group}" if chosen.group is not None else f"closed by {by}"
        closed = sum(sessions.close_of(user, now, why, keep) for user in sorted(users))
        what = f"group {chosen.group}" if chosen.group is not None else f"account {chosen.account}"
        log(tx, now, "closed", chosen.account or "", by, detail=f"{what}: {closed}")
        return closed

    return store.transact([], work)


def _users(tx: Transaction, chosen: Chosen) -> frozenset[str] | None:
    """The sign-in names meant; None for everybody."""
    named: frozenset[str] | None = None
    if chosen.account is not None:
        named = frozenset({tx.accounts.get(normal_name(chosen.account)).name})
    if chosen.group is None:
        return named
    of_group = reached(chosen.group, tx.accounts.groups(), tx.accounts.all())
    return of_group if named is None else named & of_group


def _fits(view: SessionView, chosen: Chosen) -> bool:
    # Links are kept like sessions, and are none.
    return (
        view.kind not in LINK_KINDS
        and chosen.state in (None, view.state)
        and chosen.rid in (None, view.rid)
    )


def _views(tx: Transaction, kept: Iterable[KeptSession], now: Instant) -> list[SessionView]:
    groups = tx.accounts.groups()
    of = {a.name: tuple(sorted(groups_of(a, groups))) for a in tx.accounts.all()} if groups else {}
    return [_view(one, of.get(one.session.get_user(), ()), now) for one in kept]


def _view(kept: KeptSession, groups: tuple[str, ...], now: Instant) -> SessionView:
    s = kept.session
    return SessionView(
        id=s.id8,
        state=s.state(now),
        remaining=s.get_remaining_time(now),
        user=s.get_user(),
        kind=s.kind,
        name=s.get_name(),
        rid=s.get_session_rid(),
        path=s.get_path(),
        created=s.get_creation_time(),
        modified=s.get_modification_time(),
        last_seen=s.last_seen,
        expires=s.get_expire_time(),
        source=kept.source,
        browser=kept.browser,
        reason=s.reason,
        groups=groups,
    )
