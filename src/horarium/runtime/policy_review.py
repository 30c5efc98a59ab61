"""What in declared policies cannot work, or can hardly be meant: approval, checking in, pools."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from horarium.booking.calls import Call
from horarium.booking.functions.schedule_for_delegate import FREEBUSY_FUNCTIONS
from horarium.booking.preferences import Preferences
from horarium.booking.tiers import Tier
from horarium.runtime.faults import Fault

_DELEGATION = "schedule_for_delegate"
_CORRECTING = ("schedule_corrected_in_freebusy", "schedule_next_available_in_freebusy")
_TIERS = ("tier_in_policy", "tier_out_of_policy")

# Makes the fault of a preference, by its name and what is wrong with it.
Placing = Callable[[str, str], Fault]


def broken_policy(
    preferences: Preferences, groups: Mapping[str, object], fault: Placing
) -> Iterator[Fault]:
    """What would decline requests as a fault of the operator's: a question to nobody, groups that
    nobody declared, a resource that neither attends nor delegates."""
    if not preferences.approvers:
        for name in _asking(preferences):
            yield fault(name, "asks, and the preference approvers names nobody")
    for name in _TIERS:
        for item in getattr(preferences, name):
            yield from _unknown(item.rule.groups, groups, name, f"line {item.rule.line}: ", fault)
    named = {word for word in preferences.approvers or () if "@" not in word}
    yield from _unknown(named, groups, "approvers", "", fault)
    for rule in preferences.check_in_exempt or ():
        yield from _unknown(rule.groups, groups, "check_in_exempt", f"line {rule.line}: ", fault)
    if not preferences.bookable and _DELEGATION not in _names(preferences):
        yield fault("bookable", f"a resource that does not attend itself needs {_DELEGATION}")


def strange_policy(preferences: Preferences, fault: Placing) -> Iterator[Fault]:
    """What is only odd: time that nothing looks at, delegation that is never reached, charges and
    grids that nothing checks."""
    names = _names(preferences)
    for message in _strange_functions(preferences, set(names)):
        yield fault("scheduling_function", message)
    if preferences.permitted_times is not None and not set(_CORRECTING) & set(names):
        yield fault("permitted_times", "no function corrects times to it")


def _strange_functions(preferences: Preferences, names: set[str]) -> Iterator[str]:
    if not {*FREEBUSY_FUNCTIONS, _DELEGATION} & names:
        whose = " of different organizers" if "schedule_across_quota" in names else ""
        yield f"no function looks at the free/busy: overlapping requests{whose} are all accepted"
    if {"add_to_quota", "remove_from_quota"} & names and not {"check_quota", _DELEGATION} & names:
        yield "a quota is charged and never checked"
    before: Call | None = None
    for call in preferences.scheduling_function:
        if call.name == _DELEGATION and before is not None:
            yield (
                f"line {before.line}: {before.name} declines a busy resource before {_DELEGATION} "
                "is reached"
            )
        if before is None and call.name in FREEBUSY_FUNCTIONS:
            before = call


def _asking(preferences: Preferences) -> Iterator[str]:
    """The preferences by which a person is to be asked."""
    for name in _TIERS:
        if any(item.tier is Tier.ASK for item in getattr(preferences, name)):
            yield name
    if preferences.unauthenticated == "ask":
        yield "unauthenticated"


def _names(preferences: Preferences) -> list[str]:
    return [call.name for call in preferences.scheduling_function]


def _unknown(
    names: Iterable[str], groups: Mapping[str, object], name: str, place: str, fault: Placing
) -> Iterator[Fault]:
    for group in sorted(set(names) - groups.keys()):
        yield fault(name, f"{place}there is no group {group}")
