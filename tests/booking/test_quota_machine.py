"""Any order, repetition and loss of messages: no instant above capacity, no quota above its limit,
and every charge is a reservation."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.booking.quota_world import ASKED, PEOPLE, Series, World, new_office
from tests.kernel.scale import cases

FIRST = datetime(2026, 11, 22, 8)
numbers = st.integers(0, 50)
slots = st.builds(
    lambda d, h: FIRST + timedelta(days=d, hours=h), st.integers(0, 2), st.integers(0, 5)
)
lengths = st.integers(1, 3)
counts = st.sampled_from((1, 1, 2, 3))


class Messages(RuleBasedStateMachine):
    """Organizers, a mail system without manners, and a clock."""

    @initialize(redecides=st.booleans(), reply=st.sampled_from(("itip", "accept_as_asked")))
    def begin(self, redecides: bool, reply: str) -> None:
        office = new_office(redecides=redecides, delegation_reply=reply)
        self.world = World(office, redecides)

    def series(self, number: int) -> Series:
        return self.world.events[number % len(self.world.events)]

    @rule(
        by=st.sampled_from(PEOPLE), to=st.sampled_from(ASKED), start=slots, hours=lengths,
        count=counts, at_once=st.booleans(),
    )  # fmt: skip
    def create(
        self, by: str, to: str, start: datetime, hours: int, count: int, at_once: bool
    ) -> None:
        self.world.create(by, to, start, hours, count)
        if at_once:
            self.world.deliver(self.world.bag.pop())

    @precondition(lambda self: self.world.events)
    @rule(
        which=numbers, start=slots, hours=lengths, count=counts, at_once=st.booleans(),
        moved=st.none() | st.integers(1, 4),
    )  # fmt: skip
    def change(
        self, which: int, start: datetime, hours: int, count: int, at_once: bool, moved: int | None
    ) -> None:
        self.world.change(self.series(which), start, hours, count, moved)
        if at_once:
            self.world.deliver(self.world.bag.pop())

    # Of what was cancelled as a whole nothing is changed, unless the whole is asked for again.
    @precondition(lambda self: any(s.count > 1 and not s.gone for s in self.world.events))
    @rule(which=numbers, one=st.integers(0, 2), start=slots, hours=lengths)
    def override(self, which: int, one: int, start: datetime, hours: int) -> None:
        many = [series for series in self.world.events if series.count > 1 and not series.gone]
        series = many[which % len(many)]
        self.world.override(series, one % series.count, start, hours)

    @precondition(lambda self: any(not series.gone for series in self.world.events))
    @rule(which=numbers, one=st.integers(0, 2), whole=st.booleans())
    def cancel(self, which: int, one: int, whole: bool) -> None:
        standing = [series for series in self.world.events if not series.gone]
        series = standing[which % len(standing)]
        single = whole or series.count == 1
        self.world.cancel(series, None if single else one % series.count)

    @precondition(lambda self: self.world.bag)
    @rule(which=numbers)
    def arrives(self, which: int) -> None:
        self.world.deliver(self.world.bag.pop(which % len(self.world.bag)))

    @precondition(lambda self: self.world.bag)
    @rule(which=numbers)
    def is_lost(self, which: int) -> None:
        self.world.bag.pop(which % len(self.world.bag))

    @precondition(lambda self: self.world.delivered)
    @rule(which=numbers, same=st.booleans())
    def arrives_twice(self, which: int, same: bool) -> None:
        letter, data = self.world.delivered[which % len(self.world.delivered)]
        if same:
            self.world.repeat(letter, data)
        else:
            self.world.deliver(letter)

    @precondition(lambda self: self.world.inner)
    @rule(which=numbers, again=st.booleans())
    def arrives_among_resources(self, which: int, again: bool) -> None:
        place = which % len(self.world.inner)
        mail = self.world.inner[place] if again else self.world.inner.pop(place)
        self.world.deliver_inner(mail)

    @precondition(lambda self: self.world.inner)
    @rule(which=numbers)
    def is_lost_among_resources(self, which: int) -> None:
        self.world.inner.pop(which % len(self.world.inner))

    @rule(minutes=st.sampled_from((1, 5, 30, 61)))
    def time_passes(self, minutes: int) -> None:
        self.world.pass_time(minutes * 60)

    @rule(hours=st.sampled_from((7, 25)))
    def a_day_passes(self, hours: int) -> None:
        self.world.pass_time(hours * 3_600)
        self.world.office.upkeep()

    @invariant()
    def nothing_is_overrun(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.quiesce()
            self.world.check()
            self.world.check_answers()
            self.world.check_truth()


TestMessages = Messages.TestCase
TestMessages.settings = settings(
    max_examples=cases(60), stateful_step_count=30, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
