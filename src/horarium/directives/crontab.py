"""A crontab read as lines of a control file: what means the same there, and nothing else.

Each line is taken over exactly, or refused with what to do instead. The source is the crontab of
one user: five fields, then the command that cron would hand to a shell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.directives.controlfile import (
    MOST_LINES,
    MOST_OCTETS_OF_LINE,
    SHORT_LINE,
    shortened,
)
from horarium.directives.problem import BadWord, Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ASSIGNMENT = re.compile(r"""[ \t]*("[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*)[ \t]*=""")
_WORD = re.compile(r"[^ \t]+")
_ARGUMENT = re.compile(r"""[ \t]*("[^"]*"|'[^']*'|[^ \t"']+)(?=[ \t]|$)""")
_STEP = re.compile(r"\*/([0-9]{1,2})")
# Signs that a shell reads in a bare word; in quotes only those that it would read there too.
_SHELL = re.compile(r"[|&;<>()$`\\*?\[\]{}]")
_SHELL_IN_QUOTES = re.compile(r"[\"$`\\]")
_AT_START = ("~", "#")
_SHELL_WORDS = """
    . : ! [[ alias bg bind break builtin case cd command continue coproc declare dirs disown do done
    elif else esac eval exec exit export fc fg fi for function getopts hash if in jobs let
    local logout popd pushd read readonly return select set shift shopt source suspend then time
    times trap type typeset ulimit umask unalias unset until wait while"""
_NO_PROGRAMS = frozenset(_SHELL_WORDS.split())
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NICKNAMES = {"@daily": "0:00", "@midnight": "0:00", "@weekly": "0.0:00"}
_DECLARE = 'declare a directive with the schedule type = "cron"'
_SCRIPT = "write a script and name that"


@dataclass(frozen=True, slots=True)
class Crontab:
    """What a crontab says as `lines` of a control file, comments among them; the lines with
    `errors` are not."""

    lines: tuple[str, ...]
    warnings: tuple[Problem, ...]
    errors: tuple[Problem, ...]


def read_crontab(text: str) -> Crontab:
    """The crontab line by line; errors have the line and column where it can not be followed."""
    lines: list[str] = []
    warnings: list[Problem] = []
    errors: list[Problem] = []
    given = text.split("\n")
    if given[-1] == "":
        given.pop()
    for number, line in enumerate(given[:MOST_LINES], start=1):
        try:
            found, warning = _line(line.rstrip("\r"))
        except BadWord as error:
            errors.append(Problem(number, error.column or 1, shortened(str(error))))
            continue
        lines += found
        if warning:
            warnings.append(Problem(number, 1, warning))
    if max(len(given), len(lines)) > MOST_LINES:
        errors.append(Problem(MOST_LINES + 1, 1, f"more than {MOST_LINES} lines"))
    return Crontab(tuple(lines), tuple(warnings), tuple(errors))


def _line(line: str) -> tuple[list[str], str]:
    """The lines that one line becomes, and a warning or nothing."""
    bare = line.strip(" \t")
    if not bare:
        return [""], ""
    if bare.startswith("#"):
        return _comment(bare[1:]), ""
    if len(line.encode("utf-8", "surrogatepass")) > MOST_OCTETS_OF_LINE // 2:
        raise BadWord(f"the line is longer than {MOST_OCTETS_OF_LINE // 2} octets: {_SCRIPT}")
    control = _CONTROL.search(line.replace("\t", " "))
    if control is not None:
        raise BadWord("a control character", control.start() + 1)
    assigned = _ASSIGNMENT.match(line)
    if assigned is not None:
        raise BadWord(_assignment(assigned[1].strip("\"'")), assigned.start(1) + 1)
    when, at, warning = _when(line)
    return [f"Exec {_command(line, at)} {when}"], warning


def _comment(text: str) -> list[str]:
    """A comment, in as many lines as the control file likes; signs it could stumble over go."""
    shown = _CONTROL.sub(" ", text).rstrip()
    width = SHORT_LINE - 1
    return [";" + shown[at : at + width] for at in range(0, max(len(shown), 1), width)]


def _assignment(name: str) -> str:
    if name in ("CRON_TZ", "TZ"):
        return f"{name} is not set here: the zone is that of the setting directives.zone"
    if name == "MAILTO":
        return "MAILTO is not known here: what a run wrote is kept with its record"
    return f"{name} is not set here: put it into the setting directives.environment"


# --- time ----------------------------------------------------------------------


def _when(line: str) -> tuple[str, int, str]:
    """The time of a line, where its command begins, and a warning or nothing."""
    words = [(found[0], found.start() + 1, found.end()) for found in _WORD.finditer(line)]
    nickname = words[0][0].lower()
    if nickname.startswith("@"):
        return _nickname(nickname, words[0][1]), words[0][2], ""
    if len(words) < 5:
        raise BadWord("expected five fields and a command", words[-1][1])
    fields = words[:5]
    end = fields[4][2]
    for name, (word, column, _) in zip(("day of month", "month"), fields[2:4], strict=True):
        if word != "*":
            raise BadWord(f"a line has no {name} {word}: {_DECLARE}", column)
    minute, hour, weekday = fields[0], fields[1], fields[4]
    step = 1 if minute[0] == "*" else _step(minute[0])
    if step is not None and hour[0] == weekday[0] == "*":
        if not 1 <= step <= 59:
            raise BadWord(f"a step lies between 1 and 59, not {step}", minute[1])
        return f"P.00:{step:02}", end, _of_grid(step)
    clock = f"{_number(*hour[:2], 'hour', 23)}:{_number(*minute[:2], 'minute', 59):02}"
    day = "" if weekday[0] == "*" else f"{_weekday(*weekday[:2])}."
    return day + clock, end, ""


def _nickname(name: str, column: int) -> str:
    if name in _NICKNAMES:
        return _NICKNAMES[name]
    if name == "@reboot":
        hint = 'declare a directive with the schedule type = "on", signal = "start"'
    elif name == "@hourly":
        hint = f"{_DECLARE}, or write P.01:00, which counts from its activation"
    else:
        hint = _DECLARE
    raise BadWord(f"no line means {name}: {hint}", column)


def _step(word: str) -> int | None:
    found = _STEP.fullmatch(word)
    return None if found is None else int(found[1])


def _of_grid(step: int) -> str:
    told = f"P.00:{step:02} counts its minutes from the activation, not from the full hour"
    if 60 % step:
        told += f", and each is {step} minutes after the last; cron begins anew with the hour"
    return told


def _number(word: str, column: int, name: str, most: int) -> int:
    if word.isascii() and word.isdigit() and len(word) <= 2 and int(word) <= most:
        return int(word)
    raise BadWord(f"a line has one {name} from 0 to {most}, not {word}: {_DECLARE}", column)


def _weekday(word: str, column: int) -> int:
    if word.lower() in _WEEKDAYS:
        return _WEEKDAYS.index(word.lower())
    if len(word) == 1 and "0" <= word <= "7":
        return int(word) % 7
    raise BadWord(f"a line has at most one weekday from 0 to 7, not {word}: {_DECLARE}", column)


# --- command -------------------------------------------------------------------


def _command(line: str, at: int) -> str:
    """The words of a command that needs no shell, as a control file writes them."""
    words: list[str] = []
    percent = line.find("%", at)
    if percent >= 0:
        raise BadWord(f"% is the end of a line to cron: {_SCRIPT}", percent + 1)
    while line[at:].strip(" \t"):
        found = _ARGUMENT.match(line, at)
        if found is None:
            column = len(line) - len(line[at:].lstrip(" \t")) + 1
            raise BadWord(f"these quotes need a shell: {_SCRIPT}", column)
        words.append(_argument(found[1], found.start(1) + 1, first=not words))
        at = found.end()
    if not words:
        raise BadWord("expected a command", len(line) + 1)
    return " ".join(words)


def _argument(word: str, column: int, *, first: bool) -> str:
    """One word; quoted when it was, as far as quotes do no more than keep it together."""
    quoted = word[0] in "\"'"
    text = word[1:-1] if quoted else word
    read = (_SHELL_IN_QUOTES if quoted else _SHELL).search(text)
    if read is not None:
        raise BadWord(f"{read[0]} needs a shell: {_SCRIPT}", column + read.start() + quoted)
    if not quoted and (text.startswith(_AT_START) or "=~" in text or ":~" in text):
        raise BadWord(f"{text[0]} needs a shell: {_SCRIPT}", column)
    if first and (not text or text.startswith("!") or "=" in text or text in _NO_PROGRAMS):
        raise BadWord(f"{word} is no program, only a shell knows it: {_SCRIPT}", column)
    return f'"{text}"' if quoted else text
