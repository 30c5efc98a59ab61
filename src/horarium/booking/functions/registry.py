"""The scheduling functions by their names."""

from __future__ import annotations

from horarium.booking.calls import Call
from horarium.booking.functions import (
    access_control_list,
    check_quota,
    same_domain_only,
    schedule_across_quota,
    schedule_corrected_in_freebusy,
    schedule_for_delegate,
    schedule_in_freebusy,
    schedule_next_available_in_freebusy,
)
from horarium.booking.functions.companions import COMPANIONS
from horarium.booking.functions.site import prepare_site
from horarium.booking.functions.verdict import Prepared, SchedulingFunction
from horarium.booking.request import View
from horarium.kernel.errors import InvalidInput

FUNCTIONS: dict[str, SchedulingFunction] = {
    function.name: function
    for function in (
        schedule_in_freebusy.FUNCTION,
        schedule_corrected_in_freebusy.FUNCTION,
        schedule_next_available_in_freebusy.FUNCTION,
        same_domain_only.FUNCTION,
        access_control_list.FUNCTION,
        check_quota.FUNCTION,
        schedule_across_quota.FUNCTION,
        schedule_for_delegate.FUNCTION,
        *COMPANIONS,
    )
}


def prepare(call: Call, view: View) -> Prepared:
    """The function of `call` with its arguments read; InvalidInput or NotFound when it can not
    judge, which declines every request."""
    function = FUNCTIONS.get(call.name)
    own = view.resource.site_functions
    if function is None and call.name in own:
        return prepare_site(own[call.name], call.arguments)
    if function is None:
        known = ", ".join(sorted({*FUNCTIONS, *own}))
        raise InvalidInput(
            f"there is no scheduling function {call.name}; known here: {known}",
            part=f"line {call.line}",
            value=call.name,
        )
    return function.prepare(call.arguments, view)
