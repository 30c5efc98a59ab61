"""What a booked event is charged in quotas, and what it claims in their free/busy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from horarium.booking.quota import Charge, Claim, Quota
from horarium.booking.request import Request, View
from horarium.booking.resource import Resource
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence

# A finite series of more occurrences is charged like one without an end.
MOST_CHARGED = 10_000


def own_charges(request: Request, view: View) -> list[Charge]:
    """The charges that the request would replace: those of its own occurrences here, and at the
    resource that stands in for this one."""
    charges = view.reservations.charges(request.uid)
    if request.delegation.stand_in:
        member = view.surroundings.member(request.delegation.stand_in)
        if member is not None:
            charges = [*charges, *member.reservations.charges(request.uid)]
    if request.restates:
        return charges
    originals = {occurrence.original for occurrence in request.occurrences}
    return [charge for charge in charges if charge.original in originals]


def charges_for(
    quotas: Collection[str],
    organizer: str,
    occurrences: Sequence[Occurrence],
    resource: Resource,
    *,
    pending: bool = False,
) -> tuple[Charge, ...]:
    """The charges of `occurrences` to each of `quotas`, under the organizer's identity there."""
    found = []
    for name in sorted(quotas):
        quota = resource.quotas.get(name) or Quota(name, {}, {}, ())
        identity = quota.identity(organizer)
        found += [
            Charge(name, identity, organizer, o.original, Period(o.start, o.end), pending)
            for o in occurrences
        ]
    return tuple(found)


def claims_for(
    quotas: Collection[str], organizer: str, occurrences: Sequence[Occurrence], uid: str
) -> tuple[Claim, ...]:
    """The claims of `occurrences` in the free/busy of each of `quotas`; the store fills in the
    resource they are made by."""
    return tuple(
        Claim(name, organizer, 0, uid, o.original, Period(o.start, o.end))
        for name in sorted(quotas)
        for o in occurrences
    )


def quotas_of(items: Iterable[Charge | Claim]) -> frozenset[str]:
    """The quotas that charges or claims are kept in."""
    return frozenset(item.quota for item in items)
