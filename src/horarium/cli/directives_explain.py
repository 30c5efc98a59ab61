"""``horarium directives explain``: why an entry ran or did not; rules and routes of a node."""

from pathlib import Path

import click

from horarium.cli.directives_input import (
    moment_of,
    node_of,
    read_file,
    settings_of,
    valid,
    zone_of_site,
)
from horarium.cli.directives_output import clock, when
from horarium.cli.directives_told import Told
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.directives.directive import Directive
from horarium.directives.plan import timetable_of
from horarium.directives.rules import MailKind, find_route, is_open, rulings
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.naming import find_standing, find_timers
from horarium.runtime.past import told
from horarium.runtime.standing import view_site


@click.command(
    "explain",
    help="Why an entry ran or did not: name it by its line, its name, or the beginning of its key; "
    "with --at what became of its moment then. With --address or --route, WHAT is a control file "
    "(else the site's): which lines hold for a node, or where its mail goes, at an instant.\n\n"
    "\b\nExample:\n  horarium directives explain 7\n  horarium directives explain backup "
    "--at 'yesterday 2:30'\n  horarium directives explain events.ctl --route 2:5030/7",
)
@click.argument("what", required=False)
@click.option("--address", metavar="NODE", help="the node asked about")
@click.option("--route", metavar="NODE", help="the addressee whose route is asked for")
@click.option("--kind", type=click.Choice([k.value for k in MailKind]), default="mail")
@click.option("--at", metavar="TIME", help="an instant; for nodes now unless said")
@pass_invocation
def explain_command(
    invocation: Invocation,
    what: str | None,
    address: str | None,
    route: str | None,
    kind: str,
    at: str | None,
) -> int:
    """Explain an entry, the rules of a node, or a route."""
    if address is not None and route is not None:
        raise click.UsageError("--address and --route exclude each other")
    if address is None and route is None:
        if what is None:
            raise click.UsageError("name an entry, or ask with --address NODE or --route NODE")
        return _entry(invocation, what, at)
    found = valid(read_file(invocation, Path(what) if what is not None else None, None))
    moment = moment_of(invocation, "--at", at or "now")
    if route is not None:
        return _route(invocation, found, route, kind, moment)
    return _rules(invocation, found, address or "", moment)


# --- nodes ---------------------------------------------------------------------


def _route(
    invocation: Invocation, found: tuple[Directive, ...], route: str, kind: str, at: Instant
) -> int:
    zone = zone_of_site(invocation)
    way = find_route(found, node_of("--route", route), MailKind(kind), at, zone)
    via = str(way.via) if way.via is not None else "hub"
    invocation.emit({"via": via, "line": way.line}, f"{via}  line {way.line}: {way.why}")
    return Exit.OK


def _rules(invocation: Invocation, found: tuple[Directive, ...], address: str, at: Instant) -> int:
    rules = rulings(found, node_of("--address", address), at, zone_of_site(invocation))
    invocation.emit(
        {
            "lines": [
                {
                    "line": rule.directive.line,
                    "text": rule.directive.text,
                    "in_force": rule.in_force,
                    "why": rule.why,
                }
                for rule in rules
            ]
        },
        lambda: "\n".join(
            f"{rule.directive.line:>4} {'holds' if rule.in_force else '-':<6}"
            f" {rule.directive.text}  ({rule.why})"
            for rule in rules
        ),
    )
    return Exit.OK


# --- entries -------------------------------------------------------------------


def _entry(invocation: Invocation, what: str, at: str | None) -> int:
    """What became of an entry; status 1 when the timetable in force does not have it."""
    moment = moment_of(invocation, "--at", at) if at is not None else None
    view, store = view_site(invocation.site, settings_of(invocation), invocation.clock)
    if store is None:
        raise NotFound(f"{what}: no timetable was ever in force on {invocation.site.root}")
    found = find_standing(view, what)
    if found is not None and found.rule is not None:
        return _rule(invocation, found.rule, moment or view.now)
    answers = told(store, view, find_timers(view, what), moment)
    entries = [Told(view, past, became) for past, became in answers]
    zone = zone_of_site(invocation)
    documents = [one.document() for one in entries]
    invocation.emit(
        documents[0] if len(documents) == 1 else documents,
        lambda: "\n".join(one.text(zone) for one in entries),
    )
    return Exit.OK


def _rule(invocation: Invocation, rule: Directive, at: Instant) -> int:
    """A state or routing rule: whether it holds, and its next window."""
    zone = zone_of_site(invocation)
    timetable = timetable_of(rule, zone, at)
    following = timetable.next_after(at) if timetable is not None else None
    holds = is_open(rule, at, zone)
    text = f"{rule.line}  {rule.text}\n   {'holds' if holds else 'does not hold'} at "
    text += clock(at, zone)
    if following is not None:
        text += f"\n   next   {clock(following.due, zone)}"
    invocation.emit(
        {
            "line": rule.line,
            "name": None,
            "key": rule.key,
            "text": rule.text,
            "at": format_instant(at),
            "in_force": holds,
            "next": when(following.due) if following is not None else None,
        },
        text,
    )
    return Exit.OK
