"""``preview``: what the schedule of an object of distribution will do, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import store_of
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, named
from horarium.runtime.realm_times import preview

WEEK = 7 * 86_400


def preview_command(kind: str) -> click.Command:
    """The command for a kind of object."""

    @click.command(
        "preview",
        help="What the schedule will do: its firings or windows, the random instants that are "
        "drawn, and the schedule as it is written and as it is meant. Status 1 when nothing "
        f"comes.\n\n\b\nExample:\n  horarium {kind} preview NAME --from tomorrow --to +3d",
    )
    @click.argument("name")
    @click.option("--from", "start", metavar="TIME", default="now", show_default=True)
    @click.option("--to", "end", metavar="TIME", help="a week later unless told otherwise")
    @pass_invocation
    def run(invocation: Invocation, name: str, start: str, end: str | None) -> int:
        """Print what comes."""
        first = invocation.moment("--from", start)
        last = invocation.moment("--to", end) if end else Instant(first + WEEK)
        if last <= first:
            raise click.UsageError("--to must lie after --from")
        found = preview(
            store_of(invocation), invocation.settings, kind, name, Period(first, last),
            invocation.clock.now(),
        )  # fmt: skip
        invocation.emit(found, lambda: "\n".join(_lines(invocation, found)))
        if kind == "channel":
            opens = found["by_hand"] or any(one["open"] for one in found["windows"])
            return Exit.OK if opens else Exit.NO
        return Exit.OK if found["firings"] else Exit.NO

    return run


def _lines(invocation: Invocation, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['act']} of {found['id']}: {found['written'] or 'no schedule, so never'}"
    if "windows" in found:
        if not found["active"]:
            yield "inactive: nothing is sent because of it"
        for one in found["by_hand"]:
            yield "  " + _by_hand(invocation, one)
        for one in found["windows"]:
            yield from _window(invocation, one, "by its schedule " if found["by_hand"] else "")
        return
    yield f"  meant: {found['meant']}"
    zone = named(found["zone"])
    for firing in found["firings"]:
        yield "  " + _firing(invocation, firing, zone)
    if found["more"]:
        yield f"  and {found['more']} more"
    if not found["firings"]:
        yield "  nothing comes in that time"


def _firing(invocation: Invocation, firing: Mapping[str, Any], zone: Zone) -> str:
    at = invocation.local(parse_instant(firing["at"]), zone)
    if firing["window"] is None:
        return at
    window = _span(invocation, firing["window"], zone)
    return f"window {window}, {'random ' if 'random' in firing['notes'] else ''}start {at}"


def _by_hand(invocation: Invocation, one: Mapping[str, Any]) -> str:
    since = invocation.local(parse_instant(one["opened"]))
    closed = invocation.local(parse_instant(one["closed"])) if one["closed"] else "all is sent"
    return f"opened by hand {since} ({one['by']}), until {closed}"


def _window(invocation: Invocation, one: Mapping[str, Any], how: str) -> Iterator[str]:
    zone = named(one["zone"])
    shown = ", ".join(one["receivers"][:5]) + (" …" if len(one["receivers"]) > 5 else "")
    yield f"  from {one['distributor']} to {shown} ({one['zone']}), meant: {one['meant']}"
    for span in one["open"]:
        yield f"    open {_span(invocation, span, zone)}"
    for span in one["taken"]:
        yield f"    taken by a calendar {_span(invocation, span, zone)}"
    for resource, spans in one["reserved"].items():
        if spans is None:
            yield f"    the calendar of {resource} can not be read: closed"
        for span in spans or ():
            yield f"    {resource} is reserved {_span(invocation, span, zone)}"
    if not one["open"]:
        yield f"    never open {how}in that time"


def _span(invocation: Invocation, span: Mapping[str, str], zone: Zone) -> str:
    return invocation.local_span(parse_instant(span["start"]), parse_instant(span["end"]), zone)
