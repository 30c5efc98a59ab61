"""Which of the versions that a node received it may unpack now: what firings took, and what of
that failed when its time has come."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from horarium.distribution.failing import next_try
from horarium.distribution.needing import Need
from horarium.kernel.instant import Instant

Key = tuple[str, int]
"""A version: its distribution and its number."""


@dataclass(slots=True)
class _Failing:
    """A version that could not be extracted. ``again`` is None when its time does not come by
    itself; ``needs`` are files that it waits for."""

    failures: int
    again: Instant | None
    needs: tuple[Need, ...] = ()


class Tries:
    """What firings took and is not in use yet. A retry goes on with that alone: what came since
    waits for the next firing. ``has`` tells whether a content is here."""

    def __init__(self, has: Callable[[str], bool]) -> None:
        self._has = has
        self._taken: set[Key] = set()
        self._failing: dict[Key, _Failing] = {}

    @property
    def missing(self) -> list[Need]:
        """Files that are waited for, and are not here."""
        return [
            need
            for one in self._failing.values()
            for need in one.needs
            if not self._has(need.content.digest)
        ]

    # --- what may be tried ---------------------------------------------------------

    def take(self, versions: Collection[Key]) -> None:
        """A firing takes all that there is. What failed keeps its time."""
        self._taken.update(versions)

    def go_on(self, version: Key, now: Instant) -> None:
        """What was begun earlier is ended at whatever hour."""
        self._taken.add(version)
        self._failing[version] = _Failing(0, now)

    def keep(self, versions: Collection[Key]) -> None:
        """Forgets all but these: a version that nobody extracts any more is not tried again."""
        self._taken.intersection_update(versions)
        self._failing = {key: one for key, one in self._failing.items() if key in versions}

    def is_time(self, now: Instant) -> bool:
        """Whether something that failed is to be tried again."""
        return any(self._may(one, now) for one in self._failing.values())

    def is_due(self, version: Key, now: Instant) -> bool:
        """Whether a version is to be tried now. One that was taken and did not fail was held up
        by another one."""
        failing = self._failing.get(version)
        return version in self._taken and (failing is None or self._may(failing, now))

    def attempt(self, version: Key) -> int:
        """Which try the next one is, counted from 1."""
        failing = self._failing.get(version)
        return failing.failures + 1 if failing is not None else 1

    def _may(self, one: _Failing, now: Instant) -> bool:
        if one.again is not None and one.again <= now:
            return True
        return bool(one.needs) and all(self._has(need.content.digest) for need in one.needs)

    # --- how it ended ----------------------------------------------------------------

    def ended(self, version: Key) -> None:
        """It is in use, or somebody holds a file and it waits for the next firing."""
        self._taken.discard(version)
        self._failing.pop(version, None)

    def failed(
        self, version: Key, retries: int, now: Instant, needs: tuple[Need, ...]
    ) -> Instant | None:
        """It failed; when it is tried again. None when it waits for ``needs``, or gave up."""
        attempt = self.attempt(version)
        again = None if needs else next_try(attempt, retries, now)
        self._failing[version] = _Failing(attempt, again, needs)
        return again

    # --- counting anew -----------------------------------------------------------------

    def count_anew(self, names: Collection[str]) -> None:
        """There is a new version of these distributions: failures count from the beginning."""
        for (name, _), one in self._failing.items():
            if name in names:
                one.failures = 0

    def begin_anew(self, now: Instant, names: Collection[str] | None = None) -> None:
        """What failed is tried now, as if it never had: of these distributions, or (None) all."""
        for (name, _), one in self._failing.items():
            if names is None or name in names:
                one.failures, one.again = 0, now
