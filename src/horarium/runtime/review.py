"""What in declared objects can be read but cannot work, or can hardly be meant."""

from collections.abc import Iterator
from pathlib import Path

from horarium.booking.acl import Rule, parse_acl, without_effect
from horarium.booking.calls import Call
from horarium.booking.functions.registry import FUNCTIONS
from horarium.booking.functions.schedule_for_delegate import FREEBUSY_FUNCTIONS, POLICIES
from horarium.booking.functions.schedule_in_freebusy import read_capacity
from horarium.booking.preferences import Preferences, read_preferences
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.nearest import nearest
from horarium.runtime.faults import Fault
from horarium.runtime.guarded_file import UnsafeFile, read_guarded
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.policy_review import broken_policy, strange_policy
from horarium.runtime.quota_review import broken_quotas, strange_quotas
from horarium.runtime.site_functions import site_functions

# The most arguments of each function, as its usage says.
ARGUMENTS = {name: function.usage.count("[") for name, function in FUNCTIONS.items()}


def review(declared: DeclaredObjects) -> tuple[list[Fault], list[Fault]]:
    """Everything that would make a resource decline every request, and everything that is only
    odd, each with its place."""
    wrong: list[Fault] = []
    odd: list[Fault] = []
    unproven = []
    all_own = {}
    for key, own in declared.resources.items():
        preferences = read_preferences(own, declared.defaults)
        place = _Placed(declared, key)
        wrong.extend(_broken(preferences, declared, place))
        odd.extend(_strange(preferences, place))
        all_own[key] = preferences
        if preferences.require_auth == "none":
            unproven.append(place)
    if unproven:
        who = unproven[0].key if len(unproven) == 1 else f"{len(unproven)} resources"
        message = f"{who}: senders need no proof; set dmarc where the mail system checks it"
        odd.append(unproven[0].fault("require_auth", message))
    wrong.extend(broken_quotas(declared))
    odd.extend(strange_quotas(declared, all_own))
    return wrong, odd


class _Placed:
    """Makes faults that stand where a resource's value, or the site default, was written."""

    def __init__(self, declared: DeclaredObjects, key: str) -> None:
        self._declared = declared
        self.key = key

    def fault(self, name: str, message: str) -> Fault:
        """What is wrong with the preference ``name``."""
        places = self._declared.places
        found = places.get(("resource", self.key, name)) or places.get(
            ("defaults", "resource", name), ""
        )
        file, _, line = found.rpartition(":")
        path = f'resource."{self.key}".{name}'
        return Fault(file or self.key, int(line or 0), 1 if line else 0, path, message)


def _broken(preferences: Preferences, declared: DeclaredObjects, place: _Placed) -> Iterator[Fault]:
    yield from broken_policy(preferences, declared.groups, place.fault)
    for call in preferences.scheduling_function:
        message = _call_fault(call)
        if message:
            yield place.fault("scheduling_function", f"line {call.line}: {message}")
        elif call.name == "access_control_list":
            yield from _list_faults(call, preferences, declared, place)


def _call_fault(call: Call) -> str:
    if call.name not in ARGUMENTS:
        return _site_fault(call.name)
    most = ARGUMENTS[call.name]
    if len(call.arguments) > most:
        return f"{call.name} takes {most or 'no'} argument{'s' if most != 1 else ''} at most"
    if call.name in FREEBUSY_FUNCTIONS:
        try:
            read_capacity(call.arguments)
        except InvalidInput as error:
            return f"{error}, not {call.arguments[0]}"
    policy = call.arguments[1:] if call.name == "schedule_for_delegate" else ()
    if policy and policy[0] not in POLICIES:
        return f"the policy is {' or '.join(POLICIES)}, not {policy[0]}"
    return ""


def _site_fault(name: str) -> str:
    """What is wrong with a function that is none of ours."""
    own = site_functions()
    if name not in own:
        return f"there is no function {name}{nearest(name, (*ARGUMENTS, *own))}"
    return f"{own[name].place}: {own[name].fault}" if own[name].fault else ""


def _list_faults(
    call: Call, preferences: Preferences, declared: DeclaredObjects, place: _Placed
) -> Iterator[Fault]:
    rules: tuple[Rule, ...] = ()
    name = "acl"
    if call.arguments:
        name = "scheduling_function"
        path = Path(call.arguments[0])
        if not path.is_absolute():
            yield place.fault(name, f"line {call.line}: {path} is not a full path")
            return
        try:
            data, _ = read_guarded(path, strict=True)
            rules = parse_acl(data.decode("utf-8"))
        except (NotFound, UnsafeFile, UnicodeDecodeError) as error:
            yield place.fault(name, f"line {call.line}: {error}")
        except InvalidInput as error:
            yield Fault(str(path), int(error.part.removeprefix("line ")), 1, "", str(error))
    elif preferences.acl is None:
        yield place.fault(
            "scheduling_function", f"line {call.line}: access_control_list needs the preference acl"
        )
    else:
        rules = preferences.acl
    for rule in rules:
        for group in sorted(rule.groups - set(declared.groups)):
            yield place.fault(name, f"line {rule.line}: there is no group {group}")


def _strange(preferences: Preferences, place: _Placed) -> Iterator[Fault]:
    yield from strange_policy(preferences, place.fault)
    names = [call.name for call in preferences.scheduling_function]
    if preferences.acl is not None:
        for rule in without_effect(preferences.acl):
            yield place.fault("acl", f"line {rule.line} has no effect: a later line overrides it")
        if "access_control_list" not in names:
            yield place.fault("acl", "is not used: access_control_list is not among the functions")
    shortest, longest = preferences.min_duration, preferences.max_duration
    if shortest is not None and longest is not None and shortest > longest:
        yield place.fault("min_duration", "is longer than max_duration: nothing can be booked")
