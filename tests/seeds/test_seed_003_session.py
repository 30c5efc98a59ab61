"""Seed 003, the class Session: each sentence and each method, in the order of the seed."""

from __future__ import annotations

import re

import pytest

from horarium.identity.cookie import Cookie
from horarium.identity.session import Session, SessionConflict, State, is_session
from horarium.kernel.instant import Instant
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store
from tests.identity.counted import CountedSecrets

NOW = Instant(1_000)
SECRETS = CountedSecrets()


def at(seconds: int) -> Instant:
    return Instant(seconds)


@pytest.fixture
def session() -> Session:
    return Session("cloud", "paul", 60, now=NOW, secrets=SECRETS)


def test_persistent_so_that_its_data_can_be_retrieved_at_any_time(session: Session) -> None:
    session.set_session_rid("4711", now=at(1_001))
    session.set_path("paul.json", now=at(1_002))
    assert Session.from_record(session.to_record()) == session
    engine = EmbeddedEngine(":memory:")
    engine.migrate(NOW)
    store = Store(engine)
    store.transact([], lambda tx: tx.sessions({}).add(session))
    kept = store.read(lambda tx: tx.sessions({}).get(session.get_hash_id()))
    assert kept.session == session
    session.close(now=at(1_010))
    closed = Session.from_record(session.to_record())
    assert closed.state(at(1_010)) is State.CLOSED, "also when its life is over"


def test_a_limited_lifetime(session: Session) -> None:
    assert not session.is_expired(at(1_059))
    assert session.is_expired(at(1_060))


def test_session_p(session: Session) -> None:
    assert is_session(session)
    assert not is_session("cloud")


def test_session_by_name() -> None:
    session = Session("cloud", now=NOW, secrets=SECRETS)
    assert (session.get_name(), session.get_user(), session.get_max_age()) == ("cloud", "", None)


def test_session_by_name_and_user() -> None:
    session = Session("cloud", "paul", now=NOW, secrets=SECRETS)
    assert (session.get_name(), session.get_user(), session.get_max_age()) == (
        "cloud", "paul", None,
    )  # fmt: skip


def test_session_by_name_user_and_maximum_age() -> None:
    session = Session("cloud", "paul", 60, now=NOW, secrets=SECRETS)
    assert (session.get_name(), session.get_user(), session.get_max_age()) == ("cloud", "paul", 60)


def test_expire_p(session: Session) -> None:
    assert session.is_expired(NOW) is False
    session.close(now=NOW)
    assert session.is_expired(NOW) is True


def test_get_name(session: Session) -> None:
    assert session.get_name() == "cloud"


def test_set_user_and_get_user(session: Session) -> None:
    session.set_user("eva", now=at(1_005))
    assert session.get_user() == "eva"


def test_get_session_rid_and_set_session_rid(session: Session) -> None:
    session.set_session_rid("4711", now=at(1_005))
    assert session.get_session_rid() == "4711"


def test_set_hash_id_unique_and_secured_enough(session: Session) -> None:
    """The session name cannot be derived from it, nor it from the name."""
    ids = {Session("cloud", now=NOW, secrets=SECRETS).get_hash_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"[\w-]{43}", id_) for id_ in ids)
    one, other = (Session(n, now=NOW, secrets=CountedSecrets()) for n in ("cloud", "other"))
    assert one.get_hash_id() == other.get_hash_id(), "the name has no part in it"
    session.set_hash_id("given-by-hand", now=at(1_005))
    assert session.get_hash_id() == "given-by-hand"


def test_get_hash_id(session: Session) -> None:
    assert session.get_hash_id() == session.get_hash_id()


def test_set_path_and_get_path(session: Session) -> None:
    session.set_path("paul.json", now=at(1_005))
    assert session.get_path() == "paul.json"


def test_get_max_age(session: Session) -> None:
    assert session.get_max_age() == 60


def test_set_max_age(session: Session) -> None:
    """It is counted from creation: 100 set after 30 seconds leave 70."""
    session.set_max_age(100, now=at(1_030))
    assert session.get_max_age() == 100
    assert session.get_remaining_time(at(1_030)) == 70


def test_relative_to_the_current_time_is_renew(session: Session) -> None:
    session.renew(100, now=at(1_030))
    assert session.get_remaining_time(at(1_030)) == 100


def test_if_the_maximum_age_is_set_to_0_the_session_is_closed(session: Session) -> None:
    session.set_max_age(0, now=at(1_005))
    assert session.state(at(1_005)) is State.CLOSED
    with pytest.raises(SessionConflict, match="session_closed"):
        session.set_max_age(100, now=at(1_006))


def test_get_remaining_time(session: Session) -> None:
    assert session.get_remaining_time(at(1_045)) == 15
    assert session.get_remaining_time(at(2_000)) == 0


def test_get_expire_time_is_absolute(session: Session) -> None:
    assert session.get_expire_time() == 1_060


def test_set_expire_time_is_absolute(session: Session) -> None:
    session.set_expire_time(at(1_500), now=at(1_005))
    assert session.get_expire_time() == 1_500
    assert session.get_max_age() == 500


def test_get_creation_time_is_absolute(session: Session) -> None:
    session.set_user("eva", now=at(1_005))
    assert session.get_creation_time() == 1_000


def test_get_modification_time_is_absolute(session: Session) -> None:
    assert session.get_modification_time() == 1_000
    session.set_user("eva", now=at(1_005))
    assert session.get_modification_time() == 1_005


def test_get_cookie_bakes_the_hash_id_under_a_name(session: Session) -> None:
    cookie = session.get_cookie("session", now=at(1_015))
    assert cookie == Cookie("__Host-session", session.get_hash_id(), 45)


def test_close_resets_the_maximum_age_and_returns_a_cookie_for_the_peer(session: Session) -> None:
    cookie = session.close("session", now=at(1_015))
    assert session.get_max_age() == 0
    assert session.is_expired(at(1_015))
    assert cookie == Cookie("__Host-session", session.get_hash_id(), 0)
    assert "Max-Age=0" in cookie.field()
