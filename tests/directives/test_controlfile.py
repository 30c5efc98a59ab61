"""The control file: the seed's sample verbatim, every shape, every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.directives.address import AddressList, NodeAddress, parse_main
from horarium.directives.controlfile import ControlFile, parse_control_file
from horarium.directives.problem import BadWord
from horarium.directives.timespec import Moment, Period, Window, parse_when
from horarium.kernel.weekday import Weekday

MAIN = NodeAddress(2, 5030, 15)
SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"


def read(text: str | bytes, lists: dict[str, str] | None = None) -> ControlFile:
    def read_list(name: str) -> list[str]:
        if lists is None or name not in lists:
            raise BadWord(f"there is no file {name}")
        return lists[name].split("\n")

    data = text.encode() if isinstance(text, str) else text
    return parse_control_file(data, main=MAIN, read_list=read_list)


def addresses(line: str) -> AddressList:
    found = read(line)
    assert found.valid, found.errors
    assert found.directives[0].arguments.addresses is not None
    return found.directives[0].arguments.addresses


def node(text: str) -> NodeAddress:
    return parse_main(text)


def test_the_sample_reads_without_an_error() -> None:
    found = read(SAMPLE.read_bytes())
    assert found.errors == ()
    assert found.warnings == ()
    assert [(d.keyword.name, d.line) for d in found.directives] == [
        ("Exit", 4), ("Exec", 5), ("Exec", 6), ("Repack", 8), ("Poll", 9), ("Poll", 10),
        ("Poll", 11), ("RestoreOut", 12), ("Hold", 14), ("MailOnly", 15), ("Direct", 16),
        ("Mail-For", 17), ("Mail-For", 18), ("Files-For", 19),
    ]  # fmt: skip


def test_its_complicated_lines_read_too() -> None:
    lines = SAMPLE.read_text("utf-8").split("\n")
    hidden = [line[1:] for line in lines if line[1:6] in ("Mail ", "Direc", "Boss ")]
    assert len(hidden) == 4
    found = read("\n".join(hidden), {"nodelist/r50.net": "5030/1\n; a comment\n/2\n"})
    assert found.errors == ()
    assert [w.message for w in found.warnings] == [
        "the exclusion !2:5040/3.3 removes nothing",
        "the exclusion !2:5030/*.4 removes nothing",
    ]


def test_times_of_the_sample() -> None:
    whens = {d.line: d.when for d in read(SAMPLE.read_bytes()).directives}
    assert whens[4] == Moment(None, 8 * 60 + 30)
    assert whens[6] == Moment(Weekday.SU, 10)
    assert whens[10] == Window(None, 17 * 60, None, 20 * 60 + 1)
    assert whens[12] == Window(None, 0, None, 1_440)
    assert whens[16] is None


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("P.01:00", Period(60)),
        ("P.00:01", Period(1)),
        ("P.255:00", Period(15_300)),
        ("0.0:10", Moment(Weekday.SU, 10)),
        ("6.23:59", Moment(Weekday.SA, 1_439)),
        ("1.0:00-5:23:59", Window(Weekday.MO, 0, Weekday.FR, 1_440)),
        ("1.0:00-5.23:59", Window(Weekday.MO, 0, Weekday.FR, 1_440)),
        ("22:00-6:00", Window(None, 1_320, None, 361)),
        ("1.8:00-17:00", Window(Weekday.MO, 480, None, 1_021)),
        ("8:00-8:00", Window(None, 480, None, 481)),
        ("8:00-24:00", Window(None, 480, None, 1_440)),
    ],
)
def test_times(text: str, when: object) -> None:
    assert parse_when(text)[0] == when


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("Exec a.bat P.00:00", 12, "outside P.00:01 to P.255:00"),
        ("Exec a.bat P.255:01", 12, "outside P.00:01 to P.255:00"),
        ("Exec a.bat P.1", 12, "expected P. and hours:minutes"),
        ("Exec a.bat P.01:60", 12, "minutes of P.01:60"),
        ("Exec a.bat P.-1:00", 12, "expected P. and hours:minutes"),
        ("Exec a.bat 25:00", 12, "time of day"),
        ("Exec a.bat 7.8:00", 12, "between 0 (Sunday) and 6"),
        ("Exec a.bat 8:00-3.9:00", 12, "a day at its end only"),
        ("Hold All P.01:00", 10, "the periodic pointer may stand on"),
        ("Break P.01:00", 7, "the periodic pointer may stand on"),
        ("Mail 5030/7 5030/6 P.01:00", 20, "the periodic pointer may stand on"),
        ("Hold All 8:00", 10, "holds during a window"),
        ("Exec a.bat", 6, "needs a time"),
        ("Exit 256 8:00", 6, "from 0 to 255"),
        ("Exit -1 8:00", 6, "from 0 to 255"),
        ("Exit 8:00", 1, "needs a number"),
        ("Exit 1 2 8:00", 8, "no more arguments"),
        ("Repack now 8:00", 8, "no more arguments"),
        ("Pol 5030/2 8:00", 1, "there is no directive Pol"),
        ("Poll 8:00", 1, "needs a list"),
        ("Poll !5030/2 8:00", 6, "exclusions only"),
        ("Poll All !All 8:00", 10, "exclude everybody"),
        ("Poll 5030/ 8:00", 6, "expected a node after the slash"),
        ("Poll 5030:2:3 8:00", 6, "expected an address or a mask"),
        ("Poll 0:5030/2 8:00", 6, "lies outside"),
        ("Poll 2:99999/2 8:00", 6, "lies outside"),
        ("Poll @gone.net 8:00", 6, "there is no file gone.net"),
        ("Mail 5030/7", 12, "needs a list and where to send"),
        ("Mail 5030/7 *:*/*", 13, "expected one node"),
        ("[2]Poll 5030/2 8:00", 1, "by the Master only"),
        ("[256]Exec a.bat 8:00", 2, "between 0 and 255"),
        ("[x]Exec a.bat 8:00", 2, "between 0 and 255"),
        ("[2", 1, "no closing bracket"),
        ("[2]", 4, "expected a directive"),
        ("Critical", 9, "expected a directive after Critical"),
        ("Critical Critical Exec a 8:00", 10, "stands twice"),
        ("Critical Hold All 8:00-9:00", 1, "no meaning on Hold"),
        ("Critical Mail 5030/7 5030/6", 1, "no meaning on Mail"),
        ('Exec "a b 8:00', 6, "quote is not closed"),
        ("Flavor fast All", 8, "expected one of immediate"),
        ("Exec a\x07.bat 8:00", 7, "a control character"),
        ("Set 8:00", 1, "needs a flag file"),
    ],
)
def test_mistakes_have_their_place_and_say_what_was_expected(
    line: str, column: int, message: str
) -> None:
    found = read(f"; before\n{line}\n")
    assert found.directives == ()
    (error,) = found.errors
    assert (error.line, error.column) == (2, column), error
    assert message in error.message


def test_all_mistakes_are_told_and_one_makes_the_file_invalid() -> None:
    found = read("Exec a.bat 8:00\nNever 8:00\nExit 999 8:00\n")
    assert [error.line for error in found.errors] == [2, 3]
    assert found.directives == ()


def test_long_lines_warn_and_longer_ones_fail() -> None:
    assert len(read("Exec " + "a" * 244 + " 8:00").warnings) == 0
    assert len(read("Exec " + "a" * 300 + " 8:00").warnings) == 1
    assert read("Exec " + "a" * 4_086 + " 8:00").valid
    assert not read("Exec " + "a" * 4_087 + " 8:00").valid


def test_spellings_of_one_line_have_one_key() -> None:
    lines = "[2]Exec !load.bat P.01:00", "[2]  exec   !load.bat  P.1:00 ; a comment"
    keys = [read(line).directives[0].key for line in lines]
    assert keys[0] == keys[1]
    other = read("[2]Exec !load.bat P.02:00").directives[0].key
    assert other != keys[0]
    twice = read("Exec a 8:00\nExec a 8:00\n").directives
    assert twice[0].key[:40] == twice[1].key[:40]
    assert twice[0].key != twice[1].key


def test_an_edit_elsewhere_leaves_a_key_alone() -> None:
    before = read("Exec a 8:00\nExec b 9:00\n").directives[1].key
    after = read("; new\nExec c 8:00\nExec b 9:00\n").directives[1].key
    assert before == after


def test_encodings_and_ends_of_file() -> None:
    russian = "; Вот примеры\nExec файл.bat 8:00\n"
    for data in (russian.encode(), russian.encode("cp866"), russian.replace("\n", "\r\n").encode()):
        assert read(data).directives[0].arguments.command == ("файл.bat",)
    assert len(read(b"Exec a 8:00\r\n\x1aExec b 8:00\r\n").directives) == 1


def test_a_command_keeps_its_words_and_the_mark_is_kept_apart() -> None:
    (found,) = read('[2] Exec !load.bat "two words" ; x 8:00').directives or [None]
    assert found is None
    (found,) = read('[2] Exec !bin\\load.bat "two words" 8:00').directives
    assert found.arguments.command == ("bin/load.bat", "two words")
    assert found.arguments.shell
    assert found.task == 2


def test_a_word_that_could_be_a_mask_is_a_time_in_the_last_place() -> None:
    assert read("Hold 2:50/* 8:00-9:00").valid
    (error,) = read("Poll 5030/2 2:50/*").errors
    assert "needs a time" in error.message


# --- addresses ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "inside", "outside"),
    [
        (
            "RestoreOut 5030/* !5030/2 !5030/29 0:00-23:59",
            ["2:5030/1", "2:5030/100"],
            ["2:5030/2", "2:5030/29", "2:5020/1", "2:5030/1.1"],
        ),
        ("MailOnly All !/100 5:00-7:00", ["2:5030/1", "1:1/1.7"], ["2:5030/100"]),
        ("Direct 5030/6.*", ["2:5030/6", "2:5030/6.7"], ["2:5030/7"]),
        ("Mail *:*/*.* 5030/2", ["3:1/2.3", "2:5030/6"], []),
        (
            "Mail 5040/* !5040/3.3 5030/* !/*.4 5030/7 1.0:00-5:23:59",
            ["2:5040/3", "2:5030/9"],
            ["2:5040/3.3", "2:5030/9.4", "2:5050/1"],
        ),
        (
            "Direct 5030/*.* !/2 !/3 !/5",
            ["2:5030/1", "2:5030/1.1", "2:5030/2.1"],
            ["2:5030/2", "2:5030/3", "2:5030/5"],
        ),
        (
            "Boss * !/2 !/4 .1 3:00-4:00",
            ["2:5030/1", "2:5030/4.1"],
            ["2:5030/2", "2:5030/4", "2:5030/1.1", "2:5020/1"],
        ),
        ("Hold 50*/*.*", ["2:5030/1.1", "2:50/2"], ["2:460/1"]),
        ("Hold 3:712/8 /9 .2", ["3:712/8", "3:712/9", "3:712/9.2"], ["2:712/8", "3:712/8.2"]),
    ],
)
def test_lists(line: str, inside: list[str], outside: list[str]) -> None:
    found = addresses(line)
    assert [text for text in inside if not found.matches(node(text))] == []
    assert [text for text in outside if found.matches(node(text))] == []


def test_without_a_main_address_a_partial_one_is_an_error() -> None:
    found = parse_control_file(b"Poll 5030/2 8:00\nPoll 2:5030/2 8:00\n", main=None,
                               read_list=lambda _: [])  # fmt: skip
    (error,) = found.errors
    assert error.line == 1
    assert "no zone" in error.message


fields = st.text("12*", min_size=1, max_size=3)
numbers = st.integers(1, 222)


@given(fields, numbers)
def test_a_wildcard_field_means_what_a_shell_pattern_means(field: str, number: int) -> None:
    from fnmatch import fnmatchcase

    found = addresses(f"Hold {field}:1/1").matches(NodeAddress(number, 1, 1))
    literal = "*" not in field
    assert found == (int(field) == number if literal else fnmatchcase(str(number), field))


@given(st.binary(max_size=300))
def test_any_octets_are_a_file_or_its_errors(data: bytes) -> None:
    found = read(data)
    assert found.valid or found.errors
