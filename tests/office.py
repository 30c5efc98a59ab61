"""An office for tests: a store in memory, resources, and organizers who write invitations."""

from __future__ import annotations

import email
import email.policy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

import icalendar

from horarium.booking.outcome import Mail
from horarium.ical.address import parse_address
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import named
from horarium.runtime.applying import apply_objects
from horarium.runtime.bookings import busy_of
from horarium.runtime.handling import Delivery
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.settings import Settings, default_settings
from horarium.runtime.upkeep import UpkeepReport, run_upkeep
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store
from tests.readback import check_answer

ROOM = "resource-room-confroom@example.com"
OSLO = named("Europe/Oslo")
# A Saturday; the invitations of the tests lie after it.
NOW = parse_instant("2026-11-21T08:00:00Z")


@dataclass(frozen=True)
class Answer:
    """One mail of ours, read back with programs that are not ours."""

    mail: Mail
    message: EmailMessage
    calendar: icalendar.Calendar

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return part.get_content()

    @property
    def components(self) -> list[icalendar.Event]:
        return list(self.calendar.walk("VEVENT"))

    @property
    def partstats(self) -> list[str]:
        return [str(_attendee(c).params["PARTSTAT"]) for c in self.components]

    @property
    def statuses(self) -> list[str]:
        found = []
        for component in self.components:
            value = component.get("REQUEST-STATUS")
            values = value if isinstance(value, list) else [value]
            found += [str(item).split(";")[0] for item in values]
        return found


def _attendee(component: icalendar.Event) -> icalendar.vCalAddress:
    found = component["ATTENDEE"]
    return found[0] if isinstance(found, list) else found


def read_answer(mail: Mail) -> Answer:
    """Reads a mail as an organizer's program would."""
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    part = next((p for p in message.walk() if p.get_content_type() == "text/calendar"), None)
    if part is None:
        return Answer(mail, message, icalendar.Calendar())
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    calendar = check_answer(mail.content, message, data)
    assert part.get_param("method") == str(calendar["METHOD"])
    return Answer(mail, message, calendar)


class Office:
    """Resources and their agent; time stands where it is put."""

    def __init__(
        self,
        resources: dict[str, dict[str, object]] | None = None,
        *,
        persons: dict[str, dict[str, object]] | None = None,
        groups: dict[str, tuple[str, ...]] | None = None,
        quotas: dict[str, dict[str, object]] | None = None,
        defaults: dict[str, object] | None = None,
        settings: Settings | None = None,
        engine: EmbeddedEngine | None = None,
    ) -> None:
        self.engine = engine or EmbeddedEngine(":memory:")
        self.engine.migrate(NOW)
        self.store = Store(self.engine)
        self.settings = settings or default_settings()
        self.now = NOW
        self._numbers = itertools.count(1)
        declared = DeclaredObjects(
            resources={k: dict(v) for k, v in (resources or {ROOM: {}}).items()},
            persons={k: dict(v) for k, v in (persons or {}).items()},
            groups=groups or {},
            quotas=quotas or {},
            defaults={"TZID": "Europe/Oslo", **(defaults or {})},
            person_defaults={"TZID": "Europe/Oslo"} if persons else {},
        )
        apply_objects(self.store, declared, NOW, prune=False, dry_run=False)
        self.agent = MailAgent(self.store, self.settings)

    # --- in ----------------------------------------------------------------

    def deliver(
        self, data: bytes, to: str = ROOM, sender: str | None = "organizer@example.com"
    ) -> Delivery:
        return self.agent.deliver(sender, to, data, self.now)

    def send(self, calendar: str, *, by: str, to: str = ROOM, **headers: str) -> list[Answer]:
        """Mails `calendar` from `by` to the resource; the answers that were written."""
        delivery = self.deliver(self.mail(calendar, by=by, to=to, **headers), to, by)
        assert delivery.status.value == "handled", delivery
        return [read_answer(mail) for mail in delivery.mails]

    def mail(self, calendar: str, *, by: str, to: str = ROOM, **headers: str) -> bytes:
        method = calendar.split("METHOD:")[1].split("\n")[0].strip()
        head = {
            "From": f"Somebody <{by}>",
            "To": to,
            "Subject": "an invitation",
            "Message-ID": f"<m{next(self._numbers)}@client.example>",
            "MIME-Version": "1.0",
            "Content-Type": f"text/calendar; method={method}; charset=utf-8",
        }
        head.update({name.replace("_", "-"): value for name, value in headers.items()})
        fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return (fields + "\r\n" + calendar.replace("\n", "\r\n")).encode()

    def settle(self) -> list[Answer]:
        """Does what is due by now; the answers to people, after all mail among resources."""
        return self.route(self.agent.settle(self.now))

    def route(self, mails: Sequence[Mail]) -> list[Answer]:
        """Delivers the mails among resources, and what they write, until all is with people."""
        waiting, told = list(mails), []
        while waiting:
            mail = waiting.pop(0)
            if self.agent.directory.find(mail.recipient) is None:
                told.append(read_answer(mail))
                continue
            delivery = self.deliver(mail.content, mail.recipient, mail.envelope_from)
            assert delivery.status.value == "handled", delivery
            waiting += delivery.mails
        return told

    def want(
        self, start: str, end: str, *, by: str = "vincent.vole@example.com", to: str = ROOM,
        uid: str | None = None, sequence: int = 0, extra: str = "", method: str = "REQUEST",
        stamp: str = "", guests: tuple[str, ...] = (),
    ) -> list[Answer]:  # fmt: skip
        """Asks, and lets the mails among resources arrive: the answers that people get."""
        uid = uid or f"event-{next(self._numbers)}@example.com"
        event = vevent(
            uid, start, end, by=by, to=(to, *guests), sequence=sequence, extra=extra,
            stamp=stamp or format_instant(self.now),
        )  # fmt: skip
        data = self.mail(request(event, method=method), by=by, to=to)
        delivery = self.deliver(data, to, by)
        assert delivery.status.value == "handled", delivery
        return self.route(delivery.mails)

    def invite(
        self,
        start: str,
        end: str,
        *,
        by: str = "vincent.vole@example.com",
        to: str = ROOM,
        uid: str | None = None,
        guests: tuple[str, ...] = (),
        sequence: int = 0,
        extra: str = "",
    ) -> str:
        """Invites the resource; its participation status. Times are `2026-12-01 10:00` of Oslo."""
        answers = self.ask(
            start, end, by=by, to=to, uid=uid, guests=guests, sequence=sequence, extra=extra
        )
        assert len(answers) == 1
        assert answers[0].mail.recipient.lower() == by.lower()
        assert len(answers[0].partstats) == 1
        return answers[0].partstats[0]

    def ask(
        self,
        start: str,
        end: str,
        *,
        by: str = "vincent.vole@example.com",
        to: str = ROOM,
        uid: str | None = None,
        guests: tuple[str, ...] = (),
        sequence: int = 0,
        extra: str = "",
        stamp: str = "",
    ) -> list[Answer]:
        uid = uid or f"event-{next(self._numbers)}@example.com"
        event = vevent(
            uid, start, end, by=by, to=(to, *guests), sequence=sequence, extra=extra,
            stamp=stamp or format_instant(self.now),
        )  # fmt: skip
        return self.send(request(event), by=by, to=to)

    # --- out ---------------------------------------------------------------

    def busy(self, start: str, end: str, resource: str = ROOM) -> list[tuple[str, str]]:
        """What is held, as local wall times of Oslo."""
        within = Period(oslo(start), oslo(end))
        _, found = busy_of(self.store, self.settings, resource, within, self.now)
        return [(local(item.event.start), local(item.event.end)) for item in found]

    def everything(self, resource: str = ROOM) -> list[tuple[str, str, str]]:
        within = Period(oslo("2020-01-01 00:00"), oslo("2030-01-01 00:00"))
        _, found = busy_of(self.store, self.settings, resource, within, self.now)
        return [(item.uid, local(item.event.start), local(item.event.end)) for item in found]

    def upkeep(self) -> UpkeepReport:
        return run_upkeep(self.store, self.settings, self.now)

    def ledger(self) -> dict[str, int]:
        return self.store.read(lambda tx: tx.mail.ledger_counts())

    def last_reason(self) -> str:
        return self.store.read(lambda tx: tx.decisions.last(1))[0].reason


def vevent(
    uid: str,
    start: str,
    end: str,
    *,
    by: str = "vincent.vole@example.com",
    to: tuple[str, ...] = (ROOM,),
    sequence: int | None = 0,
    stamp: str = "2026-11-20T08:00:00Z",
    extra: str = "",
) -> str:
    """A VEVENT with times of Oslo, and `extra` lines."""
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp.replace('-', '').replace(':', '')}",
        f"DTSTART;TZID=Europe/Oslo:{basic(start)}",
        f"DTEND;TZID=Europe/Oslo:{basic(end)}",
        "SUMMARY:Meeting",
        f"ORGANIZER:mailto:{by}",
        *(f"ATTENDEE;RSVP=TRUE:mailto:{address}" for address in to),
    ]
    if sequence is not None:
        lines.append(f"SEQUENCE:{sequence}")
    lines += [line for line in extra.split("\n") if line]
    return "\n".join([*lines, "END:VEVENT", ""])


def request(*components: str, method: str = "REQUEST") -> str:
    """A VCALENDAR around components."""
    body = "".join(components)
    head = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//client//EN\nMETHOD:{method}\n"
    return f"{head}{body}END:VCALENDAR\n"


def basic(text: str) -> str:
    """`2026-12-01 10:00` as `20261201T100000`."""
    day, clock = text.split(" ")
    return f"{day.replace('-', '')}T{clock.replace(':', '')}00"


def oslo(text: str) -> Instant:
    """The instant of a local time of Oslo."""
    from horarium.runtime.moments import parse_moment

    return parse_moment(text, OSLO)


def local(at: Instant) -> str:
    """An instant on the clocks of Oslo, `2026-12-01 10:00`."""
    from horarium.kernel.instant import format_wall

    return format_wall(OSLO.to_wall(at))[:16]


__all__ = ["NOW", "ROOM", "Answer", "Office", "local", "oslo", "parse_address", "request", "vevent"]
