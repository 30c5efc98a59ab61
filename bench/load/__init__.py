"""What the benchmarks of daemon and store share: mails, stored periods, a table, a disk."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from horarium.kernel.instant import Instant, civil, parse_instant
from horarium.kernel.zone import named
from horarium.store.engine import Session
from horarium.store.store import Store

FIRST = parse_instant("2030-01-07T08:00:00Z")
DAY = 86_400
_BERLIN = named("Europe/Berlin")
TENANT = "default"


@dataclass(frozen=True)
class Row:
    """One comparison; `goal` says what the ratio, or our own figure, is to be."""

    bar: str
    ours: str
    rival: str
    ratio: float | None
    goal: str
    met: bool | None


def show(bench: str, rows: list[Row]) -> None:
    """Prints the table, and the same as one line of JSON."""
    print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        print(f"| {row.bar} | {row.ours} | {row.rival} | {ratio} | {row.goal} |")
    print(json.dumps({"bench": bench, "rows": [asdict(row) for row in rows]}))


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on a disk, not in memory: durable is what is measured."""
    with tempfile.TemporaryDirectory(
        prefix="horarium-bench-", dir=os.environ.get("TMPDIR")
    ) as name:
        yield Path(name)


def sync_micros(folder: Path, many: int = 200) -> float:
    """The median time of an append of a page and its sync, in microseconds."""
    times = []
    descriptor = os.open(folder / "sync", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(many):
        begun = time.perf_counter()
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - begun)
    os.close(descriptor)
    return sorted(times)[many // 2] * 1e6


def room(number: int) -> str:
    """The address of a room."""
    return f"room-{number:03}@example.com"


def fill(store: Store, periods: int, rooms: int, *, spread: bool) -> None:
    """Stores half-hour occurrences of weekly series of 52, on all rooms or all on the first,
    and one booking of 300 days in each room used. A room is as full in the year of FIRST as in
    any other that is filled, so what is found there does not depend on how much is stored."""
    users = {user.uri: user.id for user in store.read(lambda tx: tx.directory.users())}
    ids = [users[f"mailto:{room(number)}"] for number in range(rooms if spread else 1)]
    events = periods // 52

    def piece(first: int, last: int) -> None:
        def work(session: Session) -> None:
            heads, laid, entries = [], [], []
            for number in range(first, last):
                resource, nth = ids[number % len(ids)], number // len(ids)
                head, rows, entry = series(resource, number, nth, each_year(spread))
                heads.append(head)
                laid.extend(rows)
                entries.append(entry)
            session.run_many("put_entry", entries)
            session.run_many("put_booking", heads)
            session.run_many("put_period", laid)

        store._engine.transact([], work)

    for first in range(0, events, 2_000):
        piece(first, min(first + 2_000, events))

    def ends(session: Session) -> None:
        for resource in ids:
            long = {"tenant": TENANT, "resource": resource, "uid": f"long-{resource}"}
            session.run("put_booking", {**long, **HEAD})
            # It lies behind what is asked for, so that it is always in the way and never met.
            session.run("put_period", {**long, **period(FIRST - 330 * DAY, 300 * DAY)})
            session.run(
                "raise_longest", {"tenant": TENANT, "resource": resource, "longest_s": 1_800}
            )

    store._engine.transact([], ends)
    store.checkpoint(thorough=True)


HEAD = {
    "organizer": "someone@example.org",
    "organizer_name": "Some One",
    "summary": "A meeting",
    "accepted_s": FIRST - 400 * DAY,
    "capacity": None,
    "endless_until_s": None,
    "ends_s": None,
}


def period(start: int, seconds: int) -> dict[str, int]:
    """The columns of a period."""
    return {
        "original_s": start,
        "start_s": start,
        "end_s": start + seconds,
        "event_start_s": start,
        "event_end_s": start + seconds,
        "recurring": 1,
        "is_long": int(seconds > 31 * DAY),
        "is_exclusive": 0,
    }


def each_year(spread: bool) -> int:
    """How many series a room holds in one year."""
    return 1 if spread else 150


def slot_start(slot: int) -> int:
    """When the first occurrence of the series in that slot of the week begins."""
    day, half = divmod(slot, 44)
    return FIRST + day * DAY + half * 1_800


def series(
    resource: int, number: int, nth: int, many: int
) -> tuple[dict[str, object], list[dict[str, object]], dict[str, object]]:
    """The head, the periods and the entry of the nth series of a room, `many` a year: the year of
    FIRST comes first, then by turns the years after and before it."""
    where = {"tenant": TENANT, "resource": resource, "uid": f"stored-{number}"}
    turn, slot = divmod(nth, many)
    year = (turn + 1) // 2 * (1 if turn % 2 else -1)
    start = slot_start(slot) + year * 52 * 7 * DAY
    laid = [{**where, **period(start + week * 7 * DAY, 1_800)} for week in range(52)]
    entry = {
        **where,
        "recurrence_key": "",
        "sequence": 0,
        "dtstamp_s": FIRST - 400 * DAY,
        "state": "booked",
        "this_and_future": 0,
        "organizer": "someone@example.org",
        "made_by": "someone@example.org",
        "digest": f"{number:064}",
        "zone_data": "2026a",
        "stored_s": FIRST - 400 * DAY,
        "text": b"x" * 1_200,
    }
    return {**where, **HEAD}, laid, entry


_ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
_MAIL = """From: Organizer {n} <ann{n}@org{n}.example>
To: Room <{room}>, Bob One <bob@example.org>
Subject: Board meeting {n}
Date: Mon, 05 Jan 2026 09:00:00 +0100
Message-ID: <HE1P190MB0540579ABA18FCE320{n}@org{n}.example>
Content-Language: en-GB
Content-Type: multipart/alternative; boundary="_000_HE1P190MB0540579ABA18"
MIME-Version: 1.0

--_000_HE1P190MB0540579ABA18
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

You are invited to a board meeting. Please say by Friday whether you will come.

Agenda: minutes of the last meeting; budget, first reading; any other business.
The papers lie in the usual place. Whoever cannot come may send a deputy.

--_000_HE1P190MB0540579ABA18
Content-Type: text/calendar; charset="utf-8"; method=REQUEST
Content-Transfer-Encoding: 8bit

BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Example Groupware 16
VERSION:2.0
{zone}BEGIN:VEVENT
ORGANIZER;CN=Organizer {n}:mailto:ann{n}@org{n}.example
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Bob One:mail
 to:bob@example.org
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Carol Two:ma
 ilto:carol@example.org
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Dave Three:m
 ailto:dave@example.org
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Erin Four:ma
 ilto:erin@example.org
ATTENDEE;CUTYPE=RESOURCE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE
 ;CN=Room:mailto:{room}
DESCRIPTION;LANGUAGE=en-GB:Agenda\\n\\n1. Minutes of the last meeting\\n2. Budge
 t\\, first reading\\n3. Any other business\\n
UID:040000008200E00074C5B7101A82E0080000000060B608D090DDD701000000000000000010
 0000004BE0CFFA54BCF64E956E3414336C{n}
SUMMARY;LANGUAGE=en-GB:Board meeting {n}
DTSTART;TZID=W. Europe Standard Time:{start}
DTEND;TZID=W. Europe Standard Time:{end}
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20260105T080000Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
LOCATION;LANGUAGE=en-GB:Room
X-MICROSOFT-CDO-APPT-SEQUENCE:0
X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
X-MICROSOFT-CDO-INSTTYPE:1
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR

--_000_HE1P190MB0540579ABA18--
"""


def sender(number: int) -> str:
    """The organizer of the mail with that number."""
    return f"ann{number:06}@org{number:06}.example"


def mail(number: int, rooms: int) -> bytes:
    """An invitation with a number of its own: UID, sender, time; the rooms take turns. Its half
    hour lies where `fill` leaves two hours of every day free."""
    nth, which = divmod(number, rooms)
    start = Instant(FIRST + (nth // 4) * DAY + 22 * 3_600 + nth % 4 * 1_800)
    return (
        _MAIL.format(
            n=f"{number:06}",
            room=room(which),
            zone=_ZONE,
            start=_local(start),
            end=_local(Instant(start + 1_800)),
        )
        .replace("\n", "\r\n")
        .encode()
    )


def _local(at: Instant) -> str:
    year, month, day, hour, minute, second = civil(_BERLIN.to_wall(at))
    return f"{year}{month:02}{day:02}T{hour:02}{minute:02}{second:02}"
