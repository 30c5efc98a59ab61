"""Accounts at work: every change ends what it must, in the same transaction."""

from __future__ import annotations

import re

import pytest
from tests.identity.site import HOME, PASSWORD, SETTINGS, T0, Site

from horarium.identity.account import Right, Role, Status
from horarium.identity.cookie import Cookie
from horarium.identity.record import Kind
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime import accounts, links
from horarium.runtime.accounts import Wanted
from horarium.runtime.api_tokens import (
    BadToken,
    Bearer,
    add_token,
    authenticate_bearer,
    list_tokens,
    revoke_token,
)
from horarium.runtime.sessions import Wait
from horarium.runtime.signing_in import Refused

ROOM, OTHER, PAUL = "room@example.com", "other@example.com", "paul.boddie@example.com"


@pytest.fixture
def site() -> Site:
    made = Site()
    made.account("boss", Role.ADMIN)

    def declare(tx):  # type: ignore[no-untyped-def]
        for name in (ROOM, OTHER):
            tx.directory.declare(f"mailto:{name}", "resource", "test")
        tx.directory.declare(f"mailto:{PAUL}", "person", "test")

    made.store.transact([], declare)
    return made


def add(site: Site, name: str, *roles: Role, **more: object) -> str:
    """A new account; the token of its link."""
    wanted = Wanted(frozenset(roles), **more)  # type: ignore[arg-type]
    _, token = accounts.add_account(site.keeper, SETTINGS, name, wanted, "operator", site.now)
    assert token is not None
    return token


def role(site: Site, name: str, *roles: Role, **more: object) -> int:
    wanted = Wanted(frozenset(roles), **more)  # type: ignore[arg-type]
    return accounts.set_roles(site.keeper, SETTINGS, name, wanted, "operator", site.now)[1]


def test_there_is_no_account_after_installation() -> None:
    assert accounts.list_accounts(Site().store) == []


def test_the_first_password_is_set_by_a_link(site: Site) -> None:
    token = add(site, PAUL, Role.BOOKER)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert site.try_in(PAUL) == Refused()
    assert links.look_at_link(site.keeper, token, site.now) == PAUL
    assert links.look_at_link(site.keeper, token, site.now) == PAUL, "looking changes nothing"
    assert links.use_link(site.keeper, site.passwords, token, PASSWORD, HOME, site.now) == PAUL
    with pytest.raises(NotFound, match="was used"):
        links.use_link(site.keeper, site.passwords, token, PASSWORD, HOME, site.now)
    assert accounts.find_account(site.store, PAUL).mail == PAUL
    site.sign_in(PAUL)


def test_a_link_lives_for_half_an_hour_and_opens_no_session(site: Site) -> None:
    token = add(site, PAUL)
    assert site.who(Cookie("__Host-horarium", token, 5)) is None
    assert links.look_at_link(site.keeper, token, site.after(1799)) == PAUL
    for work in (
        lambda: links.look_at_link(site.keeper, token, site.now),
        lambda: links.use_link(site.keeper, site.passwords, token, PASSWORD, HOME, site.now),
    ):
        site.now = Instant(T0 + 1800)
        with pytest.raises(NotFound, match="too old"):
            work()


def test_a_refused_password_leaves_the_link(site: Site) -> None:
    token = add(site, PAUL)
    for bad in ("short", "password1", PAUL):
        with pytest.raises(InvalidInput, match=r"^password: "):
            links.use_link(site.keeper, site.passwords, token, bad, HOME, site.now)
    assert links.use_link(site.keeper, site.passwords, token, PASSWORD, HOME, site.now) == PAUL


def test_resets(site: Site) -> None:
    site.account(PAUL)
    done = site.sign_in(PAUL)
    first = links.ask_reset(site.keeper, PAUL.upper(), HOME, site.now)
    second = links.ask_reset(site.keeper, PAUL, HOME, site.now)
    assert isinstance(first, links.Link)
    assert isinstance(second, links.Link)
    assert (second.account, second.mail) == (PAUL, PAUL)
    with pytest.raises(NotFound):
        links.look_at_link(site.keeper, first.token, site.now)
    assert isinstance(links.ask_reset(site.keeper, PAUL, HOME, site.now), links.Link)
    assert links.ask_reset(site.keeper, PAUL, HOME, site.now) is None, "three in an hour"
    third = links.ask_reset(site.keeper, PAUL, HOME, site.after(3600))
    assert isinstance(third, links.Link)
    assert site.who(done.cookie) is None  # by silence
    other = site.sign_in(PAUL)
    links.use_link(site.keeper, site.passwords, third.token, "another secret", HOME, site.now)
    assert site.who(other.cookie) is None
    assert site.try_in(PAUL) == Refused()
    site.sign_in(PAUL, password="another secret")


def test_nobody_learns_from_a_reset_who_has_an_account(site: Site) -> None:
    accounts.set_status(site.keeper, site.account("gone").name, Status.DISABLED, "op", site.now)
    accounts.add_account(
        site.keeper, SETTINGS, "robot", Wanted(frozenset({Role.PROGRAM})), "op", site.now
    )
    for name in ("nobody", "gone", "robot", "not a name!"):
        assert links.ask_reset(site.keeper, name, HOME, site.now) is None
    for _ in range(46):
        links.ask_reset(site.keeper, "nobody", HOME, site.now)
    assert links.ask_reset(site.keeper, "boss", HOME, site.now) == Wait(Instant(T0 + 900))
    assert isinstance(site.try_in("boss"), Wait)


def test_guessing_links_counts_against_the_source(site: Site) -> None:
    for _ in range(50):
        with pytest.raises(NotFound):
            links.use_link(site.keeper, site.passwords, "x" * 43, PASSWORD, HOME, site.now)
    refused = links.use_link(site.keeper, site.passwords, "x" * 43, PASSWORD, HOME, site.now)
    assert isinstance(refused, Wait)


# --- what ends sessions -------------------------------------------------------------------


def test_changing_the_password_ends_all_others(site: Site) -> None:
    site.account("eva")
    mine, other = site.sign_in("eva"), site.sign_in("eva")
    closed, opened = accounts.set_password(
        site.keeper, site.passwords, "eva", "another secret", "eva", site.now, mine.session, HOME
    )
    assert opened is not None
    assert closed == 1
    assert [site.who(c) for c in (mine.cookie, other.cookie)] == [None, None]
    assert site.who(opened.cookie) == "eva"
    closed, _ = accounts.set_password(
        site.keeper, site.passwords, "eva", PASSWORD, "operator", site.now
    )
    assert closed == 1
    assert site.who(opened.cookie) is None


@pytest.mark.parametrize(
    ("roles", "more"),
    [
        ((Role.VIEWER, Role.BOOKER), {}),
        ((), {}),
        ((Role.OPERATOR,), {"resources": (ROOM,)}),
        ((Role.VIEWER,), {"person": PAUL}),
        ((Role.VIEWER,), {"host": "dr-smith"}),
    ],
)
def test_other_rights_end_the_sessions(
    site: Site, roles: tuple[Role, ...], more: dict[str, object]
) -> None:
    site.account("eva", Role.VIEWER)
    done = site.sign_in("eva")
    assert role(site, "eva", Role.VIEWER) == 0
    assert site.who(done.cookie) == "eva", "nothing changed"
    assert role(site, "eva", *roles, **more) == 1
    assert site.who(done.cookie) is None
    changed = accounts.find_account(site.store, "eva")
    assert changed.roles == set(roles)
    assert site.log()[-1].what == "role"
    assert site.log()[-1].detail.startswith("viewer -> ")


def test_disabling_and_removing_end_them_too(site: Site) -> None:
    for name in ("eva", "ole"):
        site.account(name)
    eva, ole = site.sign_in("eva"), site.sign_in("ole")
    text, _ = add_token(site.keeper, "ole", {Right.READ}, "operator", site.now)
    account, closed = accounts.set_status(site.keeper, "eva", Status.DISABLED, "op", site.now)
    assert (account.status, closed, site.who(eva.cookie)) == (Status.DISABLED, 1, None)
    accounts.set_status(site.keeper, "eva", Status.ACTIVE, "op", site.now)
    assert site.who(eva.cookie) is None, "closing is final"
    site.sign_in("eva")
    assert accounts.remove_account(site.keeper, "ole", "op", site.now) == 1
    assert site.who(ole.cookie) is None
    assert authenticate_bearer(site.keeper, f"Bearer {text}", HOME, site.now) == BadToken()
    site.account("ole")
    assert site.who(ole.cookie) is None, "another of that name is another"


def test_the_last_admin_stays(site: Site) -> None:
    attempts = (
        lambda: role(site, "boss", Role.VIEWER),
        lambda: accounts.set_status(site.keeper, "boss", Status.DISABLED, "op", site.now),
        lambda: accounts.remove_account(site.keeper, "boss", "op", site.now),
    )
    done = site.sign_in("boss")
    for attempt in attempts:
        with pytest.raises(Conflict, match="boss is the last active admin"):
            attempt()
    assert site.who(done.cookie) == "boss"
    site.account("second", Role.ADMIN)
    accounts.set_status(site.keeper, "second", Status.DISABLED, "op", site.now)
    with pytest.raises(Conflict, match="boss is the last active admin"):
        attempts[2]()
    accounts.set_status(site.keeper, "second", Status.ACTIVE, "op", site.now)
    assert attempts[2]() == 1


def test_what_an_account_is_tied_to_must_be_there(site: Site) -> None:
    for more, message in (
        ({"resources": ("nowhere@example.com",)}, "there is no resource nowhere@example.com"),
        ({"resources": (PAUL,)}, f"there is no resource {PAUL}"),
        ({"person": ROOM}, f"there is no person {ROOM}"),
    ):
        with pytest.raises(NotFound, match=message):
            add(site, "eva", Role.OPERATOR, **more)
    assert [a.name for a in accounts.list_accounts(site.store)] == ["boss"]
    add(site, "eva", Role.OPERATOR, resources=("mailto:Room@Example.com", OTHER, ROOM))
    assert accounts.find_account(site.store, "eva").resources == (ROOM, OTHER)
    with pytest.raises(Conflict, match="the account eva exists"):
        add(site, "EVA")


def test_programs_have_no_password(site: Site) -> None:
    wanted = Wanted(frozenset({Role.PROGRAM}))
    _, link = accounts.add_account(site.keeper, SETTINGS, "robot", wanted, "op", site.now)
    assert link is None
    with pytest.raises(InvalidInput, match="robot is a program"):
        accounts.set_password(site.keeper, site.passwords, "robot", PASSWORD, "op", site.now)
    site.account("eva")
    with pytest.raises(InvalidInput, match="eva signs in with a password"):
        role(site, "eva", Role.PROGRAM)


# --- tokens ------------------------------------------------------------------------------


def test_a_program_speaks_by_its_token(site: Site) -> None:
    wanted = Wanted(frozenset({Role.PROGRAM}))
    robot, _ = accounts.add_account(site.keeper, SETTINGS, "robot", wanted, "op", site.now)
    text, token = add_token(site.keeper, "robot", {Right.DESK}, "op", site.now, 3 * 86_400)

    def ask(header: str | None = f"Bearer {text}") -> object:
        return authenticate_bearer(site.keeper, header, HOME, site.now)

    assert ask() == Bearer(robot, frozenset({Right.DESK}))
    assert site.engine.spent(ask) == (1, 0), "its use was noted today"
    site.after(86_400)
    assert site.engine.spent(ask) == (1, 1)
    assert ask(None) is None
    assert ask("Basic x") is None
    assert ask("Bearer x") == ask(f"Bearer hz_{'x' * 43}") == BadToken()
    site.after(2 * 86_400)
    assert ask() == BadToken(), "expired"
    second, kept = add_token(site.keeper, "robot", {Right.READ}, "op", site.now)
    assert isinstance(ask(f"Bearer {second}"), Bearer)
    assert revoke_token(site.store, kept.id8, "op", site.now)[1] == "robot"
    assert ask(f"Bearer {second}") == BadToken()
    assert [t.id8 for t, _ in list_tokens(site.store)] == [token.id8, kept.id8]
    with pytest.raises(NotFound, match="there is no token 00000000"):
        revoke_token(site.store, "00000000", "op", site.now)
    with pytest.raises(InvalidInput, match="first 8 hexadecimal digits"):
        revoke_token(site.store, "x", "op", site.now)
    with pytest.raises(NotFound, match="there is no account nobody"):
        add_token(site.keeper, "nobody", {Right.READ}, "op", site.now)
    assert text not in str(site.log())


def test_a_token_of_a_disabled_account_is_none(site: Site) -> None:
    site.account("eva")
    text, _ = add_token(site.keeper, "eva", {Right.READ}, "op", site.now)
    accounts.set_status(site.keeper, "eva", Status.DISABLED, "op", site.now)
    assert authenticate_bearer(site.keeper, f"Bearer {text}", HOME, site.now) == BadToken()


def test_guessing_tokens_counts_against_the_source(site: Site) -> None:
    def guess() -> object:
        return authenticate_bearer(site.keeper, "Bearer hz_x", HOME, site.now)

    assert [guess() for _ in range(50)] == [BadToken()] * 50
    assert guess() == Wait(Instant(T0 + 900))


def test_links_are_no_sessions_of_an_account(site: Site) -> None:
    site.account("eva")
    done = site.sign_in("eva")
    for _ in range(3):
        links.ask_reset(site.keeper, "eva", HOME, site.now)
    kinds = [k.session.kind for k in site.store.read(
        lambda tx: site.keeper.kept(tx).open_of("eva", site.now)
    )]  # fmt: skip
    assert sorted(kinds) == [Kind.RESET, Kind.STAFF]
    _, closed = accounts.set_status(site.keeper, "eva", Status.DISABLED, "op", site.now)
    assert closed == 1
    assert site.who(done.cookie) is None
