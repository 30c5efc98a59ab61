"""Mail addresses as identities: one strict grammar, never a guess (RFC 5321 4.1.2, RFC 6068)."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from horarium.ical.idna import to_a_label
from horarium.kernel.errors import InvalidInput

_LOCAL = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.-]{1,64}\Z")
_LABEL = re.compile(r"[A-Za-z0-9-]{1,63}\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_URI_UNSAFE = re.compile(r"[^A-Za-z0-9!$'*+/=_~.@-]")
# A phrase before <...>: what an unquoted display name may not contain.
_PHRASE_MARKS = re.compile(r'[<>()\[\]:;@,"\\]')
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"')
# 64 octets of local part, the at sign, 253 octets of domain; each may be percent-encoded.
_LONGEST = 3 * (64 + 1 + 253) + len("mailto:")
# A mailbox with its display name; longer header fields are not decoded anywhere.
_LONGEST_MAILBOX = 16_384


class InvalidAddress(InvalidInput):
    """Text that is no address under the strict grammar; `reason` is from a closed list.

    Reasons: empty, too_long, control, no_at, second_at, quoted_local, comment, group, route,
    address_literal, local_part, percent_hack, percent_encoding, non_ascii_local, single_label,
    trailing_dot, domain, idna, several_addresses, phrase, scheme.
    """

    def __init__(self, reason: str, value: str) -> None:
        super().__init__(f"not an address: {reason}", part="address", value=value[:80])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: local part as written, domain as lower-case A-labels.

    Compare by `key`. Local parts are told apart without regard to ASCII case; two domains that
    merely look alike stay different.
    """

    local: str
    domain: str

    def __post_init__(self) -> None:
        _check_local(self.local, self.local)
        _check_domain(self.domain, self.domain, None)

    @property
    def key(self) -> str:
        """`local@domain` in lower case: the identity."""
        return f"{self.local}@{self.domain}".lower()

    @property
    def text(self) -> str:
        """`local@domain` as it is sent."""
        return f"{self.local}@{self.domain}"

    @property
    def uri(self) -> str:
        """`mailto:local@domain`, characters with a meaning in URIs percent-encoded (RFC 6068)."""
        text = self.text
        if _URI_UNSAFE.search(text):
            text = _URI_UNSAFE.sub(lambda found: f"%{ord(found.group()):02X}", text)
        return "mailto:" + text


def parse_address(text: str, local_domains: Container[str] | None = None) -> Address:
    """`local@domain`, the whole string; `InvalidAddress` names what is wrong.

    `local_domains` lists single-label domains that are ours and therefore allowed.
    """
    if not text:
        raise InvalidAddress("empty", text)
    if len(text) > _LONGEST:
        raise InvalidAddress("too_long", text)
    if _CONTROL.search(text):
        raise InvalidAddress("control", text)
    if '"' in text:
        raise InvalidAddress("quoted_local", text)
    if "(" in text or ")" in text:
        raise InvalidAddress("comment", text)
    if text.endswith(";"):
        raise InvalidAddress("group", text)
    if text[0] == "@":
        raise InvalidAddress("route", text)
    local, at, domain = text.partition("@")
    if not at:
        raise InvalidAddress("no_at", text)
    if "@" in domain:
        raise InvalidAddress("second_at", text)
    _check_local(local, text)
    domain = _a_labels(domain, text) if not domain.isascii() else domain.lower()
    _check_domain(domain, text, local_domains)
    return _trusted(local, domain)


def _trusted(local: str, domain: str) -> Address:
    """An Address whose parts were just checked, without checking them a second time."""
    made = object.__new__(Address)
    object.__setattr__(made, "local", local)
    object.__setattr__(made, "domain", domain)
    return made


def _check_local(local: str, text: str) -> None:
    if "%" in local:
        raise InvalidAddress("percent_hack", text)
    if not local.isascii():
        raise InvalidAddress("non_ascii_local", text)
    if not _LOCAL.match(local) or local[0] == "." or local[-1] == "." or ".." in local:
        raise InvalidAddress("local_part", text)


def _a_labels(domain: str, text: str) -> str:
    try:
        return ".".join(to_a_label(label) for label in domain.split(".") if label or _empty(text))
    except InvalidAddress:
        raise
    except InvalidInput as error:
        raise InvalidAddress("idna", text) from error


def _empty(text: str) -> bool:
    raise InvalidAddress("trailing_dot" if text.endswith(".") else "domain", text)


def _check_domain(domain: str, text: str, local_domains: Container[str] | None) -> None:
    if domain.startswith("["):
        raise InvalidAddress("address_literal", text)
    if domain.endswith("."):
        raise InvalidAddress("trailing_dot", text)
    if not domain or len(domain) > 253 or domain != domain.lower():
        raise InvalidAddress("domain", text)
    labels = domain.split(".")
    for label in labels:
        if not _LABEL.match(label) or label[0] == "-" or label[-1] == "-":
            raise InvalidAddress("domain", text)
    if len(labels) == 1 and (local_domains is None or domain not in local_domains):
        raise InvalidAddress("single_label", text)


def parse_mailbox(text: str, local_domains: Container[str] | None = None) -> Address:
    """The one address of a From, Sender or Reply-To field; the display name is not looked at.

    Several addresses, groups, comments and routes are `InvalidAddress`. `text` is the unfolded
    field body.
    """
    if len(text) > _LONGEST_MAILBOX:
        raise InvalidAddress("too_long", text)
    text = text.strip(" \t")
    if not text.endswith(">"):
        return _bare(text, local_domains)
    at = 0
    while at < len(text):
        mark = _PHRASE_MARKS.search(text, at)
        if mark is None:
            break
        sign = mark.group()
        if sign == "<":
            inner = text[mark.end() : -1]
            if "," in inner or "<" in inner or ">" in inner:
                route = inner.startswith("@")
                raise InvalidAddress("route" if route else "several_addresses", text)
            return parse_address(inner, local_domains)
        quoted = _QUOTED.match(text, mark.start()) if sign == '"' else None
        if quoted is None:
            raise InvalidAddress(_phrase_fault(sign), text)
        at = quoted.end()
    raise InvalidAddress("phrase", text)


def _bare(text: str, local_domains: Container[str] | None) -> Address:
    if "," in text:
        raise InvalidAddress("several_addresses", text)
    if "<" in text or ">" in text:
        raise InvalidAddress("phrase", text)
    if ":" in text:
        raise InvalidAddress("group", text)
    return parse_address(text, local_domains)


def _phrase_fault(sign: str) -> str:
    return {",": "several_addresses", "@": "phrase", "(": "comment", ":": "group"}.get(
        sign, "phrase"
    )


def parse_cal_address(
    text: str, email: str | None = None, local_domains: Container[str] | None = None
) -> Address:
    """The address of an ORGANIZER, ATTENDEE, SENT-BY or DELEGATED-… value (RFC 5545 3.3.3).

    The scheme may be missing or in any case; what follows `?` is dropped; percent-encoding is
    undone once. `email` is the EMAIL parameter (RFC 7986 6.2), used when the value is another
    kind of URI.
    """
    text = text.strip(" \t")
    if len(text) > _LONGEST and text[:7].lower() == "mailto:" and "?" not in text[:_LONGEST]:
        raise InvalidAddress("too_long", text)
    if text[:7].lower() == "mailto:":
        return parse_address(_decoded(text[7:].partition("?")[0]), local_domains)
    if _SCHEME.match(text) or text.startswith("/"):
        if email is None:
            raise InvalidAddress("scheme", text)
        return parse_address(email.strip(" \t"), local_domains)
    at = text.find("@")
    query = text.find("?", at) if at >= 0 else -1
    return parse_address(text if query < 0 else text[:query], local_domains)


def _decoded(text: str) -> str:
    """Percent-encoding undone once; what is not UTF-8 then is refused."""
    if "%" not in text:
        return text
    if len(text) > _LONGEST or _BAD_ESCAPE.search(text):
        raise InvalidAddress("percent_encoding", text)
    try:
        return unescape_percent(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidAddress("percent_encoding", text) from error


def unescape_percent(text: str) -> bytes:
    """The octets of percent-encoded text; what is no escape stays (RFC 3986 2.1)."""
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text.encode("utf-8"))
