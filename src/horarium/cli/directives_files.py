"""``horarium directives import`` and ``export``: control files from and for elsewhere."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from horarium.cli.directives_input import (
    faults_of,
    present_only,
    read_file,
    settings_of,
    strict_settings,
    valid,
    zone_of_site,
)
from horarium.cli.directives_output import clock
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.directives.controlfile import decode
from horarium.directives.directive import Directive
from horarium.directives.listing import as_calendar, as_json
from horarium.directives.problem import Problem
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import format_instant
from horarium.runtime.activation import Refused, bring_in
from horarium.runtime.control import parse_kept
from horarium.runtime.control_import import (
    Difference,
    compare,
    replace_control_file,
    translate_crontab,
)
from horarium.runtime.standing import View, read_view, view_site
from horarium.runtime.wiring import open_store


@dataclass(frozen=True, slots=True)
class _Given:
    """What is to be imported: the control file it is, and the lines of a crontab it came from."""

    content: bytes
    directives: tuple[Directive, ...]
    translated: tuple[str, ...] | None = None
    warnings: tuple[Problem, ...] = ()


@click.command(
    "import",
    help="Compare a control file, or a crontab that can be said as one, with what is in force: "
    "new lines, unchanged ones (their anchors stay), and those that would go. With --apply it "
    "becomes the site's events.ctl and takes effect, unless that file says something that is not "
    "in force.\n\n\b\nExample:\n  horarium directives import /etc/crontab.backup --format crontab",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["events.ctl", "crontab"]), default="events.ctl",
    show_default=True,
)  # fmt: skip
@click.option("--apply", "apply_", is_flag=True, help="write it, and bring it into force")
@pass_invocation
def import_command(invocation: Invocation, file: Path, form: str, apply_: bool) -> int:
    """Print what a file would change; with --apply change it."""
    given = _given(invocation, file, form)
    if not apply_:
        view, _ = view_site(invocation.site, settings_of(invocation), invocation.clock)
        _print(invocation, file, given, compare(view, given.directives), view, applied=False)
        return Exit.OK
    present_only(invocation, "directives import --apply")
    settings = strict_settings(invocation)
    store = open_store(invocation.site, settings, invocation.clock)
    view = read_view(store, settings, invocation.clock.now())
    difference = compare(view, given.directives)
    replace_control_file(invocation.site, settings, view, given.content)
    result = bring_in(store, invocation.site, settings, invocation.clock.now())
    store.close()
    if isinstance(result, Refused):
        raise faults_of(result.path, result.problems)
    _print(invocation, file, given, difference, view, applied=True)
    return Exit.OK


def _given(invocation: Invocation, file: Path, form: str) -> _Given:
    if form == "events.ctl":
        reading = read_file(invocation, file, None)
        return _Given(reading.content, valid(reading))
    chosen = settings_of(invocation).directives
    found = translate_crontab(file, chosen.encoding)
    parsed = parse_kept(found.content, {}, main=None, reading=chosen.reading)
    if parsed.errors:
        raise faults_of(f"{file} (as a control file)", parsed.errors)
    return _Given(found.content, parsed.directives, found.lines, found.warnings)


def _print(
    invocation: Invocation, file: Path, given: _Given, difference: Difference, view: View,
    *, applied: bool,
) -> None:  # fmt: skip
    for problem in given.warnings:
        invocation.say(f"{file}:{problem.line}:{problem.column}: {problem.message} (warning)")
    unchanged = [
        {**_line(kept.directive), "anchor": format_instant(kept.anchor) if kept.anchor else None}
        for kept in difference.unchanged
    ]
    invocation.emit(
        {
            "new": [_line(directive) for directive in difference.new],
            "unchanged": unchanged,
            "gone": [_line(directive) for directive in difference.gone],
            "lines": list(given.translated) if given.translated is not None else None,
            "warnings": [
                {"line": p.line, "column": p.column, "message": p.message} for p in given.warnings
            ],
            "applied": applied,
        },
        lambda: _text(invocation, given, difference, view, applied),
    )


def _line(directive: Directive) -> dict[str, object]:
    return {"line": directive.line, "key": directive.key, "text": directive.text}


def _text(
    invocation: Invocation, given: _Given, difference: Difference, view: View, applied: bool
) -> str:
    zone = zone_of_site(invocation)
    lines = [*(given.translated or ())]
    if lines:
        lines.append("")
    lines += [f"new        {d.line:>4}  {d.text}" for d in difference.new]
    for kept in difference.unchanged:
        anchor = f"  (anchor {clock(kept.anchor, zone)})" if kept.anchor is not None else ""
        lines.append(f"unchanged  {kept.directive.line:>4}  {kept.directive.text}{anchor}")
    lines += [f"gone       {d.line:>4}  {d.text}" for d in difference.gone]
    done = "in force" if applied else "nothing was changed; --apply brings it into force"
    return "\n".join([*lines, done])


@click.command(
    "export",
    help="The timetable in force: the control file byte for byte as it took effect, or all "
    "entries, declared directives too, as JSON with their schedules, or as an iCalendar object "
    "for a calendar program.\n\n"
    "\b\nExample:\n  horarium directives export --format ical > directives.ics",
)
@click.option(
    "--format", "form", type=click.Choice(["events.ctl", "json", "ical"]), default="events.ctl",
    show_default=True,
)  # fmt: skip
@pass_invocation
def export_command(invocation: Invocation, form: str) -> int:
    """Print what is in force; status 1 when nothing ever was."""
    view, store = view_site(invocation.site, invocation.settings, invocation.clock)
    if store is None or (form == "events.ctl" and view.kept is None):
        raise NotFound(f"no control file was ever in force on {invocation.site.root}")
    if form == "events.ctl":
        assert view.kept is not None
        _raw(invocation, view.kept.content, form)
        return Exit.OK
    standing = {(timer.entry, timer.task) for timer in view.timers}
    entries = [entry for entry in view.entries() if (entry.key, entry.task) in standing]
    entries.sort(key=lambda entry: (entry.task, entry.position))
    anchors = {timer.entry: timer.anchor for timer in view.timers}
    if form == "json":
        listed = as_json(entries, anchors)
        invocation.emit({"entries": listed}, lambda: _json(listed))
        return Exit.OK
    zone = zone_of_site(invocation)
    calendar, left_out = as_calendar(entries, zone, invocation.clock.now(), anchors)
    for one in left_out:
        invocation.say(f"left out: {one.entry.shown}  {one.entry.text}: {one.reason}")
    _raw(invocation, calendar, form)
    return Exit.OK


def _json(listed: list[dict[str, object]]) -> str:
    return json.dumps({"entries": listed}, ensure_ascii=False, indent=2)


def _raw(invocation: Invocation, content: bytes, form: str) -> None:
    """Octets as they are; as text inside a document where JSON was asked for."""
    if invocation.options.json:
        encoding = "utf-8" if form == "ical" else settings_of(invocation).directives.encoding
        invocation.emit({"format": form, "content": decode(content, encoding)}, "")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
