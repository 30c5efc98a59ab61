"""A small world for quotas and pools: organizers whose mail comes in any order, twice, or never,
and a naive count of everything that must hold whatever happens.

Nothing here asks how a decision came about: it reads what is stored, row by row, and counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.office import Answer, Office, read_answer, request, vevent

from horarium.booking.outcome import Mail
from horarium.booking.ports import Reservation
from horarium.booking.quota import Charge, Claim
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered
from horarium.store.store import Transaction

HOUR = 3_600
VOLE, HORSE, OTTER = (f"{name}@example.com" for name in ("vole", "horse", "otter"))
PEOPLE = (VOLE, HORSE, OTTER)
ROOM, HALL, CADILLAC, PONTIAC, LINCOLN, BIKE = (
    f"{name}@example.com" for name in ("room", "hall", "cadillac", "pontiac", "lincoln", "bike")
)
POOL = (CADILLAC, PONTIAC, LINCOLN)
ASKED = (ROOM, HALL, CADILLAC, PONTIAC, LINCOLN, BIKE)
CAPACITY = {ROOM: 1, HALL: 2, CADILLAC: 1, PONTIAC: 1, LINCOLN: 1, BIKE: 1}
FUNCTIONS = {
    ROOM: "schedule_in_freebusy\ncheck_quota",
    HALL: "schedule_in_freebusy 2\ncheck_quota shared",
    CADILLAC: "check_quota cars\nschedule_for_delegate pool",
    PONTIAC: "check_quota cars\nschedule_for_delegate pool most-available",
    LINCOLN: "schedule_in_freebusy\ncheck_quota cars\nschedule_across_quota wheels",
    BIKE: "schedule_in_freebusy\nschedule_across_quota wheels\ncheck_quota shared",
}
# Which quotas each resource charges, and in which one it claims: read off the functions above.
CHARGES = {
    ROOM: {f"mailto:{ROOM}"}, HALL: {"shared"}, CADILLAC: {"cars", "pool"},
    PONTIAC: {"cars", "pool"}, LINCOLN: {"cars"}, BIKE: {"shared"},
}  # fmt: skip
CLAIMS = {LINCOLN: {"wheels"}, BIKE: {"wheels"}}
TEAM = {VOLE: "team", HORSE: "team"}
GROUPS = {"shared": TEAM, "pool": dict.fromkeys(PEOPLE, "all")}
LIMITS: dict[str, dict[str, int]] = {
    f"mailto:{ROOM}": {"*": 6}, "shared": {"team": 8, "*": 5}, "cars": {"*": 7},
}  # fmt: skip


def new_office(*, redecides: bool, delegation_reply: str = "itip") -> Office:
    """The site: six resources, four quotas, one pool."""
    preferences: dict[str, object] = {
        "redecide_window": "PT10M" if redecides else "PT0S", "delegation_reply": delegation_reply,
    }  # fmt: skip
    quotas: dict[str, dict[str, object]] = {
        name: {"limits": [[who, f"PT{hours}H"] for who, hours in limits.items()]}
        for name, limits in LIMITS.items()
    }
    quotas["shared"]["groups"] = [list(pair) for pair in TEAM.items()]
    quotas["pool"] = {"delegates": list(POOL), "groups": [["*", "all"]]}
    resources = {
        name: {"scheduling_function": functions, **preferences}
        for name, functions in FUNCTIONS.items()
    }
    return Office(resources, quotas=quotas)


@dataclass
class Series:
    """What an organizer's calendar knows of one event: its latest stamp and times."""

    uid: str
    by: str
    to: str
    start: datetime
    hours: int
    count: int
    sequence: int = 0
    gone: bool = False


@dataclass(frozen=True)
class Letter:
    """A message on its way from an organizer."""

    calendar: str
    by: str
    to: str
    method: str
    uid: str
    sequence: int
    whole: bool
    number: int


@dataclass
class Told:
    """One answer that an organizer got."""

    uid: str
    sequence: int
    resource: str
    partstat: str
    occurrence: bool
    answer: Answer


@dataclass
class Heard:
    """A REQUEST for a whole event that was decided (the word it ended with), at one resource."""

    letter: Letter
    result: str
    since: int


@dataclass
class World:
    """The office, what is on its way to it and inside it, and what organizers were told."""

    office: Office
    redecides: bool = False
    events: list[Series] = field(default_factory=list)
    bag: list[Letter] = field(default_factory=list)
    delivered: list[tuple[Letter, bytes]] = field(default_factory=list)
    inner: list[Mail] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _stamp: int = 0

    # --- organizers write ----------------------------------------------------

    def create(self, by: str, to: str, start: datetime, hours: int, count: int) -> None:
        """A new event."""
        series = Series(f"u{len(self.events)}@example.com", by, to, start, hours, count)
        self.events.append(series)
        self._write(series, "REQUEST")

    def change(
        self, series: Series, start: datetime, hours: int, count: int, moved: int | None = None
    ) -> None:
        """The whole event at other times; with `moved` its last occurrence that much later."""
        series.start, series.hours, series.count, series.gone = start, hours, count, False
        series.sequence += 1
        beside = "" if moved is None or count == 1 else self._moved(series, count - 1, moved)
        self._write(series, "REQUEST", beside=beside)

    def _moved(self, series: Series, which: int, later: int) -> str:
        start = series.start + timedelta(days=which, hours=later)
        return self._component(series, which, start, series.hours)

    def override(self, series: Series, which: int, start: datetime, hours: int) -> None:
        """One occurrence at another time."""
        series.sequence += 1
        self._write(series, "REQUEST", which, start, hours)

    def cancel(self, series: Series, which: int | None) -> None:
        """One occurrence, or everything, is given up."""
        series.sequence += 1
        series.gone = series.gone or which is None
        self._write(series, "CANCEL", which)

    def _write(
        self, series: Series, method: str, which: int | None = None,
        start: datetime | None = None, hours: int = 0, beside: str = "",
    ) -> None:  # fmt: skip
        self._stamp += 1
        event = self._component(series, which, start, hours)
        letter = Letter(
            request(event, beside, method=method), series.by, series.to, method, series.uid,
            series.sequence, which is None, self._stamp,
        )  # fmt: skip
        self.bag.append(letter)

    def _component(
        self, series: Series, which: int | None, start: datetime | None, hours: int
    ) -> str:
        extra = "" if series.count == 1 else f"RRULE:FREQ=DAILY;COUNT={series.count}"
        begin, length = series.start, series.hours
        if which is not None:
            original = series.start + timedelta(days=which)
            extra = f"RECURRENCE-ID;TZID=Europe/Oslo:{original:%Y%m%dT%H%M%S}"
            begin, length = start or original, hours or series.hours
        return vevent(
            series.uid, text(begin), text(begin + timedelta(hours=length)), by=series.by,
            to=(series.to,), sequence=series.sequence, extra=extra,
            stamp=f"2026-11-20T08:{self._stamp // 60:02}:{self._stamp % 60:02}Z",
        )  # fmt: skip

    # --- mail arrives --------------------------------------------------------

    def deliver(self, letter: Letter) -> None:
        """One letter arrives for the first time, or under another Message-ID once more."""
        data = self.office.mail(letter.calendar, by=letter.by, to=letter.to)
        self.delivered.append((letter, data))
        self._hand_in(letter, data)

    def repeat(self, letter: Letter, data: bytes) -> None:
        """The very same octets arrive again."""
        self._hand_in(letter, data)

    def _hand_in(self, letter: Letter, data: bytes) -> None:
        before = len(self.told)
        delivery = self.office.deliver(data, letter.to, letter.by)
        assert delivery.status.value == "handled", delivery
        if letter.method == "REQUEST" and letter.whole:
            self.heard.append(Heard(letter, delivery.text, before))
        self.take(delivery.mails)

    def deliver_inner(self, mail: Mail) -> None:
        """A mail from one resource to another arrives."""
        delivery = self.office.deliver(mail.content, mail.recipient, mail.envelope_from)
        assert delivery.status.value == "handled", delivery
        self.take(delivery.mails)

    def take(self, mails: tuple[Mail, ...]) -> None:
        """Sorts what was written into mail among resources, and answers; copies count once."""
        for mail in mails:
            if self.office.agent.directory.find(mail.recipient) is not None:
                self.inner.append(mail)
                continue
            if mail.message_id in self._seen:
                continue
            self._seen.add(mail.message_id)
            self._tell(mail)

    def _tell(self, mail: Mail) -> None:
        answer = read_answer(mail)
        for component in answer.components:
            attendee = component["ATTENDEE"]
            first = attendee[0] if isinstance(attendee, list) else attendee
            self.told.append(
                Told(
                    str(component["UID"]), int(component["SEQUENCE"]),
                    str(first).removeprefix("mailto:"), str(first.params["PARTSTAT"]),
                    "RECURRENCE-ID" in component, answer,
                )
            )  # fmt: skip

    def pass_time(self, seconds: int) -> None:
        """The clock goes on, and what is due by then is done."""
        self.office.now = Instant(self.office.now + seconds)
        self.take(self.office.agent.settle(self.office.now))

    def quiesce(self) -> None:
        """All mail among resources arrives, and every hold and every wait comes to its end."""
        for _ in range(40):
            while self.inner:
                self.deliver_inner(self.inner.pop(0))
            self.pass_time(HOUR + 1)
            if not self.inner and not self._undecided():
                return
        raise AssertionError("it never comes to rest")

    def _undecided(self) -> bool:
        found = self.office.store.read(lambda tx: tx.requests.awaiting())
        return any(not known.request.stands for known in found)

    # --- the naive count -----------------------------------------------------

    def booked(self) -> dict[str, list[Reservation]]:
        """Every stored reservation of every resource."""
        users = self._users()
        return self.office.store.read(lambda tx: self._booked(tx, users))

    def _users(self) -> dict[str, Registered]:
        directory = self.office.agent.directory
        return {str(u.resource.address.key): u for u in directory.registered}

    def _booked(
        self, tx: Transaction, users: dict[str, Registered]
    ) -> dict[str, list[Reservation]]:
        found = {}
        for name, user in users.items():
            held = tx.reservations(user.id, user.uri, self.office.now)
            found[name] = [item for series in self.events for item in held.of_event(series.uid)]
        return found

    def kept(self) -> tuple[dict[str, list[tuple[str, Charge]]], dict[str, list[Claim]]]:
        """Every stored charge (with its UID) and claim of every resource."""
        users = self._users()

        def work(
            tx: Transaction,
        ) -> tuple[dict[str, list[tuple[str, Charge]]], dict[str, list[Claim]]]:
            charges, claims = {}, {}
            for name, user in users.items():
                uids = [series.uid for series in self.events]
                charges[name] = [(u, c) for u in uids for c in tx.quotas.of_event(user.id, u)]
                claims[name] = [c for u in uids for c in tx.quotas.claims_of_event(user.id, u)]
            return charges, claims

        return self.office.store.read(work)

    def check(self) -> None:
        """Asserts everything that holds at every moment."""
        booked = self.booked()
        charges, claims = self.kept()
        for name, rows in booked.items():
            assert most_at_once(rows) <= CAPACITY[name], (name, rows)
            held = Counter((r.uid, r.original, r.event) for r in rows)
            for quota in CHARGES[name]:
                mine = Counter(
                    (u, c.original, c.event) for u, c in charges[name] if c.quota == quota
                )
                assert mine == held, (name, quota, mine - held, held - mine)
            assert {c.quota for _, c in charges[name]} <= CHARGES[name]
            claimed = Counter((c.uid, c.original, c.event) for c in claims[name])
            assert claimed == (held if name in CLAIMS else Counter()), name
            assert {c.quota for c in claims[name]} <= CLAIMS.get(name, set())
        self._check_sums([c for rows in charges.values() for _, c in rows])
        self._check_claims([c for rows in claims.values() for c in rows])
        self._check_pool(booked)

    def _check_sums(self, charges: list[Charge]) -> None:
        marks = {q: self.office.store.read(lambda tx, q=q: tx.quotas.mark(q)) for q in QUOTAS}
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for charge in charges:
            mark = marks[charge.quota]
            assert charge.identity == GROUPS.get(charge.quota, {}).get(
                charge.organizer, charge.organizer
            )
            if mark is None or charge.event.end > mark:
                sums[charge.quota][charge.identity] += charge.event.seconds
        for quota in QUOTAS:
            usage = dict(self.office.store.read(lambda tx, q=quota: tx.quotas.usage(q)))
            assert usage == sums[quota], quota
            for identity, used in usage.items():
                limits = LIMITS.get(quota)
                if limits is not None:
                    limit = limits.get(identity, limits.get("*"))
                    assert limit is not None
                    assert used <= limit * HOUR, (quota, identity, used)

    def _check_claims(self, claims: list[Claim]) -> None:
        for one in claims:
            for other in claims:
                if one.organizer == other.organizer and (one.resource, one.uid) < (
                    other.resource,
                    other.uid,
                ):
                    assert not one.event.overlaps(other.event), (one, other)

    def _check_pool(self, booked: dict[str, list[Reservation]]) -> None:
        now = self.office.now
        for series in self.events:
            # What is over took place where it was.
            where = [
                name
                for name in POOL
                if any(r.uid == series.uid and r.event.end > now for r in booked[name])
            ]
            assert len(where) <= 1, (series.uid, where)
            others = [name for name in ASKED if any(r.uid == series.uid for r in booked[name])]
            assert series.to in POOL or others in ([], [series.to]), (series, others)

    def check_answers(self) -> None:
        """Asserts, once all is at rest, that each REQUEST for a whole event that was heard has one
        final answer, and one that a later message overtook meanwhile at most one."""
        last = {}
        for index, heard in enumerate(self.heard):
            if heard.result not in ("STALE", "DUPLICATE", "seen before"):
                last[heard.letter.uid] = index
        for index, heard in enumerate(self.heard):
            if heard.result in ("STALE", "DUPLICATE", "seen before"):
                continue
            letter = heard.letter
            finals = [
                told
                for told in self.told
                if (told.uid, told.sequence) == (letter.uid, letter.sequence)
                and not told.occurrence
                and (
                    told.partstat == "ACCEPTED"
                    or (told.partstat, told.resource) == ("DECLINED", letter.to)
                )
            ]
            said = [told.partstat for told in finals]
            if self.redecides and said[:2] == ["DECLINED", "DECLINED"]:
                # Time of the organizer's own came free, and another took it.
                said = said[1:]
            overtaken = last[letter.uid] != index or self._cancelled(letter)
            assert said in (
                ["ACCEPTED"], ["DECLINED"], ["DECLINED", "ACCEPTED"], *([[]] if overtaken else []),
            ), (letter.uid, letter.sequence, heard.result, said)  # fmt: skip

    def _cancelled(self, letter: Letter) -> bool:
        return any(
            other.uid == letter.uid and other.number > letter.number for other, _ in self.delivered
        )

    def check_truth(self) -> None:
        """Asserts, once all is at rest, that who was last told yes holds the time, and who was told
        no does not."""
        booked = self.booked()
        for series in self.events:
            newest: dict[int, str] = {}
            for told in self.told:
                if (
                    told.uid == series.uid
                    and not told.occurrence
                    and (told.partstat == "ACCEPTED" or told.resource == series.to)
                ):
                    newest[told.sequence] = told.partstat
            latest = max((x.sequence for x, _ in self.delivered if x.uid == series.uid), default=-1)
            if latest not in newest:
                continue
            holds = any(r.uid == series.uid for rows in booked.values() for r in rows)
            assert holds == (newest[latest] == "ACCEPTED"), (series, newest)


QUOTAS = tuple(sorted({*LIMITS, "pool"}))


def most_at_once(rows: list[Reservation]) -> int:
    """How many reservations hold at the same instant; an end comes before a start there."""
    changes = sorted([(r.occupied.start, 1) for r in rows] + [(r.occupied.end, -1) for r in rows])
    most = count = 0
    for _, change in changes:
        count += change
        most = max(most, count)
    return most


def text(at: datetime) -> str:
    """A local time as the office reads it."""
    return f"{at:%Y-%m-%d %H:%M}"
