"""What a parent tells of children that say nothing any more: that they are out of reach, in their
place. Above the first tier nobody else can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from horarium.distribution.causes import Reason
from horarium.distribution.configuration import Child, Configuration
from horarium.distribution.messages import Row
from horarium.distribution.states import SETTLED, State
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.belief import Belief
from horarium.runtime.tiers.rows import RECEIPTS
from horarium.runtime.tiers.sending import Sender
from horarium.runtime.tiers.telling import Telling

PATIENCE = 300
LOOK_SECONDS = 10.0
Rows = Mapping[tuple[str, str, int], Row]


async def tell_silence(
    clock: Clock, sender: Sender, telling: Telling, configuration: Callable[[], Configuration],
    belief: Callable[[], Belief],
) -> None:  # fmt: skip
    """Tells of children that say nothing any more, until it is cancelled."""
    while True:
        await clock.sleep(LOOK_SECONDS)
        found = list(silent_rows(sender, configuration(), belief(), telling.below, clock.now()))
        if found:
            telling.pass_on(found)


def silent_rows(
    sender: Sender, configuration: Configuration, belief: Belief, told: Rows, now: Instant
) -> Iterator[Row]:
    """Rows of children that are silent for longer than the link's time-out: where they were, with
    the reason. What a child signed stands; a version that it never spoke of is pending."""
    patience = configuration.setting("timeout", PATIENCE) or PATIENCE
    for name, child in configuration.children.items():
        silent = sender.silent(name)
        if silent is None or silent <= patience:
            continue
        since = Instant(now - int(silent))
        for row in _newest(name, child, belief, told, now):
            state = State(row.state)
            if state in RECEIPTS or state in SETTLED or row.reason.startswith("unreachable"):
                continue
            reason = str(Reason("unreachable", since=since))
            yield replace(row, reason=reason, at=now, signature="")


def _newest(
    name: str, child: Child, belief: Belief, told: Rows, now: Instant
) -> Iterator[Row]:  # fmt: skip
    """The rows of a child of the newest versions it is to get itself."""
    for distribution, follows in child.distributions.items():
        versions = belief.trusted.versions(distribution)
        if follows.extracts and versions:
            number = versions[-1].number
            unspoken = Row(name, distribution, number, State.PENDING.value, now, 0)
            yield told.get((name, distribution, number), unspoken)
