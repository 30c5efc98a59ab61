"""Booking a series: all of its dates or, where that is wanted, those that are free."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from horarium.appointments.appointment import Client
from horarium.appointments.codes import Code
from horarium.appointments.errors import SlotTaken
from horarium.appointments.host import Mode, Team
from horarium.appointments.series import Every, Refused, SeriesTaken, dates
from horarium.kernel.instant import Instant
from horarium.kernel.zone import UTC, Zone
from horarium.runtime.generating import Site
from horarium.runtime.placing import Placed, Placing
from horarium.runtime.wishing import Asked, check_client


class Series(NamedTuple):
    """What was booked of a series, in order, and the dates that could not be had."""

    id: str
    placed: tuple[Placed, ...]
    refused: tuple[Refused, ...]


def book_series(
    site: Site, placing: Placing, asked: Asked, at: Instant, client: Client, every: Every
) -> Series:
    """Books it inside the transaction of `site`; SeriesTaken when it is wanted whole and can not be
    had. Who gives the first gives the others too."""
    name = placing.chance(16).hex()
    placed: list[Placed] = []
    refused: list[Refused] = []
    for wall, start in dates(at, every, _zone(site, asked)):
        try:
            if start is None:
                raise SlotTaken([Code.OFF_GRID])
            check_client(site, asked.service, client, site.now)
            item, token = placing.place(site, asked, start)
        except SlotTaken as error:
            refused.append(Refused(wall, start, error.codes))
            continue
        sure = replace(item, client=client, series=name).confirmed(site.now)
        placing.keep(site, sure, token)
        placing.confirmed(site, sure, token)
        placed.append(Placed(sure, token))
        if not _together(site, asked):
            asked = replace(asked, host=sure.hosts[0])
    if refused and (not every.partial or not placed):
        raise SeriesTaken(refused)
    return Series(name, tuple(placed), tuple(refused))


def _together(site: Site, asked: Asked) -> bool:
    by = site.offers.by(asked.service)
    return isinstance(by, Team) and by.mode is Mode.COLLECTIVE


def _zone(site: Site, asked: Asked) -> Zone:
    """The clock on which the time stays: that of the host asked for, else of the first."""
    by = site.offers.by(asked.service)
    hosts = site.offers.members(by) if isinstance(by, Team) else [by]
    named = [host for host in hosts if host.id == asked.host]
    return next((host.hours.zone for host in named or hosts), UTC)
