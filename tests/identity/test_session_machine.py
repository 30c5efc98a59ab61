"""Any sequence of calls: the session and a small model of it never differ, and nothing that has
ended comes back."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from horarium.identity.session import Session, SessionConflict, State
from horarium.kernel.instant import Instant

SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
START = 1_000
ages = st.one_of(st.none(), st.integers(0, 200))
steps = st.integers(0, 40)


class SessionMachine(RuleBasedStateMachine):
    """The model is five facts: when it ends by age, when it was last seen, the idle limit, whether
    it is closed, and the last change."""

    @initialize(age=ages, idle=st.one_of(st.none(), st.integers(1, 90)))
    def make(self, age: int | None, idle: int | None) -> None:
        self.now = Instant(START)
        self.session = Session("desk", max_age=age, now=self.now, id="x", idle_limit=idle)
        self.age, self.idle, self.closed = age, idle, age == 0
        self.seen = self.changed = START
        self.ended = False

    def open(self) -> bool:
        aged = self.age is not None and self.now >= START + self.age
        silent = self.idle is not None and self.now >= self.seen + self.idle
        return not (self.closed or aged or silent)

    def attempt(self, call: Callable[[], object]) -> bool:
        """Makes a call that only an open session takes; whether it was taken."""
        allowed = self.open()
        before = self.session.to_record()
        if not allowed:
            with pytest.raises(SessionConflict) as caught:
                call()
            assert caught.value.code == ("session_closed" if self.closed else "session_expired")
            assert self.session.to_record() == before
            return False
        call()
        self.changed = self.now
        return True

    @rule(seconds=steps)
    def wait(self, seconds: int) -> None:
        self.now = Instant(self.now + seconds)

    @rule(age=ages)
    def set_max_age(self, age: int | None) -> None:
        if age == 0:
            self.session.set_max_age(0, now=self.now)
            self.shut()
        elif self.attempt(lambda: self.session.set_max_age(age, now=self.now)):
            self.age = age

    @rule(t=st.integers(START - 50, START + 300))
    def set_expire_time(self, t: int) -> None:
        if self.attempt(lambda: self.session.set_expire_time(Instant(t), now=self.now)):
            if t <= START:
                self.shut()
            else:
                self.age = t - START

    @rule(seconds=st.integers(1, 100))
    def renew(self, seconds: int) -> None:
        if self.attempt(lambda: self.session.renew(seconds, now=self.now)):
            self.age = self.now - START + seconds
            assert self.session.get_remaining_time(self.now) == seconds

    @rule()
    def see(self) -> None:
        changed = self.changed
        if self.attempt(lambda: self.session.see(self.now)):
            self.seen, self.changed = self.now, changed

    @rule()
    def set_user(self) -> None:
        self.attempt(lambda: self.session.set_user("eva", now=self.now))

    @rule(id_=st.sampled_from(["a", "b"]))
    def set_hash_id(self, id_: str) -> None:
        self.attempt(lambda: self.session.set_hash_id(id_, now=self.now))

    @rule()
    def bake(self) -> None:
        self.attempt(lambda: self.session.get_cookie("desk", now=self.now))

    @rule()
    def label(self) -> None:
        self.session.set_session_rid("r", now=self.now)
        self.changed = self.now

    @rule()
    def close(self) -> None:
        assert self.session.close(now=self.now).max_age == 0
        self.shut()

    @rule()
    def store_and_read(self) -> None:
        idle = self.session.idle_limit
        read = Session.from_record(self.session.to_record(), idle_limit=idle)
        assert read == self.session
        self.session = Session.from_record(
            self.session.to_record(), id=self.session.get_hash_id(), idle_limit=idle
        )

    def shut(self) -> None:
        if not self.closed:
            self.closed, self.age, self.changed = True, 0, self.now

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "session"):
            return
        state = State.CLOSED if self.closed else State.OPEN if self.open() else State.EXPIRED
        assert self.session.state(self.now) is state
        assert self.session.is_expired(self.now) == (state is not State.OPEN)
        assert self.session.get_max_age() == self.age
        assert self.session.get_modification_time() == self.changed
        remaining = self.session.get_remaining_time(self.now)
        if state is not State.OPEN:
            assert remaining == 0
        elif self.age is None:
            assert remaining is None
        else:
            assert remaining == START + self.age - self.now > 0
        assert not (self.ended and state is State.OPEN), "what has ended is open again"
        self.ended = self.ended or state is not State.OPEN


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=200 * SCALE, stateful_step_count=50, deadline=None)
