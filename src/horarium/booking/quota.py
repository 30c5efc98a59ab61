"""Quotas: what organizers may use of the resources that share a journal (seed 001)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from horarium.ical.address import parse_cal_address
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

# The identity that stands for everybody who is not named.
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much an identity may use, in seconds; None is as much as it likes."""

    seconds: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota as it is in force: its limits, who belongs to which group, and its delegates.

    `name` is any text, or `mailto:` and an address key for a resource's own. `limits` are seconds
    (None: unlimited) by identity: an address key, the name of a group, or `*`. `groups` gives the
    group of an address key, and of everybody else under `*`. `delegates` are address keys in order.
    """

    name: str
    limits: Mapping[str, int | None]
    groups: Mapping[str, str]
    delegates: tuple[str, ...]

    def identity(self, organizer: str) -> str:
        """Under which name the usage of an organizer (an address key) is kept: that of the group,
        else the organizer's own."""
        return self.groups.get(organizer) or self.groups.get(ANYBODY) or organizer

    def allowance(self, identity: str) -> Allowance | None:
        """What an identity may use: its own limit, else the general one, else None: nothing."""
        for name in (identity, ANYBODY):
            if name in self.limits:
                return Allowance(self.limits[name])
        return None


@dataclass(frozen=True, slots=True)
class Charge:
    """One occurrence charged to one quota: `event` without buffers, `original` names it in its
    series. A `pending` one waits for an approver; it counts all the same."""

    quota: str
    identity: str
    organizer: str
    original: Instant
    event: Period
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One occurrence in a quota's free/busy, made for an organizer by a resource: the same
    organizer gets no other resource of that quota at the same time."""

    quota: str
    organizer: str
    resource: int
    uid: str
    original: Instant
    event: Period


def quota_name(text: str) -> str:
    """The one name of the quota that `text` means: an address, with or without `mailto:`, is
    `mailto:` and its key; any other text is itself."""
    if "@" not in text:
        return text
    try:
        return f"mailto:{parse_cal_address(text).key}"
    except InvalidInput:
        return text
