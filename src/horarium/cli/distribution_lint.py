"""``horarium distribution check`` and ``simulate``: what will starve, and when things arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import store_of
from horarium.distribution.finding import Finding, Level
from horarium.distribution.forecast import Arrival
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.realm_lint import lint_realm, simulate

DAY = 86_400
MOST_DAYS = 366


@click.command(
    "check",
    help="What starves or never acts, before it happens: schedules that miss each other, windows "
    "too short for what is sent, objects that lead nowhere. Status 1 with errors or warnings, with "
    "--strict with notes too.\n\n"
    "\b\nExample:\n  horarium distribution check --at tomorrow",
)
@click.option("--at", metavar="TIME", default="now", show_default=True, help="from when on")
@click.option("--strict", is_flag=True, help="end with status 1 when there are notes")
@pass_invocation
def distribution_check(invocation: Invocation, at: str, strict: bool) -> int:
    """Print what is found."""
    found = lint_realm(
        store_of(invocation), invocation.settings, invocation.moment("--at", at),
        invocation.clock.now(), invocation.site,
    )  # fmt: skip
    invocation.emit(
        {"findings": [asdict(one) for one in found]},
        lambda: "\n".join(map(_line, found)) or "nothing is found",
    )
    bad = any(strict or one.level is not Level.NOTE for one in found)
    return Exit.NO if bad else Exit.OK


def _line(one: Finding) -> str:
    place = ".".join(part for part in (one.kind, one.name, one.key) if part)
    guess = " (estimated)" if one.estimated else ""
    return f"{one.level.value}: {one.code}: {place}: {one.message}{guess}"


@click.command(
    "simulate",
    help="Play schedules, sizes and rates forward: when the next version of each distribution "
    "reaches whom, and is extracted there. Sizes are those of earlier versions, else that of the "
    "source. Status 1 when somebody is not reached in that time.\n\n"
    "\b\nExample:\n  horarium distribution simulate --days 7",
)
@click.option("--days", metavar="N", type=click.IntRange(1, MOST_DAYS), default=7,
              show_default=True)  # fmt: skip
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--size", "sizes", metavar="DISTRIBUTION=SIZE", multiple=True,
              help="what a receiver fetches of the next version, as 60MB or 2GiB")  # fmt: skip
@pass_invocation
def distribution_simulate(
    invocation: Invocation, days: int, start: str, sizes: tuple[str, ...]
) -> int:
    """Print the expected arrivals."""
    first = invocation.moment("--from", start)
    arrivals, past = simulate(
        store_of(invocation), invocation.settings, first, Instant(first + days * DAY),
        invocation.clock.now(), _sizes(sizes),
    )  # fmt: skip
    invocation.emit(
        {
            "arrivals": [_document(one) for one in arrivals if one.receiver],
            "octets": dict(past.octets),
            "estimated": sorted(past.estimated),
        },
        lambda: (
            "\n".join(_arrival(invocation, one) for one in arrivals if one.receiver)
            or "no distribution whose size is known: --size tells it"
        ),
    )
    reached = arrivals and all(one.received for one in arrivals if one.receiver)
    return Exit.OK if reached else Exit.NO


def _sizes(written: tuple[str, ...]) -> Mapping[str, int]:
    from horarium.distribution.rates import read_size

    found = {}
    for text in written:
        name, _, size = text.partition("=")
        found[name] = read_size(int(size) if size.isdecimal() else size)
    return found


def _document(one: Arrival) -> dict[str, object]:
    return {
        "distribution": one.distribution,
        "subscriber": one.node,
        "octets": one.octets,
        **{
            key: format_instant(t) if t is not None else None
            for key, t in (("built", one.built), ("begun", one.begun), ("received", one.received),
                           ("extracted", one.extracted))
        },
        "stops": one.stops,
    }  # fmt: skip


def _arrival(invocation: Invocation, one: Arrival) -> str:
    parts = [f"{one.distribution}  {one.node}"]
    if one.received is None:
        parts.append("is not received in that time")
    else:
        parts.append(f"received {invocation.local(one.received)}")
        if one.extracted is not None:
            parts.append(f"extracted {invocation.local(one.extracted)}")
        else:
            parts.append("is not extracted in that time")
    if one.stops:
        parts.append(f"stopped {one.stops} times by the end of a window")
    return "  ".join(parts)
