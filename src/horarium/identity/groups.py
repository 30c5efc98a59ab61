"""Session groups: a name bound to users, roles or other groups, whose sessions are listed and
closed together (seed 003)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from horarium.identity.account import Account, Role
from horarium.kernel.errors import Conflict, InvalidInput, NotFound

_NAME = re.compile(r"[a-z0-9._-]{1,64}", re.ASCII)
MOST_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """What a name is bound to: sign-in names of accounts, roles, other session groups."""

    name: str
    accounts: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[Role] = field(default_factory=frozenset)
    groups: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(
                "session group: expected a name of 1 to 64 of a-z, 0-9, dot, underscore, hyphen",
                part="name",
                value=self.name[:80],
            )
        if self.members > MOST_MEMBERS:
            raise InvalidInput(
                f"session group {self.name}: bound to {self.members} accounts, roles and groups, "
                f"at most {MOST_MEMBERS} are allowed",
                part="members",
            )

    @property
    def members(self) -> int:
        """To how much it is bound; to nothing only when all of that was removed since."""
        return len(self.accounts) + len(self.roles) + len(self.groups)


def check_new(
    group: SessionGroup, existing: Mapping[str, SessionGroup], accounts: Collection[str]
) -> None:
    """Raises Conflict when the name is taken or the group would reach itself, NotFound for an
    account or group that there is not, InvalidInput when it is bound to nothing."""
    if not group.members:
        raise InvalidInput(
            f"session group {group.name}: expected an account, a role or a group", part="members"
        )
    if group.name in existing:
        raise Conflict(f"the session group {group.name} exists")
    if group.name in group.groups:
        raise Conflict(f"the session group {group.name} would reach itself")
    for account in sorted(group.accounts):
        if account not in accounts:
            raise NotFound(f"there is no account {account}")
    for inner in sorted(group.groups):
        if inner not in existing:
            raise NotFound(f"there is no session group {inner}")
    if group.name in closure(group.name, {**existing, group.name: group}):
        raise Conflict(f"the session group {group.name} would reach itself")


def closure(name: str, groups: Mapping[str, SessionGroup]) -> set[str]:
    """The groups that a group reaches through others; itself only if there is a circle."""
    found: set[str] = set()
    todo = list(groups[name].groups) if name in groups else []
    while todo:
        inner = todo.pop()
        if inner not in found and inner in groups:
            found.add(inner)
            todo += groups[inner].groups
    return found


def reached(
    name: str, groups: Mapping[str, SessionGroup], accounts: Iterable[Account]
) -> frozenset[str]:
    """The sign-in names of all accounts that a group reaches. Raises NotFound."""
    if name not in groups:
        raise NotFound(f"there is no session group {name}")
    bound = [groups[inner] for inner in {name, *closure(name, groups)}]
    names = frozenset().union(*(group.accounts for group in bound))
    roles = frozenset().union(*(group.roles for group in bound))
    return frozenset(a.name for a in accounts if a.name in names or a.roles & roles)


def groups_of(account: Account, groups: Mapping[str, SessionGroup]) -> frozenset[str]:
    """The names of all groups that reach an account."""
    return frozenset(name for name in groups if reached(name, groups, (account,)))
