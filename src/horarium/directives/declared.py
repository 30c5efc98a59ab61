"""Declared directives: ``[directive.NAME]`` of an object file as an entry of the timetable.

What stands in a control file by line stands here by name, with any schedule there is, and with the
signals for which a control file has no words.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from horarium.directives.entry import DEFAULT_TIMEOUT, Entry, Execute
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule import Overlap, Schedule
from horarium.kernel.schedule_keys import schedule_from_table, schedule_to_table
from horarium.kernel.schedule_parts import read_length
from horarium.kernel.schedule_text import LONGEST_LINE, BadSchedule, parse_schedule
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.timetable import Circumstances, Timetable

SIGNALS = (
    "start",
    "stop",
    "booking.accepted",
    "booking.cancelled",
    "slot.confirmed",
    "version.built",
    "version.extracted",
    "session.end",
    "netmail.received",
    "arcmail.received",
    "file.received",
    "request.served",
    "queue.empty",
    "nodelist.changed",
)
"""What a schedule of type ``on`` may wait for."""

FIRST_POSITION = 1_000_000
"""Declared directives stand after all lines of a control file."""

MOST_TASK = 255
MOST_ARGUMENTS = 256
MOST_CHARACTERS = 32_768
LONGEST_TIMEOUT = 400 * 86_400
_LONGEST_ZONE = 96
_NAME = re.compile(r"[\w.-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# The policies that may stand beside the schedule, and a saying of each in its text.
_POLICIES = {
    "catch_up": "catch_up once",
    "overlap": "overlap skip",
    "deadline": "deadline 1h",
    "grace": "grace 1h",
    "on_crash": "on_crash skip",
    "late_outside_window": "late_outside_window",
    "enabled": "disabled",
}
KEYS = ("run", "schedule", "task", "timeout", *_POLICIES)
"""The keys of a declared directive."""

Keys = Mapping[str, object]


class _Wrong(Exception):
    """What is wrong at a key; a key inside of the schedule follows it after a dot."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class _Declared:
    """One declared directive as read; the schedule is as written, without the site's zone."""

    argv: tuple[str, ...]
    schedule: Schedule
    task: int | None
    timeout: int


def read_declared(name: str, keys: Keys, zone: str, *, master: int) -> Entry:
    """The entry that ``[directive.NAME]`` declares; InvalidInput with the key for what is wrong.

    ``zone`` is that of the schedule where it names none; ``master`` the task where none is named.
    The identity covers the name and what the keys mean, not how they are spelt.
    """
    for key, message in faults(name, keys):
        raise InvalidInput(f"{key}: {message}" if key else message, part=key, value=name)
    found = _Declared(_run(keys), _schedule(keys), _task(keys), _timeout(keys))
    own = found.schedule
    return Entry(
        key=_identity(name, found),
        task=master if found.task is None else found.task,
        position=FIRST_POSITION,
        text=f"{shlex.join(found.argv)} {format_schedule(own)}",
        schedule=own if own.zone is not None else replace(own, zone=zone),
        action=Execute(found.argv, timeout=found.timeout),
        name=name,
    )


def declared_entries(objects: Mapping[str, Keys], zone: str, *, master: int) -> list[Entry]:
    """The entries of all declared directives, by name; InvalidInput as `read_declared`."""
    return [
        replace(
            read_declared(name, objects[name], zone, master=master), position=FIRST_POSITION + rank
        )
        for rank, name in enumerate(sorted(objects))
    ]


def faults(name: str, keys: Keys) -> Iterator[tuple[str, str]]:
    """Everything that is wrong, as a key and a message: a key of the schedule's table is
    ``schedule.every``, the empty one the directive itself."""
    if _NAME.fullmatch(name) is None:
        yield "", "a directive's name is letters, digits, dots, - and _"
    for key in keys:
        if key not in KEYS:
            yield key, f"there is no such key{nearest(key, KEYS)}"
    readers: tuple[Callable[[Keys], object], ...] = (_run, _schedule, _task, _timeout)
    for read in readers:
        try:
            read(keys)
        except _Wrong as wrong:
            yield wrong.key, str(wrong)


def read_schedule(written: object) -> Schedule:
    """A schedule as a table of keys or as one line of text, where no calendars are known and no
    roles have a zone. InvalidInput; its ``part`` is the key of the table, empty for the whole."""
    try:
        return _schedule({"schedule": written})
    except _Wrong as wrong:
        part = wrong.key.removeprefix("schedule").removeprefix(".")
        message = f"{part}: {wrong}" if part else str(wrong)
        raise InvalidInput(message, part=part, value=str(written)[:80]) from wrong


def _identity(name: str, found: _Declared) -> str:
    parts = (name, found.argv, found.task, found.timeout, schedule_to_table(found.schedule))
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return f"directive:{sha256(text.encode()).hexdigest()[:40]}"


def _run(keys: Keys) -> tuple[str, ...]:
    if "run" not in keys:
        raise _Wrong("", 'needs run, such as ["/usr/local/bin/backup", "--full"]')
    words = keys["run"]
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise _Wrong("run", "expected a program and its arguments, each a text of its own")
    argv = tuple(words)
    if not argv or not argv[0]:
        raise _Wrong("run", "names no program")
    for number, word in enumerate(argv, start=1):
        control = _CONTROL.search(word)
        if control is not None:
            sign = f"U+{ord(control[0]):04X}"
            raise _Wrong("run", f"the control character {sign} stands in word {number}")
    if len(argv) > MOST_ARGUMENTS or sum(map(len, argv)) > MOST_CHARACTERS:
        most = f"{MOST_ARGUMENTS} words and {MOST_CHARACTERS} characters"
        raise _Wrong("run", f"is longer than {most}")
    return argv


def _task(keys: Keys) -> int | None:
    task = keys.get("task")
    if task is None:
        return None
    if not isinstance(task, int) or isinstance(task, bool) or not 0 <= task <= MOST_TASK:
        raise _Wrong("task", f"expected a task number from 0 to {MOST_TASK}, not {task}")
    return task


def _timeout(keys: Keys) -> int:
    value = keys.get("timeout", DEFAULT_TIMEOUT)
    seconds: object = value
    if isinstance(value, str):
        try:
            seconds = read_length(value, "timeout")
        except InvalidInput:
            seconds = None
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise _Wrong("timeout", f"expected a duration such as 10m or PT1H, not {value}")
    if not 1 <= seconds <= LONGEST_TIMEOUT:
        raise _Wrong("timeout", f"must be at least one second and at most 400 days, not {value}")
    return seconds


def _schedule(keys: Keys) -> Schedule:
    """The schedule with the policies that stand beside it."""
    written = keys.get("schedule")
    beside = {key: value for key, value in keys.items() if key in _POLICIES}
    if "schedule" not in keys:
        raise _Wrong("", 'needs a schedule, such as { type = "daily", start = "02:30" }')
    if isinstance(written, str):
        inner = schedule_to_table(_parsed(written))
        twice = [key for key in beside if _says(written, key)]
    elif isinstance(written, Mapping):
        inner = dict(written)
        twice = [key for key in beside if key in inner]
    else:
        raise _Wrong("schedule", "expected a table, or one line of text")
    if twice:
        raise _Wrong(twice[0], "stands here and inside the schedule; one place is enough")
    schedule = _from_table(inner | beside, beside)
    _check(schedule, beside)
    return schedule


def _parsed(text: str) -> Schedule:
    try:
        return parse_schedule(text)
    except HorariumError as error:
        raise _Wrong("schedule", str(error)) from error


def _says(text: str, key: str) -> bool:
    """Whether a schedule that can be read says a policy: then it does not bear it once more."""
    try:
        parse_schedule(f"{text} {_POLICIES[key]}")
    except BadSchedule:
        return True
    except HorariumError:
        return False
    return False


def _from_table(table: Keys, beside: Keys) -> Schedule:
    try:
        schedule = schedule_from_table(table)
        # What nobody here gives a meaning to, a role or a calendar, is refused by the timetable.
        Timetable(schedule, Circumstances(activation=Instant(0)))
    except InvalidInput as error:
        raise _placed(error, table, beside) from error
    except HorariumError as error:
        raise _Wrong("schedule", str(error)) from error
    return schedule


def _placed(error: InvalidInput, table: Keys, beside: Keys) -> _Wrong:
    part = error.part
    if part not in table:
        return _Wrong("schedule", str(error))
    place = part if part in beside else f"schedule.{part}"
    return _Wrong(place, str(error).removeprefix(f"{part}: "))


def _check(schedule: Schedule, beside: Keys) -> None:
    if schedule.overlap is Overlap.ALLOW:
        key = "overlap" if "overlap" in beside else "schedule.overlap"
        raise _Wrong(key, "two runs of a directive never overlap: use skip or queue_one")
    signal = schedule.signal
    if signal is not None and signal not in SIGNALS:
        raise _Wrong("schedule.signal", f"there is no signal {signal}{nearest(signal, SIGNALS)}")
    # It is kept as one line, with the zone of the site where it names none.
    if len(format_schedule(schedule)) > LONGEST_LINE - _LONGEST_ZONE:
        raise _Wrong("schedule", f"is longer than {LONGEST_LINE - _LONGEST_ZONE} characters")
