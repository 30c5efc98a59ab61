"""One entry of the timetable explained: as JSON, and as lines for people."""

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
from horarium.kernel.instant import format_instant
from horarium.kernel.zone import Zone
from horarium.runtime.naming import FILE, task_name
from horarium.runtime.past import USUAL, Moment, Occupation, Past, in_words
from horarium.runtime.standing import View

# Of what kept a task busy people are told so many; JSON has all.
MOST_TOLD = 4


class Told:
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
            "last": when(moment.around.last.due) if moment.around.last is not None else None,
            "next": when(moment.around.next.due) if moment.around.next is not None else None,
            "left_out": [
                {"date": skip.date, "at": format_instant(skip.at), "reason": skip.reason.value}
                for skip in moment.around.left_out
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
        if row.reason not in USUAL:
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
        lines += [f"          {s.date}: {in_words(s.reason.value)}" for s in moment.around.left_out]
        around = [
            f"{name} {clock(o.due, zone)}"
            for name, o in (("moment", moment.around.last), ("the next", moment.around.next))
            if o is not None
        ]
        return [*lines, "          " + ", ".join(around)] if around else lines


def _because(task: int, occupied: tuple[Occupation, ...], zone: Zone) -> str:
    """What kept a task from beginning something."""
    told = []
    for one in occupied[:MOST_TOLD]:
        span = f"{clock(one.start, zone)} - {clock(one.end, zone) if one.end is not None else ''}"
        doing = (
            f"ran {one.shown.removeprefix(f'{FILE}:')}  {one.text}"
            if one.text is not None
            else "had nobody who worked"
        )
        told.append(f"{task_name(task)} {doing}, {span.rstrip(' -')}")
    if len(occupied) > MOST_TOLD:
        told.append(f"and {len(occupied) - MOST_TOLD} more")
    return ": " + "; ".join(told) if told else ""


def _occupation(one: Occupation) -> dict[str, object]:
    return {"start": format_instant(one.start), "end": when(one.end), "ran": one.text}
