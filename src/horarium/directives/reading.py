"""How a control file is to be read where its words have two meanings."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.directives.entry import MASTER


@dataclass(frozen=True, slots=True)
class Reading:
    """What the site chose.

    `encoding` is a codec's name, or `auto`: UTF-8 where it is valid, else CP866. With `daily_range`
    a window with a day on both ends is open on each day from the first to the last, otherwise it is
    one stretch. With `masks_cover_points` a node mask of a rule also covers the points of its
    nodes. `master` is the number of the task that polls, drops and packs.
    """

    encoding: str = "auto"
    daily_range: bool = False
    masks_cover_points: bool = False
    master: int = MASTER


USUAL = Reading()
