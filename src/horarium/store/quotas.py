"""The repository of quotas: their journal with running sums, and their free/busy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from horarium.booking.quota import Charge, Claim, Quota
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.store.engine import Key, Row, Session, Value
from horarium.store.rows import instant, maybe_instant, number, text

# Longer ones are indexed apart, so that others are found among those of a month at most.
LONG_SECONDS = 31 * 86_400

# What names a charge among those of its event.
_Name = tuple[str, Instant, bool]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A charge with the event it stands for; `resource` is a URI."""

    resource: str
    uid: str
    charge: Charge


@dataclass(frozen=True, slots=True)
class QuotaRepository:
    """The journals and free/busy of all quotas of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def used(self, quota: str, identity: str) -> int:
        """The seconds charged to an identity that end after the quota's mark."""
        row = self.session.row("quota_used", {**self._of(quota), "identity": identity})
        return number(row[0]) if row else 0

    def mark(self, quota: str) -> Instant | None:
        """Up to where the usage of a quota has expired, None where it never has."""
        row = self.session.row("quota_mark", self._of(quota))
        return maybe_instant(row[0]) if row else None

    def of_event(self, resource: int, uid: str) -> list[Charge]:
        """The charges of one event to all quotas, pending ones included."""
        values = self._event(resource, uid)
        return [_charge(row) for row in self.session.rows("charges_of_event", values)]

    def restate(
        self, resource: int, uid: str, charges: Sequence[Charge], settled: Instant | None = None
    ) -> None:
        """Makes the charges of an event exactly `charges`, and the sums right.

        Those that ended at or before `settled` are history: they stay though nobody states them.
        """
        event = self._event(resource, uid)
        stored = {_name(item): item for item in self.of_event(resource, uid)}
        wanted = {_name(item): item for item in charges}
        gone = [
            item
            for name, item in stored.items()
            if name not in wanted and (settled is None or item.event.end > settled)
        ]
        added = [item for name, item in wanted.items() if stored.get(name) != item]
        replaced = [stored[name] for name in map(_name, added) if name in stored]
        self.session.run_many("drop_charge", [event | _naming(item) for item in gone])
        self.session.run_many("put_charge", [event | _charge_row(item) for item in added])
        short = [c.event.seconds for c in added if c.event.seconds <= LONG_SECONDS]
        if short:
            # It bounds the search for entries by time, as it does that for reservations.
            self.session.run("raise_longest", {**event, "longest_s": max(short)})
        self._account(added, gone + replaced)

    def claims_of_event(self, resource: int, uid: str) -> list[Claim]:
        """What one event holds in the free/busy of quotas."""
        rows = self.session.rows("claims_of_event", self._event(resource, uid))
        return [_claim(row) for row in rows]

    def claims(self, quota: str, organizer: str, spans: Sequence[Period]) -> list[Claim]:
        """What `organizer` (an address key) holds of a quota's resources during any of `spans`, in
        order of start."""
        values = {**self._of(quota), "organizer": organizer, **_spans(spans)}
        return [_claim(row) for row in self.session.rows("claims_overlapping", values)]

    def endless_claims(self, quota: str, organizer: str, before: Instant) -> list[tuple[int, str]]:
        """The events (resource and UID) of `organizer` in a quota's free/busy that are laid down
        only to a point before `before`."""
        values = {**self._of(quota), "organizer": organizer, "before_s": before}
        rows = self.session.rows("endless_claims", values)
        return [(number(resource), text(uid)) for resource, uid in rows]

    def restate_claims(
        self, resource: int, uid: str, claims: Sequence[Claim], settled: Instant | None = None
    ) -> None:
        """Makes the claims of an event exactly `claims`, made by `resource`; those that ended at or
        before `settled` stay though nobody states them."""
        event = self._event(resource, uid)
        stored = {(c.quota, c.original): c for c in self.claims_of_event(resource, uid)}
        wanted = {(c.quota, c.original): replace(c, resource=resource, uid=uid) for c in claims}
        gone = [
            event | {"quota": quota, "original_s": original}
            for (quota, original), item in stored.items()
            if (quota, original) not in wanted and (settled is None or item.event.end > settled)
        ]
        added = [item for name, item in wanted.items() if stored.get(name) != item]
        self.session.run_many("drop_claim", gone)
        self.session.run_many("put_claim", [event | _claim_row(item) for item in added])

    def entries(
        self, quota: str, resource: int, spans: Sequence[Period], without: str = ""
    ) -> list[Charge]:
        """What one resource holds in a quota's journal during any of `spans`, for whomever, in
        order of start; the event `without` is left out."""
        where = {**self._of(quota), "resource": resource, "without": without}
        longest = self.session.row("longest_period", where)
        values = where | _spans(spans, number(longest[0]) if longest else 0)
        return [_charge(row[:7]) for row in self.session.rows("charges_overlapping", values)]

    def expire(self, quota: str, mark: Instant) -> int:
        """Moves the mark of a quota forward: charges that end at or before it stop counting, their
        rows stay. How many those were; a mark that does not lie later changes nothing."""
        before = self.mark(quota)
        if before is not None and mark <= before:
            return 0
        after = MIN_INSTANT if before is None else before
        values = {**self._of(quota), "after_s": after, "mark_s": mark}
        ended = self.session.rows("charges_ended", values)
        for identity, seconds, _ in ended:
            self._change(quota, text(identity), -number(seconds))
        self.session.run("put_quota_mark", {**self._of(quota), "mark_s": mark})
        return sum(number(count) for *_, count in ended)

    def reattribute(self, quota: Quota) -> None:
        """Gives each charge to the identity that its organizer has in `quota` now."""
        where = self._of(quota.name)
        moved: dict[str, list[str]] = {}
        for organizer, identity in self.session.rows("organizers_charged", where):
            who = text(organizer)
            now = quota.identity(who)
            if now != identity:
                moved.setdefault("" if now == who else now, []).append(who)
        for group, organizers in moved.items():
            query = "attribute_to_group" if group else "attribute_to_organizers"
            values = {**where, "identity": group, "organizers": json.dumps(organizers)}
            self.session.run(query, values)
        if moved:
            self._sum_up(quota.name)

    def journal(
        self, quota: str, *, identity: str | None = None, after: Instant = MIN_INSTANT
    ) -> list[JournalEntry]:
        """The charges to a quota that end after an instant, all or those of one identity, in order
        of start."""
        values = {**self._of(quota), "identity": identity, "after_s": after}
        rows = self.session.rows("journal_of_quota", values)
        return [JournalEntry(text(row[7]), text(row[8]), _charge(row[:7])) for row in rows]

    def events(self, quota: str) -> list[tuple[int, str]]:
        """The events (resource and UID) that have anything charged or claimed in a quota."""
        rows = self.session.rows("events_in_quota", self._of(quota))
        return [(number(resource), text(uid)) for resource, uid in rows]

    def usage(self, quota: str) -> list[tuple[str, int]]:
        """The identities that have something charged after the mark, with the seconds used."""
        rows = self.session.rows("quota_usages", self._of(quota))
        return [(text(identity), number(used)) for identity, used in rows]

    def counts(self, quota: str) -> dict[str, int]:
        """How many charges after the mark each identity has."""
        values = {**self._of(quota), "mark_s": self._mark_or_least(quota)}
        rows = self.session.rows("quota_counts", values)
        return {text(identity): number(count) for identity, count in rows}

    def names(self) -> list[str]:
        """The quotas that anything was ever charged to or held in, by name."""
        return [text(row[0]) for row in self.session.rows("quotas_known", {"tenant": self.tenant})]

    def purge(self, before: Instant, many: int = 1_000) -> int:
        """Drops at most about `many` rows that ended before `before` and count no more; how many
        it were, 0 when there are none left."""
        gone = self.session.run("drop_old_claims", {**self._old(before, many)})
        for quota in self.names():
            if gone >= many:
                break
            mark = self.mark(quota)
            if mark is not None:
                values = self._old(Instant(min(before, mark)), many - gone) | self._of(quota)
                gone += self.session.run("drop_old_charges", values)
        return gone

    def forget(self, resource: int) -> None:
        """Drops all that a resource charged and held."""
        where = {"tenant": self.tenant, "resource": resource}
        quotas = [text(row[0]) for row in self.session.rows("quotas_charged_by", where)]
        self.session.run("forget_user_charges", where)
        self.session.run("forget_user_claims", where)
        for quota in quotas:
            self._sum_up(quota)

    def _account(self, added: Iterable[Charge], gone: Iterable[Charge]) -> None:
        changes: Counter[tuple[str, str]] = Counter()
        marks: dict[str, Instant] = {}
        for items, sign in ((added, 1), (gone, -1)):
            for item in items:
                if item.quota not in marks:
                    marks[item.quota] = self._mark_or_least(item.quota)
                if item.event.end > marks[item.quota]:
                    changes[item.quota, item.identity] += sign * item.event.seconds
        for (quota, identity), seconds in changes.items():
            self._change(quota, identity, seconds)

    def _change(self, quota: str, identity: str, seconds: int) -> None:
        """The sum of an identity that uses nothing is no row."""
        values = {**self._of(quota), "identity": identity, "seconds": seconds}
        if seconds < 0 and self.used(quota, identity) == -seconds:
            self.session.run("end_usage", values)
        elif seconds and not self.session.run("change_usage", values):
            self.session.run("start_usage", values)

    def _sum_up(self, quota: str) -> None:
        values = {**self._of(quota), "mark_s": self._mark_or_least(quota)}
        self.session.run("end_usages", values)
        self.session.run("sum_up_usages", values)

    def _mark_or_least(self, quota: str) -> Instant:
        mark = self.mark(quota)
        return MIN_INSTANT if mark is None else mark

    def _of(self, quota: str) -> dict[str, Value]:
        return {"tenant": self.tenant, "quota": quota}

    def _event(self, resource: int, uid: str) -> dict[str, Value]:
        return {"tenant": self.tenant, "resource": resource, "uid": uid}

    def _old(self, before: Instant, many: int) -> dict[str, Value]:
        return {"tenant": self.tenant, "before_s": before, "many": many}


def quota_key(tenant: str, quota: str) -> Key:
    """The key under which a quota is read to decide, and changed."""
    return Key(tenant, "quota", quota)


def _name(item: Charge) -> _Name:
    return item.quota, item.original, item.pending


def _naming(item: Charge) -> dict[str, Value]:
    return {
        "quota": item.quota,
        "original_s": item.original,
        "pending": int(item.pending),
    }


def _span(event: Period) -> dict[str, Value]:
    return {
        "start_s": event.start,
        "end_s": event.end,
        "is_long": int(event.seconds > LONG_SECONDS),
    }


def _spans(spans: Sequence[Period], longest: int = LONG_SECONDS) -> dict[str, Value]:
    written = json.dumps([[span.start, span.end] for span in spans])
    return {"spans": written, "longest_s": longest}


def _charge_row(item: Charge) -> dict[str, Value]:
    who: dict[str, Value] = {"identity": item.identity, "organizer": item.organizer}
    return _naming(item) | who | _span(item.event)


def _claim_row(item: Claim) -> dict[str, Value]:
    named: dict[str, Value] = {"quota": item.quota, "original_s": item.original}
    return named | {"organizer": item.organizer} | _span(item.event)


def _charge(row: Row) -> Charge:
    quota, identity, organizer, original, start, end, pending = row
    return Charge(
        quota=text(quota),
        identity=text(identity),
        organizer=text(organizer),
        original=instant(original),
        event=Period(instant(start), instant(end)),
        pending=bool(pending),
    )


def _claim(row: Row) -> Claim:
    quota, organizer, resource, uid, original, start, end = row
    return Claim(
        quota=text(quota),
        organizer=text(organizer),
        resource=number(resource),
        uid=text(uid),
        original=instant(original),
        event=Period(instant(start), instant(end)),
    )
