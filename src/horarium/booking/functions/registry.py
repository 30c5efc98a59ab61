"""The scheduling functions by their names."""

from __future__ import annotations

from horarium.booking.calls import Call
from horarium.booking.functions import (
    access_control_list,
    same_domain_only,
    schedule_in_freebusy,
)
from horarium.booking.functions.verdict import Prepared, SchedulingFunction
from horarium.booking.request import View
from horarium.kernel.errors import InvalidInput

FUNCTIONS: dict[str, SchedulingFunction] = {
    module.FUNCTION.name: module.FUNCTION
    for module in (schedule_in_freebusy, same_domain_only, access_control_list)
}


def prepare(call: Call, view: View) -> Prepared:
    """The function of `call` with its arguments read; InvalidInput or NotFound when it can not
    judge, which declines every request."""
    function = FUNCTIONS.get(call.name)
    if function is None:
        known = ", ".join(sorted(FUNCTIONS))
        raise InvalidInput(
            f"there is no scheduling function {call.name}; known here: {known}",
            part=f"line {call.line}",
            value=call.name,
        )
    return function.prepare(call.arguments, view)
