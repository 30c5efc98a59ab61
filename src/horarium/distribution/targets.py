"""Where a distribution may be unpacked: only below what the owner of the node allows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from horarium.distribution.variables import Variables, expand
from horarium.kernel.errors import InvalidInput

REFUSED = "target_refused"
"""The part that every refusal of a target names."""

STAGE = ".horarium-stage"
VERSIONS = ".versions"
RESERVED = frozenset({STAGE, VERSIONS})
"""Names in which extraction keeps its own; no target and no entry lies in them."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


def default_roots(variables: Sequence[str]) -> tuple[str, ...]:
    """The roots that extraction may touch when none are named: the absolute paths among the
    values of the node's own variables; there are none, then nothing may be touched."""
    return tuple(value for value in variables if value.startswith("/") and _flaw(value) is None)


def resolve_target(written: str, variables: Variables, roots: Sequence[str]) -> tuple[str, str]:
    """The allowed root that a target lies in, and the target: absolute, expanded, normalised.

    InvalidInput with the part ``variable_undefined``, or ``target_refused`` for a target that is
    no plain absolute path or lies in none of the roots. Of several roots the innermost is taken.
    """
    text = expand(written, variables)
    flaw = _flaw(text)
    if flaw is not None:
        raise InvalidInput(f"the target {text[:200]!r} {flaw}", part=REFUSED, value=text)
    parts = _parts(text)
    lying = [root for root in roots if _flaw(root) is None and _lies_in(parts, _parts(root))]
    if not lying:
        known = ", ".join(roots) or "none"
        raise InvalidInput(
            f"the target {text[:200]!r} lies in no root that this node allows (it allows: {known})",
            part=REFUSED,
            value=text,
        )
    return _joined(_parts(max(lying, key=len))), _joined(parts)


def _lies_in(parts: Sequence[str], root: Sequence[str]) -> bool:
    return list(parts[: len(root)]) == list(root)


def _flaw(text: str) -> str | None:
    """What keeps a text from being a target; None when nothing does."""
    parts = text.split("/")
    if "\\" in text:
        return "has a backslash"
    if text.startswith("//"):
        return "is a network path"
    if _DRIVE.match(text):
        return "names a drive"
    if not text.startswith("/"):
        return "is not absolute"
    if _CONTROL.search(text):
        return "has a character that no path may have"
    if "." in parts or ".." in parts:
        return "has a . or .. in it"
    if RESERVED.intersection(parts):
        return "lies where extraction keeps its own"
    return None


def _parts(text: str) -> list[str]:
    return [part for part in text.split("/") if part]


def _joined(parts: Sequence[str]) -> str:
    return "/" + "/".join(parts)
