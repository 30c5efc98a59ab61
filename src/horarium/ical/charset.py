"""Which characters the octets of a calendar part mean."""

from __future__ import annotations

import codecs
import re

from horarium.ical.contentline import unfold
from horarium.kernel.errors import InvalidInput

# Octets whose meaning depends on what came before, or whose unit is not one octet: the declared
# name has to be believed, because strict UTF-8 could accept their bytes by accident.
_STATEFUL = re.compile(r"iso-2022-|utf-?16|utf-?32|ucs-[24]|hz-gb")
# The names a sender may declare. Python's registry is larger and holds codecs that are no
# character sets at all (zip, unicode_escape, punycode); a sender does not choose among those.
_KNOWN = re.compile(
    r"(iso-8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5(-hkscs)?"
    r"|euc-(jp|kr)|shift_jis|iso-2022-(jp(-[123])?|kr)|utf-?(16|32)([lb]e)?|tis-620|macintosh"
    r"|us-ascii|utf-?8|hz-gb-2312|latin1|cp437|cp850|cp866|cp932|cp949)\Z"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = re.compile(r"utf-?16|utf-?32|ucs-")


def read_text(data: bytes, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The unfolded text of a part, one logical line per LF, and notes on how it was decoded.

    A byte order mark decides; else strict UTF-8, unless a stateful or wide charset is declared;
    else the declared charset; else windows-1252. UTF-7 is `InvalidInput`: it hides line breaks
    and delimiters from everything that looks at octets.
    """
    name = (declared or "").strip().strip('"').lower().replace("_", "-")
    name = "shift_jis" if name == "shift-jis" else name
    if "utf-7" in name or "utf7" in name:
        raise InvalidInput("UTF-7 is not read", part="charset", value=name[:40])
    marked = _by_mark(data)
    if marked is not None:
        return marked, ()
    if _STATEFUL.match(name) and _KNOWN.match(name):
        return _declared(data, name), ()
    octets = unfold(data)
    try:
        return octets.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    if _KNOWN.match(name) and name not in ("utf-8", "utf8", "us-ascii"):
        try:
            return octets.decode(name), ()
        except (UnicodeDecodeError, LookupError):
            pass
    return octets.decode("cp1252", "replace"), ("charset_guessed",)


def _by_mark(data: bytes) -> str | None:
    for mark, name in _MARKS:
        if data.startswith(mark):
            if name == "utf-8":
                return _strict(unfold(data[len(mark) :]), name)
            return _wide(data, name)
    return None


def _declared(data: bytes, name: str) -> str:
    if _WIDE.match(name):
        return _wide(data, name)
    return _strict(unfold(data), name)


def _wide(data: bytes, name: str) -> str:
    """UTF-16 and UTF-32 are decoded first: their line ends are not single octets."""
    return unfold(_strict(data, name).encode("utf-8")).decode("utf-8")


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError) as error:
        raise InvalidInput(f"octets are not {name}", part="charset", value=name) from error
