"""``horarium directives``: the control file of timed and periodic directives (seed 004)."""

from pathlib import Path

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.output import safe
from horarium.directives.address import NodeAddress, parse_main
from horarium.directives.directive import Directive
from horarium.directives.plan import Foreseen, foresee, foresee_next, replay
from horarium.directives.problem import BadWord, Problem
from horarium.directives.rules import MailKind, find_route, rulings
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, named
from horarium.runtime.activation import read_site_control
from horarium.runtime.control import ControlReading
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.moments import parse_relative_moment
from horarium.runtime.settings import Settings, default_settings

DAY = 86_400


@click.group(help="The control file of timed and periodic directives.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "check",
    help="Read a control file (else the site's events.ctl) with its lists and say what is wrong, "
    "with line and column. Executes and contacts nothing.\n\n"
    "\b\nExample:\n  horarium directives check events.ctl --address 2:5030/15",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@click.option("--strict", is_flag=True, help="end with status 1 when there are warnings")
@pass_invocation
def directives_check(
    invocation: Invocation, file: Path | None, address: str | None, strict: bool
) -> int:
    """Check a control file; status 65 for errors, 66 when it is absent."""
    reading = _read(invocation, file, address)
    path = reading.path
    errors, warnings = reading.file.errors, reading.file.warnings
    for problem in errors:
        click.echo(safe(_line(path, problem)), err=True)
    if not invocation.options.json:
        for complaint in reading.complaints:
            click.echo(safe(f"warning: {complaint}"), err=True)
        for problem in warnings:
            click.echo(safe(f"{_line(path, problem)} (warning)"), err=True)
    invocation.emit(
        {
            "errors": [_document(problem) for problem in errors],
            "warnings": [_document(problem) for problem in warnings],
        },
        "" if errors else f"{len(reading.file.directives)} directives, {len(warnings)} warnings",
    )
    if errors:
        return Exit.DATA
    return Exit.NO if strict and (warnings or reading.complaints) else Exit.OK


@command.command(
    "next",
    help="When every line is due and every window opens, in order; runs nothing. A periodic line "
    "is counted from --from.\n\n"
    "\b\nExample:\n  horarium directives next events.ctl --from today --to +7d",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME", help="default a day after --from")
@click.option("--count", type=click.IntRange(1, 10_000), metavar="N", help="instead of --to")
@click.option("--task", type=int, metavar="N", help="only lines that a task of this number runs")
@click.option("--entry", type=int, metavar="LINE", help="only this line")
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@pass_invocation
def directives_next(
    invocation: Invocation,
    file: Path | None,
    start: str,
    end: str | None,
    count: int | None,
    task: int | None,
    entry: int | None,
    address: str | None,
) -> None:
    """Print what is due between two times, or the next so many."""
    if end is not None and count is not None:
        raise click.UsageError("--to and --count exclude each other")
    found = [
        directive
        for directive in _valid(_read(invocation, file, address))
        if entry in (None, directive.line) and (task is None or directive.task in (None, task))
    ]
    first, last = _span(invocation, start, end)
    zone = _zone(invocation)
    if count is not None:
        items = foresee_next(found, zone, first, count)
    else:
        items = foresee(found, zone, first, last)
    invocation.emit(
        {"runs": [_run(item) for item in items]},
        lambda: "\n".join(_run_line(invocation, item, zone) for item in items) or "nothing",
    )


@command.command(
    "run",
    help="Replay a span of time on an imagined clock: what would have been run by a daemon that "
    "was started at --from and was occupied during --busy. Executes nothing.\n\n"
    "\b\nExample:\n  horarium directives run events.ctl --dry-run --from '2026-03-02 13:15' "
    "--to '2026-03-02 19:00' --busy '2026-03-02 16:10/2026-03-02 17:30'",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", metavar="TIME", required=True)
@click.option("--to", "end", metavar="TIME", required=True)
@click.option("--dry-run", is_flag=True, help="only replay (this version runs nothing else)")
@click.option("--busy", metavar="FROM/TO", multiple=True, help="time taken by other work")
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@pass_invocation
def directives_run(
    invocation: Invocation,
    file: Path,
    start: str,
    end: str,
    dry_run: bool,
    busy: tuple[str, ...],
    address: str | None,
) -> None:
    """Replay a control file."""
    if not dry_run:
        raise click.UsageError("the daemon of directives is not available in this version")
    found = _valid(_read(invocation, file, address))
    first, last = _span(invocation, start, end)
    zone = _zone(invocation)
    items = replay(found, zone, first, last, [_busy(invocation, text) for text in busy])
    runs = [item for item in items if item.happens]
    invocation.emit(
        {
            "runs": [{**_run(item), "due": format_instant(item.due)} for item in runs],
            "skipped": [_run(item) for item in items if not item.happens],
        },
        lambda: "\n".join(_run_line(invocation, item, zone) for item in items) or "nothing",
    )


@command.command(
    "explain",
    help="Which lines hold for a node, or where its mail goes, at an instant.\n\n"
    "\b\nExample:\n  horarium directives explain events.ctl --route 2:5030/7 --kind mail",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--address", metavar="NODE", help="the node asked about")
@click.option("--route", metavar="NODE", help="the addressee whose route is asked for")
@click.option("--kind", type=click.Choice([k.value for k in MailKind]), default="mail")
@click.option("--at", metavar="TIME", default="now", show_default=True)
@pass_invocation
def directives_explain(
    invocation: Invocation,
    file: Path | None,
    address: str | None,
    route: str | None,
    kind: str,
    at: str,
) -> None:
    """Explain rules or a route; partial addresses in the file are the site's."""
    if (address is None) == (route is None):
        raise click.UsageError("ask with --address NODE or with --route NODE")
    found = _valid(_read(invocation, file, None))
    moment, zone = invocation.moment("--at", at), _zone(invocation)
    if route is not None:
        way = find_route(found, _node("--route", route), MailKind(kind), moment, zone)
        via = str(way.via) if way.via is not None else "hub"
        invocation.emit({"via": via, "line": way.line}, f"{via}  line {way.line}: {way.why}")
        return
    rules = rulings(found, _node("--address", address or ""), moment, zone)
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


def _read(invocation: Invocation, file: Path | None, address: str | None) -> ControlReading:
    settings = _settings(invocation)
    main = _node("--address", address) if address else None
    return read_site_control(invocation.site, settings, path=file, main=main)


def _valid(reading: ControlReading) -> tuple[Directive, ...]:
    """The directives of a file without errors; BadObjects with all of them otherwise."""
    if reading.file.errors:
        path = str(reading.path)
        raise BadObjects(
            [Fault(path, p.line, p.column, "", p.message) for p in reading.file.errors]
        )
    return reading.file.directives


def _node(option: str, text: str) -> NodeAddress:
    try:
        return parse_main(text)
    except BadWord as error:
        raise click.UsageError(f"{option}: {error}") from error


def _zone(invocation: Invocation) -> Zone:
    settings = _settings(invocation)
    return named(settings.directives.zone or settings.zone)


def _span(invocation: Invocation, start: str, end: str | None) -> tuple[Instant, Instant]:
    zone = _zone(invocation)
    first = _moment(invocation, "--from", start, zone)
    last = _moment(invocation, "--to", end, zone) if end else Instant(first + DAY)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    return first, last


def _busy(invocation: Invocation, text: str) -> Period:
    start, slash, end = text.partition("/")
    zone = _zone(invocation)
    if not slash:
        raise click.UsageError(f"--busy: expected FROM/TO, found {text}")
    first = _moment(invocation, "--busy", start, zone)
    last = _moment(invocation, "--busy", end, zone)
    if last <= first:
        raise click.UsageError(f"--busy: {text} does not end after its start")
    return Period(first, last)


def _moment(invocation: Invocation, option: str, text: str, zone: Zone) -> Instant:
    try:
        return parse_relative_moment(text, zone, invocation.clock.now())
    except InvalidInput as error:
        raise click.UsageError(f"{option}: {error}: {text}") from error


def _run(item: Foreseen) -> dict[str, object]:
    return {
        "line": item.directive.line,
        "task": item.directive.task,
        "at": format_instant(item.at),
        "end": format_instant(item.end) if item.end is not None else None,
        "text": item.directive.text,
        "reason": item.reason,
    }


def _run_line(invocation: Invocation, item: Foreseen, zone: Zone) -> str:
    if item.end is not None:
        when = invocation.local_span(item.at, item.end, zone)
    else:
        when = invocation.local(item.at, zone)
    mark = "" if item.happens else "not run: "
    reason = f"  ({mark}{item.reason})" if item.reason else ""
    return f"{when}  {item.directive.line:>4}  {item.directive.text}{reason}"


def _settings(invocation: Invocation) -> Settings:
    """The site's settings; a file can be looked at where there is no site too."""
    if invocation.site.settings_file.exists():
        return invocation.settings
    return default_settings()


def _line(path: Path, problem: Problem) -> str:
    return f"{path}:{problem.line}:{problem.column}: {problem.message}"


def _document(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "column": problem.column, "message": problem.message}
