"""The outbox: order, patience and its end, on a clock that moves only when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from horarium.booking.outcome import Mail
from horarium.kernel.instant import Instant
from horarium.runtime.outbox import LONGEST_PAUSE, Outbox, pause_after
from horarium.store.embedded import EmbeddedEngine
from horarium.store.mail import OutboxLine
from horarium.store.store import Store
from horarium.testing import ManualClock
from horarium.transport.outgoing import PermanentFailure, Result, Sent, TemporaryFailure

START = 1_800_000_000
DAY = 86_400
LIFE = 5 * DAY
DOWN = TemporaryFailure("connection refused")


class Peer:
    """A mail system whose answers a test chooses by what it is offered."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.answer: Callable[[str, bytes], Result] = lambda recipient, data: Sent()
        self.offered: list[tuple[int, str, bytes]] = []

    async def send(self, sender: str, recipient: str, data: bytes) -> Result:
        self.offered.append((self.clock.now(), recipient, data))
        return self.answer(recipient, data)

    async def close(self) -> None:
        """Nothing is held open."""


class Post:
    """An outbox over a store in memory, and its peer."""

    def __init__(self) -> None:
        engine = EmbeddedEngine(":memory:")
        engine.migrate(0)
        self.store = Store(engine)
        self.clock = ManualClock(START)
        self.peer = Peer(self.clock)
        self.outbox = Outbox(self.store, self.peer, self.clock, LIFE)

    def put(self, name: str, to: str = "ann@example.org", uid: str = "one") -> None:
        mail = Mail("reply", f"<{name}>", "room@example.com", to, uid, 0, name.encode())
        now = self.clock.now()
        self.store.transact([], lambda tx: tx.mail.post(mail, None, now))

    def flush(self) -> None:
        """Sends until nothing is due at this moment."""
        while asyncio.run(self.outbox.flush()):
            pass

    def live(self, seconds: int) -> None:
        """Lets time pass; wakes whenever something is due, as the daemon does."""
        end = self.clock.now() + seconds
        self.flush()
        while (due := self.store.read(lambda tx: tx.mail.next_due())) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 1))
            self.flush()
        self.clock.advance(max(end - self.clock.now(), 0))

    def lines(self) -> list[OutboxLine]:
        return self.store.read(lambda tx: tx.mail.outbox("", 1_000))[::-1]

    def states(self) -> list[str]:
        return [line.state for line in self.lines()]

    def names(self) -> list[str]:
        return [data.decode() for _, _, data in self.peer.offered]


@pytest.fixture
def post() -> Post:
    return Post()


def test_the_order_to_one_recipient_about_one_event_is_kept(post: Post) -> None:
    for name in ("first", "second", "third"):
        post.put(name)
    failures = iter([DOWN, DOWN])
    post.peer.answer = lambda recipient, data: next(failures, Sent())
    post.live(DAY)
    assert post.names() == ["first", "first", "first", "second", "third"]
    assert post.states() == ["sent"] * 3


def test_trouble_with_one_recipient_or_event_holds_back_no_other(post: Post) -> None:
    post.put("stuck")
    post.put("behind")
    post.put("another event", uid="two")
    post.put("another person", to="bob@example.org")
    post.peer.answer = lambda recipient, data: DOWN if data == b"stuck" else Sent()
    post.flush()
    assert sorted(post.names()) == ["another event", "another person", "stuck"]
    assert post.states() == ["pending", "pending", "sent", "sent"]


def test_a_mail_system_that_is_away_for_days_gets_everything_in_order(post: Post) -> None:
    for number in range(20):
        post.put(f"{number:02}", to=f"p{number % 3}@example.org", uid=f"event-{number % 2}")
    post.peer.answer = lambda recipient, data: DOWN
    post.live(LIFE - DAY)
    assert post.states() == ["pending"] * 20
    post.peer.offered.clear()
    post.peer.answer = lambda recipient, data: Sent()
    post.live(2 * LONGEST_PAUSE)
    assert post.states() == ["sent"] * 20
    pairs: dict[tuple[str, int], list[int]] = {}
    for _, recipient, data in post.peer.offered:
        pairs.setdefault((recipient, int(data) % 2), []).append(int(data))
    assert len(pairs) == 6
    assert all(numbers == sorted(numbers) for numbers in pairs.values())


def test_the_pauses_grow_and_end_with_the_life_of_the_mail(post: Post) -> None:
    post.put("first")
    post.peer.answer = lambda recipient, data: DOWN
    post.live(LIFE + DAY)
    times = [at for at, _, _ in post.peer.offered]
    pauses = [after - before for before, after in pairwise(times)]
    for nth, pause in enumerate(pauses[:6]):
        assert 0.9 * 60 * 2**nth <= pause <= 1.1 * 60 * 2**nth
    assert all(0.9 * LONGEST_PAUSE <= pause <= 1.1 * LONGEST_PAUSE for pause in pauses[6:])
    line = post.lines()[0]
    assert line.state == "dead"
    assert line.answer == "given up: connection refused"
    assert LIFE <= times[-1] - START <= LIFE + 1.1 * LONGEST_PAUSE


def test_a_dead_mail_holds_nothing_back_and_can_be_retried(post: Post) -> None:
    post.put("first")
    post.put("second")
    refusal = PermanentFailure(550, "5.1.1 nobody here")
    post.peer.answer = lambda recipient, data: refusal if data == b"first" else Sent()
    post.flush()
    assert post.states() == ["dead", "sent"]
    assert post.lines()[0].answer == "550 5.1.1 nobody here"
    assert post.lines()[0].attempts == 1
    post.live(LIFE)
    assert post.names() == ["first", "second"]
    post.peer.answer = lambda recipient, data: Sent()
    assert post.store.transact([], lambda tx: tx.mail.retry_dead(post.clock.now())) == 1
    post.flush()
    assert post.names() == ["first", "second", "first"]
    assert post.states() == ["sent", "sent"]


def test_a_late_result_of_a_lost_claim_is_thrown_away(post: Post) -> None:
    post.put("first")
    now = post.clock.now()
    lost = post.store.transact([], lambda tx: tx.mail.claim(now, 10))
    post.clock.advance(200)
    post.flush()
    assert post.states() == ["sent"]
    refused = post.store.transact([], lambda tx: tx.mail.finish(lost[0], "dead", "late", now))
    assert refused is False
    assert post.states() == ["sent"]


def test_mails_that_failed_together_do_not_come_back_together() -> None:
    pauses = {pause_after(7, f"<{number}>") for number in range(200)}
    assert len(pauses) > 100
    assert min(pauses) >= 0.9 * LONGEST_PAUSE
    assert max(pauses) <= 1.1 * LONGEST_PAUSE


def test_a_stopped_outbox_finishes_what_is_on_its_way() -> None:
    post = Post()
    post.put("first")
    post.put("second", uid="two")

    async def stop_while_sending() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()
        send = post.peer.send

        async def slow(sender: str, recipient: str, data: bytes) -> Result:
            begun.set()
            await go_on.wait()
            post.put("third", uid="three")
            return await send(sender, recipient, data)

        post.peer.send = slow  # type: ignore[method-assign]
        running = asyncio.create_task(post.outbox.run())
        await begun.wait()
        post.outbox.stop()
        go_on.set()
        await asyncio.wait_for(running, 10)

    asyncio.run(stop_while_sending())
    assert post.states() == ["sent", "sent", "pending"]


def test_what_a_dead_process_had_claimed_is_sent_at_once_after_a_restart() -> None:
    post = Post()
    post.put("first")
    now = post.clock.now()
    post.store.transact([], lambda tx: tx.mail.claim(now, 10))
    assert post.states() == ["sending"]

    async def restart() -> None:
        running = asyncio.create_task(post.outbox.run())
        while not post.peer.offered:
            await asyncio.sleep(0.01)
        post.outbox.stop()
        await asyncio.wait_for(running, 10)

    asyncio.run(restart())
    assert post.states() == ["sent"]
    assert Instant(post.clock.now()) == now
