"""What a decision at one resource sees of the others of its site, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from horarium.booking.freebusy import beyond_what_is_laid, held_in
from horarium.booking.persons.known import Known
from horarium.booking.ports import Claimed, Member
from horarium.booking.quota import quota_name
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import Directory, Registered
from horarium.store.engine import Key
from horarium.store.store import Transaction

# What of others' time an event is not moved into.
_TAKEN = frozenset({"BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"})


@dataclass(frozen=True, slots=True)
class SiteSurroundings:
    """The site around a decision at `now` of the calendar user `own`; the store's side of booking's
    port."""

    tx: Transaction
    directory: Directory
    now: Instant
    own: int = 0

    def used(self, quota: str, identity: str) -> int:
        """See Surroundings."""
        return self.tx.quotas.used(quota, identity)

    def mark(self, quota: str) -> Instant | None:
        """See Surroundings."""
        return self.tx.quotas.mark(quota)

    def claimed(self, quota: str, organizer: str, spans: Sequence[Period]) -> list[Claimed]:
        """See Surroundings. What a series without an end claims beyond what is laid down of it is
        known from its rule."""
        by_id = {user.id: user for user in self.directory.registered}
        found = {
            (claim.resource, claim.uid, claim.original): claim.event
            for claim in self.tx.quotas.claims(quota, organizer, spans)
        }
        if spans:
            last = max(span.end for span in spans)
            for resource, uid in self.tx.quotas.endless_claims(quota, organizer, last):
                user = by_id.get(resource)
                if user is not None:
                    found.update(self._beyond(user, uid, spans))
        return [
            Claimed(by_id[resource].resource.address.key, uid, original, event)
            for (resource, uid, original), event in sorted(found.items())
            if resource in by_id
        ]

    def _beyond(
        self, user: Registered, uid: str, spans: Sequence[Period]
    ) -> dict[tuple[int, str, Instant], Period]:
        reservations = self.tx.reservations(user.id, user.uri, self.now, reading=True)
        last = max(span.end for span in spans)
        return {
            (user.id, uid, item.original): item.event
            for laid in reservations.laid_before(last)
            if laid.state.uid == uid
            for item in beyond_what_is_laid(laid, spans, user.resource)
        }

    def member(self, key: str) -> Member | None:
        """See Surroundings."""
        user = self.directory.find(key)
        if user is None or user.is_person:
            return None
        reservations = self.tx.reservations(user.id, user.uri, self.now, reading=True)
        return Member(user.resource, reservations)

    def waiting_of(self, organizer: str) -> int:
        """See Surroundings."""
        return self.tx.requests.of_organizer(organizer)

    def assigned(self, quota: str) -> dict[str, Instant]:
        """See Surroundings."""
        return self.tx.requests.turns(quota)

    def known(self, party: str) -> Sequence[Known]:
        """See Surroundings."""
        return self.tx.person(self.own).known(party)

    def known_busy(self, keys: Collection[str], within: Period) -> list[Period]:
        """See Surroundings. The persons of this site are asked for their own time; of others it is
        what they told."""
        found: list[Period] = []
        for key in sorted(keys):
            user = self.directory.find(key)
            if user is not None and user.is_person:
                held = self.tx.reservations(user.id, user.uri, self.now, reading=True)
                found += [item.event for item in held_in(held, [within], user.resource)]
            else:
                told = self.known(key)
                found += [k.period for k in told if k.kind in _TAKEN and k.period.overlaps(within)]
        return found


def decision_keys(tenant: str, directory: Directory, user: Registered) -> list[Key]:
    """The keys that a decision at a resource holds: its own, the quotas its functions name, and
    every pool it belongs to or hands events on to, under which no member's time changes."""
    keys = {Key(tenant, "resource", user.uri)}
    own = user.resource.address.key
    for name in quota_names(user):
        keys.add(Key(tenant, "quota", name))
        if name in directory.quotas and directory.quotas[name].delegates:
            keys.add(Key(tenant, "pool", name))
    for name, quota in directory.quotas.items():
        if own in quota.delegates:
            keys.add(Key(tenant, "pool", name))
    return sorted(keys)


def quota_names(user: Registered) -> frozenset[str]:
    """The quotas that the functions of a resource name, its own among them where one names none."""
    found: set[str] = set()
    site = user.resource.site_functions
    for call in user.resource.preferences.scheduling_function:
        if call.name in site:
            found.update(site[call.name].quotas)
        elif "quota" in call.name or call.name == "schedule_for_delegate":
            own = f"mailto:{user.resource.address.key}"
            found.add(quota_name(call.arguments[0]) if call.arguments else own)
    return frozenset(found)
