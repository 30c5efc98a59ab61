"""Sessions at work: who a request comes from, and that what was closed is closed."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.identity.site import HOME, PASSWORD, SETTINGS, CountingEngine, Site, header

from horarium.identity.account import Role, Status
from horarium.identity.cookie import Cookie
from horarium.identity.groups import SessionGroup
from horarium.identity.record import Kind
from horarium.identity.session import SessionConflict, State
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.runtime import accounts, session_groups, session_listing
from horarium.runtime.session_export import export_session
from horarium.runtime.session_listing import Chosen
from horarium.runtime.sessions import (
    MOST_PER_ACCOUNT,
    MOST_VISITORS,
    Opened,
    Signed,
    Visitor,
    Wait,
)
from horarium.runtime.sweeping import SWEPT, keep_swept, sweep
from horarium.store.sessions import KEPT_SECONDS, PIECE
from horarium.store.store import Store
from horarium.testing import ManualClock


@pytest.fixture
def site() -> Site:
    return Site()


# --- a request -------------------------------------------------------------------------


def test_a_request_of_somebody_who_is_signed_in(site: Site) -> None:
    account = site.account("paul", Role.BOOKER)
    done = site.sign_in()
    found = site.keeper.authenticate(header(done.cookie), site.now)
    assert isinstance(found, Signed)
    assert found.account.id == account.id
    assert found.session.get_hash_id() == done.session.get_hash_id()


def test_a_request_costs_one_read_and_at_most_one_write_a_minute(site: Site) -> None:
    site.account()
    sent = header(site.sign_in().cookie)

    def request() -> None:
        assert isinstance(site.keeper.authenticate(sent, site.now), Signed)

    assert site.engine.spent(request) == (1, 0)
    for _ in range(59):
        site.after(1)
        assert site.engine.spent(request) == (1, 0)
    site.after(1)
    assert site.engine.spent(request) == (1, 1)
    assert site.engine.spent(request) == (1, 0)
    site.after(-7200)
    assert site.engine.spent(request) == (1, 1), "a clock set back must not keep it awake"
    assert site.engine.spent(request) == (1, 0)


def test_a_request_of_a_visitor(site: Site) -> None:
    opened = site.keeper.open_visitor(HOME, site.now)
    assert isinstance(opened, Opened)
    found = site.keeper.authenticate(header(opened.cookie), site.now)
    assert isinstance(found, Visitor)
    assert found.session is not None
    assert found.session.kind is Kind.VISITOR
    assert found.closing is None


@pytest.mark.parametrize("sent", [None, "", "other=1", "__Host-horarium=a; __Host-horarium=b"])
def test_a_request_without_a_cookie_of_ours(site: Site, sent: str | None) -> None:
    assert site.keeper.authenticate(sent, site.now) == Visitor()


def test_a_dead_session_does_not_tell_why(site: Site) -> None:
    site.account()
    closed, expired = site.sign_in(), site.sign_in()
    site.keeper.sign_out(closed.session, HOME, site.now)
    gone = Cookie(closed.cookie.name, "x" * 43, 5)
    site.after(1800)
    answers = [
        site.keeper.authenticate(header(cookie), site.now)
        for cookie in (closed.cookie, expired.cookie, gone)
    ]
    assert answers == [Visitor(None, Cookie("__Host-horarium", "", 0))] * 3


def test_a_record_of_another_format_opens_nothing(site: Site) -> None:
    site.account()
    done = site.sign_in()
    engine = site.engine
    engine._writer.execute("UPDATE session SET format = 2")
    found = site.keeper.authenticate(header(done.cookie), site.now)
    assert isinstance(found, Visitor)


def test_silence_and_age_end_a_session(site: Site) -> None:
    site.account()
    done = site.sign_in()
    for _ in range(24):
        site.after(1740)
        assert site.who(done.cookie) == "paul"
    assert site.now - done.session.get_creation_time() < 12 * 3600
    site.after(12 * 3600 - (site.now - done.session.get_creation_time()))
    assert site.who(done.cookie) is None
    silent = site.sign_in()
    site.after(1799)
    assert site.who(silent.cookie) == "paul"
    site.after(1800)
    assert site.who(silent.cookie) is None


# --- visitors --------------------------------------------------------------------------


def test_one_source_opens_200_sessions_in_ten_minutes(site: Site) -> None:
    for _ in range(MOST_VISITORS):
        site.visitor("2001:db8::1")
    refused = site.keeper.open_visitor("2001:db8::ffff", site.now)
    assert isinstance(refused, Wait)
    assert refused.until > site.now
    site.visitor("192.0.2.8")
    site.after(600)
    site.visitor("2001:db8::1")


def test_a_visitors_session_outlives_what_is_held_for_it(site: Site) -> None:
    session = site.visitor()
    site.after(7000)
    cookie = site.keeper.renew_visitor(session, 900, site.now)
    assert cookie.max_age == 900
    site.after(899)
    found = site.keeper.authenticate(header(cookie), site.now)
    assert isinstance(found, Visitor)
    assert found.session is not None
    assert site.keeper.renew_visitor(site.visitor(), 900, site.now).max_age == 7200
    site.after(1)
    with pytest.raises(SessionConflict, match=r"^session_expired"):
        site.keeper.renew_visitor(session, 900, site.now)


# --- new ids ----------------------------------------------------------------------------


def test_signing_out_ends_it_and_begins_another(site: Site) -> None:
    site.account()
    done = site.sign_in()
    closing, visitor = site.keeper.sign_out(done.session, HOME, site.now)
    assert (closing.name, closing.max_age) == ("__Host-horarium", 0)
    assert site.who(done.cookie) is None
    found = site.keeper.authenticate(header(visitor.cookie), site.now)
    assert isinstance(found, Visitor)
    assert found.session is not None
    assert visitor.session.csrf_secret != done.session.csrf_secret
    view = session_listing.find_session(site.store, site.keeper.rules, done.session.id8, site.now)
    assert (view.state, view.reason) == (State.CLOSED, "signed out")


def test_a_rotated_session_lives_on_under_another_id(site: Site) -> None:
    handed: list[tuple[str, str]] = []
    site.keeper.pass_on = lambda _tx, old, new: handed.append((old, new))
    site.account()
    done = site.sign_in()
    site.after(60)
    opened = site.keeper.rotate(done.session, HOME, site.now)
    assert site.who(done.cookie) is None
    assert site.who(opened.cookie) == "paul"
    assert opened.cookie.max_age == done.cookie.max_age - 60
    assert handed == [(done.session.digest, opened.session.digest)]
    with pytest.raises(Conflict):
        site.keeper.rotate(done.session, HOME, site.now)


def test_an_account_has_at_most_20_sessions(site: Site) -> None:
    site.account()
    first = site.sign_in()
    site.after(60)
    others = [site.sign_in() for _ in range(MOST_PER_ACCOUNT - 1)]
    assert site.who(first.cookie) == "paul"  # seen now: it is not the longest unseen any more
    site.after(60)
    for cookie in (first.cookie, *(done.cookie for done in others[1:])):
        assert site.who(cookie) == "paul"
    new = site.sign_in()
    assert site.who(others[0].cookie) is None
    assert site.who(first.cookie) == site.who(new.cookie) == "paul"


# --- closing ----------------------------------------------------------------------------


def test_what_is_closed_by_another_process_is_closed_for_the_next_request(
    tmp_path: Path,
) -> None:
    from tests.identity.site import CountingEngine

    from horarium.store.store import Store

    site = Site()
    place = str(tmp_path / "store.sqlite3")
    engines = [CountingEngine(place), CountingEngine(place)]
    engines[0].migrate(site.now)
    site.store = site.keeper.store = Store(engines[0])
    site.account()
    cookies = [site.sign_in().cookie for _ in range(3)]
    assert [site.who(cookie) for cookie in cookies] == ["paul"] * 3
    elsewhere = Store(engines[1])
    closed = session_listing.close_sessions(
        elsewhere, site.keeper.rules, Chosen(account="paul"), "operator", site.now
    )
    assert closed == 3
    assert [site.who(cookie) for cookie in cookies] == [None] * 3
    for engine in engines:
        engine.close()


def test_no_request_begun_after_the_closing_was_acknowledged_succeeds(tmp_path: Path) -> None:
    site = Site()
    engine = CountingEngine(str(tmp_path / "store.sqlite3"))
    engine.migrate(site.now)
    site.store = site.keeper.store = Store(engine)
    site.account()
    done = site.sign_in()
    sent = header(done.cookie)
    closed = threading.Event()
    lock = threading.Lock()
    before, late = [0], [0]

    def ask() -> None:
        for _ in range(1_000):
            after = closed.is_set()
            signed = isinstance(site.keeper.authenticate(sent, site.now), Signed)
            with lock:
                before[0] += signed and not after
                late[0] += signed and after
            if after:
                return

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    while before[0] < 20:
        closed.wait(0.001)
    session_listing.close_session(
        site.store, site.keeper.rules, done.session.id8, "operator", site.now
    )
    closed.set()
    for thread in threads:
        thread.join()
    assert late == [0]
    assert site.who(done.cookie) is None
    engine.close()


def test_a_group_closes_the_sessions_of_all_it_reaches(site: Site) -> None:
    for name, role in (("paul", Role.ADMIN), ("eva", Role.BOOKER), ("ole", Role.VIEWER)):
        site.account(name, role)
    store, rules = site.store, site.keeper.rules
    desk = SessionGroup("desk", frozenset(), frozenset({Role.BOOKER}))
    session_groups.create_group(store, desk, "operator", site.now)
    staff = SessionGroup("staff", frozenset({"ole"}), frozenset(), frozenset({"desk"}))
    session_groups.create_group(store, staff, "operator", site.now)
    late = [site.sign_in(name).cookie for name in ("paul", "eva", "ole", "ole")]
    listed, _ = session_listing.list_sessions(store, rules, Chosen(group="staff"), site.now)
    assert [view.user for view in listed] == ["eva", "ole", "ole"]
    assert listed[0].groups == ("desk", "staff")
    (view,) = [v for v in session_groups.list_groups(store, rules, site.now) if v.open == 3]
    assert view.reaches == ("eva", "ole")
    closed = session_listing.close_sessions(store, rules, Chosen(group="staff"), "op", site.now)
    assert closed == 3
    assert [site.who(cookie) for cookie in late] == ["paul", None, None, None]
    listed, _ = session_listing.list_sessions(store, rules, Chosen(group="staff"), site.now)
    assert {(v.state, v.reason) for v in listed} == {(State.CLOSED, "group staff")}
    assert site.log()[-1].detail == "group staff: 3"


def test_removing_a_group_closes_nothing(site: Site) -> None:
    site.account()
    done = site.sign_in()
    group = SessionGroup("desk", frozenset({"paul"}))
    session_groups.create_group(site.store, group, "operator", site.now)
    with pytest.raises(Conflict, match="the session group desk exists"):
        session_groups.create_group(site.store, group, "operator", site.now)
    session_groups.remove_group(site.store, "desk", "operator", site.now)
    assert site.who(done.cookie) == "paul"
    with pytest.raises(NotFound, match="there is no session group desk"):
        session_groups.remove_group(site.store, "desk", "operator", site.now)
    with pytest.raises(NotFound, match="there is no account nobody"):
        session_groups.create_group(
            site.store, SessionGroup("x", frozenset({"nobody"})), "operator", site.now
        )
    assert session_groups.list_groups(site.store, site.keeper.rules, site.now) == []


def test_closing_one_and_listing(site: Site) -> None:
    site.account("paul")
    site.account("eva")
    one, two = site.sign_in("paul"), site.sign_in("eva")
    store, rules = site.store, site.keeper.rules
    view = session_listing.close_session(store, rules, one.session.id8, "operator", site.now)
    assert (view.state, view.remaining, view.reason) == (State.CLOSED, 0, "closed by operator")
    again = session_listing.close_session(store, rules, one.session.id8, "other", site.after(5))
    assert again == view

    def listed(**more: object) -> list[str]:
        found, _ = session_listing.list_sessions(store, rules, Chosen(**more), site.now)  # type: ignore[arg-type]
        return [v.id for v in found]

    assert listed() == [one.session.id8, two.session.id8]
    assert listed(state=State.OPEN) == [two.session.id8]
    assert listed(account="Paul", state=State.CLOSED) == [one.session.id8]
    with pytest.raises(NotFound, match="there is no account nobody"):
        listed(account="nobody")
    with pytest.raises(NotFound, match="there is no session group nobody"):
        listed(group="nobody")
    assert session_listing.close_sessions(store, rules, None, "operator", site.now) == 1
    assert site.who(two.cookie) is None


def test_a_disabled_account_opens_nothing_even_if_its_session_is(site: Site) -> None:
    site.account("paul")
    site.account("eva")
    done = site.sign_in("eva")
    accounts.set_status(site.keeper, "eva", Status.DISABLED, "operator", site.now)
    site.engine._writer.execute("UPDATE session SET closed = 0, max_age = 999999")
    assert site.who(done.cookie) is None


# --- the sweep, and the export ----------------------------------------------------------


def test_the_sweep_drops_what_nobody_asks_for_any_more(site: Site) -> None:
    site.account()
    site.try_in(password="wrong, alas")
    done = site.sign_in()
    assert sweep(site.store, site.after(86_400))["sessions"] == 0
    assert (
        session_listing.find_session(
            site.store, site.keeper.rules, done.session.id8, site.now
        ).state
        is State.EXPIRED
    )
    dropped = sweep(site.store, site.after(400 * 86_400))
    assert dropped["sessions"] == 2, "the link of the account, and the session"
    assert dropped["browsers"] == 1
    assert dropped["records"] == len(["account", "setup", "password", "failure", "sign_in"])
    assert site.log() == []


def test_the_daemon_sweeps_every_hour_in_pieces(site: Site) -> None:
    """Whatever else is decided waits for one piece at most."""
    many = [site.keeper.rules.new(Kind.VISITOR, "", site.now, site.secrets) for _ in range(PIECE)]
    site.store.transact([], lambda tx: [site.keeper.kept(tx).add(one) for one in many])
    site.visitor()
    clock = ManualClock(site.now + 7_200 + KEPT_SECONDS - 1)
    calls: list[int] = []

    async def decide(work: Callable[[], int]) -> int:
        calls.append(work())
        return calls[-1]

    async def run() -> None:
        sweeping = asyncio.create_task(keep_swept(site.store, clock, decide))
        await _settled(clock)
        assert calls == [0, 0, 0, 0, 0]
        calls.clear()
        clock.advance(3_600)
        await _settled(clock)
        sweeping.cancel()

    asyncio.run(run())
    assert calls == [PIECE, 1, 0, 0, 0, 0]
    assert site.store.read(lambda tx: tx.meta(SWEPT)) == str(clock.now())


async def _settled(clock: ManualClock) -> None:
    """Until the sweeper sleeps."""
    for _ in range(100):
        await asyncio.sleep(0)
        if clock.sleeping:
            return
    raise AssertionError("it does not sleep")


def test_an_export_stays_in_its_folder(site: Site, tmp_path: Path) -> None:
    site.account()
    done = site.sign_in()
    folder = tmp_path / "sessions"

    def export(path: str) -> Path | None:
        def name(tx):  # type: ignore[no-untyped-def]
            kept = site.keeper.kept(tx).named(done.session.id8)
            kept.session.set_path(path, now=site.now)
            site.keeper.kept(tx).save(kept)

        site.store.transact([], name)
        document, place = export_session(site.store, site.keeper.rules, done.session.id8, folder)
        assert "csrf_secret" not in document
        assert document["digest"] == done.session.id8
        return place

    assert export("") is None
    place = export("audit/paul.json")
    assert place == folder / "audit" / "paul.json"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    text = place.read_text()
    assert '"user": "paul"' in text
    assert done.session.get_hash_id() not in text
    assert done.session.digest not in text
    (folder / "out").symlink_to(tmp_path)
    (folder / "link.json").symlink_to(tmp_path / "target.json")
    for bad in ("/etc/x", "../x", "a/../../x", "out/x", "link.json", "audit", "audit/paul.json/x"):
        with pytest.raises(InvalidInput, match=r"^session path: "):
            export(bad)
    assert sorted(os.listdir(tmp_path)) == ["sessions"]
    assert PASSWORD not in text


def test_the_rules_come_from_the_settings(site: Site) -> None:
    rules = site.keeper.rules
    assert rules.max_age[Kind.STAFF] == SETTINGS.web.max_age == 12 * 3600
    assert rules.max_age[Kind.REMEMBERED] == 30 * 86_400
    assert rules.max_age[Kind.VISITOR] == 2 * 3600
    assert rules.max_age[Kind.SETUP] == rules.max_age[Kind.RESET] == 1800
    assert (rules.idle[Kind.STAFF], rules.idle[Kind.REMEMBERED]) == (1800, 14 * 86_400)
    assert rules.idle[Kind.VISITOR] is None
    assert (rules.remember, rules.cookie) == (False, "__Host-horarium")
