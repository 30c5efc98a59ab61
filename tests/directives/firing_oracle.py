"""A small daemon of its own, against which the checker of runs is held, and a plain matching.

One task, several entries. Its moments come from arithmetic, its policies are written down here
once more; it shares nothing with the product but the fields of a schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from horarium.directives.verify import Listing, Ran, Stretch
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule import CatchUp, CatchUpKind, OnCrash, Overlap, Schedule, Type
from horarium.kernel.timetable import Circumstances, Timetable

MIDNIGHT = parse_instant("2026-03-02T00:00:00Z")
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass
class Item:
    """An entry with its moments: due, until, and the end of its window."""

    listing: Listing
    moments: list[tuple[int, int, int]]
    cursor: float
    begun: float = -1
    ended: float = -1

    @property
    def schedule(self) -> Schedule:
        return self.listing.timetable.schedule


@dataclass
class World:
    """What happened."""

    items: list[Item]
    outages: list[Stretch]
    now: float
    runs: list[Ran] = field(default_factory=list)
    crashes: set[str] = field(default_factory=set)
    served: dict[str, int] = field(default_factory=dict)
    """The newest moment each run was for."""


def random_item(rng: Random, name: str, end: int, *, many: bool) -> Item:
    """An entry of random policies; `many`: with moments close together."""
    activation = MIDNIGHT + rng.choice([0, rng.randrange(6 * HOUR)])
    until = rng.randrange(activation, end) if rng.random() < 0.2 else None
    shape = rng.choice(["periodic", "moment", "window"])
    on_crash = rng.choice(list(OnCrash))
    start = rng.randrange(24 * 60) * MINUTE
    if shape == "periodic":
        every = rng.choice([5, 15, 60, 61, 240] if many else [60, 120, 240]) * MINUTE
        schedule = Schedule(
            type=Type.PERIODIC, every=every, on_crash=on_crash, **policies(rng, windowed=False)
        )
        moments = [(t, t + schedule.grace, t) for t in range(activation, end, every)]
    elif shape == "moment":
        schedule = Schedule(
            type=Type.DAILY, start=start, on_crash=on_crash, **policies(rng, windowed=False)
        )
        dues = [MIDNIGHT + start + day * DAY for day in range(3)]
        moments = [(t, t + schedule.grace, t) for t in dues if t >= activation]
    else:
        length = rng.randrange(1, 8 * 60) * MINUTE
        closes = (start + length) % DAY
        schedule = Schedule(
            type=Type.DAILY,
            start=start,
            end=closes,
            on_crash=on_crash,
            **policies(rng, windowed=True),
        )
        dues = [MIDNIGHT + start + day * DAY for day in range(-1, 3)]
        moments = [
            (max(t, activation), t + length, t + length) for t in dues if t + length > activation
        ]
    timetable = Timetable(
        schedule, Circumstances(activation=Instant(activation), anchor=Instant(activation))
    )
    listing = Listing(name, 1, timetable, None if until is None else Instant(until))
    return Item(listing, moments, activation - 1)


def policies(rng: Random, *, windowed: bool) -> dict[str, object]:
    kind = rng.choice([CatchUpKind.ONCE, CatchUpKind.ONCE, CatchUpKind.NONE, CatchUpKind.ALL])
    found: dict[str, object] = {
        "catch_up": CatchUp(kind, most=rng.randrange(1, 6), within=rng.choice([HOUR, 7 * DAY]))
        if kind is CatchUpKind.ALL
        else CatchUp(kind),
        "overlap": rng.choice([Overlap.QUEUE_ONE, Overlap.SKIP]),
        "late_outside_window": rng.random() < 0.5,
    }
    if rng.random() < 0.2:
        found["deadline"] = rng.choice([10 * MINUTE, HOUR])
    return found


def random_world(seed: int, *, noise: float = 0, quiet: bool = False) -> World:
    """A day and a quarter of a random daemon; `noise` is how long it hesitates, at most twice
    before a run begins. `quiet`: short runs, few moments, no outages."""
    rng = Random(seed)
    end = MIDNIGHT + 30 * HOUR
    items = [random_item(rng, f"e{n}", end, many=not quiet) for n in range(rng.randrange(1, 6))]
    outages = []
    at = MIDNIGHT + rng.randrange(8 * HOUR)
    while not quiet and at < end - 2 * HOUR and rng.random() < 0.8:
        length = rng.choice([1, 40, 10 * MINUTE, 3 * HOUR])
        outages.append(Stretch(rng.choice([None, 1]), at, at + length))
        at += length + rng.randrange(1, 8 * HOUR)
    world = World(items, outages, end + DAY)
    longest = 5 if quiet else rng.choice([0, 9, 20 * MINUTE])
    Daemon(world, rng, end, noise, longest).work()
    world.now = end
    return world


class Daemon:
    """Looks at all entries when it is free, takes what is due, does it in order."""

    def __init__(self, world: World, rng: Random, end: float, noise: float, longest: int) -> None:
        self.world = world
        self.rng = rng
        self.end = end
        self.noise = noise
        self.longest = longest
        self.down = [(s.start, s.end) for s in world.outages]
        self.now: float = MIDNIGHT
        self.again: list[tuple[Item, Ran]] = []

    def work(self) -> None:
        while self.now < self.end:
            self.sleep_through_outages()
            if self.again:
                item, ran = self.again.pop()
                if not gone(item, self.now):
                    self.run(item, ran.run, ran.manual)
                continue
            batch = self.look()
            for _, _, item, newest in sorted(batch, key=lambda one: one[:2]):
                if not self.take(item, newest):
                    break
            if not batch:
                self.wait()

    def sleep_through_outages(self) -> None:
        for a, b in self.down:
            if a <= self.now < b:
                self.now = b + self.hesitation()

    def hesitation(self) -> float:
        return self.rng.random() * self.noise

    def look(self) -> list[tuple[int, int, Item, int]]:
        """What is due now: due, place in the file, entry, and the newest moment it is for."""
        found = []
        for place, item in enumerate(self.world.items):
            if not gone(item, self.now):
                found += [(due, place, item, due) for due in self.decide(item)]
        return found

    def decide(self, item: Item) -> list[int]:
        now, s = int(self.now), item.schedule
        passed = [m for m in item.moments if item.cursor < m[0] <= now]
        if s.overlap is Overlap.SKIP:
            passed = [m for m in passed if not item.begun <= m[0] < item.ended]
        if s.catch_up.kind is CatchUpKind.NONE:
            passed = [m for m in passed if m[1] > now]
        if not passed:
            item.cursor = now
            return []
        newest = passed[-1]
        windowed = s.end is not None
        missed = newest[1] <= now and s.catch_up.kind is not CatchUpKind.NONE
        if missed and windowed and not s.late_outside_window:
            return []
        if s.catch_up.kind is CatchUpKind.ALL:
            chosen = [m for m in passed if m[0] >= now - s.catch_up.within][-s.catch_up.most :]
        else:
            chosen = [newest]
        dues = [m[0] for m in chosen if s.deadline is None or now - m[0] <= s.deadline]
        if not dues:
            item.cursor = now
        return dues

    def take(self, item: Item, due: int) -> bool:
        """Do one of the batch; False when the daemon was killed over it."""
        if any(a <= self.now < b for a, b in self.down) or self.now >= self.end:
            return False
        if gone(item, self.now):
            return True
        each = item.schedule.catch_up.kind is CatchUpKind.ALL
        item.cursor = due if each else int(self.now)
        return self.run(item, f"r{len(self.world.runs)}", False, due)

    def run(self, item: Item, name: str, manual: bool, due: int | None = None) -> bool:
        world = self.world
        start = self.now + self.hesitation()
        end = start + self.rng.randint(0, self.longest)
        if any(a <= start < b for a, b in self.down):
            return False
        killed = next((a for a, _ in self.down if start < a < end), None)
        ran = Ran(name, item.listing.entry, 1, start, end if killed is None else None, manual)
        world.runs.append(ran)
        if due is not None:
            world.served[name] = due
        if not manual:
            item.begun, item.ended = start, end if killed is None else killed
        self.now = end if killed is None else killed
        if killed is None:
            return True
        world.crashes.add(name)
        if item.schedule.on_crash is OnCrash.RERUN and not manual:
            self.again.append((item, ran))
        return False

    def wait(self) -> None:
        coming = [m[0] for item in self.world.items for m in item.moments if m[0] > int(self.now)]
        following: float = min(coming, default=self.end)
        if self.rng.random() < 0.1 and following > self.now + 2 * MINUTE:
            self.now = self.rng.randrange(int(self.now) + 1, int(following))
            self.sleep_through_outages()
            self.run(self.rng.choice(self.world.items), f"r{len(self.world.runs)}", True)
            return
        stops = [a for a, _ in self.down if a >= self.now]
        if any(a <= following for a in stops):
            self.now = min(stops)
            return
        self.now = following + self.hesitation()


def gone(item: Item, now: float) -> bool:
    until = item.listing.until
    return until is not None and now >= until


def most_served(windows: Sequence[tuple[float, float]], starts: Sequence[float]) -> int:
    """The size of the largest matching of starts and windows, by augmenting paths."""
    holder: dict[int, int] = {}

    def place(run: int, seen: set[int]) -> bool:
        for w, (a, b) in enumerate(windows):
            if a <= starts[run] <= b and w not in seen:
                seen.add(w)
                if w not in holder or place(holder[w], seen):
                    holder[w] = run
                    return True
        return False

    return sum(place(run, set()) for run in range(len(starts)))
