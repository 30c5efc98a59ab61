"""What the border mail system found out about a sender (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# One field lists a handful of methods; more is an attempt to hide one.
MOST_RESULTS = 50

_TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
_RESULT = re.compile(r"([A-Za-z0-9-]+)(?:/\d+)?\s*=\s*([A-Za-z]+)")
_PROPERTY = re.compile(r"(smtp|header|policy|body)\.([A-Za-z0-9_-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)")


@dataclass(frozen=True, slots=True)
class AuthenticationResult:
    """One method's result: `dkim`, `pass`, {"header.d": "example.com"}."""

    method: str
    result: str
    properties: dict[str, str]


def trusted_results(
    fields: Sequence[str], trusted: Iterable[str], topmost: int
) -> tuple[AuthenticationResult, ...]:
    """The results in the first `topmost` Authentication-Results `fields` (top first) whose
    authserv-id is trusted; every other field may have come with the message and counts nothing."""
    known = {name.lower() for name in trusted}
    found: list[AuthenticationResult] = []
    for text in fields[:topmost]:
        name, *parts = _without_comments(text).split(";")
        token = _TOKEN.match(name.strip())
        if token is not None and token.group().lower() in known:
            found.extend(_results(parts[:MOST_RESULTS]))
    return tuple(found)


def is_authenticated(
    results: Iterable[AuthenticationResult], needed: str, from_domain: str
) -> bool:
    """Whether `results` meet the requirement `none`, `spf`, `dkim` or `dmarc` for the domain of
    the From field; what passed must be aligned with that domain."""
    if needed == "none":
        return True
    return any(
        item.method == needed and item.result == "pass" and _aligned(item, from_domain)
        for item in results
    )


def _aligned(item: AuthenticationResult, domain: str) -> bool:
    if item.method == "spf":
        return _domain_of(item.properties.get("smtp.mailfrom", "")) == domain
    if item.method == "dkim":
        signer = item.properties.get("header.d", "").lower()
        return signer == domain or ("." in signer and domain.endswith("." + signer))
    claimed = item.properties.get("header.from")
    return claimed is None or _domain_of(claimed) == domain


def _domain_of(text: str) -> str:
    return text.rpartition("@")[2].lower()


def _results(parts: Iterable[str]) -> list[AuthenticationResult]:
    found = []
    for part in parts:
        head = _RESULT.match(part.strip())
        if head is not None:
            properties = {
                f"{place.lower()}.{name.lower()}": value.strip('"')
                for place, name, value in _PROPERTY.findall(part)
            }
            found.append(AuthenticationResult(head[1].lower(), head[2].lower(), properties))
    return found


def _without_comments(text: str) -> str:
    """The field without its parenthesised comments, which may nest (RFC 5322 3.2.2)."""
    kept: list[str] = []
    depth, quoted = 0, False
    for sign in text:
        if sign == '"' and depth == 0:
            quoted = not quoted
        if not quoted and sign == "(":
            depth += 1
        elif not quoted and sign == ")" and depth:
            depth -= 1
        elif depth == 0:
            kept.append(sign)
    return "".join(kept)
