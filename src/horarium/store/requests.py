"""The repository of open requests: what is not settled, with the message that asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from horarium.booking.event_state import Slot, Stamp
from horarium.booking.open_request import Awaits, OpenRequest, Why, slot_text
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, maybe_instant, number, octets, text

# A closed request is remembered for as long, to tell a late answer who decided.
REMEMBERED_SECONDS = 60 * 86_400
_FUTURE = "/future"


@dataclass(frozen=True, slots=True)
class Kept:
    """The message that asked, as it was handed in; the envelope sender is None when unknown."""

    recipient: str
    sender: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """An open request that is to be decided again: why, what a person said, and its message.
    `turns` counts how often it was decided again before."""

    number: int
    id: str
    resource: int
    uid: str
    slot: str
    why: Why
    comment: str
    by: str
    turns: int
    kept: Kept
    arrived: Instant


@dataclass(frozen=True, slots=True)
class Known:
    """A request as people ask for it: open, or `closed` and by whom it was answered."""

    id: str
    resource: int
    arrived: Instant
    request: OpenRequest
    answered_by: str
    answer: str
    closed: Instant | None


@dataclass(frozen=True, slots=True)
class RequestRepository:
    """The open requests of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def put(
        self, resource: int, id_: str, request: OpenRequest, kept: Kept | None, now: Instant
    ) -> None:
        """Opens a request, or states anew the one that is open for its component; without `kept`
        the message that is stored already stays."""
        values = self._event(resource, request.uid) | _values(request)
        values |= {
            "sender": kept.sender if kept else None,
            "content": kept.content if kept else None,
        }
        if self.session.run("update_open_request", values):
            return
        assert kept is not None
        values |= {"id": id_, "arrived_s": now, "organizer": request.organizer}
        self.session.run("put_open_request", values | {"recipient": kept.recipient})

    def close(self, resource: int, uid: str, slot: str, now: Instant, by: str = "") -> None:
        """Ends the open request of one component, if there is one."""
        values = self._event(resource, uid) | {"slot": slot, "now_s": now, "by": by}
        self.session.run("close_open_request", values)

    def close_all(self, resource: int, uid: str, now: Instant) -> None:
        """Ends all open requests of an event."""
        self.session.run(
            "close_open_requests_of_event", self._event(resource, uid) | {"now_s": now}
        )

    def want(
        self, resource: int, uid: str, slot: str, why: Why, now: Instant, *, comment: str = "",
        by: str = "",
    ) -> bool:  # fmt: skip
        """Says that a request is to be decided again; False when it is not open any more."""
        values = self._event(resource, uid) | {
            "slot": slot, "why": why.value, "now_s": now, "comment": comment, "by": by,
        }  # fmt: skip
        return self.session.run("want_open_request", values) > 0

    def wake(self, resource: int, freed: Period, organizer: str, now: Instant) -> int:
        """Says that time is free again: those that wait for it, and what its own organizer was
        declined because of it, are to be decided again."""
        values = {
            "tenant": self.tenant, "resource": resource, "start_s": freed.start,
            "end_s": freed.end, "now_s": now, "organizer": organizer,
        }  # fmt: skip
        woken = self.session.run("wake_waiting", values)
        return woken + self.session.run("wake_own_time", values)

    def due(self) -> Due | None:
        """The first request that is to be decided again: the organizer's own before those that
        wait, each in order of arrival."""
        row = self.session.row("due_open_request", {"tenant": self.tenant})
        if row is None:
            return None
        n, id_, resource, uid, slot, _, why, comment, by, turns, who, sender, content, at = row
        return Due(
            number(n), text(id_), number(resource), text(uid), text(slot), Why(text(why)),
            text(comment), text(by), number(turns),
            Kept(text(who), None if sender is None else text(sender), octets(content)), instant(at),
        )  # fmt: skip

    def take(self, due: Due) -> None:
        """Takes the turn of a due request."""
        self.session.run("take_turn", {"number": due.number})

    def expired(self, now: Instant) -> list[tuple[int, str, str, Awaits]]:
        """The requests whose time is over: resource, UID, slot and what they await."""
        rows = self.session.rows("expired_open_requests", {"tenant": self.tenant, "now_s": now})
        return [(number(r), text(u), text(s), Awaits(text(a))) for r, u, s, a in rows]

    def find(self, id_: str) -> Known | None:
        """The request of that name, open or closed."""
        row = self.session.row("open_request_by_id", {"tenant": self.tenant, "id": id_})
        return _known(row) if row else None

    def awaiting(self, awaits: Awaits | None = None) -> list[Known]:
        """All open requests, or those that await one thing, in order of arrival."""
        values = {"tenant": self.tenant, "awaits": awaits.value if awaits else ""}
        return [_known(row) for row in self.session.rows("open_requests_awaiting", values)]

    def of_organizer(self, organizer: str) -> int:
        """How many requests of an organizer (address key) wait for a person or for their time."""
        values = {"tenant": self.tenant, "organizer": organizer}
        row = self.session.row("open_requests_of_organizer", values)
        return number(row[0]) if row else 0

    def turns(self, quota: str) -> dict[str, Instant]:
        """When each resource (address key) of a pool was last chosen."""
        rows = self.session.rows("pool_turns", {"tenant": self.tenant, "quota": quota})
        return {text(who): instant(at) for who, at in rows}

    def assign(self, quota: str, resource: str, now: Instant) -> None:
        """Notes that a resource of a pool was chosen."""
        self.session.run(
            "put_pool_turn",
            {"tenant": self.tenant, "quota": quota, "resource": resource, "assigned_s": now},
        )

    def drop_old(self, now: Instant) -> int:
        """Drops what has expired or is long closed; how many rows went."""
        return self.session.run("drop_expired_held", {"now_s": now}) + self.session.run(
            "drop_closed_requests", {"before_s": now - REMEMBERED_SECONDS}
        )

    def _event(self, resource: int, uid: str) -> dict[str, Value]:
        return {"tenant": self.tenant, "resource": resource, "uid": uid}


def open_request(row: Row) -> OpenRequest:
    """A row as an open request: uid, slot, awaits, stamp, organizer, span, expiry, facts."""
    uid, slot, awaits, sequence, dtstamp, organizer, start, end, expires, facts = row
    more: dict[str, Any] = json.loads(text(facts))
    return OpenRequest(
        uid=text(uid),
        slot=_slot(text(slot)),
        awaits=Awaits(text(awaits)),
        stamp=Stamp(number(sequence), instant(dtstamp)),
        organizer=text(organizer),
        span=Period(instant(start), instant(end)),
        expires=maybe_instant(expires),
        approvers=tuple(more["approvers"]),
        reasons=tuple(more["reasons"]),
        stand_in=more["stand_in"],
        tried=frozenset(more["tried"]),
        stands=more["stands"],
        summary=more["summary"],
    )


def _values(request: OpenRequest) -> dict[str, Value]:
    facts = {
        "approvers": list(request.approvers),
        "reasons": list(request.reasons),
        "stand_in": request.stand_in,
        "tried": sorted(request.tried),
        "stands": request.stands,
        "summary": request.summary,
    }
    return {
        "slot": slot_text(request.slot),
        "awaits": request.awaits.value,
        "sequence": request.stamp.sequence,
        "dtstamp_s": request.stamp.dtstamp,
        "start_s": request.span.start,
        "end_s": request.span.end,
        "expires_s": request.expires,
        "facts": json.dumps(facts, ensure_ascii=False),
    }


def _slot(written: str) -> Slot:
    if not written:
        return None, False
    return parse_instant(written.removesuffix(_FUTURE)), written.endswith(_FUTURE)


def _known(row: Row) -> Known:
    resource, arrived, answered_by, why, closed = row[11:]
    return Known(
        text(row[0]), number(resource), instant(arrived), open_request(row[1:11]),
        text(answered_by), text(why), maybe_instant(closed),
    )  # fmt: skip
