"""Calendars of holidays at work: laid down when objects are applied, and renewed every day.

Those of countries come from the package `holidays`, which is an extra; those of files from the
site's folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from horarium.appointments.holidays import (
    AHEAD_DAYS,
    changes,
    country_of,
    read_calendar,
    read_dates,
)
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.kernel.gregorian import DAY, civil_day
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_parts import write_date
from horarium.runtime.affected import affected
from horarium.runtime.faults import Fault
from horarium.runtime.freeing import note_widened
from horarium.runtime.guarded_file import read_guarded
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.offers import read_offers
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

EXTRA = "holidays"

Laid = dict[str, dict[int, str]]


def lay_down(name: str, folder: Path, now: Instant) -> dict[int, str]:
    """The dates of a calendar from today to two years ahead, with their titles. NotFound for a
    missing file or extra, InvalidInput for what can not be read."""
    first = now // DAY - 1
    last = first + AHEAD_DAYS + 1
    country = country_of(name)
    if country is not None:
        found = _of_country(*country, first, last)
    else:
        data, _ = read_guarded(folder / name, strict=False)
        found = read_calendar(data, first, last) if name.endswith(".ics") else _dates(data)
    return {day: title for day, title in found.items() if first <= day <= last}


def _dates(data: bytes) -> dict[int, str]:
    try:
        return read_dates(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput("this is no text in UTF-8") from error


def _of_country(country: str, part: str | None, first: int, last: int) -> dict[int, str]:
    try:
        package: Any = import_module(EXTRA)
    except ImportError as error:
        raise NotFound(
            "holidays of countries need the package 'holidays': pip install horarium[holidays]"
        ) from error
    years = range(civil_day(first)[0], civil_day(last)[0] + 1)
    try:
        found = package.country_holidays(country, subdiv=part, years=years)
    except (NotImplementedError, KeyError, ValueError) as error:
        name = country if part is None else f"{country}-{part}"
        raise InvalidInput(f"no holidays are known for {name}") from error
    return {date.toordinal() - _EPOCH: str(title) for date, title in found.items()}


# The proleptic number of 1970-01-01.
_EPOCH = 719_163


def names_in(objects: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """The calendars that appointers name: appointer and calendar."""
    for host, keys in objects.items():
        entries = keys.get("holidays")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, str) and not entry[:1].isdigit():
                yield host, entry


def lay_down_declared(
    declared: DeclaredObjects, folder: Path, now: Instant
) -> tuple[Laid, list[Fault]]:
    """The calendars that declared objects name, and what is wrong with them, each with its
    place."""
    laid: Laid = {}
    faults: list[Fault] = []
    for host, name in names_in(declared.offered["appointer"]):
        if name in laid:
            continue
        try:
            laid[name] = lay_down(name, folder, now)
        except HorariumError as error:
            place = declared.places.get(("appointer", host, "holidays"), "")
            file, _, line = place.rpartition(":")
            number = int(line) if line.isdigit() else 0
            faults.append(Fault(file, number, 0, f"appointer.{host}.holidays", f"{name}: {error}"))
    return laid, faults


def put_laid(tx: Transaction, laid: Laid, now: Instant, by: str) -> list[tuple[str, str]]:
    """Keeps calendars, and drops those that nobody names; each change with its calendar."""
    today = now // DAY - 1
    before = tx.holidays.all()
    found = []
    for name, titles in sorted(laid.items()):
        different = list(changes(before.get(name, {}), titles, today))
        if different or name not in before:
            tx.holidays.put(name, titles, today)
        if name in before:
            found += [(name, what) for what in different]
        else:
            found.append((name, f"{len(titles)} dates until {write_date(today + AHEAD_DAYS + 1)}"))
    for name in sorted(before.keys() - laid.keys() - _named(tx)):
        tx.holidays.drop(name)
    for name, what in found:
        tx.directory.audit(now, by, what, f"holidays {name}", None, None)
    if found or laid.keys() - before.keys():
        tx.directory.raise_version()
    return found


def _named(tx: Transaction) -> frozenset[str]:
    written = read_offers(tx).written["appointer"]
    return frozenset(name for _, name in names_in(written))


def renew(store: Store, folder: Path, now: Instant) -> tuple[list[str], list[str]]:
    """Lays every calendar in use down anew; what changed, with the
    appointments that lie on a holiday now, and what failed. A calendar that can not
    be read now stays as it was."""
    laid: Laid = {}
    failures = []
    for name in sorted(store.read(_named)):
        try:
            laid[name] = lay_down(name, folder, now)
        except HorariumError as error:
            failures.append(f"holidays {name}: {error}")
    if not laid:
        return [], failures

    def work(tx: Transaction) -> list[str]:
        before = read_offers(tx)
        found = put_laid(tx, laid, now, "upkeep")
        after = read_offers(tx)
        note_widened(tx, before, after, now)
        told = affected(tx, before, after, now)
        lines = [f"holidays {name}: {what}" for name, what in found]
        return lines + [f"appointment {id_}: {what}" for id_, what in told]

    return store.transact([Key(store.tenant, "site", "objects")], work), failures
