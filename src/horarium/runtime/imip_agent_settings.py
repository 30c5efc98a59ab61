"""Users, preferences and quotas of imip-agent, put where nothing is set yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from horarium.booking.imip_agent import kind_of, read_object, read_preference, read_site_defaults
from horarium.booking.preferences import check_preferences
from horarium.booking.quota_table import kept_table, kept_value, parse_table
from horarium.ical.component import Component
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.runtime.directory import Registered
from horarium.runtime.imip_agent_source import Finding, QuotaFiles, Stored, UserFiles, Weight
from horarium.runtime.quotas import OWNER, declared_groups
from horarium.runtime.site_functions import site_functions
from horarium.store.directory import DEFAULTS, PERSON_DEFAULTS, Setting
from horarium.store.store import Transaction

BY_IMPORT = "import"


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """What is set here, by owner and name."""

    tx: Transaction
    settings: dict[tuple[str, str], Setting]

    def put(self, owner: str, name: str, value: object, place: str) -> Iterator[Finding]:
        """Sets what is not set yet; what was set here stays."""
        text = json.dumps(value, ensure_ascii=False)
        old = self.settings.get((owner, name))
        if old is None or old.value is None:
            applied, file = (None, "") if old is None else (old.applied, old.place)
            self.tx.directory.put(Setting(owner, name, text, applied, file))
            yield Finding(Weight.TAKEN, owner, f"{name} = {text}")
        elif old.value != text:
            yield Finding(Weight.DIFFERENCE, place, f"{name} is {old.value} here, and stays")


def put_defaults(kept: KeptSettings, stored: Stored | None) -> Iterator[Finding]:
    """Puts the settings of the whole site: for resources, for persons, or for both."""
    if stored is None:
        return
    for line, name, value in read_site_defaults(stored.data):
        place = f"{stored.place}:{line}"
        faults = {
            owner: check_preferences({name: value}, kind)
            for kind, owner in (("resource", DEFAULTS), ("person", PERSON_DEFAULTS))
        }
        if all(faults.values()):
            yield Finding(Weight.FAULT, place, str(faults[DEFAULTS][0]))
        for owner, wrong in faults.items():
            if not wrong:
                yield from kept.put(owner, name, value, place)


def put_user(
    kept: KeptSettings, known: Registered | None, key: str, files: UserFiles
) -> Iterator[Finding]:
    """Declares the user that is not `known` yet, and puts its preferences."""
    if known is not None:
        kind, uri = known.kind, known.uri
    else:
        written = {name: stored.data for name, stored in files.preferences.items()}
        events = list(_readable(files.objects))
        kind, uri = kind_of(written, events, key, asked=files.asked), files.uri
        kept.tx.directory.declare(uri, kind, BY_IMPORT)
        yield Finding(Weight.TAKEN, uri, f"a {kind}")
    for name, stored in files.preferences.items():
        taken = read_preference(name, stored.data, kind, site_functions())
        if taken.said:
            weight = Weight.FAULT if taken.wrong else Weight.DIFFERENCE
            yield Finding(weight, f"{stored.place}:{taken.line}", f"{taken.name}: {taken.said}")
        if taken.value is not None:
            yield from kept.put(uri, taken.name, taken.value, stored.place)


def _readable(objects: Iterable[Stored]) -> Iterator[Component]:
    for stored in objects:
        try:
            yield from read_object(stored.data, stored.which)[2]
        except HorariumError:
            continue


def put_quota(kept: KeptSettings, name: str, files: QuotaFiles) -> Iterator[Finding]:
    """Puts the tables of a quota, each where there is none yet."""
    groups = declared_groups(kept.tx)
    for kind, stored in files.tables.items():
        rows, faults = parse_table(kind, stored.data.decode("utf-8-sig", "replace"), groups)
        for fault in faults:
            yield Finding(Weight.FAULT, f"{stored.place}:{fault.line}", fault.message)
        there = kept.settings.get((OWNER + name, kind.value))
        try:
            before = kept_table(kind, there.read if there is not None else None)
        except (InvalidInput, ValueError) as error:
            yield Finding(Weight.FAULT, stored.place, f"{error}; kept as it is")
            continue
        if not before and rows:
            yield from kept.put(OWNER + name, kind.value, kept_value(kind, rows), stored.place)
        elif before != rows:
            yield Finding(Weight.DIFFERENCE, stored.place, f"the {kind} here are others, and stay")
