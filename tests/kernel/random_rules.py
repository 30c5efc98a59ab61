"""Random valid rules for the comparisons with independent programs."""

from __future__ import annotations

from random import Random

from horarium.kernel.instant import Wall, wall
from horarium.kernel.rule import Frequency

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_INTERVALS = {
    Frequency.YEARLY: 4,
    Frequency.MONTHLY: 14,
    Frequency.WEEKLY: 9,
    Frequency.DAILY: 40,
    Frequency.HOURLY: 60,
    Frequency.MINUTELY: 200,
    Frequency.SECONDLY: 5000,
}


def some(rng: Random, low: int, high: int, most: int, signed: bool = False) -> str:
    """Give a BY list of up to ``most`` values."""
    numbers = [rng.randint(low, high) for _ in range(rng.randint(1, most))]
    if signed:
        numbers = [n if rng.random() < 0.6 else -n for n in numbers]
    return ",".join(str(n) for n in dict.fromkeys(numbers))


def weekdays(rng: Random, ordinals: int) -> str:
    """Give a BYDAY list, of plain weekdays or with ordinals up to the number when it is not 0.

    The two are not mixed: see the known differences of the oracles.
    """
    days = rng.sample(DAYS, rng.randint(1, 4))
    if not ordinals or rng.random() < 0.5:
        return ",".join(days)
    return ",".join(f"{rng.choice((1, -1)) * rng.randint(1, ordinals)}{day}" for day in days)


def by_parts(rng: Random, freq: Frequency) -> dict[str, str]:
    """Give one to five BY parts that the frequency allows."""
    yearly, monthly = freq is Frequency.YEARLY, freq is Frequency.MONTHLY
    makers = {
        "BYMONTH": lambda: some(rng, 1, 12, 4),
        "BYDAY": lambda: weekdays(rng, 51 if yearly else 5 if monthly else 0),
        "BYHOUR": lambda: some(rng, 0, 23, 4),
        "BYMINUTE": lambda: some(rng, 0, 59, 4),
        "BYSECOND": lambda: some(rng, 0, 59, 3),
    }
    if freq is not Frequency.WEEKLY:
        makers["BYMONTHDAY"] = lambda: some(rng, 1, 31, 5, signed=True)
    if freq not in (Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY):
        makers["BYYEARDAY"] = lambda: some(rng, 1, 366, 40, signed=True)
    if yearly:
        makers["BYWEEKNO"] = lambda: some(rng, 1, 51, 6, signed=True)
    names = rng.sample(sorted(makers), rng.randint(1, min(5, len(makers))))
    parts = {name: makers[name]() for name in names}
    if "BYMONTH" in parts and "BYDAY" in parts and yearly:
        parts["BYDAY"] = weekdays(rng, 5)
    if "BYWEEKNO" in parts:
        # Ordinals are not allowed beside BYWEEKNO.
        parts["BYDAY"] = weekdays(rng, 0)
    if rng.random() < 0.3:
        parts["BYSETPOS"] = some(rng, 1, 6, 3, signed=True)
    return parts


def random_rule(rng: Random) -> str:
    """Give the text of a valid rule without COUNT and UNTIL."""
    freq = rng.choice(list(Frequency))
    parts = {"FREQ": freq.name}
    if rng.random() < 0.5:
        parts["INTERVAL"] = str(rng.randint(1, _INTERVALS[freq]))
    if rng.random() < 0.9:
        parts |= by_parts(rng, freq)
    if rng.random() < 0.4:
        parts["WKST"] = rng.choice(DAYS)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def random_wall(rng: Random) -> Wall:
    """Give a DTSTART between 1990 and 2037."""
    return wall(
        rng.randint(1990, 2037),
        rng.randint(1, 12),
        rng.randint(1, 28),
        rng.randint(0, 23),
        rng.randint(0, 59),
        rng.choice((0, 0, 0, rng.randint(0, 59))),
    )
