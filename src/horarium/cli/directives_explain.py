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
from horarium.cli.directives_output import (
    clock,
    coming_document,
    firing_document,
    lateness,
    length,
    row_words,
    shown,
    task_number,
    timers_by_id,
    when,
)
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.directives.directive import Directive
from horarium.directives.plan import timetable_of
from horarium.directives.rules import MailKind, find_route, is_open, rulings
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.zone import Zone
from horarium.runtime.directive_history import Moment, Occupation, Past, in_words, past_of
from horarium.runtime.directive_history import moment_of as became_of
from horarium.runtime.directive_view import (
    Store,
    Timer,
    View,
    find_rule,
    find_timers,
    task_name,
    view_site,
)


# Of what kept a task busy people are told so many; JSON has all.
MOST_TOLD = 4


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
    rule = find_rule(view, what)
    if rule is not None:
        return _rule(invocation, rule, moment or view.now)
    if store is None:
        raise NotFound(f"{what}: no timetable was ever in force on {invocation.site.root}")
    told = [
        _Told(view, past_of(store, view, timer), _moment(store, view, timer, moment))
        for timer in find_timers(view, what)
    ]
    zone = zone_of_site(invocation)
    documents = [one.document() for one in told]
    invocation.emit(
        documents[0] if len(documents) == 1 else documents,
        lambda: "\n".join(one.text(zone) for one in told),
    )
    return Exit.OK


def _moment(store: Store, view: View, timer: Timer, at: Instant | None) -> Moment | None:
    return became_of(store, view, timer, at) if at is not None else None


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


class _Told:
    """One entry explained."""

    def __init__(self, view: View, past: Past, moment: Moment | None) -> None:
        self.view = view
        self.past = past
        self.moment = moment
        self.timer = past.timer
        self.rows = timers_by_id(view)

    def document(self) -> dict[str, object]:
        """Everything, as JSON."""
        timer, past = self.timer, self.past
        found: dict[str, object] = {
            "line": timer.line,
            "name": timer.name,
            "key": timer.entry,
            "task": task_number(timer.task),
            "text": timer.text,
            "schedule": timer.schedule,
            "activated": format_instant(timer.activated),
            "anchor": format_instant(timer.anchor),
            "decided_until": format_instant(timer.cursor),
            "served": self.view.served(timer.task),
            "last": firing_document(past.last, self.rows) if past.last is not None else None,
            "occupied": [_occupation(one) for one in past.occupied],
            "skipped": [firing_document(row, self.rows) for row in past.skipped],
            "next": coming_document(past.next) if past.next is not None else None,
        }
        if self.moment is not None:
            found["moment"] = self._moment_document(self.moment)
        return found

    def _moment_document(self, moment: Moment) -> dict[str, object]:
        return {
            "at": format_instant(moment.at),
            "verdict": moment.verdict,
            "why": moment.said,
            "rows": [firing_document(row, self.rows) for row in moment.rows],
            "occupied": [_occupation(one) for one in moment.occupied],
            "last": when(moment.last.due) if moment.last is not None else None,
            "next": when(moment.next.due) if moment.next is not None else None,
            "left_out": [
                {"date": skip.date, "at": format_instant(skip.at), "reason": skip.reason.value}
                for skip in moment.left_out
            ],
        }

    def text(self, zone: Zone) -> str:
        """The same for people."""
        timer, past = self.timer, self.past
        lines = [
            f"{shown(timer.line, timer.name)}  {timer.text}      {timer.schedule}, anchor "
            f"{clock(timer.anchor, zone)} ({task_name(timer.task)})"
        ]
        if past.last is not None:
            lines.append(f"   last   {self._last(zone)}")
        for row in past.skipped:
            span = clock(row.first_due, zone)
            span += f" … {clock(row.due, zone)}" if row.count > 1 else ""
            lines.append(f"   left   {span}  {row_words(row)}")
        if past.next is None:
            lines.append("   next   nothing comes by itself")
        else:
            lines.append(f"   next   {self._next(zone)}")
        if self.moment is not None:
            lines += self._moment_text(self.moment, zone)
        return "\n".join(lines)

    def _last(self, zone: Zone) -> str:
        row = self.past.last
        assert row is not None
        assert row.started is not None
        words = f"{clock(row.started, zone)}  {row.state}"
        if row.reason not in ("", "on_time", "late", "manual"):
            words += f" ({row.reason})"
        late = lateness(row)
        if late is None:
            return f"{words}  by hand"
        words += f"  due {clock(row.due, zone)}"
        if late:
            words += f"  late {length(late)}"
        if row.count:
            words += f"  coalesced {row.count} (from {clock(row.first_due, zone)})"
        if late or row.count:
            words += _because(self.timer.task, self.past.occupied, zone)
        return words

    def _next(self, zone: Zone) -> str:
        coming = self.past.next
        assert coming is not None
        words = clock(coming.at, zone)
        if coming.at != coming.due:
            words += f"  for {clock(coming.due, zone)}"
        if not self.view.served(self.timer.task):
            words += f"  (nobody works for {task_name(self.timer.task)} now)"
        return words

    def _moment_text(self, moment: Moment, zone: Zone) -> list[str]:
        lines = [f"   at     {clock(moment.at, zone)}: {moment.verdict}: {moment.said}"]
        for row in moment.rows:
            start = clock(row.started if row.started is not None else row.first_due, zone)
            lines.append(f"          {start}  due {clock(row.due, zone)}  {row_words(row)}")
        if moment.occupied:
            because = _because(self.timer.task, moment.occupied, zone).removeprefix(": ")
            lines.append(f"          {because}")
        lines += [f"          {s.date}: {in_words(s.reason.value)}" for s in moment.left_out]
        around = [
            f"{name} {clock(o.due, zone)}"
            for name, o in (("moment", moment.last), ("the next", moment.next))
            if o is not None
        ]
        return [*lines, "          " + ", ".join(around)] if around else lines


def _because(task: int, occupied: tuple[Occupation, ...], zone: Zone) -> str:
    """What kept a task from beginning something."""
    told = []
    for one in occupied[:MOST_TOLD]:
        span = f"{clock(one.start, zone)} - {clock(one.end, zone) if one.end is not None else ''}"
        doing = f"ran {one.shown}  {one.text}" if one.text is not None else "had nobody who worked"
        told.append(f"{task_name(task)} {doing}, {span.rstrip(' -')}")
    if len(occupied) > MOST_TOLD:
        told.append(f"and {len(occupied) - MOST_TOLD} more")
    return ": " + "; ".join(told) if told else ""


def _occupation(one: Occupation) -> dict[str, object]:
    return {"start": format_instant(one.start), "end": when(one.end), "ran": one.text}
