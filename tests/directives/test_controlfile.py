"""The control file: the seed's sample verbatim, every shape, every mistake with its place."""

from __future__ import annotations

from pathlib import Path
from time import process_time

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
        ("Mail All 5030/2 P.01:00", 17, "the periodic pointer may stand on"),
        ("Mail-From All 5030/2 P.01:00", 22, "the periodic pointer may stand on"),
        ("Files All Hub P.01:00", 15, "the periodic pointer may stand on Poll, Drop, Send, Post,"),
        ("Boss All P.01:00", 10, "the periodic pointer may stand on"),
        ("LimitIn 30 All P.01:00", 16, "the periodic pointer may stand on"),
        ("Exec a.bat P.", 12, "expected P. and hours:minutes such as P.01:00, found P."),
        ("Exec a.bat p.1:0", 12, "expected P. and hours:minutes"),
        ("Exec a.bat P.01:00:00", 12, "expected P. and hours:minutes"),
        ("Exec a.bat P.256:00", 12, "outside P.00:01 to P.255:00"),
        ("Exec a.bat 24:00", 12, "from 0:00 to 23:59, found 24:00"),
        ("Exec a.bat 8:60", 12, "from 0:00 to 23:59, found 8:60"),
        ("Exec a.bat 8:0", 12, "from 0:00 to 23:59, found 8:0"),
        ("Exec a.bat 8:00-24:01", 12, "from 0:00 to 23:59, found 24:01"),
        ("Exec a.bat 10.8:00", 12, "between 0 (Sunday) and 6 (Saturday), not 10"),
        ("Hold All 1.8:00-7.9:00", 10, "between 0 (Sunday) and 6 (Saturday), not 7"),
        ('Exec a.bat "8:00"', 12, "Exec needs a time such as 8:30 or P.01:00"),
        ("Exec a.bat -8:00", 12, "needs a time"),
        ("Mail 5030/7 5030/6 8:00", 20, "Mail-For holds during a window, not at a moment"),
        ("Exec 8:00", 1, "Exec needs a program"),
        ("Exec ! 8:00", 7, "Exec needs a program after !"),
        ('  Exec ! "" 8:00', 9, "Exec needs a program after !"),
        ('Exec "" 8:00', 6, "Exec needs a program"),
        ("Exit x 8:00", 6, "from 0 to 255, found x"),
        ("Exit 1.5 8:00", 6, "from 0 to 255, found 1.5"),
        ("Priority 256 All", 10, "Priority takes a number from 0 to 255, found 256"),
        ("Priority All", 10, "Priority takes a number from 0 to 255, found All"),
        ("LimitOut 1441 All", 10, "LimitOut takes a number from 0 to 1440, found 1441"),
        ("LimitIn 30", 1, "LimitIn needs a list of addresses, or All"),
        ("Flavor crash", 1, "Flavor needs a list of addresses, or All"),
        ("Flavor", 1, "Flavor needs a flavour"),
        ("Flavor cold All", 8, "immediate, crash, direct, normal, hold, found cold"),
        (
            "Share All 5030/2",
            7,
            "expected an address or a mask such as 5030/2 or *:*/*.*, found All",
        ),
        ("Share 5030/* 5030/2", 7, "expected one node or point, found the mask 5030/*"),
        ("Send 8:00", 1, "Send needs a file name"),
        ("Send a.zip 8:00", 1, "Send needs a list of addresses, or All"),
        ("Freq a.zip b.zip 8:00", 12, "expected an address or a mask such as"),
        ("Hold", 1, "Hold needs a list of addresses, or All"),
        ("Hold 8:00-9:00", 1, "Hold needs a list of addresses, or All"),
        ("Hold !5030/2", 6, "a list of exclusions only names nobody"),
        ("Hold !/2 !/3 8:00-9:00", 6, "a list of exclusions only names nobody"),
        ("Hold !All", 6, "!All would exclude everybody"),
        ("Hold All !all", 10, "!All would exclude everybody"),
        ("Hold 5030/2 @ 8:00-9:00", 13, "expected a file name after @"),
        ("Hold 5030/2 !@gone.net", 13, "there is no file gone.net"),
        ("Hold 2:5030/2/3", 6, "expected an address or a mask"),
        ("Hold 2:5030", 6, "expected a time of day from 0:00 to 23:59, found 2:5030"),
        ("Hold 2:", 6, "expected an address or a mask"),
        ("Hold 5030/2.", 6, "expected an address or a mask"),
        ("Hold 5030/-2", 6, "expected an address or a mask"),
        ("Hold 5030/2@fidonet", 6, "expected an address or a mask"),
        ("Hold 5030/?", 6, "expected an address or a mask"),
        ("Hold 0/2", 6, "net 0 of 0/2 lies outside 1 to 32767"),
        ("Hold 5030/65536", 6, "node 65536 of 5030/65536 lies outside 0 to 32767"),
        ("Hold 5030/2.70000", 6, "point 70000 of 5030/2.70000 lies outside"),
        ("Hold 2:" + "*1" * 1_000 + "/1", 6, "has 2000 signs; at most 11 are read"),
        ("Hold 5030/2 !*:*1*2*3*4*5*6*/1", 13, "net *1*2*3*4*5*6* has 13 signs"),
        ("Hold 2:000000005030/2", 6, "net 000000005030 has 12 signs; at most 11 are read"),
        ("Exec a \u0663:\u0660\u0660", 8, "Exec needs a time such as 8:30"),
        ("Exec a P.\u0660\u0661:\u0660\u0660", 8, "expected P. and hours:minutes"),
        ("Exec a 8:0\u0660", 8, "Exec needs a time such as 8:30"),
        ("Exec a 8:00-9:\u0660\u0660", 8, "Exec needs a time such as 8:30"),
        ("Hold 5030/\u0662", 6, "expected an address or a mask"),
        ("Hold All 5030/x", 10, "expected an address or a mask"),
        (
            "Mail 5030/7 All",
            13,
            "expected an address or a mask such as 5030/2 or *:*/*.*, found All",
        ),
        ("Mail !5030/7 5030/6", 6, "a list of exclusions only names nobody"),
        ("Mail", 1, "Mail-For needs a list and where to send to"),
        ("Mail Hub", 9, "Mail-For needs a list and where to send to"),
        ("[2]Drop 8:00", 1, "Drop is done by the Master only, not by task 2"),
        ("[0]Repack 8:00", 1, "Repack is done by the Master only, not by task 0"),
        ("[-1]Exec a.bat 8:00", 2, "a task number lies between 0 and 255, not -1"),
        ("[]Exec a.bat 8:00", 2, "a task number lies between 0 and 255, not []"),
        ("  [256] Exec a.bat 8:00", 4, "a task number lies between 0 and 255, not 256"),
        ("[2][3]Exec a.bat 8:00", 4, "there is no directive [3]Exec"),
        ("[2] Critical", 13, "expected a directive after Critical"),
        ("Critical [2]Exec a 8:00", 10, "there is no directive [2]Exec"),
        ("Critical Mail 5030/7 5030/6 8:00-9:00", 1, "Critical has no meaning on Mail-For"),
        ("  Critical  Critical Exec a 8:00", 13, "Critical stands twice"),
        ("8:00", 1, "there is no directive 8:00"),
        ('"Exec a" 8:00', 1, "there is no directive Exec a"),
        ('Exec a "', 8, "the quote is not closed"),
        ("Exec a\rb 8:00", 7, "a control character"),
        ("Exec a\x00b 8:00", 7, "a control character"),
        ("\x7fExec a 8:00", 1, "a control character"),
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


def test_the_bounds_of_lines_and_files_have_their_place() -> None:
    (error,) = read("; before\n" + "x" * 4_097).errors
    assert (error.line, error.column) == (2, 4_096)
    assert error.message == "the line has 4097 octets; at most 4096 are read"
    (error,) = read("Exec " + "ф" * 2_044 + " 8:00").errors
    assert error.message == "the line has 4098 octets; at most 4096 are read"
    (warning,) = read("Exec a 8:00\n" + ";" * 256).warnings
    assert (warning.line, warning.column) == (2, 256)
    assert warning.message == "longer than 255 characters"
    assert read("Exec a 8:00\n" + ";" * 255).warnings == ()
    many = read("\n" * 99_999 + "Exec a 8:00\n")
    assert [d.line for d in many.directives] == [100_000]
    many = read("\n" * 99_999 + "Exec a 8:00")
    assert [d.line for d in many.directives] == [100_000]
    (error,) = read("\n" * 100_000 + "Exec a 8:00").errors
    assert (error.line, error.column) == (100_001, 1)
    assert read("\n" * 100_000).valid
    (error,) = read("\n" * 100_001).errors
    assert (error.line, error.column) == (100_001, 1)
    assert error.message == "more than 100000 lines"
    (error,) = read(b";" * ((16 << 20) + 1)).errors
    assert (error.line, error.column) == (1, 1)
    assert error.message == "the file has 16777217 octets; at most 16777216 are read"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5030/1\nx\n", "l.net:2: expected an address or a mask"),
        ("5030/1\n; x\n\n@other\n", "l.net:4: a list names no other list"),
        ("0:1/1\n", "l.net:1: zone 0 of 0:1/1 lies outside"),
        ("5030/1\n" + "1" * 5_000, "l.net:2: node 1111111111111111111111111111111111111111… has"),
        (
            "5030/" + "*1" * 5_000,
            "l.net:1: node *1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1*1… has 10000",
        ),
    ],
)
def test_mistakes_in_a_list_have_their_place_too(text: str, message: str) -> None:
    (error,) = read("Hold @l.net\n", {"l.net": text}).errors
    assert (error.line, error.column) == (1, 6)
    assert message in error.message
    (error,) = read("Hold @l.net\n", {"l.net": "; nobody\n"}).errors
    assert (error.line, error.column) == (1, 6)


@pytest.mark.parametrize(
    "line",
    [
        "Exec a " + "1" * 4_000 + ":00",
        "Exec a P." + "1" * 4_000,
        "Exec a " + "1" * 4_000 + ".8:00",
        "Never" * 800 + " 8:00",
        '"' + "never " * 600 + '" 8:00',
        "Exit " + "9" * 4_000 + " 8:00",
        "[" + "9" * 4_000 + "]Exec a 8:00",
        "Hold " + "1" * 4_000,
        "Hold " + "1:" * 2_000,
        "Hold " + "x" * 4_000,
        "Hold @" + "x" * 4_000,
        "Flavor " + "x" * 4_000 + " All",
        "Repack " + "x" * 4_000 + " 8:00",
    ],
    ids=lambda line: line[:12],
)
def test_a_message_quotes_the_beginning_of_a_long_word(line: str) -> None:
    (error,) = read(line).errors
    assert "…" in error.message
    assert len(error.message) <= 240
    assert error.column < 10


def list_of(*lines: str) -> ControlFile:
    return read("Hold @a !@b\n", {"a": lines[0], "b": lines[1]})


def test_a_hundred_thousand_exclusions_are_looked_up() -> None:
    named = "\n".join(f"{net}/{node}" for net in range(1, 101) for node in range(1_000))
    taken = "\n".join(f"{net}/{node}" for net in range(1, 101) for node in range(1_000, 2_000))
    begun = process_time()
    found = list_of(named, taken + "\n7/7")
    elapsed = process_time() - begun
    assert found.valid
    assert [w.message for w in found.warnings[:2]] == [
        "100000 addresses of this list look wrong; the first are told",
        "the exclusion !2:1/1000 removes nothing",
    ]
    assert len(found.warnings) == 21
    # Comparing all with all would take hours; what it takes is told by the benchmarks.
    assert elapsed < 30.0
    addresses = found.directives[0].arguments.addresses
    assert addresses is not None
    assert addresses.matches(node("2:7/8"))
    assert not addresses.matches(node("2:7/7"))


def test_comparisons_of_parts_of_numbers_end_without_a_warning() -> None:
    parts = "\n".join(f"{a}*:{b}*/*" for a in range(1, 10) for b in range(10, 99))
    others = "\n".join(f"*:*/{a}*{b}" for a in range(1, 50) for b in range(10, 99))
    begun = process_time()
    found = list_of(parts, others)
    assert process_time() - begun < 30.0
    assert found.valid
    assert found.warnings == ()


# Lines as words in one spelling: task, modifier, keyword, arguments, time; and what else each word
# could be.
ROWS: list[list[tuple[str, ...]]] = [
    [("[2]", "[3]"), ("Exec", ), ("!load.bat", "load.bat", "!Load.bat"), ("a", "A", "a,b"),
     ("P.01:00", "P.02:00", "1:00", "P.01:01")],
    [("Critical",), ("Exit",), ("7", "8"), ("8:30", "0.8:30", "8:30-9:30", "8:31")],
    [("Poll",), ("5030/2", "5030/3", "5031/2"), ("!/4", "/4", "!.4"),
     ("17:00-20:00", "17:00-20:01", "1.17:00-20:00", "1.17:00-2.20:00")],
    [("Hold", "Freeze"), ("All", "*"), ("11:00-23:00", "11:01-23:00")],
    [("Mail", "Files", "Mail-From"), ("5030/7", "5030/8"), ("5030/6", "Hub")],
    [("Send",), ("out/a.zip", "out/A.zip", "out/b.zip"), ("5030/2", ".1"), ("8:00", "9:00")],
    [("Set",), ("NAME=VALUE", "NAME=value", "name"), ("8:00", "6.8:00")],
    [("Flavor",), ("crash", "hold"), ("All", "5030/2")],
]  # fmt: skip
FREE_CASE = frozenset("Exec Exit Poll Hold Mail Send Set Flavor Critical All crash Hub".split())  # noqa: SIM905


def key_of(words: list[str]) -> str:
    found = read(" ".join(words))
    assert found.valid, (words, found.errors)
    return found.directives[0].key


@given(st.sampled_from(ROWS), st.data())
def test_case_blanks_and_comments_do_not_change_a_key(
    row: list[tuple[str, ...]], data: st.DataObject
) -> None:
    plain = [alternatives[0] for alternatives in row]
    blank = st.sampled_from([" ", "\t", "   ", " \t "])
    changed = data.draw(st.sampled_from(["", " ", "\t"]))
    for word in plain:
        change = data.draw(st.sampled_from([str, str.upper, str.lower, str.swapcase]))
        shown = change(word) if word in FREE_CASE else word
        changed += shown.replace("/", "\\") if "out/" in word else shown
        glued = word.startswith("[") and data.draw(st.booleans())
        changed += "" if glued else data.draw(blank)
    changed += data.draw(st.sampled_from(["", ";", "; Exec b 9:00", ";; x"]))
    before = data.draw(st.sampled_from(["", "; before\n", "\n\n", "Exit 9 9:09\n"]))
    found = read(before + changed + data.draw(st.sampled_from(["", "\n", "\r\n"])))
    assert found.valid, (changed, found.errors)
    assert found.directives[-1].key == key_of(plain), changed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[-2][0])
def test_any_other_edit_changes_it(row: list[tuple[str, ...]]) -> None:
    plain = [alternatives[0] for alternatives in row]
    edits = [plain]
    for place, alternatives in enumerate(row):
        edits += [[*plain[:place], other, *plain[place + 1 :]] for other in alternatives[1:]]
        if alternatives[0] in ("[2]", "Critical", "!/4", "a"):
            edits.append([*plain[:place], *plain[place + 1 :]])
    keys = [key_of(words) for words in edits]
    assert len(set(keys)) == len(edits) > 2


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


masks = st.tuples(*[st.sampled_from(["*", "1", "2", "1*", "*2", "12", "007"])] * 4)


@given(st.lists(masks, min_size=1, max_size=4), st.lists(masks, min_size=1, max_size=4))
def test_an_exclusion_is_idle_when_it_meets_no_mask(
    named: list[tuple[str, ...]], excluded: list[tuple[str, ...]]
) -> None:
    from fnmatch import fnmatchcase

    def meet(one: str, other: str) -> bool:
        # Every number that two of these fields have in common is one of these.
        one, other = one.lstrip("0"), other.lstrip("0")
        numbers = ("1", "2", "7", "12", "112")
        return any(fnmatchcase(n, one) and fnmatchcase(n, other) for n in numbers)

    shown = [f"{z}:{n}/{f}.{p}" for z, n, f, p in [*named, *excluded]]
    line = " ".join([*shown[: len(named)], *("!" + text for text in shown[len(named) :])])
    found = addresses(f"Hold {line}")
    idle = set(found.idle_exclusions())
    for mask, item in zip(excluded, found.items[len(named) :], strict=True):
        expected = not any(all(map(meet, mask, other)) for other in named)
        assert (item in idle) == expected, (line, str(item))


@given(st.binary(max_size=300))
def test_any_octets_are_a_file_or_its_errors(data: bytes) -> None:
    found = read(data)
    assert found.valid or found.errors
