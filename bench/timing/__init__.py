"""What the benchmarks of pure functions share: the shortest of several runs, and their table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """One comparison: seconds of ours and of the rival, and the ratio to reach."""

    bar: str
    ours: float
    rival: float | None
    ratio: float | None
    goal: str


def best(run: Callable[[], object], least: float = 0.4) -> float:
    """The shortest time of at least two runs, for about ``least`` seconds, in seconds."""
    times: list[float] = []
    while len(times) < 2 or (sum(times) < least and len(times) < 5000):
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return min(times)


def show(bench: str, rows: Sequence[Row]) -> None:
    """Print the table, and the same as one line of JSON."""
    print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:,.1f}x"
        print(f"| {row.bar} | {_shown(row.ours)} | {_shown(row.rival)} | {ratio} | {row.goal} |")
    print(json.dumps({"bench": bench, "rows": [asdict(row) for row in rows]}))


def _shown(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1e6:,.1f} µs" if seconds < 0.001 else f"{seconds * 1e3:,.2f} ms"
