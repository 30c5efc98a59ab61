"""A site for tests whose tasks are led by hand through a day, on the clocks of Paris."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from horarium.kernel.instant import Instant
from horarium.kernel.zone import named
from horarium.runtime.activation import Refused, bring_in, bring_in_upkeep, load_plan
from horarium.runtime.answers import Explanation
from horarium.runtime.applying import apply_objects
from horarium.runtime.moments import parse_moment
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.plan import Activated
from horarium.runtime.questions import Questions
from horarium.runtime.settings import Settings, default_settings
from horarium.runtime.site import Site
from horarium.runtime.task import Begun, Stale, Task, Worker
from horarium.store.embedded import EmbeddedEngine
from horarium.store.firings import Settled
from horarium.store.store import Store
from tests.office import ROOM

PARIS = named("Europe/Paris")
BACKUP = {"run": ["backup"], "schedule": {"type": "daily", "start": "02:30"}, "task": 3}


def at(text: str) -> Instant:
    return parse_moment(f"2026-03-02 {text}" if len(text) <= 8 else text, PARIS)


def clock(t: Instant) -> str:
    wall = PARIS.to_wall(t)
    return f"{wall % 86_400 // 3600:02}:{wall % 3600 // 60:02}"


class Plays:
    """A site whose tasks are led by hand through one day."""

    def __init__(self, folder: Path, text: str) -> None:
        self.site = Site(folder)
        site = default_settings()
        directives = replace(site.directives, zone="Europe/Paris", address="2:5030/15")
        self.settings: Settings = replace(site, zone="Europe/Paris", directives=directives)
        engine = EmbeddedEngine(":memory:")
        engine.migrate(at("12:00"))
        self.store = Store(engine)
        declared = DeclaredObjects(
            resources={ROOM: {}}, defaults={"TZID": "Europe/Paris"}, directives={"backup": BACKUP}
        )
        apply_objects(self.store, declared, at("12:00"), prune=False, dry_run=False)
        self.tasks: dict[int, Task] = {}
        self.write(text, at("13:15"))
        bring_in_upkeep(self.store, self.settings, at("13:15"))
        self.questions = Questions(self.store, self.settings)
        self.read()

    def write(self, text: str, now: Instant) -> Activated | Refused:
        """Another control file takes effect, or does not."""
        (self.site.root / "events.ctl").write_text(text)
        result = bring_in(self.store, self.site, self.settings, now)
        self.read()
        return result

    def read(self) -> None:
        """The tasks go on with the plan in force."""
        self.plan = self.store.read(lambda tx: load_plan(tx, self.settings))

    def life(self, number: int, start: Instant) -> None:
        self.tasks[number] = Task(self.store, number, lambda: self.plan, Worker("here", 1))
        self.tasks[number].start(start)

    def work(
        self, number: int, start: Instant, took: int = 5, state: str = "finished"
    ) -> str | None:
        """The task looks once, and what it begins takes so many seconds; the text of that."""
        look = self.tasks[number].look(start)
        assert not isinstance(look, Stale)
        if not isinstance(look, Begun):
            return None
        self.tasks[number].ended(look, Settled(state, status=0), Instant(start + took))
        return look.entry.text

    def why(self, name: str, when: str, now: str = "19:00") -> Explanation:
        return self.questions.why_at(name, at(when), at(now))

    def next(self, name: str, now: str, count: int = 3) -> list[str]:
        _, _, found = self.questions.next(name, count, at(now))
        return [clock(item.at) for item in found]
