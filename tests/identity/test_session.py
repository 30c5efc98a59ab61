"""A session: its fields, its three states, and what each of them allows."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

import pytest
from tests.identity.counted import CountedSecrets

from horarium.identity.cookie import Cookie
from horarium.identity.record import Kind, SessionRecord, without_secrets
from horarium.identity.session import (
    LONGEST_AGE,
    Session,
    SessionConflict,
    State,
    is_session,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant

T = Instant(1000)
SECRETS = CountedSecrets()


def at(seconds: int) -> Instant:
    return Instant(seconds)


def session(max_age: int | None = 60, **more: object) -> Session:
    return Session("desk", "paul", max_age, now=T, secrets=SECRETS, **more)  # type: ignore[arg-type]


# --- construction and plain fields ------------------------------------------------------


def test_a_new_session() -> None:
    s = Session("desk", now=T, secrets=SECRETS)
    assert (s.get_name(), s.get_user(), s.get_max_age()) == ("desk", "", None)
    assert (s.get_session_rid(), s.get_path()) == ("", "")
    assert s.get_creation_time() == s.get_modification_time() == T
    assert s.state(T) is State.OPEN
    assert Session("desk", "paul", 60, now=T, id="x").get_hash_id() == "x"


def test_only_a_session_is_one() -> None:
    assert is_session(session())
    assert not any(is_session(x) for x in (None, "desk", 1, session().to_record(), Session))


def test_without_an_id_secrets_are_needed() -> None:
    with pytest.raises(InvalidInput, match="needs an id"):
        Session("desk", now=T)


@pytest.mark.parametrize("name", ["a", "x" * 256, "Réception, desk 1"])
def test_names(name: str) -> None:
    assert Session(name, now=T, id="x").get_name() == name


@pytest.mark.parametrize("name", ["", "x" * 257, "a\nb", "a\x00", "a\x7f", "a\x85", None, 1])
def test_bad_names(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name: "):
        Session(name, now=T, id="x")


def test_the_user_has_at_most_256_characters() -> None:
    assert Session("desk", "u" * 256, now=T, id="x").get_user() == "u" * 256
    with pytest.raises(InvalidInput, match=r"^user: 257 characters, from 0 to 256"):
        Session("desk", "u" * 257, now=T, id="x")


@pytest.mark.parametrize("age", [-1, True, 1.0, "60", LONGEST_AGE + 1])
def test_bad_ages(age: int) -> None:
    with pytest.raises(InvalidInput, match=r"^maximum age: "):
        session(age)
    s = session()
    before = s.to_record()
    with pytest.raises(InvalidInput, match=r"^maximum age: "):
        s.set_max_age(age, now=at(1010))
    assert s.to_record() == before


def test_a_hundred_years_are_the_most() -> None:
    assert session(3_153_600_000).get_max_age() == 3_153_600_000


def test_made_with_age_0_it_is_closed_from_the_start() -> None:
    s = session(0)
    assert s.state(T) is State.CLOSED
    assert s.is_expired(T)
    assert s.get_remaining_time(T) == 0


def test_rid_and_path() -> None:
    s = session()
    s.set_session_rid("4711", now=at(1001))
    s.set_path("audit/paul.json", now=at(1002))
    assert (s.get_session_rid(), s.get_path()) == ("4711", "audit/paul.json")
    assert s.get_modification_time() == 1002
    for bad, setter in (("r" * 257, s.set_session_rid), ("p" * 1025, s.set_path)):
        with pytest.raises(InvalidInput):
            setter(bad, now=at(1003))
    assert (s.get_session_rid(), s.get_path()) == ("4711", "audit/paul.json")
    assert s.get_modification_time() == 1002


SETTERS: dict[str, Callable[[Session, Instant], object]] = {
    "set_user": lambda s, now: s.set_user("eva", now=now),
    "set_session_rid": lambda s, now: s.set_session_rid("r", now=now),
    "set_path": lambda s, now: s.set_path("p", now=now),
    "set_hash_id": lambda s, now: s.set_hash_id("h", now=now),
    "set_max_age": lambda s, now: s.set_max_age(70, now=now),
    "set_expire_time": lambda s, now: s.set_expire_time(at(2000), now=now),
    "renew": lambda s, now: s.renew(10, now=now),
    "get_cookie": lambda s, now: s.get_cookie("c", now=now),
    "close": lambda s, now: s.close(now=now),
}


@pytest.mark.parametrize("name", SETTERS)
def test_what_changes_a_session_says_when(name: str) -> None:
    s = session()
    SETTERS[name](s, at(1005))
    assert s.get_modification_time() == 1005
    assert s.get_creation_time() == 1000


# --- id and digest ---------------------------------------------------------------------


def test_a_fresh_id_has_256_bits_and_nothing_else() -> None:
    ids = [session().get_hash_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", id_) for id_ in ids)
    fixed = [
        Session(n, u, a, now=t, secrets=CountedSecrets()).get_hash_id()
        for n, u, a, t in [("a", "", None, T), ("b", "paul", 60, at(5000))]
    ]
    assert fixed[0] == fixed[1], "name, user, age and time are not in it"


def test_the_id_is_kept_and_copied() -> None:
    s = session()
    assert s.get_hash_id() == s.get_hash_id() == copy.copy(s).get_hash_id()
    assert copy.deepcopy(s) == s


def test_read_from_the_store_the_id_is_not_known() -> None:
    s = session()
    read = Session.from_record(s.to_record())
    with pytest.raises(SessionConflict, match=r"^id_unknown: ") as caught:
        read.get_hash_id()
    assert caught.value.code == "id_unknown"
    presented = Session.from_record(s.to_record(), id=s.get_hash_id())
    assert presented.get_hash_id() == s.get_hash_id()
    with pytest.raises(InvalidInput, match="not its id"):
        Session.from_record(s.to_record(), id="another")


@pytest.mark.parametrize("good", ["x", "h" * 256, "!#$%&'()*+-./09:<=>?@AZ[]^_`az{|}~"])
def test_ids_that_a_cookie_may_hold(good: str) -> None:
    s = session()
    before = s.digest
    s.set_hash_id(good, now=at(1001))
    assert s.get_hash_id() == good
    assert s.digest != before


@pytest.mark.parametrize(
    "bad", ["", "h" * 257, "a b", 'a"', "a,b", "a;b", "a\\b", "a\x00", "a\x7f", "é", None]
)
def test_ids_that_it_may_not(bad: str) -> None:
    s = session()
    before = s.to_record()
    with pytest.raises(InvalidInput, match=r"^session id: "):
        s.set_hash_id(bad, now=at(1001))
    assert s.to_record() == before


def test_nothing_that_is_shown_holds_the_id() -> None:
    s = session()
    shown = f"{s!r} {s.to_record()} {without_secrets(s.to_record())}"
    assert s.get_hash_id() not in shown
    assert "csrf_secret" not in without_secrets(s.to_record())
    assert without_secrets(s.to_record())["digest"] == s.id8


# --- life ------------------------------------------------------------------------------


def test_expiry_is_inclusive() -> None:
    s = session(60)
    assert (s.state(at(1059)), s.is_expired(at(1059))) == (State.OPEN, False)
    assert (s.state(at(1060)), s.is_expired(at(1060))) == (State.EXPIRED, True)


def test_a_closed_one_is_expired_whatever_the_clock_says() -> None:
    s = session(60)
    s.close(now=at(1010))
    for now in (MIN_INSTANT, at(0), at(1005), at(1010), MAX_INSTANT):
        assert s.is_expired(now)
        assert s.state(now) is State.CLOSED


def test_the_maximum_age_counts_from_creation() -> None:
    s = session(60)
    s.set_max_age(100, now=at(1030))
    assert s.get_remaining_time(at(1030)) == 70
    s.set_max_age(40, now=at(1030))
    assert s.get_remaining_time(at(1030)) == 10
    s.set_max_age(None, now=at(1030))
    assert s.get_remaining_time(at(1030)) is None
    assert s.get_expire_time() is None


def test_age_0_closes_in_every_state() -> None:
    is_open, expired = session(60), session(60)
    is_open.set_max_age(0, now=at(1010))
    expired.set_max_age(0, now=at(2000))
    for s in (is_open, expired):
        assert s.state(at(1010)) is State.CLOSED
        before = s.to_record()
        s.set_max_age(0, now=at(3000))
        assert s.to_record() == before


REFUSED = ("set_user", "set_hash_id", "set_max_age", "set_expire_time", "renew", "get_cookie")


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("state", [State.CLOSED, State.EXPIRED])
def test_nothing_revives_a_session(name: str, state: State) -> None:
    s = session(60)
    if state is State.CLOSED:
        s.close(now=at(1010))
    before = s.to_record()
    with pytest.raises(SessionConflict) as caught:
        SETTERS[name](s, at(1500))
    assert caught.value.code == f"session_{state}"
    assert s.to_record() == before
    assert s.state(at(1500)) is state


@pytest.mark.parametrize("name", sorted(SETTERS.keys() - REFUSED))
def test_labels_and_closing_work_in_every_state(name: str) -> None:
    s = session(60)
    SETTERS[name](s, at(1500))
    assert s.get_modification_time() == 1500


def test_renewing_gives_so_many_seconds_from_now() -> None:
    s = session(60)
    s.renew(600, now=at(1050))
    assert (s.get_max_age(), s.get_remaining_time(at(1050))) == (650, 600)
    s.renew(5, now=at(900))
    assert s.get_remaining_time(at(900)) == 5
    for bad in (0, None, -1):
        with pytest.raises(InvalidInput):
            s.renew(bad, now=at(900))  # type: ignore[arg-type]


def test_the_expire_time() -> None:
    s = session(60)
    assert s.get_expire_time() == 1060
    s.set_expire_time(at(1200), now=at(1010))
    assert (s.get_max_age(), s.get_expire_time()) == (200, 1200)
    s.set_expire_time(at(1005), now=at(1010))
    assert s.state(at(1010)) is State.EXPIRED
    for t in (1000, 999, 0):
        closed = session(60)
        closed.set_expire_time(at(t), now=at(1010))
        assert closed.state(at(1010)) is State.CLOSED
        assert closed.get_expire_time() == closed.get_creation_time()


@pytest.mark.parametrize("t", [MIN_INSTANT - 1, MAX_INSTANT + 1, 1.5, True, 1000 + LONGEST_AGE + 1])
def test_expire_times_that_are_none(t: Instant) -> None:
    s = session(60)
    before = s.to_record()
    with pytest.raises(InvalidInput):
        s.set_expire_time(t, now=at(1010))
    assert s.to_record() == before


def test_the_remaining_time_is_never_more_than_the_maximum_age() -> None:
    s = session(60)
    assert s.get_remaining_time(at(500)) == 60
    assert s.get_remaining_time(at(1000)) == 60
    assert s.get_remaining_time(at(1060)) == 0
    assert s.get_remaining_time(at(9999)) == 0


def test_silence_ends_it_too() -> None:
    s = session(600, idle_limit=30)
    assert s.state(at(1029)) is State.OPEN
    assert s.state(at(1030)) is State.EXPIRED
    s.see(at(1029))
    assert s.state(at(1058)) is State.OPEN
    assert s.ends == 1059
    assert s.get_remaining_time(at(1059)) == 0
    with pytest.raises(SessionConflict, match=r"^session_expired: "):
        s.see(at(1059))
    unlimited = session(None, idle_limit=30)
    assert unlimited.state(at(1030)) is State.EXPIRED
    assert session(None).ends is None


# --- cookies ---------------------------------------------------------------------------


def test_the_cookie_carries_the_id_for_the_remaining_time() -> None:
    s = session(3600)
    cookie = s.get_cookie("horarium", now=at(1600))
    assert cookie == Cookie("__Host-horarium", s.get_hash_id(), 3000)
    assert s.get_cookie("__Host-horarium", now=at(1600)) == cookie
    assert s.get_cookie("horarium", now=at(1600), secure=False).name == "horarium"
    assert session(None).get_cookie("c", now=at(1600)).max_age == 34_560_000


def test_a_session_without_its_id_bakes_none() -> None:
    read = Session.from_record(session().to_record())
    before = read.to_record()
    with pytest.raises(SessionConflict, match=r"^id_unknown: "):
        read.get_cookie("c", now=T)
    assert read.to_record() == before


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "é", "n" * 129, None])
def test_cookie_names_that_are_none(name: str) -> None:
    s = session()
    before = s.to_record()
    for bake in (s.get_cookie, s.close):
        if name is None and bake == s.close:
            continue
        with pytest.raises(InvalidInput, match=r"^cookie name: "):
            bake(name, now=T)
    assert s.to_record() == before


def test_closing_gives_the_cookie_that_ends_it() -> None:
    plain, baked, named = session(), session(), session()
    assert plain.close(now=T) == Cookie("__Host-horarium", plain.get_hash_id(), 0)
    baked.get_cookie("desk", now=T)
    assert baked.close(now=T) == Cookie("__Host-desk", baked.get_hash_id(), 0)
    named.get_cookie("desk", now=T)
    assert named.close("other", now=T) == Cookie("__Host-other", named.get_hash_id(), 0)
    for s in (plain, baked, named):
        before = s.to_record()
        assert s.close(now=at(2000)) == s.close(now=at(3000))
        assert s.to_record() == before
    assert named.close(now=T).name == "__Host-other"
    unknown = Session.from_record(session().to_record())
    assert unknown.close(now=T) == Cookie("__Host-horarium", "", 0)


# --- the record ------------------------------------------------------------------------


def test_a_record_holds_everything_but_the_id_in_order() -> None:
    assert SessionRecord._fields == (
        "format", "name", "user", "rid", "digest", "path", "kind", "creation", "modification",
        "last_seen", "max_age", "closed", "reason", "cookie_name", "csrf_secret",
    )  # fmt: skip
    s = session(600, kind=Kind.STAFF)
    s.set_session_rid("4711", now=at(1001))
    s.set_path("p.json", now=at(1002))
    s.get_cookie("desk", now=at(1003))
    s.see(at(1004))
    read = Session.from_record(s.to_record())
    assert read == s
    assert not read.holds_id
    s.close(now=at(1005), reason="signed out")
    assert read != s
    closed = Session.from_record(s.to_record())
    assert (closed.reason, closed.state(at(1000)), closed.kind) == (
        "signed out", State.CLOSED, Kind.STAFF,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": 2}, "format 2 is not known"),
        ({"kind": "king"}, 'there is no kind "king"'),
        ({"closed": True}, "closed is not maximum age 0"),
        ({"max_age": 0}, "closed is not maximum age 0"),
        ({"max_age": -5}, "maximum age"),
        ({"modification": 10**15}, "an instant lies in the years 1 to 9999"),
    ],
)
def test_records_that_are_none(changed: dict[str, object], message: str) -> None:
    record = session().to_record()._replace(**changed)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=message):
        Session.from_record(record)
