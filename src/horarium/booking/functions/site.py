"""Deciders of a site's own code: what one sees, what it says, and how it is asked.

A site's decider is a pure function `(request, view, arguments) -> Verdict`. It gets facts and
answers with `accepted()` or `declined(why)`; anything else that comes of it declines too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from horarium.booking.functions.verdict import Prepared, Verdict
from horarium.booking.ports import Reservation
from horarium.booking.quota import Quota
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.kernel.errors import HorariumError, InvalidInput


@dataclass(frozen=True, slots=True)
class QuotaFacts:
    """A quota of the site, and the seconds that it has charged already to whom the request would
    be charged."""

    quota: Quota
    used: int


@dataclass(frozen=True, slots=True)
class SiteView:
    """What a site's decider sees beside the request: the URI and the zone of the resource, its
    preferences as they are written, what it holds in the asked time (not the request's own), the
    declared groups (address keys), and the quotas that the decider declares, those that exist."""

    resource: str
    zone: str
    preferences: Mapping[str, object]
    held: tuple[Reservation, ...]
    groups: Mapping[str, frozenset[str]]
    quotas: Mapping[str, QuotaFacts]


Decider = Callable[[Request, SiteView, tuple[str, ...]], Verdict]


@dataclass(frozen=True, slots=True)
class SiteFunction:
    """A decider that the site's code registers under `name`; `place` is the package and the
    object. `quotas` are the names of those it reads. `fault` says why there is none to ask."""

    name: str
    place: str
    decide: Decider | None = None
    quotas: tuple[str, ...] = ()
    fault: str = ""


def accepted() -> Verdict:
    """What lets the chain go on."""
    return Verdict()


def declined(why: str) -> Verdict:
    """What ends it; `why` is kept for the operator, the organizer is told that a rule of the site
    forbids it."""
    return Verdict(Reason.SITE_RULE, {"why": why})


def prepare_site(function: SiteFunction, arguments: tuple[str, ...]) -> Prepared:
    """The decider with its arguments; InvalidInput when it could not be loaded."""
    decide = function.decide
    if decide is None:
        raise InvalidInput(f"{function.place}: {function.fault}", value=function.name)

    def judge(request: Request, view: View) -> Verdict:
        seen = _seen(function, request, view)
        try:
            verdict = decide(request, seen, arguments)
        except (HorariumError, SystemExit) as error:
            # Ours would be taken for a limit or for a store that is away; the other ends us.
            raise RuntimeError(f"{function.place}: {type(error).__name__}: {error}") from error
        if not _is_plain(verdict):
            raise TypeError(f"{function.place}: returned {verdict!r:.80}, no plain Verdict")
        return verdict

    return Prepared(judge)


def _seen(function: SiteFunction, request: Request, view: View) -> SiteView:
    resource, organizer = view.resource, request.organizer.key
    known = {name: resource.quotas[name] for name in function.quotas if name in resource.quotas}
    return SiteView(
        resource=resource.address.uri,
        zone=resource.preferences.zone,
        preferences=resource.preferences.written,
        held=tuple(view.held(request)),
        groups=MappingProxyType(dict(resource.groups)),
        quotas={
            name: QuotaFacts(quota, view.surroundings.used(name, quota.identity(organizer)))
            for name, quota in known.items()
        },
    )


def _is_plain(verdict: object) -> bool:
    """Whether it says no more than yes, or no by a rule of the site."""
    if not isinstance(verdict, Verdict) or verdict.reason not in (None, Reason.SITE_RULE):
        return False
    why = verdict.evidence.get("why", "") if isinstance(verdict.evidence, dict) else None
    return isinstance(why, str) and verdict == (declined(why) if verdict.reason else accepted())
