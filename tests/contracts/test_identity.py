"""What the ports of the room `identity` promise, run on every store there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from tests.identity.counted import CountedSecrets

from horarium.identity import ports
from horarium.identity.account import Account, Right, Role, Status
from horarium.identity.groups import SessionGroup
from horarium.identity.record import Kind
from horarium.identity.session import Session, State
from horarium.identity.tokens import new_token
from horarium.identity.written import digest_of
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.store.embedded import EmbeddedEngine
from horarium.store.sessions import KEPT_SECONDS, PIECE, SessionRepository
from horarium.store.sign_ins import BROWSER_SECONDS, Happening
from horarium.store.store import Store, Transaction

T = TypeVar("T")
T0 = Instant(1_800_000_000)
IDLE = {Kind.STAFF: 1800, Kind.VISITOR: None}
SECRETS = CountedSecrets()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    place = ":memory:" if request.param == "memory" else str(tmp_path / "store.sqlite3")
    engine = EmbeddedEngine(place)
    engine.migrate(T0)
    yield Store(engine)
    engine.close()


def at(seconds: int) -> Instant:
    return Instant(T0 + seconds)


def do(store: Store, work: Callable[[SessionRepository], T]) -> T:
    return store.transact([], lambda tx: work(tx.sessions(IDLE)))


def change(store: Store, id_: str, work: Callable[[Session], object]) -> None:
    def inside(sessions: SessionRepository) -> None:
        kept = sessions.get(id_)
        work(kept.session)
        sessions.save(kept)

    do(store, inside)


def session(user: str = "paul", age: int | None = 600, kind: Kind = Kind.STAFF) -> Session:
    limit = IDLE.get(kind)
    return Session("desk", user, age, now=T0, secrets=SECRETS, kind=kind, idle_limit=limit)


def added(store: Store, *sessions: Session) -> list[str]:
    for one in sessions:
        do(store, lambda repository, one=one: repository.add(one))  # type: ignore[misc]
    return [one.get_hash_id() for one in sessions]


def account(name: str, *roles: Role, **more: object) -> Account:
    return Account(f"id-{name}", name, T0, frozenset(roles), **more)  # type: ignore[arg-type]


def test_the_repositories_are_the_ports(store: Store) -> None:
    def fits(tx: Transaction) -> None:
        sessions: ports.Sessions = tx.sessions(IDLE)
        accounts: ports.Accounts = tx.accounts
        tokens: ports.Tokens = tx.tokens
        throttle: ports.Throttle = tx.failures
        assert all((sessions, accounts, tokens, throttle))

    store.read(fits)


# --- sessions --------------------------------------------------------------------------


def test_a_session_comes_back_as_it_was(store: Store) -> None:
    made = session()
    made.set_session_rid("4711", now=at(1))
    made.set_path("paul.json", now=at(2))
    made.get_cookie("desk", now=at(3))
    do(store, lambda s: s.add(made, source="192.0.2.7", browser="Firefox"))
    kept = do(store, lambda s: s.get(made.get_hash_id()))
    assert kept.session == made
    assert kept.session.get_hash_id() == made.get_hash_id()
    assert (kept.source, kept.browser, kept.revision) == ("192.0.2.7", "Firefox", 1)
    assert kept.session.idle_limit == 1800
    listed = do(store, lambda s: list(s.all()))
    assert [k.session for k in listed] == [made]
    assert not listed[0].session.holds_id


def test_nothing_that_is_kept_holds_the_id(tmp_path: Path) -> None:
    place = tmp_path / "store.sqlite3"
    engine = EmbeddedEngine(str(place))
    engine.migrate(T0)
    made = session()
    added(Store(engine), made)
    engine.checkpoint(thorough=True)
    engine.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.digest.encode() in data
    assert made.get_hash_id().encode() not in data


def test_adding(store: Store) -> None:
    made = session()
    added(store, made)
    with pytest.raises(Conflict, match=f"session {made.id8} of that id"):
        added(store, made)
    short = Session("desk", now=T0, id="x" * 42, secrets=SECRETS)
    with pytest.raises(InvalidInput, match="at least 43 characters"):
        added(store, short)
    with pytest.raises(InvalidInput, match="a secret for their forms"):
        added(store, Session("desk", now=T0, id="x" * 43))
    added(store, Session("desk", now=T0, id="x" * 43, secrets=SECRETS))


def test_what_is_not_there(store: Store) -> None:
    assert not do(store, lambda s: s.exists("x"))
    assert do(store, lambda s: s.with_account("x")) is None
    for work in (
        lambda s: s.get("x"), lambda s: s.remove("x"), lambda s: s.of_digest("0" * 64),
        lambda s: s.named("00000000"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            do(store, work)


def test_a_session_is_removed(store: Store) -> None:
    (id_,) = added(store, session())
    assert do(store, lambda s: s.exists(id_))
    do(store, lambda s: s.remove(id_))
    assert not do(store, lambda s: s.exists(id_))


def test_a_changed_id_moves_with_its_session(store: Store) -> None:
    (old,) = added(store, session())
    new = "n" * 43
    change(store, old, lambda s: s.set_hash_id(new, now=at(5)))
    assert not do(store, lambda s: s.exists(old))
    assert do(store, lambda s: s.get(new)).session.get_modification_time() == at(5)
    with pytest.raises(InvalidInput, match="at least 43 characters"):
        change(store, new, lambda s: s.set_hash_id("short", now=at(6)))


def test_who_saves_later_must_have_read_later(store: Store) -> None:
    (id_,) = added(store, session())
    mine, theirs = (do(store, lambda s: s.get(id_)) for _ in range(2))
    theirs.session.close(now=at(5))
    do(store, lambda s: s.save(theirs))
    mine.session.set_session_rid("r", now=at(6))
    with pytest.raises(Conflict, match="changed by another"):
        do(store, lambda s: s.save(mine))
    assert do(store, lambda s: s.get(id_)).session.state(at(6)) is State.CLOSED


def test_seeing_does_not_reopen(store: Store) -> None:
    (id_,) = added(store, session())
    stale = do(store, lambda s: s.get(id_)).session
    stale.see(at(90))
    do(store, lambda s: s.see(stale))
    assert do(store, lambda s: s.get(id_)).session.last_seen == at(90)
    change(store, id_, lambda s: s.close(now=at(95)))
    stale.see(at(99))
    do(store, lambda s: s.see(stale))
    kept = do(store, lambda s: s.get(id_)).session
    assert (kept.last_seen, kept.state(at(99))) == (at(90), State.CLOSED)


def test_names_of_eight_digits(store: Store) -> None:
    one = session()
    added(store, one)
    assert do(store, lambda s: s.named(one.id8)).session == one
    for bad in ("1234567", "1234567g", "ABCDEF01", "12345678%"):
        with pytest.raises(InvalidInput, match="first 8 hexadecimal digits"):
            do(store, lambda s, bad=bad: s.named(bad))  # type: ignore[misc]


def test_an_ambiguous_name_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = iter(["ab" * 4 + "0" * 56, "ab" * 4 + "1" * 56])
    with monkeypatch.context() as patch:
        patch.setattr("horarium.identity.session.digest_of", lambda _: next(digests))
        both = [session(), session()]
    added(store, *both)
    with pytest.raises(Conflict, match="more than one session begins with abababab"):
        do(store, lambda s: s.named("abababab"))
    assert do(store, lambda s: s.named("abababab1")).session.digest.endswith("1")


def test_listing_and_counting(store: Store) -> None:
    paul, eva, unlimited = session(), session("eva"), session("eva", None, Kind.VISITOR)
    added(store, paul, eva, unlimited)
    change(store, eva.get_hash_id(), lambda s: s.close(now=at(5)))
    assert do(store, lambda s: s.count(at(599))) == {
        Kind.STAFF: {State.OPEN: 1, State.CLOSED: 1}, Kind.VISITOR: {State.OPEN: 1},
    }  # fmt: skip
    assert do(store, lambda s: s.count(at(600)))[Kind.STAFF] == {
        State.EXPIRED: 1, State.CLOSED: 1,
    }  # fmt: skip
    users = do(store, lambda s: [k.session.get_user() for k in s.all({"eva"})])
    assert users == ["eva", "eva"]
    assert len(do(store, lambda s: list(s.all()))) == 3
    assert do(store, lambda s: s.open_of("paul", at(599))) != []
    assert do(store, lambda s: s.open_of("paul", at(600))) == []


def test_silence_counts_as_the_end(store: Store) -> None:
    long = Session(
        "desk", "paul", 86_400, now=T0, secrets=SECRETS, kind=Kind.STAFF, idle_limit=1800
    )
    added(store, long)
    assert do(store, lambda s: s.count(at(1799)))[Kind.STAFF] == {State.OPEN: 1}
    assert do(store, lambda s: s.count(at(1800)))[Kind.STAFF] == {State.EXPIRED: 1}


def test_closing_those_of_a_user(store: Store) -> None:
    old = session(age=10)
    mine, another, eva = session(), session(), session("eva")
    added(store, old, mine, another, eva)
    closed = do(store, lambda s: s.close_of("paul", at(20), "password", keep=mine.digest))
    assert closed == 1, "only those that were open are counted"

    def states(sessions: SessionRepository) -> list[State]:
        return [kept.session.state(at(5)) for kept in sessions.all()]

    assert do(store, states) == [State.CLOSED, State.OPEN, State.CLOSED, State.OPEN]
    reasons = do(store, lambda s: [k.session.reason for k in s.all({"paul"})])
    assert reasons == ["password", "", "password"]
    assert do(store, lambda s: s.close_all(at(20), "all")) == 2
    assert set(do(store, states)) == {State.CLOSED}


def test_a_record_of_another_format_is_kept_and_reported(store: Store) -> None:
    future, now = session(), session()
    record = future.to_record()._replace(format=2)

    def add(tx: Transaction) -> None:
        values = tx.sessions(IDLE)._values(future) | {"format": 2, "source": "", "browser": ""}
        tx.session.run("add_session", values)

    store.transact([], add)
    added(store, now)
    with pytest.raises(InvalidInput, match="format 2 is not known"):
        do(store, lambda s: s.get(future.get_hash_id()))
    assert [k.session for k in do(store, lambda s: list(s.all()))] == [now]
    assert do(store, lambda s: s.unreadable()) == [record.digest[:8]]


def test_the_sweep_drops_what_ended_a_week_ago(store: Store) -> None:
    expired, closed = session(age=600), session(age=10**8)
    alive = session("eva", None, Kind.VISITOR)
    added(store, expired, closed, alive)
    change(store, closed.get_hash_id(), lambda s: s.close(now=at(700)))
    week = KEPT_SECONDS
    assert do(store, lambda s: s.sweep(at(600 + week - 1))) == 0
    assert do(store, lambda s: s.sweep(at(600 + week))) == 1
    assert not do(store, lambda s: s.exists(expired.get_hash_id()))
    assert do(store, lambda s: s.sweep(at(700 + week))) == 1
    assert do(store, lambda s: s.sweep(at(10**8))) == 0
    assert do(store, lambda s: s.exists(alive.get_hash_id()))


def test_a_sweep_is_done_in_pieces(store: Store) -> None:
    many = [session(age=1) for _ in range(PIECE + 7)]
    do(store, lambda s: [s.add(one) for one in many])
    done = [do(store, lambda s: s.sweep(at(KEPT_SECONDS + 1))) for _ in range(3)]
    assert done == [PIECE, 7, 0]


# --- accounts, groups, tokens ----------------------------------------------------------


def test_an_account_comes_back_as_it_was(store: Store) -> None:
    full = account(
        "paul", Role.OPERATOR, Role.VIEWER, resources=("room@example.com",), display_name="Paul B",
        mail="paul@example.com", zone="Europe/Oslo", language="nb", person="paul@example.com",
        host="dr-smith", status=Status.DISABLED, last_sign_in=20_000, password="$scrypt$…",
    )  # fmt: skip
    store.transact([], lambda tx: tx.accounts.add(full))
    assert store.read(lambda tx: tx.accounts.find("paul")) == full
    with pytest.raises(Conflict, match="the account paul exists"):
        store.transact([], lambda tx: tx.accounts.add(replace(full, id="other")))
    bare = replace(account("paul"), id=full.id)
    store.transact([], lambda tx: tx.accounts.save(bare))
    assert store.read(lambda tx: tx.accounts.all()) == [bare]
    with pytest.raises(NotFound, match="there is no account eva"):
        store.transact([], lambda tx: tx.accounts.save(account("eva")))
    with pytest.raises(NotFound, match="there is no account eva"):
        store.read(lambda tx: tx.accounts.get("eva"))


def test_a_session_is_read_with_the_account_of_its_user(store: Store) -> None:
    mine, nobodys = session(), session("")
    added(store, mine, nobodys)
    store.transact([], lambda tx: tx.accounts.add(account("paul", Role.ADMIN)))
    found = do(store, lambda s: s.with_account(mine.get_hash_id()))
    assert found is not None
    assert found[0].session == mine
    assert found[1] == account("paul", Role.ADMIN)
    found = do(store, lambda s: s.with_account(nobodys.get_hash_id()))
    assert found is not None
    assert found[1] is None


def test_groups(store: Store) -> None:
    desk = SessionGroup("desk", frozenset({"paul"}), frozenset({Role.BOOKER}))
    staff = SessionGroup("staff", frozenset({"eva"}), frozenset(), frozenset({"desk"}))

    def add(tx: Transaction) -> None:
        tx.accounts.add(account("paul"))
        tx.accounts.add_group(desk)
        tx.accounts.add_group(staff)

    store.transact([], add)
    assert store.read(lambda tx: tx.accounts.groups()) == {"desk": desk, "staff": staff}
    store.transact([], lambda tx: tx.accounts.remove_group("desk"))
    left = store.read(lambda tx: tx.accounts.groups())
    assert left == {"staff": SessionGroup("staff", frozenset({"eva"}))}
    with pytest.raises(NotFound, match="there is no session group desk"):
        store.transact([], lambda tx: tx.accounts.remove_group("desk"))


def test_a_group_that_lost_all_it_was_bound_to_is_still_there(store: Store) -> None:
    paul = account("paul")

    def add(tx: Transaction) -> None:
        tx.accounts.add(paul)
        tx.accounts.add_group(SessionGroup("desk", frozenset({"paul"})))
        tx.accounts.remove(paul)

    store.transact([], add)
    assert store.read(lambda tx: tx.accounts.groups()) == {"desk": SessionGroup("desk")}


def test_what_is_removed_with_an_account(store: Store) -> None:
    paul = account("paul")
    text, token = new_token(paul.id, {Right.READ}, T0, SECRETS)

    def add(tx: Transaction) -> None:
        tx.accounts.add(paul)
        tx.accounts.add(account("eva"))
        tx.accounts.add_group(SessionGroup("desk", frozenset({"paul", "eva"})))
        tx.tokens.add(token)
        tx.browsers.add("d" * 64, paul, T0)

    store.transact([], add)
    store.transact([], lambda tx: tx.accounts.remove(paul))
    assert store.read(lambda tx: tx.accounts.find("paul")) is None
    assert store.read(lambda tx: tx.tokens.find(digest_of(text))) is None
    assert not store.read(lambda tx: tx.browsers.knows("d" * 64, paul, T0))
    assert store.read(lambda tx: tx.accounts.groups()["desk"].accounts) == {"eva"}


def test_tokens(store: Store) -> None:
    paul = account("paul", Role.PROGRAM)
    text, token = new_token(paul.id, {Right.READ, Right.DESK}, T0, SECRETS)
    store.transact([], lambda tx: tx.accounts.add(paul))
    store.transact([], lambda tx: tx.tokens.add(token))
    assert store.read(lambda tx: tx.tokens.find(digest_of(text))) == (token, paul)
    assert store.read(lambda tx: tx.tokens.find("0" * 64)) is None
    store.transact([], lambda tx: tx.tokens.used(token.digest, 20_000))
    assert store.transact([], lambda tx: tx.tokens.revoke(token.digest, at(5)))
    assert not store.transact([], lambda tx: tx.tokens.revoke(token.digest, at(6)))
    kept = replace(token, last_used=20_000, revoked=at(5))
    assert store.read(lambda tx: tx.tokens.all()) == [(kept, "paul")]


# --- failures, browsers, the log --------------------------------------------------------


def test_failures_are_counted_by_counter(store: Store) -> None:
    def fail(*seconds: int) -> None:
        for second in seconds:
            store.transact([], lambda tx, s=second: tx.failures.add("a", at(s)))  # type: ignore[misc]

    fail(0, 5, 5, 9)
    store.transact([], lambda tx: tx.failures.add("b", at(1)))

    def of(counter: str, now: int) -> list[int]:
        return [f - T0 for f in store.read(lambda tx: tx.failures.failures(counter, at(now)))]

    assert of("a", 10) == [0, 5, 5, 9]
    assert of("a", 900) == [5, 5, 9]
    store.transact([], lambda tx: tx.failures.take_back("a", at(5)))
    assert of("a", 10) == [0, 5, 9]
    fail(*range(100, 160))
    assert of("a", 200) == list(range(110, 160)), "never more than decide anything"
    store.transact([], lambda tx: tx.failures.clear("a"))
    assert (of("a", 10), of("b", 10)) == ([], [1])
    assert store.transact([], lambda tx: tx.failures.sweep(at(900))) == 0
    assert store.transact([], lambda tx: tx.failures.sweep(at(901))) == 1


def test_browsers_are_known_for_180_days_and_one_account(store: Store) -> None:
    paul, eva = account("paul"), account("eva")
    store.transact([], lambda tx: [tx.accounts.add(one) for one in (paul, eva)])
    store.transact([], lambda tx: tx.browsers.add("d" * 64, paul, T0))

    def knows(who: Account, seconds: int) -> bool:
        return store.read(lambda tx: tx.browsers.knows("d" * 64, who, at(seconds)))

    assert knows(paul, BROWSER_SECONDS - 1)
    assert not knows(paul, BROWSER_SECONDS)
    assert not knows(eva, 0)
    assert store.transact([], lambda tx: tx.browsers.sweep(at(BROWSER_SECONDS))) == 1


def test_what_happened_is_recorded_in_order(store: Store) -> None:
    happenings = [
        Happening(at(1), "sign_in", "paul", "paul", "192.0.2.7", "0123abcd"),
        Happening(at(2), "role", "paul", "operator", detail="admin -> viewer"),
    ]
    store.transact([], lambda tx: [tx.identity_log.write(h) for h in happenings])
    assert store.read(lambda tx: tx.identity_log.since(at(0))) == happenings
    assert store.read(lambda tx: tx.identity_log.since(at(2))) == happenings[1:]
    assert store.transact([], lambda tx: tx.identity_log.sweep(at(400 * 86_400 + 1))) == 1
