"""`same_domain_only`: the organizer must belong to the resource's mail domain (seed 001)."""

from __future__ import annotations

from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.kernel.errors import InvalidInput


def _prepare(arguments: tuple[str, ...], _view: View) -> Prepared:
    if arguments:
        raise InvalidInput("takes no argument", value=arguments[0])
    return Prepared(_judge)


def _judge(request: Request, view: View) -> Verdict:
    theirs, ours = request.organizer.domain, view.resource.address.domain
    same = theirs == ours
    return Verdict(
        None if same else Reason.SAME_DOMAIN, {"organizer_domain": theirs, "resource_domain": ours}
    )


FUNCTION = SchedulingFunction("same_domain_only", "same_domain_only", _prepare)
