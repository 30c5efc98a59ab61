"""A reception with a store in memory: what is declared is applied, and acts are tried on it."""

from __future__ import annotations

import email
import itertools
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import icalendar

from horarium.appointments.allocation import Request
from horarium.appointments.appointment import Client
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.desk import Desk, Placed
from horarium.runtime.generating import Generators, Given
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import default_settings
from horarium.runtime.wishing import Terms
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

OBJECTS = """
[resource."room-2@example.org"]
zone = "UTC"
scheduling_function = "schedule_in_freebusy"
[person."ana@example.org"]
zone = "UTC"

[appointer.ana]
name = "Ana Ruiz"
mail = "ana@example.org"
zone = "UTC"
hours = ["mon-fri 09:00-12:00"]
link = [{ resource = "room-2@example.org" }, { person = "ana@example.org" }]
[appointer.bea]
name = "Bea"
mail = "bea@example.org"
zone = "UTC"
hours = ["mon-fri 09:00-12:00"]
[appointer.cleo]
zone = "UTC"
hours = ["mon-fri 09:00-12:00"]

[assistant.desk]
name = "Mr Smith"
info = "The super assistant"
appointers = ["ana", "bea", "cleo"]

[service.checkup]
name = "Check-up"
by = "desk"
duration = ["30m", "60m"]
step = "30m"
published = true
verify_email = false
"""

CALENDAR = "text/calendar"


class Reception:
    """A site with its desk; `now` moves by hand, and chance is a counter."""

    def __init__(self, folder: Path, objects: str = OBJECTS, more: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        engine = EmbeddedEngine(folder / "horarium.db")
        self.now = parse_instant("2027-05-09T12:00:00Z")
        engine.migrate(self.now)
        self.store = Store(engine)
        self.settings = default_settings()
        self._counter = itertools.count(1)
        self.desk = Desk(self.store, self.settings, self.chance)
        self.generators = Generators(self.store, self.settings, self.chance)
        self.letters: list[Message] = []
        self.apply(objects + more)

    def chance(self, many: int) -> bytes:
        """Octets that never come twice."""
        return next(self._counter).to_bytes(many, "big")

    def apply(self, text: str, *, prune: bool = False) -> list[str]:
        """Declares objects; what changed."""
        path = self.folder / "objects.toml"
        path.write_text(text)
        found = apply_objects(
            self.store, read_objects([path]), self.now, prune=prune, dry_run=False
        )
        return [str(change) for change in found]

    def at(self, text: str) -> Instant:
        """A time of Monday 10 May 2027, or of another date of that month: `11 09:30`."""
        day, _, time = text.rpartition(" ")
        return parse_instant(f"2027-05-{day or '10'}T{time}:00Z")

    def get(self, name: str, duration: int = 3600, time: str | None = None) -> Given:
        """The next slot of an appointer."""
        wish = Request(duration, None if time is None else self.at(time))
        return self.generators.get(name, wish, self.now)

    def hold(self, time: str, service: str = "checkup", **more: object) -> Placed:
        """A hold of a service."""
        return self.desk.hold(service, self.at(time), self.now, **more)  # type: ignore[arg-type]

    def book(self, time: str, who: str = "bob", service: str = "checkup", **more: object) -> Placed:
        """An appointment, made by staff."""
        client = Client(who, f"{who}@example.net")
        terms = more.pop("terms", Terms(staff="eve", source="cli"))
        return self.desk.book(
            service,
            self.at(time),
            client,
            self.now,
            terms,
            **more,  # type: ignore[arg-type]
        )

    def starts(self, service: str = "checkup", day: str = "10", **more: object) -> list[str]:
        """The starts of a day, as times."""
        begin = parse_instant(f"2027-05-{day}T00:00:00Z")
        within = Period(begin, Instant(begin + 86_400))
        offers = self.desk.starts(service, within, self.now, **more)  # type: ignore[arg-type]
        return [format_instant(offer.at)[11:16] for offer in offers]

    def held(self, user: str) -> list[str]:
        """What a linked calendar holds: times, and the UID's first letters."""

        def work(tx):  # type: ignore[no-untyped-def]
            found = next(u for u in tx.directory.users() if u.uri == f"mailto:{user}")
            there = tx.reservations(found.id, found.uri, self.now)
            span = Period(self.now, Instant(self.now + 100 * 86_400))
            return [
                f"{format_instant(r.event.start)[8:16]} {r.holding.value}"
                for r in there.held([span])
            ]

        return self.store.read(work)  # type: ignore[no-any-return]

    def mails(self) -> list[tuple[str, str]]:
        """Recipient and subject of every mail that leaves now, each once, as its reader sees it."""
        found = []
        while due := self.store.transact([], lambda tx: tx.mail.claim(self.now, 100)):
            for mail in due:
                self.store.transact([], lambda tx, m=mail: tx.mail.finish(m, "sent", "", self.now))
                found.append((mail.recipient, email.message_from_bytes(mail.content)))
        self.letters = [message for _, message in found]
        return [(to, str(make_header(decode_header(m["Subject"])))) for to, m in found]

    def calendars(self) -> list[icalendar.Event]:
        """The events of the calendar parts of the mails seen last."""
        parts = (part for mail in self.letters for part in mail.walk())
        texts = [p.get_payload(decode=True) for p in parts if p.get_content_type() == CALENDAR]
        return [icalendar.Calendar.from_ical(text).walk("VEVENT")[0] for text in texts]
