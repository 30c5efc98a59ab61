"""What the commands of directives print: times, rows of the ledger, and what is to come."""

from horarium.cli.invocation import Invocation
from horarium.directives.entry import UPKEEP_TASK
from horarium.directives.plan import Foreseen
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.zone import Zone
from horarium.runtime.ahead import Coming
from horarium.runtime.moments import format_moment
from horarium.runtime.past import USUAL, in_words
from horarium.runtime.standing import Firing, Timer, View

_RUN_WORDS = {"run": "", "manual": " by hand"}


def when(t: Instant | None) -> str | None:
    """An instant in JSON."""
    return format_instant(t) if t is not None else None


def clock(t: Instant, zone: Zone) -> str:
    """An instant for people, on the clocks of a zone: ``2026-03-02 17:30:04+01:00``."""
    return format_moment(t, zone).rpartition(" ")[0]


def task_number(task: int | None) -> int | None:
    """A task in JSON; the daily pass is nobody's numbered task."""
    return None if task == UPKEEP_TASK else task


def length(seconds: int) -> str:
    """A length for people: ``15m04s``, ``2h00m``, ``3d04h``."""
    for unit, (one, part, smaller) in {
        "d": (86_400, 3_600, "h"), "h": (3_600, 60, "m"), "m": (60, 1, "s")
    }.items():  # fmt: skip
        if seconds >= one:
            return f"{seconds // one}{unit}{seconds % one // part:02}{smaller}"
    return f"{seconds}s"


def shown(line: int | None, name: str | None) -> str:
    """How people name an entry: its line, else its name."""
    return str(line) if line is not None else name or "-"


def timers_by_id(view: View) -> dict[int, Timer]:
    """The standing timers by their number."""
    return {timer.id: timer for timer in view.timers}


# --- what is to come -----------------------------------------------------------


def coming_document(item: Coming) -> dict[str, object]:
    """A run or window to come."""
    return {
        "line": item.line,
        "name": item.name,
        "task": task_number(item.task),
        "at": format_instant(item.at),
        "due": format_instant(item.due),
        "end": when(item.end),
        "text": item.text,
        "reason": item.reason,
    }


def coming_line(invocation: Invocation, item: Coming, zone: Zone) -> str:
    """The same for people."""
    if item.end is not None and item.at == item.due:
        time = invocation.local_span(item.at, item.end, zone)
    else:
        time = invocation.local(item.at, zone)
    return f"{time}  {shown(item.line, item.name):>4}  {item.text}{_why(item.happens, item.reason)}"


def foreseen_document(item: Foreseen) -> dict[str, object]:
    """A run or window of a file that was replayed."""
    return {
        "line": item.directive.line,
        "task": item.directive.task,
        "at": format_instant(item.at),
        "end": when(item.end),
        "text": item.directive.text,
        "reason": item.reason,
    }


def foreseen_line(invocation: Invocation, item: Foreseen, zone: Zone) -> str:
    """The same for people."""
    if item.end is not None:
        time = invocation.local_span(item.at, item.end, zone)
    else:
        time = invocation.local(item.at, zone)
    why = _why(item.happens, item.reason)
    return f"{time}  {item.directive.line:>4}  {item.directive.text}{why}"


def _why(happens: bool, reason: str | None) -> str:
    return f"  ({'' if happens else 'not run: '}{reason})" if reason else ""


# --- the ledger ----------------------------------------------------------------


def firing_document(row: Firing, timers: dict[int, Timer]) -> dict[str, object]:
    """A row of the ledger."""
    timer = timers.get(row.timer)
    return {
        "id": row.id,
        "key": row.entry,
        "line": timer.line if timer is not None else None,
        "name": timer.name if timer is not None else None,
        "text": timer.text if timer is not None else None,
        "task": task_number(row.task),
        "kind": row.kind,
        "state": row.state,
        "reason": row.reason,
        "due": format_instant(row.due),
        "first_due": format_instant(row.first_due),
        "count": row.count,
        "decided": format_instant(row.decided),
        "started": when(row.started),
        "ended": when(row.ended),
        "late": lateness(row),
        "status": row.status,
        "attempts": row.attempts,
        "detail": row.detail,
        "output_octets": row.output_octets,
    }


def lateness(row: Firing) -> int | None:
    """Seconds from the moment of a run to its beginning."""
    if row.started is None or row.kind == "manual":
        return None
    return row.started - row.due


def firing_line(invocation: Invocation, row: Firing, timers: dict[int, Timer], zone: Zone) -> str:
    """A row of the ledger for people."""
    timer = timers.get(row.timer)
    who = shown(timer.line, timer.name) if timer is not None else row.entry[:8]
    text = timer.text if timer is not None else "(gone)"
    at = row.started if row.started is not None else row.due
    return f"{invocation.local(at, zone)}  {who:>4}  {text}  {row_words(row)}"


def row_words(row: Firing) -> str:
    """What became of it, in words."""
    if row.kind == "skip":
        more = f"{'at least ' if row.at_least else ''}{row.count} moment{'s'[: row.count != 1]}: "
        why = row.reason if row.state == "failed" else in_words(row.reason)
        return f"not run, {more}{why}"
    words = f"{row.state}{_RUN_WORDS.get(row.kind, '')}"
    late = lateness(row)
    if late:
        words += f", late {length(late)}"
    if row.count:
        words += f", coalesced {row.count}"
    if row.reason not in USUAL:
        words += f": {row.reason}"
    return words
