"""Which characters a part means: mark, UTF-8, declared charset, windows-1252, in that order."""

import pytest

from horarium.ical.charset import read_text
from horarium.ical.component import parse
from horarium.kernel.errors import InvalidInput

LINE = "SUMMARY:Grünes Büro – 会議"
WESTERN = "SUMMARY:Grünes Büro"


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        (LINE.encode(), None, LINE),
        (LINE.encode(), "us-ascii", LINE),
        (LINE.encode(), "iso-8859-1", LINE),
        (LINE.encode(), "no-such-charset", LINE),
        (b"\xef\xbb\xbf" + LINE.encode(), "iso-8859-1", LINE),
        (LINE.encode("utf-16"), None, LINE),
        (LINE.encode("utf-16"), "utf-8", LINE),
        (LINE.encode("utf-16-be"), "UTF-16BE", LINE),
        (LINE.encode("utf-32"), None, LINE),
        ("SUMMARY:会議".encode("iso-2022-jp"), "ISO-2022-JP", "SUMMARY:会議"),
        ("SUMMARY:会議".encode("shift_jis"), "Shift_JIS", "SUMMARY:会議"),
        (WESTERN.encode("latin-1"), "iso-8859-1", WESTERN),
        (WESTERN.encode("latin-1"), None, WESTERN),
        (WESTERN.encode("latin-1"), "utf-8", WESTERN),
        ("SUMMARY:€".encode("cp1252"), None, "SUMMARY:€"),
        ("SUMMARY:Привет".encode("koi8-r"), '"KOI8-R"', "SUMMARY:Привет"),
        (b"SUMMARY:\xc0\xaf", None, "SUMMARY:\u00c0\u00af"),  # overlong UTF-8 is no slash
        (b"SUMMARY:\xed\xa0\x80", None, "SUMMARY:\u00ed\u00a0\u20ac"),  # nor a surrogate
    ],
)
def test_decoding(data, declared, text):
    assert read_text(data, declared)[0] == text


@pytest.mark.parametrize("declared", ["utf-7", "UTF7", "unicode-1-1-utf-7", "x-utf_7"])
def test_utf_7_is_refused(declared):
    with pytest.raises(InvalidInput):
        read_text(b"BEGIN:VCALENDAR", declared)


@pytest.mark.parametrize("declared", ["zip", "unicode_escape", "punycode", "rot13", "idna", "hex"])
def test_codecs_that_are_no_charsets_are_not_looked_up(declared):
    assert read_text(b"A:\\x41\xff", declared) == ("A:\\x41ÿ", ("charset_guessed",))


def test_broken_text_under_a_mark_is_refused():
    with pytest.raises(InvalidInput):
        read_text(b"\xef\xbb\xbf\xff")
    with pytest.raises(InvalidInput):
        read_text("A:1".encode("utf-16") + b"\x00\xd8")


def test_a_fold_inside_a_character_is_harmless():
    octets = "SUMMARY:æøå".encode()
    broken = octets[:9] + b"\r\n " + octets[9:11] + b"\r\n\t" + octets[11:]
    assert read_text(broken)[0] == "SUMMARY:æøå"


def test_a_guess_is_noted_in_the_record():
    found = parse(b"BEGIN:A\nSUMMARY:B\xfcro\nEND:A\n")
    assert found[0].first("SUMMARY").value == "Büro"
    assert found[0].notes == ["charset_guessed"]
