"""Accounts at work: made, changed and removed, each in one transaction with what it ends.

Whatever takes rights away closes the sessions of the account in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from horarium.identity.account import (
    Account,
    Role,
    Status,
    check_last_admin,
    normal_name,
    privileges,
)
from horarium.identity.password import new_password
from horarium.identity.ports import PasswordHasher
from horarium.identity.record import Kind
from horarium.identity.session import Session
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.links import open_link, store_password
from horarium.runtime.sessions import Opened, SessionKeeper, log
from horarium.runtime.settings import Settings
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an account is to be: roles, the only resources of an operator, and its ties."""

    roles: frozenset[Role] = frozenset()
    resources: tuple[str, ...] = ()
    person: str = ""
    host: str = ""
    mail: str = ""
    display_name: str = ""
    zone: str = ""
    language: str = ""


def accounts_key(store: Store) -> list[Key]:
    """What a change of accounts or groups holds, so that two of them can not together remove the
    last admin or make a circle."""
    return [Key(store.tenant, "site", "accounts")]


def add_account(
    keeper: SessionKeeper, settings: Settings, name: str, wanted: Wanted, by: str, now: Instant
) -> tuple[Account, str | None]:
    """Makes an account without a password; the account and the token of the link with which its
    first password is set, None for a program. Conflict when the name is taken, NotFound for a
    resource or person that is not declared."""

    def work(tx: Transaction) -> tuple[Account, str | None]:
        chosen = _declared(tx, settings, wanted)
        normal = normal_name(name)
        account = Account(
            str(UUID(bytes=keeper.secrets.random(16), version=4)), normal, now, chosen.roles,
            chosen.resources, chosen.display_name, chosen.mail or _mail_of(normal), chosen.zone,
            chosen.language, chosen.person, chosen.host,
        )  # fmt: skip
        tx.accounts.add(account)
        log(tx, now, "account", account.name, by, detail=f"made: {_rights(account)}")
        if Role.PROGRAM in account.roles:
            return account, None
        return account, open_link(keeper, tx, account, Kind.SETUP, by, now)

    return keeper.store.transact(accounts_key(keeper.store), work)


def list_accounts(store: Store) -> list[Account]:
    """All accounts by name."""
    return store.read(lambda tx: tx.accounts.all())


def find_account(store: Store, name: str) -> Account:
    """The account of that sign-in name. NotFound."""
    return store.read(lambda tx: tx.accounts.get(normal_name(name)))


def set_roles(
    keeper: SessionKeeper, settings: Settings, name: str, wanted: Wanted, by: str, now: Instant
) -> tuple[Account, int]:
    """Gives an account other roles, resources and ties, in place of all it had; closes its sessions
    when that changed anything. The account and how many were open. Conflict for the last admin."""

    def change(tx: Transaction, account: Account) -> Account:
        chosen = _declared(tx, settings, wanted)
        if Role.PROGRAM in chosen.roles and account.password:
            raise InvalidInput(
                f"{account.name} signs in with a password, and a program does not", part="roles"
            )
        return replace(
            account, roles=chosen.roles, resources=chosen.resources, person=chosen.person,
            host=chosen.host,
        )  # fmt: skip

    return _change(keeper, name, "role", change, by, now)


def set_status(
    keeper: SessionKeeper, name: str, status: Status, by: str, now: Instant
) -> tuple[Account, int]:
    """Disables or enables an account; disabling closes its sessions. Conflict for the last
    admin."""
    return _change(keeper, name, "status", lambda _, a: replace(a, status=status), by, now)


def remove_account(keeper: SessionKeeper, name: str, by: str, now: Instant) -> int:
    """Removes an account, closes its sessions and revokes its tokens and feeds; how many sessions
    were open. NotFound; Conflict for the last admin."""

    def work(tx: Transaction) -> int:
        account = tx.accounts.get(normal_name(name))
        check_last_admin(account, None, tx.accounts.admins() - account.is_admin)
        closed = keeper.kept(tx).close_of(account.name, now, "account removed")
        tx.feeds.drop_of(account.id)
        tx.accounts.remove(account)
        log(tx, now, "account", account.name, by, detail="removed")
        return closed

    return keeper.store.transact(accounts_key(keeper.store), work)


def set_password(
    keeper: SessionKeeper, passwords: PasswordHasher, name: str, password: str, by: str,
    now: Instant, mine: Session | None = None, source: str = "",
) -> tuple[int, Opened | None]:  # fmt: skip
    """Sets the password of an account and closes its sessions and links; how many were open. With
    `mine`, the session of who does so, that one goes on under a new id, which comes back.
    InvalidInput for a password that is not taken, or a program."""
    account = find_account(keeper.store, name)
    if Role.PROGRAM in account.roles:
        raise InvalidInput(f"{account.name} is a program: it has tokens, not a password")
    stored = passwords.hash(new_password(password, account.name))

    def work(tx: Transaction) -> tuple[int, Opened | None]:
        current = tx.accounts.get(account.name)
        if current.id != account.id or Role.PROGRAM in current.roles:
            raise NotFound(f"there is no account {account.name} with a password")
        return store_password(keeper, tx, current, stored, by, now, mine, source)

    return keeper.store.transact(accounts_key(keeper.store), work)


def _change(
    keeper: SessionKeeper, name: str, what: str,
    change: Callable[[Transaction, Account], Account], by: str, now: Instant,
) -> tuple[Account, int]:  # fmt: skip
    def work(tx: Transaction) -> tuple[Account, int]:
        before = tx.accounts.get(normal_name(name))
        after = change(tx, before)
        if after == before:
            return after, 0
        check_last_admin(before, after, tx.accounts.admins() - before.is_admin)
        tx.accounts.save(after)
        closed = 0
        if privileges(after) != privileges(before) or not after.active:
            closed = keeper.kept(tx).close_of(after.name, now, f"{what} changed")
        detail = f"{_rights(before)} -> {_rights(after)}"
        log(tx, now, what, after.name, by, detail=detail)
        return after, closed

    return keeper.store.transact(accounts_key(keeper.store), work)


def _rights(account: Account) -> str:
    """What an account may, on one line of the log."""
    parts = [
        ",".join(sorted(account.roles)) or "no role",
        f"for {','.join(account.resources)}" if account.resources else "",
        f"person {account.person}" if account.person else "",
        f"host {account.host}" if account.host else "",
        "" if account.active else "disabled",
    ]
    return " ".join(part for part in parts if part)


def _declared(tx: Transaction, settings: Settings, wanted: Wanted) -> Wanted:
    """What is wanted, with the names of resources and persons as they are declared."""
    if not wanted.resources and not wanted.person:
        return wanted
    directory = read_directory(tx, settings)

    def named(address: str, *, person: bool) -> str:
        found = directory.find(address)
        if found is None or found.is_person != person:
            raise NotFound(f"there is no {'person' if person else 'resource'} {address}")
        return _shown(found)

    resources = tuple(dict.fromkeys(named(r, person=False) for r in wanted.resources))
    tied = named(wanted.person, person=True) if wanted.person else ""
    return replace(wanted, resources=resources, person=tied)


def _shown(user: Registered) -> str:
    return user.uri.removeprefix("mailto:")


def _mail_of(name: str) -> str:
    return name if "@" in name else ""
