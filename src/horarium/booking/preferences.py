"""The preferences of one calendar user, typed, with the layer each value comes from (seed 001)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from horarium.booking.acl import Rule
from horarium.booking.calls import Call
from horarium.booking.grid import Grid
from horarium.booking.hours import WorkingHours
from horarium.booking.preference import Preference
from horarium.booking.preference_table import (
    PERSON_KEEPS,
    PERSON_PREFERENCES,
    PREFERENCES,
    SPELLINGS,
)
from horarium.booking.sent_by import SentByPair
from horarium.booking.tiers import TierRule
from horarium.booking.written import shown
from horarium.kernel.errors import InvalidInput
from horarium.kernel.nearest import nearest


class Layer(Enum):
    """Where a value comes from; the later one wins."""

    DEFAULT = "default"
    SITE = "site"
    OWN = "own"


class InvalidPreference(InvalidInput):
    """A preference that does not exist or whose value cannot be read. ``line`` is the line inside
    a value of several lines, else 0."""

    def __init__(self, name: str, value: object, reason: str, *, line: int = 0) -> None:
        place = f" line {line}" if line else ""
        super().__init__(f"{name}{place}: {reason}", part=name, value=shown(value))
        self.name = name
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Preferences:
    """What holds for one calendar user; what concerns resources only has, at a person, no effect
    or the value of ``PERSON_KEEPS``. Durations are seconds, a day counting 86 400; None is "rule
    off"; addresses are keys (``local@domain`` in lower case)."""

    participating: str
    name: str
    language: str
    zone: str
    scheduling_function: tuple[Call, ...]
    acl: tuple[Rule, ...] | None
    window_size: int
    add_method_response: str
    organiser_replacement: str
    aliases: tuple[str, ...] | None
    horizon: int
    beyond_horizon: str
    past: str
    declined_update: str
    allowed_frequencies: frozenset[str]
    endless: str
    max_occurrences: int
    allow_recurring: bool
    booking_window: int | None
    booking_window_series: str
    min_notice: int | None
    min_duration: int | None
    max_duration: int | None
    working_hours: WorkingHours | None
    buffer_before: int
    buffer_after: int
    max_attendees: int | None
    seats: int | None
    features: frozenset[str]
    location: str
    require_auth: str
    sent_by: str
    sent_by_pairs: tuple[SentByPair, ...] | None
    reply_details: bool
    holder_info: str
    additional_response: str | None
    alternatives: int
    alternatives_range: int
    subject_kept: str
    body_kept: bool
    attachments_kept: bool
    private_kept: bool
    freebusy_shows: str
    answer_rsvp_false: str
    incoming: str
    freebusy_sharing: str
    freebusy_bundling: str
    freebusy_publishing: str
    freebusy_messages: str
    event_refreshing: str
    unauthenticated: str
    bookable: bool
    permitted_times: Grid | None
    freebusy_offers: int | None
    max_conflicts: int | None
    max_conflict_percent: int | None
    split: bool
    tier_in_policy: tuple[TierRule, ...]
    tier_out_of_policy: tuple[TierRule, ...]
    approvers: tuple[str, ...] | None
    approval_timeout: int
    approval_timeout_action: str
    pending_holds: bool
    waiting_list: bool
    waiting_cutoff: int
    check_in: bool
    check_in_opens: int
    check_in_deadline: int
    check_in_exempt: tuple[Rule, ...] | None
    delegation_reply: str
    redecide_window: int
    layers: Mapping[str, Layer] = field(repr=False, compare=False)
    written: Mapping[str, object] = field(repr=False, compare=False)


_RESOURCES_ONLY = tuple(
    name for name, item in PREFERENCES.items() if item.available and name not in PERSON_PREFERENCES
)
_READ = tuple(f.name for f in fields(Preferences) if f.name not in ("layers", "written"))


def canonical_name(name: str) -> str:
    """The one name of a preference that may be spelt in two ways; unknown names come back."""
    return SPELLINGS.get(name, name)


def read_preferences(
    own: Mapping[str, object],
    site_defaults: Mapping[str, object],
    *,
    site_zone: str = "UTC",
    kind: str = "resource",
) -> Preferences:
    """The preferences of a ``kind`` of calendar user with the written values ``own`` over
    ``site_defaults`` over the built-in defaults. An empty value counts as not set.
    InvalidPreference for the first name that does not exist or value that cannot be read."""
    under = _under(site_defaults, kind)
    layers, written = dict(under.layers), dict(under.written)
    values, faults = dict(under.values), dict(under.faults)
    for name, value in _set_values(own, kind).items():
        preference = table_of(kind)[name]
        layers[name], written[name] = Layer.OWN, value
        faults.pop(name, None)
        try:
            values[_attribute(preference)] = _read(preference, value)
        except InvalidPreference as fault:
            faults[name] = fault
    if faults:
        first = next(faults[name] for name in table_of(kind) if name in faults)
        raise first.with_traceback(None)
    if values["zone"] is None:
        values["zone"] = written["TZID"] = site_zone
    return Preferences(
        **{name: values[name] for name in _READ},  # type: ignore[arg-type]
        layers=MappingProxyType(layers),
        written=MappingProxyType(written),
    )


def table_of(kind: str) -> Mapping[str, Preference]:
    """The preferences that a ``kind`` of calendar user has, by name."""
    return PERSON_PREFERENCES if kind == "person" else PREFERENCES


def check_preferences(
    values: Mapping[str, object], kind: str = "resource"
) -> list[InvalidPreference]:
    """Everything that is wrong with written ``values`` of a ``kind``, in their order."""
    faults: list[InvalidPreference] = []
    seen: set[str] = set()
    for name, value in values.items():
        try:
            preference = _known(name, value, kind)
            if preference.name in seen:
                raise InvalidPreference(name, value, f"is {preference.name}, which is set too")
            seen.add(preference.name)
            if not is_empty(value):
                _read(preference, value)
        except InvalidPreference as fault:
            faults.append(fault)
    return faults


def is_empty(value: object) -> bool:
    """Whether a written value counts as not set."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _set_values(values: Mapping[str, object], kind: str) -> dict[str, object]:
    return {_known(n, v, kind).name: v for n, v in values.items() if not is_empty(v)}


def _default(preference: Preference) -> object:
    return None if preference.default is None else _read(preference, preference.default)


class _Under(NamedTuple):
    """What holds where a resource says nothing, by name (`values` by attribute)."""

    layers: dict[str, Layer]
    written: dict[str, object]
    values: dict[str, object]
    faults: dict[str, InvalidPreference]


def _under(site_defaults: Mapping[str, object], kind: str) -> _Under:
    # A site has thousands of resources over one set of defaults: those are read once.
    site = json.dumps(_set_values(site_defaults, kind), sort_keys=True, default=str)
    return _read_under(site, kind)


@lru_cache(maxsize=16)
def _read_under(site: str, kind: str) -> _Under:
    chosen = json.loads(site)
    under = _Under({}, {}, {}, {})
    if kind == "person":
        under.values.update({name: _default(PREFERENCES[name]) for name in _RESOURCES_ONLY})
        under.values.update(PERSON_KEEPS)
    for preference in table_of(kind).values():
        name = preference.name
        value = chosen.get(name, preference.default)
        under.layers[name] = Layer.SITE if name in chosen else Layer.DEFAULT
        under.written[name] = value
        try:
            read = None if value is None else _read(preference, value)
            under.values[_attribute(preference)] = read
        except InvalidPreference as fault:
            under.faults[name] = fault
    return under


def _attribute(preference: Preference) -> str:
    return preference.attribute or preference.name


def _known(name: str, value: object, kind: str) -> Preference:
    table = table_of(kind)
    preference = table.get(canonical_name(name))
    if preference is None:
        if canonical_name(name) in PREFERENCES:
            raise InvalidPreference(name, value, f"a {kind} has no such preference")
        hint = nearest(name, (*table, *SPELLINGS))
        raise InvalidPreference(name, value, f"there is no such preference{hint}")
    return preference


def _read(preference: Preference, value: object) -> object:
    try:
        return preference.read(value)
    except InvalidInput as error:
        line = _line_of(error.part)
        reason = str(error)
        if line and error.value:
            reason = f"{reason}: {shown(error.value)}"
        raise InvalidPreference(preference.name, value, reason, line=line) from error


def _line_of(part: str) -> int:
    number = part.removeprefix("line ")
    return int(number) if number != part and number.isdigit() else 0
