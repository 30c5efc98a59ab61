"""Domain labels in Unicode as A-labels (IDNA 2008: RFC 5891, RFC 5892, RFC 5893).

The standard library's `idna` codec follows the 2003 rules, which map `ß` to `ss` and so send
mail of one domain to another. This module takes a label as it is or refuses it: it never maps a
character to another except to lower case and composed form.
"""

from __future__ import annotations

import unicodedata

from horarium.kernel.errors import InvalidInput

_LETTER_DIGITS = frozenset(("Ll", "Lo", "Lm", "Mn", "Mc", "Nd"))
# RFC 5892 2.6: code points whose general rule would say otherwise.
_VALID = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_INVALID = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
# RFC 5892 appendix A: valid in certain contexts only. The contexts are not examined; the few
# domains that need them can be given as A-labels.
_CONTEXTUAL = frozenset("\u200c\u200d\u00b7\u0375\u05f3\u05f4\u30fb") | frozenset(
    chr(base + digit) for base in (0x0660, 0x06F0) for digit in range(10)
)
# Old Hangul jamo, and blocks of marks that only symbols bear (RFC 5892 2.4, 2.9).
_BLOCKS = (
    (0x1100, 0x11FF),
    (0xA960, 0xA97C),
    (0xD7B0, 0xD7FB),
    (0x20D0, 0x20FF),
    (0x1D100, 0x1D24F),
)
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))


def to_a_label(label: str) -> str:
    """`xn--…` of one Unicode label, or the label itself in lower case when it is ASCII."""
    if label.isascii():
        return label.lower()
    text = unicodedata.normalize("NFC", label.lower())
    if text.isascii():
        raise InvalidInput("label changes under lower case", part="idna", value=label[:80])
    if text[0] == "-" or text[-1] == "-" or text[2:4] == "--":
        raise InvalidInput("misplaced hyphen in label", part="idna", value=label[:80])
    if unicodedata.category(text[0])[0] == "M":
        raise InvalidInput("label begins with a mark", part="idna", value=label[:80])
    for character in text:
        if not _permitted(character):
            raise InvalidInput("character not allowed in label", part="idna", value=label[:80])
    if not _reads_one_way(text):
        raise InvalidInput("label mixes directions", part="idna", value=label[:80])
    encoded = "xn--" + text.encode("punycode").decode("ascii")
    if len(encoded) > 63:
        raise InvalidInput("label is too long", part="idna", value=label[:80])
    return encoded


def _permitted(character: str) -> bool:
    """PVALID of RFC 5892 3, without the contextual code points."""
    if character == "-" or character in _VALID:
        return True
    if character in _INVALID or character in _CONTEXTUAL:
        return False
    if any(first <= ord(character) <= last for first, last in _BLOCKS):
        return False
    if unicodedata.category(character) not in _LETTER_DIGITS:
        return False
    folded = unicodedata.normalize("NFKC", character).casefold()
    return unicodedata.normalize("NFKC", folded) == character


def _reads_one_way(text: str) -> bool:
    """The Bidi rule of RFC 5893 2 for one label."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    if not _RIGHT_TO_LEFT.intersection(kinds):
        return True
    ends = [kind for kind in kinds if kind != "NSM"]
    if kinds[0] not in ("R", "AL") or ends[-1] not in ("R", "AL", "EN", "AN"):
        return False
    if "EN" in kinds and "AN" in kinds:
        return False
    allowed = ("R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM")
    return all(kind in allowed for kind in kinds)
