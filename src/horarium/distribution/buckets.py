"""Rates: buckets of octets that fill with elapsed time and are shared by transfers."""

from __future__ import annotations

from dataclasses import dataclass

# What may go at once after a pause: a tenth of a second's worth, so that no five seconds see more
# than three hundredths over the rate, and one buffer at least, so that anything moves at all.
BURST_SECONDS = 0.1
LEAST_BURST = 16_384


@dataclass(slots=True)
class Bucket:
    """Octets that may go. ``rate`` is octets a second, None without limit; seconds are those of a
    clock that only goes forward."""

    rate: int | None
    level: float = 0.0
    filled: float | None = None

    @property
    def burst(self) -> float:
        """The most that may go at once."""
        return max(LEAST_BURST, (self.rate or 0) * BURST_SECONDS)

    def take(self, octets: int, now: float) -> float:
        """Takes octets out, more than there are too; the seconds to wait before they may go."""
        if self.rate is None:
            return 0.0
        self._fill(now)
        self.level -= octets
        return max(0.0, -self.level / self.rate)

    def give_back(self, octets: int) -> None:
        """Puts back what was taken and did not go."""
        if self.rate is not None:
            self.level = min(self.burst, self.level + octets)

    def change(self, rate: int | None, now: float) -> None:
        """Sets another rate; it holds for what goes from now on."""
        if rate == self.rate:
            return
        self._fill(now)
        owed = -self.level / self.rate if self.rate and self.level < 0 else 0.0
        self.rate = rate
        self.level = -owed * rate if rate is not None else 0.0
        self.filled = now

    def _fill(self, now: float) -> None:
        if self.rate is None:
            return
        if self.filled is None:
            self.level = self.burst
        else:
            self.level = min(self.burst, self.level + (now - self.filled) * self.rate)
        self.filled = now
