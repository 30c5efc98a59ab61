"""The lines of scheduling_function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.booking.calls import parse_calls
from horarium.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("schedule_in_freebusy", [("schedule_in_freebusy", (), 1)]),
        ("schedule_in_freebusy 5", [("schedule_in_freebusy", ("5",), 1)]),
        (
            "\n# first\nschedule_in_freebusy\n\n  same_domain_only\t\n",
            [("schedule_in_freebusy", (), 3), ("same_domain_only", (), 5)],
        ),
        (
            "schedule_in_freebusy\naccess_control_list /etc/imip-agent/resources.acl",
            [
                ("schedule_in_freebusy", (), 1),
                ("access_control_list", ("/etc/imip-agent/resources.acl",), 2),
            ],
        ),
        ("f 'a b' \"c'd\"", [("f", ("a b", "c'd"), 1)]),
        ("f a'b c'd\"e\"", [("f", ("ab cde",), 1)]),
        ("f ''", [("f", ("",), 1)]),
        ("f a#b #c", [("f", ("a#b", "#c"), 1)]),
        ("a\r\nb\r\n", [("a", (), 1), ("b", (), 2)]),
        ("a\u2028b\x0bc", [("a\u2028b\x0bc", (), 1)]),
        ("", []),
        ("#x\n \t \n", []),
    ],
)
def test_calls(text: str, calls: list[tuple[str, tuple[str, ...], int]]) -> None:
    assert [(c.name, c.arguments, c.line) for c in parse_calls(text)] == calls


def test_an_open_quote_names_its_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_calls("a\nb 'c d")
    assert caught.value.part == "line 2"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        calls = parse_calls(text)
    except InvalidInput:
        return
    assert all(1 <= call.line <= text.count("\n") + 1 for call in calls)


@given(
    st.lists(
        st.lists(
            st.text(
                st.characters(
                    codec="ascii",
                    exclude_characters="'\"\n\r\v\f\x1c\x1d\x1e\x1f \t#",
                    min_codepoint=32,
                ),
                min_size=1,
            ),
            min_size=1,
        ),
        max_size=9,
    )
)
def test_words_without_quotes_come_back(lines: list[list[str]]) -> None:
    text = "\n".join(" ".join(words) for words in lines)
    assert [[c.name, *c.arguments] for c in parse_calls(text)] == lines
