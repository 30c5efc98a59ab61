"""A request that is not settled yet: what it waits for, and until when.

The message that asked is kept beside it, and is decided again by the same code when what it waits
for has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.booking.event_state import Slot, Stamp
from horarium.booking.reasons import Reason
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period


class Awaits(StrEnum):
    """What an open request waits for."""

    # A person's word.
    APPROVAL = "approval"
    # The time it asked for to become free: the waiting list.
    TIME = "time"
    # The organizer's own other booking to end: the answer may still turn (a series cut in two).
    OWN_TIME = "own_time"
    # The resource that stands in to decide; once it has accepted, the changes that are passed on.
    DELEGATE = "delegate"
    # The organizer's reaction to a proposal.
    ORGANIZER = "organizer"


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """One component of one event at one resource, not settled.

    `span` is the time it asks for, from the first start to the last end. At `expires` something is
    done about it; None while nothing is. `approvers` are address keys, `reasons` why they are
    asked; `stand_in` is the address key of the delegate, `tried` those that refused, `stands` tells
    that it has accepted. `place` counts on the waiting list from 1.
    """

    uid: str
    slot: Slot
    awaits: Awaits
    stamp: Stamp
    organizer: str
    span: Period
    expires: Instant | None
    approvers: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    stand_in: str = ""
    tried: frozenset[str] = frozenset()
    stands: bool = False
    summary: str = ""
    place: int = 0


class Why(StrEnum):
    """Why a message that was decided already is decided once more."""

    APPROVED = "approved"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    FREED = "freed"
    OWN_FREED = "own_freed"
    ENDED = "ended"
    DELEGATE_DECLINED = "delegate_declined"
    DELEGATE_ACCEPTED = "delegate_accepted"


@dataclass(frozen=True, slots=True)
class Again:
    """That a message is decided once more: why, for which open request, and what a person said.

    `number` tells this decision from earlier ones on the same message.
    """

    why: Why
    request: OpenRequest
    number: int
    comment: str = ""
    by: str = ""

    @property
    def approved(self) -> bool:
        """Whether a person, or the lapse of a person's time, allowed what policy did not."""
        return self.why is Why.APPROVED

    @property
    def refusal(self) -> Reason | None:
        """The reason for which it is declined without another look, if it is."""
        return _REFUSALS.get(self.why)


_REFUSALS = {
    Why.REFUSED: Reason.NOT_APPROVED,
    Why.TIMEOUT: Reason.APPROVAL_TIMEOUT,
    Why.ENDED: Reason.WAITING_ENDED,
}


def slot_text(slot: Slot) -> str:
    """The slot as text: empty for the whole event."""
    key, future = slot
    return "" if key is None else format_instant(key) + ("/future" if future else "")
