"""The repository of accounts and session groups."""

from __future__ import annotations

import json
from dataclasses import dataclass

from horarium.identity.account import Account, Role, Status
from horarium.identity.groups import SessionGroup
from horarium.kernel.errors import Conflict, CorruptState, NotFound
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, number, text

# How many columns an account has where it is joined to something else.
ACCOUNT_COLUMNS = 14


@dataclass(frozen=True, slots=True)
class AccountRepository:
    """The accounts and session groups of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def all(self) -> list[Account]:
        """Every account, by name."""
        return [read_account(row) for row in self.session.rows("accounts", {"tenant": self.tenant})]

    def find(self, name: str) -> Account | None:
        """The account of that sign-in name, in its normal form."""
        row = self.session.row("account_named", {"tenant": self.tenant, "name": name})
        return read_account(row) if row else None

    def get(self, name: str) -> Account:
        """The account of that sign-in name. NotFound."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no account {name}")
        return found

    def add(self, account: Account) -> None:
        """Keeps a new one. Conflict when the name is taken."""
        if not self.session.run("add_account", self._values(account)):
            raise Conflict(f"the account {account.name} exists")

    def save(self, account: Account) -> None:
        """Keeps what changed; name and creation never do. NotFound when it is gone."""
        values = self._values(account)
        del values["name"], values["created_s"]
        if not self.session.run("save_account", values):
            raise NotFound(f"there is no account {account.name}")

    def remove(self, account: Account) -> None:
        """Forgets an account with its tokens and known browsers; the session groups that name it
        name it no more."""
        where = {"tenant": self.tenant, "id": account.id}
        self.session.run("drop_tokens_of_account", where)
        self.session.run("drop_browsers_of_account", where)
        self.session.run("drop_feeds_of_account", {"tenant": self.tenant, "account": account.id})
        self._drop_member("account", account.name)
        if not self.session.run("drop_account", where):
            raise NotFound(f"there is no account {account.name}")

    def admins(self) -> int:
        """How many admins can act."""
        return sum(account.is_admin for account in self.all())

    def groups(self) -> dict[str, SessionGroup]:
        """All session groups by name."""
        bound: dict[str, dict[str, set[str]]] = {}
        for name, kind, member in self.session.rows("session_groups", {"tenant": self.tenant}):
            members = bound.setdefault(
                text(name), {"account": set(), "role": set(), "group": set()}
            )
            if kind is not None:
                members[text(kind)].add(text(member))
        return {
            name: SessionGroup(
                name,
                frozenset(members["account"]),
                frozenset(Role(role) for role in members["role"]),
                frozenset(members["group"]),
            )
            for name, members in bound.items()
        }

    def add_group(self, group: SessionGroup) -> None:
        """Keeps a new group."""
        self.session.run("add_session_group", {"tenant": self.tenant, "name": group.name})
        kinds = (("account", group.accounts), ("role", group.roles), ("group", group.groups))
        self.session.run_many(
            "add_session_group_member",
            [
                {"tenant": self.tenant, "name": group.name, "kind": kind, "member": str(member)}
                for kind, members in kinds
                for member in sorted(members)
            ],
        )

    def remove_group(self, name: str) -> None:
        """Forgets a group; others that name it name it no more. NotFound."""
        where = {"tenant": self.tenant, "name": name}
        self._drop_member("group", name)
        self.session.run("drop_session_group_members", where)
        if not self.session.run("drop_session_group", where):
            raise NotFound(f"there is no session group {name}")

    def _drop_member(self, kind: str, member: str) -> None:
        values = {"tenant": self.tenant, "kind": kind, "member": member}
        self.session.run("drop_group_members_named", values)

    def _values(self, account: Account) -> dict[str, object]:
        return {
            "id": account.id, "tenant": self.tenant, "name": account.name,
            "created_s": account.created, "roles": json.dumps(sorted(account.roles)),
            "resources": json.dumps(account.resources), "display_name": account.display_name,
            "mail": account.mail, "zone": account.zone, "language": account.language,
            "person": account.person, "host": account.host, "status": account.status.value,
            "last_sign_in": account.last_sign_in, "password": account.password,
        }  # fmt: skip


def read_account(row: Row) -> Account:
    """The account of a row."""
    (id_, name, created, roles, resources, shown, mail, zone, language, person, host, status,
     last, password) = row  # fmt: skip
    try:
        return Account(
            text(id_), text(name), instant(created),
            frozenset(Role(role) for role in _words(roles)), tuple(_words(resources)),
            text(shown), text(mail), text(zone), text(language), text(person), text(host),
            Status(text(status)), None if last is None else number(last), text(password),
        )  # fmt: skip
    except ValueError as error:
        raise CorruptState("account", text(name), str(error)) from error


def _words(value: Value) -> list[str]:
    return [str(word) for word in json.loads(text(value))]
