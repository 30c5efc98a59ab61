"""The repository of appointments: who is engaged when, and what the generators remember."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from horarium.appointments.appointment import Appointment, Awaits, Client, State
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, maybe_instant, number, text

# A link to what came to nothing says so for as long, and then that there is none.
DEAD_SECONDS = 86_400
# Holds dropped in one transaction.
PIECE = 1_000
# Longer ones are indexed apart, so that a search around an instant looks at a few days only.
SHORT_SECONDS = 2 * 86_400


class Generator(NamedTuple):
    """What is kept of a stored appointer; only appointments after `counted_from` are counted."""

    time: Instant
    number: int = 0
    counted_from: int = 0
    returned: tuple[Period, ...] = ()


class Turns(NamedTuple):
    """What is kept of a team: whose turn it is, how many there were, and who is owed one."""

    turn: int = 0
    turns: int = 0
    owed: tuple[str, ...] = ()


class Engaged(NamedTuple):
    """One appointment or hold of a host, as far as its time is concerned."""

    host: str
    occupied: Period
    number: int
    id: str
    service: str
    slot: Period
    seats: int
    state: State
    expires: Instant | None


@dataclass(frozen=True, slots=True)
class AppointmentRepository:
    """The appointments of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def generator(self, name: str) -> Generator | None:
        """What an appointer remembers; None when it has given nothing yet."""
        row = self.session.row("appointer_state", {"tenant": self.tenant, "name": name})
        if row is None:
            return None
        time, given, counted_from, returned = row
        periods = (Period(Instant(a), Instant(b)) for a, b in json.loads(text(returned)))
        return Generator(instant(time), number(given), number(counted_from), tuple(periods))

    def put_generator(self, name: str, kept: Generator) -> None:
        """Keeps what an appointer remembers."""
        values = {
            "tenant": self.tenant, "name": name, "time_s": kept.time, "number": kept.number,
            "counted_from": kept.counted_from,
            "returned": json.dumps([[p.start, p.end] for p in kept.returned]),
        }  # fmt: skip
        self.session.run("put_appointer_state", values)

    def newest(self) -> int:
        """The number of the newest appointment; 0 before the first."""
        row = self.session.row("newest_appointment", {"tenant": self.tenant})
        return number(row[0]) if row else 0

    def turns(self, team: str) -> Turns:
        """What a team remembers."""
        row = self.session.row("assistant_state", {"tenant": self.tenant, "name": team})
        if row is None:
            return Turns()
        turn, turns, owed = row
        return Turns(number(turn), number(turns), tuple(json.loads(text(owed))))

    def put_turns(self, team: str, kept: Turns) -> None:
        """Keeps what a team remembers."""
        values = {
            "tenant": self.tenant, "name": team, "turn": kept.turn, "turns": kept.turns,
            "owed": json.dumps(kept.owed),
        }  # fmt: skip
        self.session.run("put_assistant_state", values)

    def put(
        self, wanted: Appointment, occupied: Sequence[tuple[str, Period]],
        token: bytes | None = None, mail_token: bytes | None = None,
    ) -> None:  # fmt: skip
        """Keeps an appointment with the time each host is engaged; `token` is the digest of the
        secret of its link, None to leave it as it is, `mail_token` of the one that was mailed to
        prove an address, None when there is none any more."""
        values = {
            **_values(wanted), "tenant": self.tenant, "token": token, "mail_token": mail_token,
        }  # fmt: skip
        if not self.session.run("update_appointment", values):
            self.session.run("add_appointment", values)
        row = self.session.row("appointment_number", {"tenant": self.tenant, "id": wanted.id})
        assert row is not None
        self.session.run("drop_appointment_hosts", {"appointment": row[0]})
        self.session.run_many(
            "add_appointment_host",
            [
                {
                    "tenant": self.tenant, "host": host, "appointment": row[0],
                    "occupied_s": time.start, "occupied_end_s": time.end,
                    "is_long": int(time.seconds > SHORT_SECONDS),
                }
                for host, time in occupied
            ],
        )  # fmt: skip

    def by_id(self, id_: str) -> Appointment | None:
        """The appointment of an id."""
        return self._one("appointment_by_id", {"id": id_})

    def by_uid(self, uid: str) -> Appointment | None:
        """The appointment of a UID."""
        return self._one("appointment_by_uid", {"uid": uid})

    def by_token(self, digest: bytes) -> Appointment | None:
        """The appointment whose link has the secret of this digest."""
        found = self._one("appointment_by_token", {"token": digest})
        if found is not None:
            return found
        row = self.session.row("appointment_of_link", {"tenant": self.tenant, "digest": digest})
        return self.by_id(text(row[0])) if row else None

    def add_link(self, id_: str, digest: bytes) -> None:
        """Lets one more secret lead to an appointment; the others stay."""
        values = {"tenant": self.tenant, "appointment": id_, "digest": digest}
        self.session.run("add_appointment_link", values)

    def by_mail_token(self, digest: bytes) -> Appointment | None:
        """The appointment that waits for this secret to come back from the client's mailbox."""
        return self._one("appointment_by_mail_token", {"token": digest})

    def between(self, span: Period) -> list[Appointment]:
        """All that begin within a span, whatever became of them, in order."""
        values = {"tenant": self.tenant, "start_s": span.start, "end_s": span.end}
        return [self._read(row) for row in self.session.rows("appointments_between", values)]

    def of_client(self, mail: str, after: Instant) -> list[Appointment]:
        """What a client, by address key, has that ends after an instant."""
        values = {"tenant": self.tenant, "client_mail": mail, "after_s": after}
        return [self._read(row) for row in self.session.rows("appointments_of_client", values)]

    def expired(self, now: Instant, many: int) -> list[Appointment]:
        """Holds and pending ones whose time is over, not yet told so."""
        values = {"tenant": self.tenant, "now_s": now, "many": many}
        return [self._read(row) for row in self.session.rows("expired_appointments", values)]

    def engaged(self, host: str, span: Period) -> list[Engaged]:
        """What a host was ever given whose occupied time overlaps a span, in order of start."""
        values = {
            "tenant": self.tenant, "host": host, "start_s": span.start, "end_s": span.end,
            "short_s": SHORT_SECONDS,
        }  # fmt: skip
        return [_engaged(row) for row in self.session.rows("engagements", values)]

    def of_team(self, team: str, since: Instant) -> list[tuple[str, Instant, State]]:
        """Host, time of booking and state of what a team was given since an instant, in order."""
        values = {"tenant": self.tenant, "team": team, "since_s": since}
        return [
            (text(host), instant(created), State(text(state)))
            for host, created, state, _ in self.session.rows("team_bookings", values)
        ]

    def sweep(self, now: Instant) -> int:
        """Drops at most PIECE holds that nobody confirmed and that ended a day ago or earlier, with
        all that belongs to them; how many went."""
        values = {"tenant": self.tenant, "before_s": now - DEAD_SECONDS, "many": PIECE}
        dead = self.session.rows("dead_holds", values)
        belonging = (
            "drop_reminders_of", "drop_offers_of", "drop_replies_of", "drop_links_of",
            "drop_appointment_hosts", "drop_appointment",
        )  # fmt: skip
        where = [{"tenant": self.tenant, "id": id_, "appointment": own} for own, id_ in dead]
        for query in belonging:
            self.session.run_many(query, where)
        return len(dead)

    def forget_client(self, mail: str, before: Instant) -> int:
        """Blanks one client in what ended before an instant; how many."""
        values = {"tenant": self.tenant, "client_mail": mail, "before_s": before}
        return self.session.run("blank_client", values)

    def forget_clients(self, before: Instant) -> int:
        """Blanks who came to what ended before an instant; how many."""
        return self.session.run("blank_old_clients", {"tenant": self.tenant, "before_s": before})

    def _one(self, query: str, values: dict[str, Value]) -> Appointment | None:
        row = self.session.row(query, {"tenant": self.tenant, **values})
        return self._read(row) if row else None

    def _read(self, row: Row) -> Appointment:
        (
            own, id_, uid, sequence, service, team, turn, start, end, seats, state, awaits, expires,
            name, mail, zone, language, fields, source, reason, series, created, changed,
        ) = row  # fmt: skip
        hosts = self.session.rows("hosts_of_appointment", {"appointment": own})
        return Appointment(
            id=text(id_), uid=text(uid), sequence=number(sequence), service=text(service),
            team=text(team), turn=number(turn), seats=number(seats), state=State(text(state)),
            slot=Period(instant(start), instant(end)), hosts=tuple(text(h) for (h,) in hosts),
            awaits=Awaits(text(awaits)), expires=maybe_instant(expires), source=text(source),
            reason=text(reason), series=text(series), created=instant(created),
            changed=instant(changed),
            client=Client(
                text(name), text(mail), text(zone), text(language), json.loads(text(fields))
            ),
        )  # fmt: skip


def _values(item: Appointment) -> dict[str, Value]:
    return {
        "id": item.id, "uid": item.uid, "sequence": item.sequence, "service": item.service,
        "team": item.team, "turn": item.turn, "start_s": item.slot.start, "end_s": item.slot.end,
        "seats": item.seats, "state": item.state.value, "awaits": item.awaits.value,
        "expires_s": item.expires, "client_name": item.client.name,
        "client_mail": item.client.mail, "client_zone": item.client.zone,
        "client_language": item.client.language,
        "fields": json.dumps(item.client.fields, ensure_ascii=False, sort_keys=True),
        "source": item.source, "reason": item.reason, "series": item.series,
        "created_s": item.created, "changed_s": item.changed,
    }  # fmt: skip


def _engaged(row: Row) -> Engaged:
    host, begin, end, own, id_, service, start, finish, seats, state, expires = row
    return Engaged(
        text(host), Period(instant(begin), instant(end)), number(own), text(id_), text(service),
        Period(instant(start), instant(finish)), number(seats), State(text(state)),
        maybe_instant(expires),
    )  # fmt: skip
