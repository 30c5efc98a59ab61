"""A creation under a key is carried out once, however often and at once it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.repeated import KEPT_SECONDS, LONGEST_KEY, Before, Repeatable
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

NOW = Instant(1_800_000_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    engine = EmbeddedEngine(tmp_path / "horarium.db")
    engine.migrate(NOW)
    made = Store(engine)
    yield made
    made.close()


def asked(key: str = "k", request: str = "POST /feeds {}", caller: str = "a") -> Repeatable:
    return Repeatable(caller, key, request)


def test_it_is_told_what_was_answered(store: Store) -> None:
    assert asked().begin(store, NOW) is None
    asked().keep(store, 201, "{}")
    assert asked().begin(store, Instant(NOW + 1)) == Before(201, "{}")


def test_while_it_is_answered_nobody_else_begins(store: Store) -> None:
    asked().begin(store, NOW)
    with pytest.raises(Conflict, match="being answered"):
        asked().begin(store, NOW)


def test_another_request_under_the_key_is_refused(store: Store) -> None:
    asked().begin(store, NOW)
    with pytest.raises(Conflict, match="another request"):
        asked(request="POST /feeds {1}").begin(store, NOW)


def test_what_failed_can_be_tried_again(store: Store) -> None:
    asked().begin(store, NOW)
    asked().forget(store)
    assert asked().begin(store, NOW) is None


def test_callers_have_their_own_keys(store: Store) -> None:
    asked().begin(store, NOW)
    assert asked(caller="b").begin(store, NOW) is None


def test_a_key_stands_for_a_day(store: Store) -> None:
    asked().begin(store, NOW)
    asked().keep(store, 201, "{}")
    last = Instant(NOW + KEPT_SECONDS)
    assert asked().begin(store, last) == Before(201, "{}")
    assert asked().begin(store, Instant(last + 1)) is None


@pytest.mark.parametrize("key", ["", "x" * (LONGEST_KEY + 1), "a\nb"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        asked(key=key)


def test_the_longest_key_is_taken(store: Store) -> None:
    assert asked(key="x" * LONGEST_KEY).begin(store, NOW) is None


def test_of_many_at_once_one_begins(store: Store) -> None:
    begun: list[object] = []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        try:
            begun.append(asked().begin(store, NOW))
        except Conflict:
            begun.append("conflict")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, begun)) == ["None", *["conflict"] * 7]
