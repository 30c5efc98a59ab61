"""Session groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.identity.account import Account, Role
from horarium.identity.groups import SessionGroup, check_new, closure, groups_of, reached
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant


def group(
    name: str, *groups: str, accounts: str = "", roles: tuple[Role, ...] = ()
) -> SessionGroup:
    return SessionGroup(name, frozenset(accounts.split()), frozenset(roles), frozenset(groups))


def account(name: str, *roles: Role) -> Account:
    return Account(name, name, Instant(0), frozenset(roles))


PAUL, EVA, OLE = account("paul", Role.ADMIN), account("eva", Role.BOOKER), account("ole")
GROUPS = {
    "desk": group("desk", accounts="ole", roles=(Role.BOOKER,)),
    "staff": group("staff", "desk", accounts="paul"),
    "all": group("all", "staff", "desk"),
    "none": group("none", accounts="gone"),
}


def test_a_group_reaches_accounts_roles_and_groups() -> None:
    everybody = (PAUL, EVA, OLE)
    assert reached("desk", GROUPS, everybody) == {"ole", "eva"}
    assert reached("staff", GROUPS, everybody) == {"ole", "eva", "paul"}
    assert reached("all", GROUPS, everybody) == {"ole", "eva", "paul"}
    assert reached("none", GROUPS, everybody) == set()
    with pytest.raises(NotFound, match="there is no session group board"):
        reached("board", GROUPS, everybody)


def test_an_account_belongs_to_as_many_as_reach_it() -> None:
    assert groups_of(EVA, GROUPS) == {"desk", "staff", "all"}
    assert groups_of(PAUL, GROUPS) == {"staff", "all"}


@pytest.mark.parametrize(
    ("new", "error", "message"),
    [
        (group("desk", "staff"), Conflict, "desk exists"),
        (group("x", "x"), Conflict, "would reach itself"),
        (group("x", "board"), NotFound, "there is no session group board"),
        (group("x", accounts="nobody"), NotFound, "there is no account nobody"),
    ],
)
def test_groups_that_are_refused(new: SessionGroup, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_new(new, GROUPS, {"paul", "eva", "ole"})
    check_new(group("x", "all", accounts="paul"), GROUPS, {"paul"})


def test_a_circle_through_others_is_refused() -> None:
    """One that names the new group can only be there when the name was used before."""
    with pytest.raises(Conflict, match="would reach itself"):
        check_new(group("new", "old"), {"old": group("old", "new")}, set())


@pytest.mark.parametrize("name", ["", "A", "a b", "a" * 65, "a/b", "é"])
def test_names(name: str) -> None:
    with pytest.raises(InvalidInput, match="expected a name"):
        group(name, accounts="paul")


def test_a_group_is_bound_to_something() -> None:
    with pytest.raises(InvalidInput, match="session group x: expected an account, a role or"):
        check_new(group("x"), GROUPS, set())


@given(
    st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("abcde"), min_size=1)),
)
def test_the_closure_ends_and_is_closed(links: dict[str, set[str]]) -> None:
    groups = {name: group(name, *inner) for name, inner in links.items()}
    for name in groups:
        found = closure(name, groups)
        assert all(groups[inner].groups & groups.keys() <= found for inner in found)
