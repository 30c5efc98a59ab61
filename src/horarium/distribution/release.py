"""What of a distribution is released to whom, and what was withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from horarium.distribution.configuration import Follows
from horarium.distribution.records import Document, as_table, whole
from horarium.kernel.errors import InvalidInput

KIND = "release"
"""The kind of statement that a release is."""


@dataclass(frozen=True, slots=True)
class Release:
    """The released set of one distribution. ``opened``: by channel that has rings, how many of
    them are open for each version; a version that is not named there has none open. ``stopped``
    are versions that nobody begins to receive or to extract for now."""

    distribution: str
    opened: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    stopped: frozenset[int] = frozenset()
    withdrawn: frozenset[int] = frozenset()

    def allows(self, version: int, follows: Follows) -> bool:
        """Whether a version may go to who follows the distribution so: by any channel in which
        its ring is open, or that has no rings."""
        if version in self.withdrawn or version in self.stopped:
            return False
        if not follows.rings:
            return True
        return any(
            channel not in self.opened or ring < self.opened[channel].get(version, 0)
            for channel, ring in follows.rings.items()
        )


def release_document(release: Release) -> Document:
    """A release as a table of JSON."""
    return {
        "opened": {
            channel: {str(version): rings for version, rings in versions.items()}
            for channel, versions in release.opened.items()
        },
        "stopped": sorted(release.stopped),
        "withdrawn": sorted(release.withdrawn),
    }


def read_release(distribution: str, document: object) -> Release:
    """A release from its table. InvalidInput for anything that is none."""
    table = as_table(document)
    opened = {
        channel: {_number(version): whole(as_table(rings), version) for version in as_table(rings)}
        for channel, rings in as_table(table.get("opened", {})).items()
    }
    return Release(distribution, opened, _numbers(table, "stopped"), _numbers(table, "withdrawn"))


def _numbers(table: Mapping[str, object], key: str) -> frozenset[int]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        raise InvalidInput(f"{key}: expected a list of numbers", part=key)
    return frozenset(value)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InvalidInput(f"{text[:20]!r} is no number of a version")
    return int(text)
