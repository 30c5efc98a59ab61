"""The deciders that packages installed beside this one register: entry points of one group.

They are loaded once in a process, so new code counts after a restart. What cannot be loaded is
kept with its fault, so that who names it declines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from horarium.booking.functions.registry import FUNCTIONS
from horarium.booking.functions.site import SiteFunction
from horarium.booking.quota import quota_name

GROUP = "horarium.functions"
# Each is locked while the decider is asked.
MOST_QUOTAS = 16


@cache
def site_functions() -> Mapping[str, SiteFunction]:
    """The deciders of the site by name."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return MappingProxyType({name: _load(name, points) for name, points in sorted(found.items())})


def _load(name: str, points: list[EntryPoint]) -> SiteFunction:
    place = " and ".join(sorted({_place(point) for point in points}))
    if name in FUNCTIONS:
        return SiteFunction(name, place, fault=f"{name} is the name of a function of ours")
    if len(points) > 1:
        return SiteFunction(name, place, fault=f"{name} is registered {len(points)} times")
    try:
        loaded = points[0].load()
        quotas = _quotas(getattr(loaded, "quotas", ()))
    except (Exception, SystemExit) as error:  # whatever the site's code does, others go on
        return SiteFunction(name, place, fault=f"cannot be loaded: {_said(error)}")
    if not callable(loaded):
        return SiteFunction(name, place, fault="is nothing that can be called")
    return SiteFunction(name, place, loaded, quotas)


def _quotas(names: Iterable[object]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError("quotas is a list of names, no text")
    found = tuple(quota_name(str(name)) for name in names)
    if len(found) > MOST_QUOTAS:
        raise ValueError(f"quotas has {len(found)} names, more than {MOST_QUOTAS}")
    return found


def _place(point: EntryPoint) -> str:
    package = f"{point.dist.name} {point.dist.version}, " if point.dist is not None else ""
    return f"{package}{point.value}"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
