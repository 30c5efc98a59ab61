"""A signal that comes while a run goes on is not lost when it is given again after it."""

from __future__ import annotations

from horarium.distribution.schedules import Act, firings, read_schedule, signal_of
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.tiers.acts import Acts, Planned
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

NOW = parse_instant("2026-11-21T08:00:00Z")
NAME = "subscriber:s1/extract"


def test_a_signal_given_again_after_a_run_of_the_same_second_fires_once_more() -> None:
    engine = EmbeddedEngine(":memory:")
    engine.migrate(NOW)
    acts = Acts(Store(engine))
    schedule = read_schedule(Act.EXTRACT, "immediately")
    planned = Planned(
        schedule,
        lambda given: firings(Act.EXTRACT, "s1", schedule, "UTC", "", given),
        signal_of(Act.EXTRACT, schedule),
    )
    acts.plan({NAME: planned}, NOW)
    acts.signal("verified", NOW)
    assert [firing.name for firing in acts.look(NOW)[0]] == [NAME]
    # While it runs something more is verified; when it ends, all in the same second, that is told.
    acts.signal("verified", NOW)
    assert acts.look(NOW)[0] == []
    acts.ended(NAME, NOW)
    acts.signal("verified", NOW)
    assert [firing.name for firing in acts.look(NOW)[0]] == [NAME]
    acts.ended(NAME, Instant(NOW + 2))
    assert acts.look(Instant(NOW + 3))[0] == []
