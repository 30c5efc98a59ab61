"""How far a receiver is: the steps of the diagram, and what may be told after what."""

from __future__ import annotations

from itertools import pairwise

import pytest

from horarium.distribution.states import (
    ARRIVED,
    EXTRACTING,
    SETTLED,
    State,
    may_be_told,
)

S = State


@pytest.mark.parametrize(
    "path",
    [
        (S.NOT_ELIGIBLE, S.PENDING, S.OFFERED, S.RECEIVING, S.VERIFYING, S.RECEIVED),
        (S.OFFERED, S.ALREADY_HAVE, S.RECEIVED, S.EXTRACT_WAIT, *EXTRACTING, S.EXTRACTED),
        (S.OFFERED, S.REFUSED, S.PENDING, S.NOT_ELIGIBLE),
        (S.RECEIVING, S.SUSPENDED, S.RECEIVING, S.CORRUPT),
        (S.APPLYING, S.EXTRACT_FAILED, S.EXTRACT_WAIT, S.PRE_ACTIONS),
    ],
)
def test_a_path_has_these_steps(path: tuple[State, ...]) -> None:
    for before, after in pairwise(path):
        assert may_be_told(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.EXTRACTED, S.PENDING),
        (S.SUPERSEDED, S.RECEIVING),
        (S.RECEIVED, S.OFFERED),
        (S.EXTRACT_WAIT, S.RECEIVING),
    ],
)
def test_nothing_leads_back_there(before: State, after: State) -> None:
    assert not may_be_told(before, after)


@pytest.mark.parametrize("before", State)
def test_every_state_may_be_superseded_or_unsubscribed_and_told_again(before: State) -> None:
    assert may_be_told(before, S.SUPERSEDED)
    assert may_be_told(before, S.UNSUBSCRIBED)
    assert may_be_told(before, before)


@pytest.mark.parametrize("after", sorted(set(State) - SETTLED))
def test_nothing_leads_back_from_what_is_in_use(after: State) -> None:
    assert not may_be_told(S.EXTRACTED, after)
    assert not may_be_told(S.SUPERSEDED, after)


def test_the_sets_have_nothing_in_common() -> None:
    assert not ARRIVED & SETTLED
    assert set(EXTRACTING) <= ARRIVED
