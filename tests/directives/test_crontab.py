"""A crontab as lines of a control file: what is taken over is exact, the rest is refused."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.directives.controlfile import parse_control_file
from horarium.directives.crontab import read_crontab
from horarium.directives.directive import Directive
from horarium.directives.plan import foresee
from horarium.kernel.cron import Cron
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule import Schedule, Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import named

PARIS = named("Europe/Paris")
DECLARE = 'declare a directive with the schedule type = "cron"'


def lines(text: str) -> tuple[str, ...]:
    found = read_crontab(text)
    assert found.errors == ()
    return found.lines


def directives(text: str) -> tuple[Directive, ...]:
    data = "\n".join(lines(text)).encode()
    found = parse_control_file(data, main=None, read_list=lambda _: [])
    assert found.valid, found.errors
    return found.directives


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("30 6 * * * /usr/bin/backup", "Exec /usr/bin/backup 6:30"),
        ("10 0 * * 0 weekly", "Exec weekly 0.0:10"),
        ("10 0 * * 7 weekly", "Exec weekly 0.0:10"),
        ("05 23 * * sat a -b --c=d e,f", "Exec a -b --c=d e,f 6.23:05"),
        ("0 4 * * MON a", "Exec a 1.4:00"),
        ("\t 0\t4 *  * *   a   b ", "Exec a b 4:00"),
        ("*/5 * * * * a", "Exec a P.00:05"),
        ("* * * * * a", "Exec a P.00:01"),
        ("@daily a", "Exec a 0:00"),
        ("@Midnight a", "Exec a 0:00"),
        ("@weekly a", "Exec a 0.0:00"),
        ('0 4 * * * a "b c" \'d;e\' ""', 'Exec a "b c" "d;e" "" 4:00'),
        ("0 4 * * * a 8:30", "Exec a 8:30 4:00"),
        ("# a comment; with\x07signs\x1a", "; a comment; with signs"),
        ("  #", ";"),
        ("   ", ""),
    ],
)
def test_what_is_taken_over(line: str, expected: str) -> None:
    assert lines(line) == (expected,)


def test_a_step_warns_that_the_grid_counts_from_the_activation() -> None:
    found = read_crontab("0 4 * * * a\n*/15 * * * * a\n*/7 * * * * a\n")
    assert [(w.line, w.message) for w in found.warnings] == [
        (2, "P.00:15 counts its minutes from the activation, not from the full hour"),
        (3, "P.00:07 counts its minutes from the activation, not from the full hour, and each is "
            "7 minutes after the last; cron begins anew with the hour"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("0 4 1 * * a", 5, f"a line has no day of month 1: {DECLARE}"),
        ("0 4 * 2 * a", 7, f"a line has no month 2: {DECLARE}"),
        ("0 4 * * 1-5 a", 9, "at most one weekday from 0 to 7, not 1-5"),
        ("0 4 * * 8 a", 9, "at most one weekday from 0 to 7, not 8"),
        ("0 4 * * mon,tue a", 9, "at most one weekday"),
        ("0,30 4 * * * a", 1, f"one minute from 0 to 59, not 0,30: {DECLARE}"),
        ("60 4 * * * a", 1, "one minute from 0 to 59, not 60"),
        ("0 8-17 * * * a", 3, f"one hour from 0 to 23, not 8-17: {DECLARE}"),
        ("0 */2 * * * a", 3, "one hour from 0 to 23, not */2"),
        ("0 * * * * a", 3, "one hour from 0 to 23, not *"),
        ("*/5 4 * * * a", 1, "one minute from 0 to 59, not */5"),
        ("* * * * 1 a", 3, "one hour from 0 to 23"),
        ("*/0 * * * * a", 1, "a step lies between 1 and 59, not 0"),
        ("*/60 * * * * a", 1, "a step lies between 1 and 59, not 60"),
        ("٣ 4 * * * a", 1, "one minute from 0 to 59"),
        ("@hourly a", 1, "or write P.01:00"),
        ("@monthly a", 1, f"no line means @monthly: {DECLARE}"),
        ("@yearly a", 1, "no line means @yearly"),
        ("@reboot a", 1, 'type = "on", signal = "start"'),
        ("@never a", 1, "no line means @never"),
        ("PATH=/bin:/usr/bin", 1, "put it into the setting directives.environment"),
        ("  NAME = value", 3, "NAME is not set here"),
        ('"NAME"="value"', 1, "NAME is not set here"),
        ("MAILTO=root", 1, "what a run wrote is kept"),
        ("CRON_TZ=UTC", 1, "the setting directives.zone"),
        ("0 4 * *", 7, "expected five fields and a command"),
        ("0 4 * * *", 10, "expected a command"),
        ("@daily", 7, "expected a command"),
        ("0 4 * * * a | b", 13, "| needs a shell: write a script"),
        ("0 4 * * * a >/dev/null 2>&1", 13, "> needs a shell"),
        ("0 4 * * * a && b", 13, "& needs a shell"),
        ("0 4 * * * a; b", 12, "; needs a shell"),
        ("0 4 * * * a $HOME", 13, "$ needs a shell"),
        ('0 4 * * * a "$HOME"', 14, "$ needs a shell"),
        ("0 4 * * * a `b`", 13, "` needs a shell"),
        ("0 4 * * * a *.txt", 13, "* needs a shell"),
        ("0 4 * * * a ~/b", 13, "~ needs a shell"),
        ("0 4 * * * a # b", 13, "# needs a shell"),
        ("0 4 * * * a b\\ c", 14, "\\ needs a shell"),
        ("0 4 * * * a b'c d'", 13, "these quotes need a shell"),
        ("0 4 * * * a 'b", 13, "these quotes need a shell"),
        ("0 4 * * * a 'b\"c'", 15, '" needs a shell'),
        ("0 4 * * * date +%F", 17, "% is the end of a line to cron"),
        ("0 4 * * * date +\\%F", 18, "% is the end of a line to cron"),
        ("0 4 * * * cd /tmp", 11, "cd is no program"),
        ("0 4 * * * 'cd' /tmp", 11, "is no program"),
        ("0 4 * * * ! a", 11, "! is no program"),
        ("0 4 * * * LANG=C a", 11, "LANG=C is no program"),
        ("0 4 * * * '' a", 11, "is no program"),
        ("0 4 * * * a\x07", 12, "a control character"),
        ("0 4 * * * " + "a" * 2_039, 1, "longer than 2048 octets"),
    ],
)
def test_what_is_refused_names_its_place_and_what_to_do(
    line: str, column: int, message: str
) -> None:
    found = read_crontab(f"# before\n{line}\n@daily after\n")
    assert found.lines == ("; before", "Exec after 0:00")
    (error,) = found.errors
    assert (error.line, error.column) == (2, column), error
    assert message in error.message


def test_long_comments_and_many_lines() -> None:
    long = lines("#" + "x" * 600)
    assert [len(line) for line in long] == [255, 255, 93]
    assert "".join(line[1:] for line in long) == "x" * 600
    (error,) = read_crontab("\n" * 100_001).errors
    assert (error.line, error.message) == (100_001, "more than 100000 lines")
    assert read_crontab("\n" * 100_000).errors == ()


def test_a_command_has_the_words_a_shell_would_give_it() -> None:
    command = "backup --to 'my disk' \"it's here\" x=1 a;b".replace("a;b", "a:b")
    (found,) = directives(f"0 4 * * * {command}")
    assert found.arguments.command == tuple(shlex.split(command))


def test_moments_are_those_of_cron() -> None:
    start, end = parse_instant("2027-03-20T00:00:00Z"), parse_instant("2027-04-03T00:00:00Z")
    for fields in ("30 6 * * *", "30 2 * * *", "0 3 * * 0", "30 2 * * 7", "59 23 * * sat"):
        (line,) = directives(f"{fields} a")
        ours = [item.at for item in foresee([line], PARIS, start, end)]
        cron = Schedule(type=Type.CRON, cron=Cron.parse(fields))
        theirs = Timetable(cron, Circumstances(activation=start, zone=PARIS))
        assert ours == [opening.due for opening in theirs.moments(start, end).openings], fields
        assert ours


def test_a_step_of_the_hour_has_the_grid_of_its_activation() -> None:
    start = parse_instant("2027-03-20T00:00:00Z")
    (line,) = directives("*/20 * * * * a")
    found = foresee([line], PARIS, start, Instant(start + 3600))
    assert [item.at - start for item in found] == [0, 1200, 2400]


TIMES = ["0 4 * * *", "*/9 * * * *", "5 5 * * fri", "@daily", "@reboot", "0 4 1 * *", "* *", "#"]
WORDS = ["a", "b/c", "!d", '"e f"', "'g;h'", ";", "8:30", "P.01:00", "All", "@x", "[2]", "Critical",
         "-", "=", "é", "\xa0", "\u2028", "\x1a", "\x85", '""', "''", "i'j'"]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(TIMES), st.lists(st.sampled_from(WORDS), max_size=5))))
def test_what_is_taken_over_can_always_be_read(rows: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(" ".join([when, *words]) for when, words in rows)
    found = read_crontab(text)
    read = parse_control_file("\n".join(found.lines).encode(), main=None, read_list=lambda _: [])
    assert read.errors == ()
    jobs = [row for row in rows if row[0] != "#"]
    assert len(read.directives) + len(found.errors) == len(jobs)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_crontab(text)
    data = "\n".join(found.lines).encode("utf-8", "surrogatepass")
    assert parse_control_file(data, main=None, read_list=lambda _: []).errors == ()


@given(st.lists(st.text("ab \"';x=~#!-", min_size=1, max_size=8), min_size=1, max_size=4))
def test_accepted_words_are_those_of_the_shell(words: list[str]) -> None:
    command = " ".join(words)
    found = read_crontab(f"0 4 * * * {command}")
    if found.lines:
        (line,) = parse_control_file(
            found.lines[0].encode(), main=None, read_list=lambda _: []
        ).directives
        assert list(line.arguments.command) == shlex.split(command)
