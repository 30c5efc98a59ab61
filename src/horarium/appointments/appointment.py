"""Appointments: a slot bound to a client, and how one comes to be, moves and ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from horarium.appointments.errors import TooLate, WrongState
from horarium.appointments.host import Service
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

MOST_HELD = 30 * 60
"""A hold can be extended to half an hour in all: whoever fills in a form is done by then."""

CORRECTED = 7 * 86_400
"""How long after its end staff may still say whether a client came."""


class State(Enum):
    """Where an appointment stands. Only the first four occupy time."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    DONE = "done"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    RELEASED = "released"
    EXPIRED = "expired"
    REFUSED = "refused"


LIVE = frozenset({State.HELD, State.PENDING, State.CONFIRMED, State.ARRIVED})
UNCERTAIN = frozenset({State.HELD, State.PENDING})
COUNTED = LIVE | {State.DONE, State.NO_SHOW}
"""What limits and turns count."""


class Awaits(Enum):
    """What a pending appointment waits for."""

    NOTHING = ""
    MAIL = "mail"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Client:
    """Who comes; what a client typed is text and nothing else."""

    name: str = ""
    mail: str = ""
    zone: str = ""
    language: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment or hold. ``hosts`` are names; ``turn`` the team's count of turns then.

    ``expires`` is when a hold, or what is pending, ends by itself; None otherwise. Those of one
    ``series`` share its id.
    """

    id: str
    uid: str
    slot: Period
    hosts: tuple[str, ...]
    state: State
    created: Instant
    changed: Instant
    service: str = ""
    team: str = ""
    turn: int = 0
    seats: int = 1
    sequence: int = 0
    awaits: Awaits = Awaits.NOTHING
    expires: Instant | None = None
    client: Client = field(default_factory=Client)
    source: str = "cli"
    reason: str = ""
    series: str = ""

    def state_at(self, now: Instant) -> State:
        """Gives the state as it stands: what has expired is over, swept or not."""
        over = self.expires is not None and self.expires <= now
        return State.EXPIRED if over and self.state in UNCERTAIN else self.state

    def live(self, now: Instant) -> bool:
        """Tells whether it occupies time."""
        return self.state_at(now) in LIVE

    def confirmed(self, now: Instant) -> Appointment:
        """The same, certain. WrongState unless it is held or pending."""
        self._must_be(now, State.HELD, State.PENDING)
        return replace(
            self, state=State.CONFIRMED, awaits=Awaits.NOTHING, expires=None, changed=now
        )

    def pending(self, now: Instant, awaits: Awaits, expires: Instant) -> Appointment:
        """The same, waiting for a word. WrongState unless it is held or waits for another word."""
        self._must_be(now, State.HELD, State.PENDING)
        return replace(self, state=State.PENDING, awaits=awaits, expires=expires, changed=now)

    def extended(self, now: Instant, seconds: int) -> Appointment:
        """A hold that lasts longer, up to `MOST_HELD` in all."""
        self._must_be(now, State.HELD)
        expires = min(now + seconds, self.created + MOST_HELD)
        return replace(self, expires=Instant(max(expires, self.expires or now)), changed=now)

    def released(self, now: Instant) -> Appointment:
        """A hold that is given up."""
        self._must_be(now, State.HELD)
        return replace(self, state=State.RELEASED, expires=None, changed=now)

    def refused(self, now: Instant, reason: str) -> Appointment:
        """What was pending, and is not given."""
        self._must_be(now, State.PENDING)
        return replace(self, state=State.REFUSED, expires=None, reason=reason, changed=now)

    def cancelled(self, now: Instant, reason: str) -> Appointment:
        """The same, called off; its sequence rises."""
        self._must_be(now, State.CONFIRMED, State.ARRIVED, State.PENDING)
        return replace(
            self, state=State.CANCELLED, sequence=self.sequence + 1, expires=None,
            reason=reason, changed=now,
        )  # fmt: skip

    def moved(self, now: Instant, slot: Period, hosts: tuple[str, ...]) -> Appointment:
        """The same at another time; its sequence rises."""
        self._must_be(now, State.CONFIRMED)
        return replace(self, slot=slot, hosts=hosts, sequence=self.sequence + 1, changed=now)

    def attended(self, now: Instant, state: State) -> Appointment:
        """What staff says of it: arrived, done, or not come; corrected for a week."""
        self._must_be(now, State.CONFIRMED, State.ARRIVED, State.DONE, State.NO_SHOW)
        if self.state in (State.DONE, State.NO_SHOW) and now > self.slot.end + CORRECTED:
            raise TooLate(f"{self.id} ended more than a week ago")
        return replace(self, state=state, changed=now)

    def _must_be(self, now: Instant, *states: State) -> None:
        state = self.state_at(now)
        if state not in states:
            raise WrongState(f"appointment {self.id} is {state.value}")


def may_cancel(service: Service, slot: Period, now: Instant) -> None:
    """Raises TooLate when a client can not cancel any more."""
    _in_time("cancelled", service.allow_cancel, service.cancel_notice, slot, now)


def may_move(service: Service, slot: Period, now: Instant) -> None:
    """Raises TooLate when a client can not move any more."""
    _in_time("moved", service.allow_move, service.move_notice, slot, now)


def _in_time(what: str, allowed: bool, notice: int, slot: Period, now: Instant) -> None:
    if not allowed:
        raise TooLate(f"this appointment can not be {what} here")
    if now > slot.start - notice:
        raise TooLate(f"this appointment can not be {what} any more")
