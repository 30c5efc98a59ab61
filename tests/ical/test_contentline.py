"""Content lines: RFC 5545 3.1 and RFC 6868, and that no text can become a second line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import passes
from tests.ical.ical_text import content_lines, plain, values

from horarium.ical.contentline import (
    ContentLine,
    decode_caret,
    encode_caret,
    fold,
    format_line,
    parse_line,
    unfold,
)
from horarium.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (b"A:1\r\nB:2\r\n", b"A:1\nB:2\n"),
        (b"A:1\nB:2", b"A:1\nB:2"),
        (b"A:1\rB:2\r", b"A:1\nB:2\n"),
        (b"A:1\r\r\nB:2", b"A:1\nB:2"),
        (b"A:1\r\n 2\r\n\t3\r\nB:4", b"A:123\nB:4"),
        (b"A:1\n  2", b"A:1 2"),
        (b"A:1\r 2", b"A:12"),
        (b"A:1\r\r\n 2", b"A:12"),
        (b"A:1\n\n 2", b"A:1\n2"),
        ("A:æ".encode()[:3] + b"\r\n " + "A:æ".encode()[3:], "A:æ".encode()),
    ],
)
def test_unfolding(sent, lines):
    assert unfold(sent) == lines


@pytest.mark.parametrize(
    ("text", "name", "parameters", "value"),
    [
        ("SUMMARY:a:b;c", "SUMMARY", (), "a:b;c"),
        ("dtstart;value=date:20260101", "DTSTART", (("VALUE", ("date",)),), "20260101"),
        ('A;B="x:y;z,":v', "A", (("B", ("x:y;z,",)),), "v"),
        ('A;B="1","2",3:v', "A", (("B", ("1", "2", "3")),), "v"),
        ("A;B=1,2:v", "A", (("B", ("1", "2")),), "v"),
        ("A;;B=1;:v", "A", (("B", ("1",)),), "v"),
        ('A;;B="1";:v', "A", (("B", ("1",)),), "v"),
        ('A;B="x=y":v=w', "A", (("B", ("x=y",)),), "v=w"),
        ("A;B=:v", "A", (("B", ("",)),), "v"),
        ('A:say "hi: you"', "A", (), 'say "hi: you"'),
        ("X-A;B=1;B=2:v", "X-A", (("B", ("1",)), ("B", ("2",))), "v"),
        ("A:", "A", (), ""),
    ],
)
def test_reading(text, name, parameters, value):
    line = parse_line(text)
    assert (line.name, line.parameters, line.value) == (name, parameters, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "A;B:v",
        'A;B="x:v',
        ":v",
        ";B=1:v",
        "A B:v",
        "A;B C=1:v",
        "A:\x00",
        "A;B=\x07:v",
        "END :VEVENT",
        "BEGIN;X=1:VEVENT",
    ],
)
def test_what_is_no_content_line(text):
    with pytest.raises(InvalidInput):
        parse_line(text)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("^n", "\n"), ("^^", "^"), ("^'", '"'), ("^x", "^x"), ("^^n", "^n"), ("^", "^"), ("a^", "a^")],
)
def test_caret_decoding(sent, meant):
    assert decode_caret(sent) == meant
    assert parse_line(f"A;B={sent}:v").parameter("B") == meant


@given(plain)
def test_carets_round_trip(text):
    assert decode_caret(encode_caret(text)) == text


@given(content_lines)
def test_lines_round_trip(line):
    written = format_line(line).encode()
    assert parse_line(unfold(written).decode().rstrip("\n")) == line


@given(st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace").decode()))
def test_folds_are_short_and_between_characters(text):
    text = text.replace("\n", "").replace("\r", "")
    folded = fold(text)
    lines = folded.encode().split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert all(line.decode() is not None for line in lines)
    assert unfold(folded.encode()).decode() == text


# Everything that ever opened, closed or separated something in a content line.
_hostile = st.text(
    st.sampled_from([*list('abc\r\n\t\x0b\x0c\x1c\x85\u2028\x00\x07"^;:,=\\ '), "æ", "📅"]),
    max_size=60,
)


@given(_hostile, _hostile, _hostile)
def test_no_parameter_adds_a_line_a_parameter_or_a_value(first, second, third):
    line = ContentLine.of("ATTENDEE", "mailto:a@example.org", {"CN": first, "X": [second, third]})
    written = format_line(line)
    logical = unfold(written.encode()).decode()
    assert logical.count("\n") == 1
    assert logical.endswith("\n")
    read = parse_line(logical[:-1])
    assert [name for name, _ in read.parameters] == ["CN", "X"]
    assert len(read.parameters[1][1]) == 2
    assert read.value == "mailto:a@example.org"
    assert all(len(each) <= 75 for each in written.encode().split(b"\r\n"))


@given(_hostile)
def test_a_raw_value_with_a_control_is_refused_at_construction(text):
    hostile = any((c < " " and c != "\t") or c == "\x7f" for c in text)
    if hostile:
        with pytest.raises(InvalidInput):
            ContentLine("COMMENT", (), text)
    else:
        assert format_line(ContentLine("COMMENT", (), text)).count("\r\n") >= 1


@given(values)
def test_values_survive_untouched(text):
    assert parse_line(f"X-A:{text}").value == text


@pytest.mark.parametrize(
    "text",
    [
        "A;B=" + '"' * 1_000_000,
        "A" + ";" * 1_000_000 + ":v",
        "A;B=" + "," * 1_000_000 + ":v",
        'A;B="' + '";"' * 300_000,
    ],
)
def test_hostile_lines_cost_linear_time(text):
    def parse() -> None:
        with contextlib.suppress(InvalidInput):
            parse_line(text)

    assert passes(parse) < 3_000
