"""The tables inside the objects of distribution: rings, routes, actions, link calendars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from horarium.distribution.realm import Action, LinkCalendar, Ring, UsePolicy
from horarium.distribution.values import (
    as_flag,
    as_length,
    as_name,
    as_text,
    each_of,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.nearest import nearest

MOST_RINGS = 20
"""Rings of a channel: a release through more of them never ends."""
MOST_ACTIONS = 50
MOST_WORDS = 256
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%", re.ASCII)
_RETRY = re.compile(r"fail|defer|retry [1-9]\d{0,2}", re.ASCII)

Keys = Mapping[str, object]


def table(value: object, known: Iterable[str], example: str) -> Keys:
    """A table that has no other keys than some. InvalidInput."""
    names = tuple(known)
    if not isinstance(value, Mapping):
        raise InvalidInput(f"expected a table like {example}")
    for key in value:
        if key not in names:
            raise InvalidInput(f"there is no key {key!r} here{nearest(str(key), names)}")
    return value


def share_or_count(value: object) -> int | float:
    """``2`` is a count, ``"2%"`` a share (0 < x < 1); all of them, ``"100%"``, is 1.0."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000:
        return value
    found = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not 0 <= float(found[1]) <= 100:
        raise InvalidInput(f'{str(value)[:40]!r} is no count, nor a share like "2%"')
    return float(found[1]) / 100 or 0


def ring(value: object) -> Ring:
    """One ring of a channel."""
    keys = table(
        value, ("group", "soak", "max_failures", "proven"), '{ group = "pilot", soak = "24h" }'
    )
    if "group" not in keys:
        raise InvalidInput("a ring names its group")
    proven = share_or_count(keys.get("proven", 1))
    if not proven:
        raise InvalidInput("proven: at least one receiver proves a ring")
    return Ring(
        group=as_name(str(keys["group"]).removeprefix("@")),
        soak=as_length(0, 366 * DAY)(keys.get("soak", 0)),
        max_failures=share_or_count(keys.get("max_failures", 0)),
        proven=proven,
    )


def rings(value: object) -> tuple[Ring, ...]:
    """The rings of a channel, in their order, each group once."""
    found = each_of(ring)(value)
    groups = [one.group for one in found]
    if len(set(groups)) < len(groups) or len(found) > MOST_RINGS:
        raise InvalidInput(f"expected at most {MOST_RINGS} rings, each of another group")
    return found


def routes(value: object) -> dict[str, str]:
    """A routing hierarchy: by subscriber, its parent in it; the empty name is the distributor."""
    if not isinstance(value, Mapping):
        raise InvalidInput('expected a table like { p1 = "", p2 = "p1" }')
    return {as_name(node): as_name(up) if up != "" else "" for node, up in value.items()}


def use_policy(value: object) -> dict[str, bool]:
    """The switches that are written: of settings, of the schedule, or of both."""
    if isinstance(value, bool):
        return {"settings": value, "schedule": value}
    keys = table(value, ("settings", "schedule"), "{ settings = true, schedule = false }")
    return {key: as_flag(flag) for key, flag in keys.items()}


def switched(written: Mapping[str, bool], *, settings: bool, schedule: bool) -> UsePolicy:
    """The switches of an object that has ``settings`` or a ``schedule`` of its own: what is written
    wins, else what is its own turns the policy's off."""
    return UsePolicy(
        settings=written.get("settings", not settings),
        schedule=written.get("schedule", not schedule),
    )


def action(value: object) -> Action:
    """One act before or after an extraction, such as ``{ run = ["/usr/bin/x"] }``."""
    keys = table(value, (*_ACTS, "timeout", "strict"), '{ stop_service = "httpd" }')
    acts = [key for key in keys if key in _ACTS]
    if len(acts) != 1:
        raise InvalidInput(f"an action has one of {', '.join(_ACTS)}")
    written = keys[acts[0]]
    words = each_of(as_text)(written) if isinstance(written, list | tuple) else (as_text(written),)
    if not words or not words[0] or len(words) > MOST_WORDS:
        raise InvalidInput(f"{acts[0]}: expected a program and its arguments, or a name")
    if acts[0] == "run" and not words[0].startswith("/"):
        raise InvalidInput(f"run: {words[0][:80]!r} is no absolute path")
    return Action(
        kind=acts[0].replace("_", "-"),
        argv=words,
        timeout=as_length(1, DAY)(keys.get("timeout", 300)),
        strict=as_flag(keys.get("strict", False)),
    )


_ACTS = ("run", "start_service", "stop_service", "start_process", "stop_process")


def actions(value: object) -> tuple[Action, ...]:
    """Actions in their order; any may stand there more than once."""
    found = each_of(action)(value)
    if len(found) > MOST_ACTIONS:
        raise InvalidInput(f"expected at most {MOST_ACTIONS} actions")
    return found


def target(value: object) -> str:
    """Where a distribution is placed: an absolute path, or one that begins with a variable."""
    text = as_text(value)
    if not text.startswith(("/", "%")) or "\\" in text or ".." in text.split("/"):
        raise InvalidInput(f"{text[:80]!r} is no path like /srv/in or %DEST%/www")
    return text


def locked(value: object) -> str:
    """What becomes of a file that is in use: fail, ``retry N``, or defer."""
    if not isinstance(value, str) or _RETRY.fullmatch(value) is None:
        raise InvalidInput(f"{str(value)[:40]!r} is none of fail, defer, 'retry 6'")
    return value


def calendar_of(found: Mapping[str, object]) -> LinkCalendar | None:
    """The link calendar of the keys ``calendar`` and ``open_when``: both of them, or none."""
    resource, open_when = found.get("calendar"), found.get("open_when")
    if (resource is None) != (open_when is None):
        raise InvalidInput("calendar and open_when go together")
    return None if resource is None else LinkCalendar(str(resource), str(open_when))
