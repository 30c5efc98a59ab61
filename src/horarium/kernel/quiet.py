"""Stretches of time in which the clocks of a zone run evenly.

Far from a change of the offset a wall time is its instant and a constant. Most
questions are about such times; they need no search for changes.
"""

from __future__ import annotations

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.zone import Zone

_MARGIN = 2 * DAY
"""Offsets lie within a day of UTC: two days from a change no gap and no fold reaches."""
_AROUND = 60 * DAY


class QuietClock:
    """The clocks of a zone with the last even stretch remembered."""

    __slots__ = ("_end", "_offset", "_start", "_zone")

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._start = self._end = self._offset = 0

    def quiet(self, w: int) -> bool:
        """Tell whether a wall time lies two days or more from any change of the clocks."""
        return self._start <= w < self._end or self._search(w)

    def quiet_between(self, start: int, end: int) -> bool:
        """Tell whether one even stretch holds both wall times and all between them."""
        return self.quiet(end) and self._start <= start

    def plain(self, w: int) -> Instant:
        """Give the instant of a wall time that was found to be quiet just before."""
        return Instant(w - self._offset)

    def _search(self, w: int) -> bool:
        start, end = w - _AROUND, w + _AROUND
        for change, _, _ in self._zone.transitions(Instant(start), Instant(end)):
            if change + _MARGIN <= w:
                start = change + _MARGIN
            elif change - _MARGIN > w:
                end = change - _MARGIN
                break
            else:
                return False
        self._start, self._end = start, end
        self._offset = self._zone.offset_at(Instant(w))
        return True
