"""When it is time at a node to unpack: by its schedule, or because somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.distribution.configuration import Configuration
from horarium.distribution.schedules import (
    Act,
    Given,
    firings,
    mapped,
    object_id,
    read_schedule,
    signal_of,
)
from horarium.kernel.instant import Instant
from horarium.kernel.timetable import Timetable
from horarium.runtime.tiers.acts import Acts, Firing, Planned
from horarium.store.store import Store

ASKED = "extract_asked"
"""A number in the store that rises when somebody asks that this node unpacks at once."""
VERIFIED = "verified"
START = "start"


@dataclass(frozen=True, slots=True)
class Time:
    """What it is time for. ``fires``: the schedule begins a run, which has to be ended; ``anew``:
    what failed before counts no more."""

    fires: bool
    anew: bool

    @property
    def takes(self) -> bool:
        """Whether all that is here may be unpacked."""
        return self.fires or self.anew


class ExtractTimes:
    """The Extract schedule of one node. Not shared between threads at one time."""

    def __init__(self, store: Store, node: str) -> None:
        self._store = store
        self._acts = Acts(store)
        self._node = node
        self._name = object_id(Act.EXTRACT, node)
        self._asked = 0
        self._planned = ""
        self._waits = False
        self._started = False
        self.follows_versions = False
        """Whether it fires when a version is verified, and at no hour of its own."""

    def begin(self) -> None:
        """Finds what an earlier process began; what was asked of that one is over."""
        self._acts.recover()
        self._asked = self._read_asked()

    def look(self, configuration: Configuration, news: bool, now: Instant) -> Time:
        """What it is time for. ``news``: there is a version that was not there before."""
        another = self._plan(configuration, now)
        if news:
            self._acts.signal(VERIFIED, now)
        found, _ = self._acts.look(now)
        asked = self._read_asked()
        by_hand, self._asked = asked != self._asked, asked
        # A version that was verified is no reason to try another one that failed. The first firing
        # of a schedule is, and each that has an hour of its own.
        by_clock = any(another or not self._is_signalled(firing) for firing in found)
        return Time(bool(found), by_hand or by_clock)

    def ended(self, now: Instant) -> None:
        """A run of the schedule is over."""
        self._acts.ended(self._name, now)

    def _is_signalled(self, firing: Firing) -> bool:
        return self._waits and self._acts.was_signalled(VERIFIED, firing.due)

    def _plan(self, configuration: Configuration, now: Instant) -> bool:
        """Goes by the schedule that holds; whether it is another one."""
        key = f"{configuration.extract}/{configuration.zone}/{configuration.seed}"
        if key == self._planned:
            return False
        self._planned = key
        schedule = (
            read_schedule(Act.EXTRACT, configuration.extract) if configuration.extract else None
        )

        def timetable(given: Given) -> Timetable:
            return firings(
                Act.EXTRACT, self._node, schedule, configuration.zone, configuration.seed, given
            )

        signal = signal_of(Act.EXTRACT, schedule)
        self._acts.plan({self._name: Planned(schedule, timetable, signal)}, now)
        own = mapped(Act.EXTRACT, schedule, configuration.zone)
        self.follows_versions = own.signal == VERIFIED
        self._waits = signal == VERIFIED
        if schedule is not None and not self._started:
            # A node that never heard of its schedule can not go by it when it starts.
            self._started = True
            self._acts.signal(START, now)
        # What arrived before the schedule was known is as good as verified now.
        self._acts.signal(VERIFIED, now)
        return True

    def _read_asked(self) -> int:
        return int(self._store.read(lambda tx: tx.meta(ASKED)) or 0)
