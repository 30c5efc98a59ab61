"""Session groups at work: made, listed and removed; closing one is `session_listing`'s."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.identity.groups import SessionGroup, check_new, reached
from horarium.identity.session import State
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.accounts import accounts_key
from horarium.runtime.session_rules import SessionRules
from horarium.runtime.sessions import log
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class GroupView:
    """A session group, the accounts it reaches, and how many of their sessions are open."""

    group: SessionGroup
    reaches: tuple[str, ...]
    open: int


def create_group(store: Store, group: SessionGroup, by: str, now: Instant) -> None:
    """Makes a group. Conflict when the name is taken, NotFound for an unknown member; then nothing
    is kept."""

    def work(tx: Transaction) -> None:
        names = {account.name for account in tx.accounts.all()}
        check_new(group, tx.accounts.groups(), names)
        tx.accounts.add_group(group)
        log(tx, now, "group", "", by, detail=f"{group.name} made")

    store.transact(accounts_key(store), work)


def list_groups(store: Store, rules: SessionRules, now: Instant) -> list[GroupView]:
    """All groups by name."""

    def work(tx: Transaction) -> list[GroupView]:
        accounts, groups = tx.accounts.all(), tx.accounts.groups()
        sessions = tx.sessions(rules.idle)
        found = []
        for name, group in sorted(groups.items()):
            names = reached(name, groups, accounts)
            states = [kept.session.state(now) for kept in sessions.all(names)]
            found.append(GroupView(group, tuple(sorted(names)), states.count(State.OPEN)))
        return found

    return store.read(work)


def remove_group(store: Store, name: str, by: str, now: Instant) -> None:
    """Removes a group, and its name from others; no session is closed. NotFound."""

    def work(tx: Transaction) -> None:
        if name not in tx.accounts.groups():
            raise NotFound(f"there is no session group {name}")
        tx.accounts.remove_group(name)
        log(tx, now, "group", "", by, detail=f"{name} removed")

    store.transact(accounts_key(store), work)
