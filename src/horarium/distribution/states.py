"""How far one receiver is with one version, and which steps there are from there."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a receiver stands with a version."""

    NOT_ELIGIBLE = "not_eligible"
    PENDING = "pending"
    OFFERED = "offered"
    REFUSED = "refused"
    ALREADY_HAVE = "already_have"
    RECEIVING = "receiving"
    SUSPENDED = "suspended"
    VERIFYING = "verifying"
    CORRUPT = "corrupt"
    RECEIVED = "received"
    EXTRACT_WAIT = "extract_wait"
    PRE_ACTIONS = "pre_actions"
    STAGING = "staging"
    APPLYING = "applying"
    POST_ACTIONS = "post_actions"
    EXTRACTED = "extracted"
    EXTRACT_FAILED = "extract_failed"
    SUPERSEDED = "superseded"
    UNSUBSCRIBED = "unsubscribed"


S = State
EXTRACTING = (S.PRE_ACTIONS, S.STAGING, S.APPLYING, S.POST_ACTIONS)
"""The steps of an extraction, in order."""
ARRIVED = frozenset({S.ALREADY_HAVE, S.RECEIVED, S.EXTRACT_WAIT, *EXTRACTING, S.EXTRACT_FAILED})
"""Held whole, and not extracted."""
SETTLED = frozenset({S.EXTRACTED, S.SUPERSEDED, S.UNSUBSCRIBED})
"""Nothing more is awaited."""

STAGES = (S.RECEIVING, S.RECEIVED, S.STAGING)
"""What reports tell the moments of, besides the end: in order."""

_STEPS: dict[State, frozenset[State]] = {
    S.NOT_ELIGIBLE: frozenset({S.PENDING}),
    S.PENDING: frozenset({S.NOT_ELIGIBLE, S.OFFERED}),
    S.OFFERED: frozenset({S.ALREADY_HAVE, S.REFUSED, S.RECEIVING, S.PENDING}),
    S.REFUSED: frozenset({S.PENDING}),
    S.ALREADY_HAVE: frozenset({S.RECEIVED}),
    S.RECEIVING: frozenset({S.SUSPENDED, S.VERIFYING, S.CORRUPT}),
    S.SUSPENDED: frozenset({S.RECEIVING}),
    S.VERIFYING: frozenset({S.RECEIVED, S.CORRUPT}),
    S.CORRUPT: frozenset({S.RECEIVING}),
    S.RECEIVED: frozenset({S.EXTRACT_WAIT}),
    S.EXTRACT_WAIT: frozenset({S.PRE_ACTIONS, S.EXTRACT_FAILED}),
    S.PRE_ACTIONS: frozenset({S.STAGING, S.EXTRACT_FAILED}),
    S.STAGING: frozenset({S.APPLYING, S.EXTRACT_FAILED, S.EXTRACT_WAIT}),
    S.APPLYING: frozenset({S.POST_ACTIONS, S.EXTRACT_FAILED, S.EXTRACT_WAIT}),
    S.POST_ACTIONS: frozenset({S.EXTRACTED, S.EXTRACT_FAILED}),
    S.EXTRACT_FAILED: frozenset({S.EXTRACT_WAIT}),
    S.EXTRACTED: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.UNSUBSCRIBED: frozenset({S.PENDING}),
}


def stages_reached(state: State) -> int:
    """How many of the stages are behind a receiver in a state, that of the state counted."""
    if state in EXTRACTING or state in (S.EXTRACTED, S.EXTRACT_FAILED):
        return 3
    if state in ARRIVED:
        return 2
    return 1 if state in (S.RECEIVING, S.SUSPENDED, S.VERIFYING, S.CORRUPT) else 0


def may_be_told(before: State, after: State) -> bool:
    """Whether a receiver that was in one state may now say that it is in another: steps between
    may not have been told, but none leads back from what is settled."""
    if before is after:
        return True
    if before is S.EXTRACTED:
        return after in (S.SUPERSEDED, S.UNSUBSCRIBED)
    seen: set[State] = {before}
    waiting: list[State] = [before]
    while waiting:
        for step in _STEPS[waiting.pop()] - seen:
            seen.add(step)
            waiting.append(step)
    return after in seen or after in (S.SUPERSEDED, S.UNSUBSCRIBED)
