"""The repository of the waiting list: who waits, what was offered to them, and what was freed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from horarium.appointments.appointment import Client
from horarium.appointments.waiting import End, Entry
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.weekday import Weekday
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, number, text


class Freed(NamedTuple):
    """Time of a host that was freed; `passed` are the entries that had their chance."""

    number: int
    host: str
    time: Period
    passed: tuple[str, ...]


class Offered(NamedTuple):
    """What an appointment was offered for: the entry, and those that had their chance by then."""

    entry: str
    passed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingRepository:
    """The waiting list of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def add(self, entry: Entry, token: bytes) -> None:
        """Puts a new entry on the list; `token` is the digest of the secret of its link."""
        self.session.run("add_waiting", {**_values(entry), "tenant": self.tenant, "token": token})

    def by_id(self, id_: str) -> Entry | None:
        """The entry of an id, ended or not."""
        return self._one("waiting_by_id", {"id": id_})

    def by_token(self, digest: bytes) -> Entry | None:
        """The entry whose link has the secret of this digest, ended or not."""
        return self._one("waiting_by_token", {"token": digest})

    def of_client(self, service: str, mail: str) -> Entry | None:
        """What a client, by address key, waits for of a service."""
        return self._one("waiting_of_client", {"service": service, "client_mail": mail})

    def live(self) -> list[Entry]:
        """All who wait, in no order."""
        rows = self.session.rows("waiting_entries", {"tenant": self.tenant})
        return [_entry(row) for row in rows]

    def of_service(self, service: str) -> list[Entry]:
        """All who wait for a service, in no order."""
        values = {"tenant": self.tenant, "service": service}
        return [_entry(row) for row in self.session.rows("waiting_of_service", values)]

    def is_empty(self) -> bool:
        """Whether nobody waits."""
        return self.session.row("anybody_waiting", {"tenant": self.tenant}) is None

    def passed(self, now: Instant, many: int) -> list[Entry]:
        """Who waits for what has passed."""
        values = {"tenant": self.tenant, "now_s": now, "many": many}
        return [_entry(row) for row in self.session.rows("waiting_passed", values)]

    def finish(self, entry: str, end: End, now: Instant) -> bool:
        """Ends an entry; False when it has ended before."""
        values = {"tenant": self.tenant, "id": entry, "state": end.value, "now_s": now}
        return bool(self.session.run("finish_waiting", values))

    def forget_client(self, mail: str) -> int:
        """Drops what a client, by address key, has waited for; how many."""
        return self.session.run("forget_waiting", {"tenant": self.tenant, "client_mail": mail})

    def forget_clients(self, before: Instant) -> int:
        """Drops all entries that ended before an instant; how many."""
        return self.session.run("drop_old_waiting", {"tenant": self.tenant, "before_s": before})

    def offer(self, appointment: str, offered: Offered) -> None:
        """Notes that a hold is an offer."""
        values = {
            "tenant": self.tenant, "appointment": appointment, "entry": offered.entry,
            "passed": json.dumps(offered.passed),
        }  # fmt: skip
        self.session.run("add_waiting_offer", values)

    def offered(self, appointment: str) -> Offered | None:
        """What an appointment was offered for; None when it is no offer."""
        values = {"tenant": self.tenant, "appointment": appointment}
        row = self.session.row("waiting_offer", values)
        return Offered(text(row[0]), tuple(json.loads(text(row[1])))) if row else None

    def offers_of(self, entry: str) -> list[str]:
        """The appointments that were offered for an entry, by id."""
        values = {"tenant": self.tenant, "entry": entry}
        return [text(id_) for (id_,) in self.session.rows("waiting_offers_of", values)]

    def free(self, host: str, time: Period, passed: Sequence[str]) -> None:
        """Notes that time of a host was freed."""
        values = {
            "tenant": self.tenant, "host": host, "start_s": time.start, "end_s": time.end,
            "passed": json.dumps(list(passed)),
        }  # fmt: skip
        self.session.run("add_freed", values)

    def freed(self, many: int) -> list[Freed]:
        """What was freed and not looked at, the earliest first."""
        values = {"tenant": self.tenant, "many": many}
        return [
            Freed(
                number(own), text(host), Period(instant(start), instant(end)),
                tuple(json.loads(text(passed))),
            )
            for own, host, start, end, passed in self.session.rows("freed", values)
        ]  # fmt: skip

    def take(self, freed: Freed) -> bool:
        """Takes a note away; False when somebody else has."""
        return bool(self.session.run("take_freed", {"number": freed.number}))

    def _one(self, query: str, values: dict[str, Value]) -> Entry | None:
        row = self.session.row(query, {"tenant": self.tenant, **values})
        return _entry(row) if row else None


def _values(entry: Entry) -> dict[str, Value]:
    between = entry.between or (None, None)
    return {
        "id": entry.id, "service": entry.service, "host": entry.host,
        "spans": json.dumps([[span.start, span.end] for span in entry.spans]),
        "weekdays": json.dumps(sorted(entry.weekdays)), "from_s": between[0], "to_s": between[1],
        "duration": entry.duration, "seats": entry.seats, "priority": entry.priority,
        "client_name": entry.client.name, "client_mail": entry.client.mail,
        "client_zone": entry.client.zone, "client_language": entry.client.language,
        "fields": json.dumps(entry.client.fields, ensure_ascii=False, sort_keys=True),
        "created_s": entry.created, "last_s": entry.last,
    }  # fmt: skip


def _entry(row: Row) -> Entry:
    (
        id_, service, host, spans, weekdays, first, last, duration, seats, priority,
        name, mail, zone, language, fields, created, state,
    ) = row  # fmt: skip
    client = Client(text(name), text(mail), text(zone), text(language), json.loads(text(fields)))
    return Entry(
        id=text(id_), service=text(service), client=client, host=text(host),
        spans=tuple(Period(Instant(a), Instant(b)) for a, b in json.loads(text(spans))),
        created=instant(created), weekdays=frozenset(map(Weekday, json.loads(text(weekdays)))),
        between=None if first is None else (number(first), number(last)),
        duration=None if duration is None else number(duration), seats=number(seats),
        priority=number(priority), end=None if state == "waiting" else End(text(state)),
    )  # fmt: skip
