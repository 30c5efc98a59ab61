"""The quota that a scheduling function names, or the resource's own."""

from __future__ import annotations

from horarium.booking.quota import Quota, quota_name
from horarium.booking.request import View
from horarium.kernel.errors import InvalidInput, NotFound


def read_quota(arguments: tuple[str, ...], view: View, most: int = 1) -> str:
    """The name of the quota in the first argument; without one, that of the resource itself."""
    if len(arguments) > most:
        raise InvalidInput(f"takes at most {most} argument{'s' if most > 1 else ''}")
    name = quota_name(arguments[0]) if arguments else f"mailto:{view.resource.address.key}"
    fault = view.resource.quota_faults.get(name)
    if fault is not None:
        raise NotFound(f"the quota {name} can not be read: {fault}")
    return name


def quota_of(name: str, view: View) -> Quota:
    """The quota of that name; one that nothing was ever said of has no limits and no delegates."""
    return view.resource.quotas.get(name) or Quota(name, {}, {}, ())
