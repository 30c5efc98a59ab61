"""Accounts: names, roles, and what each may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from horarium.identity.account import (
    Account,
    Right,
    Role,
    Status,
    Verdict,
    check_last_admin,
    may,
    normal_name,
)
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant

YES, NO, HIDDEN = Verdict.ALLOWED, Verdict.FORBIDDEN, Verdict.OUT_OF_REACH
ROOM, OTHER = "room@example.com", "other@example.com"


def account(*roles: Role, **more: object) -> Account:
    return Account("1", "paul", Instant(0), frozenset(roles), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("paul", "paul"),
        ("Paul.B-2_x", "paul.b-2_x"),
        ("Paul.Boddie@Example.COM", "paul.boddie@example.com"),
        ("o'neill+x@a-b.example", "o'neill+x@a-b.example"),
        ("a" * 64, "a" * 64),
    ],
)
def test_sign_in_names(written: str, name: str) -> None:
    assert normal_name(written) == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 65, "a b", "päul", "paul@localhost", "paul@", "@example.com",
     "a@b@example.com", "a..b@example.com", "a@-b.example", '"a"@example.com', "a\n@example.com",
     "a/b", None],
)  # fmt: skip
def test_what_is_no_sign_in_name(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^sign-in name: "):
        normal_name(name)


# Rows: who; columns: reading, settings, bookings, desk, accounts of an object (and of everything).
TABLE = {
    "admin": (account(Role.ADMIN), [YES] * 5, [YES] * 5),
    "operator": (account(Role.OPERATOR), [YES, YES, YES, YES, NO], [YES, YES, YES, YES, NO]),
    "manager": (
        account(Role.OPERATOR, resources=(ROOM,)), [YES, YES, YES, YES, NO], [NO] * 5,
    ),
    "manager elsewhere": (account(Role.OPERATOR, resources=(OTHER,)), [HIDDEN] * 5, [NO] * 5),
    "booker": (account(Role.BOOKER), [YES, NO, NO, YES, NO], [YES, NO, NO, YES, NO]),
    "viewer": (account(Role.VIEWER), [YES, NO, NO, NO, NO], [YES, NO, NO, NO, NO]),
    "nobody": (account(), [HIDDEN] * 5, [NO] * 5),
    "the person": (account(person=ROOM), [YES, YES, YES, NO, NO], [NO] * 5),
    "another person": (account(person=OTHER), [HIDDEN] * 5, [NO] * 5),
    "the host": (account(host=ROOM), [YES, YES, NO, YES, NO], [NO] * 5),
    "viewer and person": (
        account(Role.VIEWER, person=ROOM), [YES, YES, YES, NO, NO], [YES, NO, NO, NO, NO],
    ),
    "disabled": (account(Role.ADMIN, status=Status.DISABLED), [NO] * 5, [NO] * 5),
    "program without a token": (account(Role.PROGRAM), [NO] * 5, [NO] * 5),
}  # fmt: skip


@pytest.mark.parametrize("who", TABLE)
def test_what_each_may(who: str) -> None:
    subject, of_object, of_all = TABLE[who]
    assert [may(subject, right, ROOM) for right in Right] == of_object
    assert [may(subject, right) for right in Right] == of_all


def test_a_token_narrows_what_its_account_may() -> None:
    viewer, program = account(Role.VIEWER), account(Role.PROGRAM)
    everything = frozenset(Right)
    assert may(viewer, Right.READ, ROOM, everything) is YES
    assert may(viewer, Right.SETTINGS, ROOM, everything) is NO
    assert may(viewer, Right.READ, ROOM, frozenset({Right.DESK})) is NO
    assert may(program, Right.DESK, ROOM, frozenset({Right.DESK})) is YES
    assert may(program, Right.READ, ROOM, frozenset({Right.DESK})) is NO
    limited = account(Role.PROGRAM, resources=(OTHER,))
    assert may(limited, Right.READ, ROOM, everything) is HIDDEN
    assert may(limited, Right.READ, OTHER, everything) is YES


def test_the_last_active_admin_stays() -> None:
    admin = account(Role.ADMIN)
    for after in (None, replace(admin, status=Status.DISABLED), account(Role.VIEWER)):
        with pytest.raises(Conflict, match="paul is the last active admin"):
            check_last_admin(admin, after, 0)
        check_last_admin(admin, after, 1)
    check_last_admin(admin, account(Role.ADMIN, Role.VIEWER), 0)
    check_last_admin(replace(admin, status=Status.DISABLED), None, 0)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"resources": (ROOM,)}, "neither"),
        ({"roles": frozenset({Role.PROGRAM, Role.VIEWER})}, "a program has no other role"),
        ({"roles": frozenset({Role.PROGRAM}), "password": "x"}, "and no password"),
        ({"name": "Paul"}, "normal form"),
        ({"mail": "a\nb"}, "^mail: control characters"),
        ({"display_name": "x" * 257}, "^display_name: 257 characters"),
    ],
)
def test_accounts_that_are_none(more: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        replace(account(), **more)  # type: ignore[arg-type]
