"""``horarium directives status``: how the timetable of directives is, on one screen."""

import click

from horarium.cli.directives_input import zone_of_site
from horarium.cli.directives_output import (
    clock,
    coming_document,
    coming_line,
    firing_document,
    firing_line,
    shown,
    task_number,
    timers_by_id,
    when,
)
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.verify_firings import verdict_document, verdict_line
from horarium.directives.directive import Kind
from horarium.kernel.instant import format_instant
from horarium.kernel.zone import Zone
from horarium.runtime.activation import control_path
from horarium.runtime.directive_status import Status, TaskState, status_of
from horarium.runtime.naming import task_name
from horarium.runtime.standing import view_site


@click.command(
    "status",
    help="How the timetable of directives is: who works for which task, the file in force and the "
    "one that was refused, what comes next, the last runs, the counts of the last day, and what "
    "was wrong with it. Status 1 when a file is refused, a moment was not served as it should, or "
    "nobody works for a task that has entries.\n\n"
    "\b\nExample:\n  horarium directives status",
)
@pass_invocation
def status_command(invocation: Invocation) -> int:
    """Print how the timetable is."""
    view, store = view_site(invocation.site, invocation.settings, invocation.clock)
    if store is None:
        there = control_path(invocation.site).exists()
        text = "nothing was ever in force; horarium serve brings it into force"
        invocation.emit({"tasks": [], "file": None, "refused": None, "next": []}, text)
        return Exit.NO if there else Exit.OK
    status = status_of(store, view)
    invocation.emit(_document(status), lambda: _text(invocation, status))
    return Exit.OK if status.well else Exit.NO


def _document(status: Status) -> dict[str, object]:
    view, rows = status.view, timers_by_id(status.view)
    last, following = status.last_pass, status.next_pass
    return {
        "tasks": [_task_document(status, task) for task in status.tasks],
        "file": _file_document(status),
        "refused": _refused_document(status),
        "entries": len(view.timers),
        "next": [coming_document(item) for item in status.coming],
        "last": [firing_document(row, rows) for row in status.rows],
        "last_day": [
            {"state": c.state, "reason": c.reason, "rows": c.rows, "moments": c.moments}
            for c in status.counts
        ],
        "upkeep": {
            "last": firing_document(last, rows) if last is not None else None,
            "next": coming_document(following) if following is not None else None,
        },
        "violations": [verdict_document(v, view.timers) for v in status.violations],
        "undecided": status.undecided or None,
    }


def _task_document(status: Status, task: TaskState) -> dict[str, object]:
    life, running = task.life, task.running
    return {
        "task": task_number(task.number),
        "role": task.role,
        "served": task.served,
        "node": life.node if life is not None else None,
        "process": life.process if life is not None else None,
        "started": when(life.started) if life is not None else None,
        "seen": when(life.seen) if life is not None else None,
        "entries": task.entries,
        "running": firing_document(running, timers_by_id(status.view)) if running else None,
    }


def _file_document(status: Status) -> dict[str, object] | None:
    kept = status.view.kept
    if kept is None:
        return None
    return {
        "path": kept.path,
        "since": format_instant(kept.activated),
        "lines": len(kept.content.splitlines()),
        "directives": len(status.directives),
        "timed": sum(1 for d in status.directives if d.keyword.kind is Kind.TIMED),
    }


def _refused_document(status: Status) -> dict[str, object] | None:
    refused = status.view.refused
    if refused is None:
        return None
    return {
        "path": refused.path,
        "at": format_instant(refused.at),
        "errors": [
            {"line": p.line, "column": p.column, "message": p.message} for p in refused.problems
        ],
    }


# --- for people ------------------------------------------------------------------


def _text(invocation: Invocation, status: Status) -> str:
    zone = zone_of_site(invocation)
    rows = timers_by_id(status.view)
    lines = [_task_line(status, task, zone) for task in status.tasks]
    lines += _file_lines(status, zone)
    lines += ["next:", *(f"  {coming_line(invocation, item, zone)}" for item in status.coming)]
    lines += ["last:", *(f"  {firing_line(invocation, r, rows, zone)}" for r in status.rows)]
    counts = [
        f"{c.state}{f' ({c.reason})' if c.reason else ''} {c.rows}"
        + (f", {c.moments} moments" if c.moments != c.rows else "")
        for c in status.counts
    ]
    lines.append(f"last day: {'; '.join(counts) or 'nothing'}")
    lines.append(_pass_line(status, zone))
    if status.undecided:
        lines.append(f"the last day can not be judged: {status.undecided}")
    elif status.violations:
        lines.append(f"wrong in the last day: {len(status.violations)}")
        lines += [f"  {verdict_line(v, status.view.timers, zone)}" for v in status.violations[:10]]
    else:
        lines.append("wrong in the last day: nothing")
    return "\n".join(lines)


def _task_line(status: Status, task: TaskState, zone: Zone) -> str:
    life, name = task.life, task_name(task.number)
    words = f"{name:<8} {task.role:<7} {task.entries:>5} entries  "
    if life is None:
        return words + "nobody ever worked for it"
    if task.served:
        words += f"process {life.process} since {clock(life.started, zone)}"
    else:
        words += f"down since {clock(life.seen, zone)}"
    running = task.running
    if running is None or running.started is None:
        return words + ("  idle" if task.served else "")
    timer = timers_by_id(status.view).get(running.timer)
    text = f"{shown(timer.line, timer.name)} {timer.text}" if timer else running.entry[:12]
    doing = "runs" if task.served else "left behind"
    return f"{words}  {doing} {text} since {clock(running.started, zone)}"


def _file_lines(status: Status, zone: Zone) -> list[str]:
    found = _file_document(status)
    kept, refused = status.view.kept, status.view.refused
    lines = ["file     none"]
    if found is not None and kept is not None:
        since = clock(kept.activated, zone)
        lines = [
            f"file     {kept.path} since {since}: {found['lines']} lines, "
            f"{found['directives']} directives, {found['timed']} of them timed"
        ]
    if refused is not None:
        lines.append(f"refused  {refused.path}, looked at {clock(refused.at, zone)}:")
        lines += [f"  {refused.path}:{p.line}:{p.column}: {p.message}" for p in refused.problems]
    return lines


def _pass_line(status: Status, zone: Zone) -> str:
    if status.daily_pass is None:
        return "upkeep   no daily pass stands; horarium serve has one"
    last, following = status.last_pass, status.next_pass
    started = last.started if last is not None else None
    words = "never"
    if last is not None and started is not None:
        words = f"{clock(started, zone)} {last.state}"
    next_ = clock(following.at, zone) if following is not None else "never"
    return f"upkeep   last {words}; next {next_}"
