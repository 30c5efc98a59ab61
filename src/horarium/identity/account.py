"""Accounts: persons and programs known by name, their roles, and what each role may."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from horarium.identity.written import one_line
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant

LONGEST_ADDRESS = 254
LONGEST_TEXT = 256
MOST_RESOURCES = 1_000
_PLAIN_NAME = re.compile(r"[a-z0-9._-]{3,64}", re.ASCII)
# The strict form of an address: atoms with dots, and a domain of at least two labels.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII)


class Role(StrEnum):
    """What somebody is trusted with."""

    ADMIN = "admin"
    OPERATOR = "operator"
    BOOKER = "booker"
    VIEWER = "viewer"
    # A program: it never signs in, its tokens say what it may.
    PROGRAM = "program"


class Right(StrEnum):
    """What can be done, to an object or to all; also the scopes of API tokens."""

    READ = "read"
    # Preferences, hours, absences, quotas, schedules: how the kinds of work behave.
    SETTINGS = "settings"
    # Bookings of resources, and what of them is asked of a person.
    BOOKINGS = "bookings"
    # Appointments, the waiting list, the bookings of all hosts.
    DESK = "desk"
    # Accounts, roles, tokens, session groups, the sessions of others.
    ACCOUNTS = "accounts"


class Verdict(StrEnum):
    """What becomes of a wish."""

    ALLOWED = "allowed"
    # 403: the right is missing.
    FORBIDDEN = "forbidden"
    # 404: the object is not there as far as this account can know.
    OUT_OF_REACH = "out_of_reach"


class Status(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    DISABLED = "disabled"


_WORK = frozenset({Right.READ, Right.SETTINGS, Right.BOOKINGS, Right.DESK})
RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Right),
        Role.OPERATOR: _WORK,
        Role.BOOKER: frozenset({Right.READ, Right.DESK}),
        Role.VIEWER: frozenset({Right.READ}),
        # Its tokens name what it may, up to this.
        Role.PROGRAM: frozenset(Right),
    }
)
# A tie to a person gives these about that person, one to a host those about that host.
OF_PERSON = frozenset({Right.READ, Right.SETTINGS, Right.BOOKINGS})
OF_HOST = frozenset({Right.READ, Right.SETTINGS, Right.DESK})


@dataclass(frozen=True, slots=True)
class Account:
    """A person or program known by name.

    `id` is a UUID, `name` the normal form of the sign-in name, `resources` the only ones that an
    operator is limited to (none: all), `person` the address and `host` the appointer it is tied
    to, `last_sign_in` a day counted from 1970-01-01, `password` what is stored of it, "" for none.
    """

    id: str
    name: str
    created: Instant
    roles: frozenset[Role] = frozenset()
    resources: tuple[str, ...] = ()
    display_name: str = ""
    mail: str = ""
    zone: str = ""
    language: str = ""
    person: str = ""
    host: str = ""
    status: Status = Status.ACTIVE
    last_sign_in: int | None = None
    password: str = ""

    def __post_init__(self) -> None:
        if self.name != normal_name(self.name):
            raise InvalidInput("account: the name is not in its normal form", part="name")
        for part in ("display_name", "mail", "zone", "language", "person", "host"):
            one_line(getattr(self, part), part, LONGEST_TEXT)
        for resource in self.resources:
            one_line(resource, "resource", LONGEST_TEXT, 1)
        if len(self.resources) > MOST_RESOURCES:
            raise InvalidInput(f"account: at most {MOST_RESOURCES} resources", part="resources")
        if self.resources and not self.roles & {Role.OPERATOR, Role.PROGRAM}:
            raise InvalidInput(
                "resources limit an operator or a program; this account is neither",
                part="resources",
            )
        if Role.PROGRAM in self.roles and (len(self.roles) > 1 or self.password):
            raise InvalidInput(
                "a program has no other role and no password", part="roles", value=self.name
            )

    @property
    def active(self) -> bool:
        """Whether it may be used."""
        return self.status is Status.ACTIVE

    @property
    def signs_in(self) -> bool:
        """Whether it may have sessions: people may, programs use tokens."""
        return self.active and Role.PROGRAM not in self.roles

    @property
    def is_admin(self) -> bool:
        """Whether it is an admin that can act."""
        return self.active and Role.ADMIN in self.roles


def normal_name(name: object) -> str:
    """A sign-in name as names are compared: NFC, lower case. Raises InvalidInput for what is
    neither a mail address nor 3 to 64 of a-z, 0-9, dot, underscore and hyphen."""
    text = one_line(name, "sign-in name", LONGEST_ADDRESS, 1)
    text = unicodedata.normalize("NFC", text).lower()
    if not _PLAIN_NAME.fullmatch(text) and not _ADDRESS.fullmatch(text):
        raise InvalidInput(
            "sign-in name: expected a mail address or 3 to 64 of a-z, 0-9, dot, underscore, hyphen",
            part="name",
            value=text[:80],
        )
    return text


def may(
    account: Account, right: Right, thing: str | None = None,
    scopes: Collection[Right] | None = None,
) -> Verdict:  # fmt: skip
    """Whether an account may use `right` on the object `thing`, or on everything where it is None;
    `scopes` are those of the API token that speaks for it. A missing right is FORBIDDEN; an object
    of which it may know nothing is OUT_OF_REACH."""
    if not account.active:
        return Verdict.FORBIDDEN
    if Role.PROGRAM in account.roles and scopes is None:
        return Verdict.FORBIDDEN
    rights = _rights(account, thing)
    if right in rights and (scopes is None or right in scopes):
        return Verdict.ALLOWED
    knows = bool(rights) or bool(_rights(account, None))
    return Verdict.FORBIDDEN if thing is None or knows else Verdict.OUT_OF_REACH


def _rights(account: Account, thing: str | None) -> frozenset[Right]:
    """The rights on one object; on everything where it is None."""
    found: set[Right] = set()
    for role in account.roles:
        limited = account.resources and role in (Role.OPERATOR, Role.PROGRAM)
        if not limited or thing in account.resources:
            found |= RIGHTS[role]
    if thing is not None and thing == account.person:
        found |= OF_PERSON
    if thing is not None and thing == account.host:
        found |= OF_HOST
    return frozenset(found)


def check_last_admin(before: Account, after: Account | None, other_admins: int) -> None:
    """Raises Conflict when a change, or with None the removal, would leave no active admin."""
    if before.is_admin and (after is None or not after.is_admin) and other_admins == 0:
        raise Conflict(f"{before.name} is the last active admin")


def privileges(account: Account) -> tuple[object, ...]:
    """What decides what the account may: when it changes, its sessions end."""
    return (account.roles, frozenset(account.resources), account.person, account.host)
