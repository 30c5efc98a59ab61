"""Reports on distribution: rows with fixed columns, of what was noted when it happened."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from horarium.distribution.causes import cause
from horarium.distribution.states import EXTRACTING, SETTLED, State
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.extra_windows import extra_window_document, extra_windows
from horarium.runtime.realm_views import must_be
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.overview import Overview
from horarium.store.store import Store, Transaction
from horarium.store.versions import Build, Passage

Cells = Mapping[str, object]

_MOST = 10_000
"""Builds and versions that a report looks through: years of them."""

_DETAIL = (
    "distribution", "version", "subscriber", "receive_start", "receive_end", "bytes",
    "extract_start", "extract_end", "state", "reason",
)  # fmt: skip
COLUMNS: Mapping[str, Sequence[str]] = {
    "detail": _DETAIL,
    "history": ("version", "built", "retired", "files", "bytes", "delta_bytes", "cause"),
    "failures": ("started", "ended", "outcome", "cause", "reason"),
    "subscriber": _DETAIL,
    "windows": ("channel", "opened", "closed", "by"),
    "late": ("version", "subscriber", "built", "state", "percent", "reason", "until"),
}
_STARTS = frozenset(State(s) for s in (State.OFFERED, State.RECEIVING, State.SUSPENDED))
_UNPACKS = frozenset(EXTRACTING)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a report is about: within a period, of the newest version only, of some subscribers
    (none: of all). Late is who has not extracted a version ``after`` seconds since it was built."""

    within: Period
    newest: bool = False
    subscribers: frozenset[str] = frozenset()
    after: int = 86_400

    def tells_of(self, subscriber: str) -> bool:
        """Whether it is about a subscriber."""
        return not self.subscribers or subscriber in self.subscribers


def report(
    store: Store, settings: Settings, name: str, kind: str, chosen: Filter, now: Instant
) -> list[Cells]:
    """The rows of a report; ``name`` is a distribution, for ``subscriber`` a subscriber.
    NotFound."""

    def work(tx: Transaction) -> list[Cells]:
        known = Overview(tx, settings, now)
        must_be(known.realm, "subscriber" if kind == "subscriber" else "distribution", name)
        if kind == "subscriber":
            names = sorted(known.realm.distributions)
            passed = [p for one in names for p in _passages(tx, one, chosen.within)]
            return list(_detail(p for p in passed if p.subscriber == name))
        rows = {"detail": _details, "history": _history, "failures": _failures,
                "windows": _windows, "late": _late}  # fmt: skip
        return list(rows[kind](known, name, chosen))

    return store.read(work)


def _passages(tx: Transaction, name: str, within: Period) -> list[Passage]:
    return tx.versions.passages(name, within.start, within.end)


def _details(known: Overview, name: str, chosen: Filter) -> Iterator[Cells]:
    newest = known.tx.versions.highest(name)
    return _detail(
        one
        for one in _passages(known.tx, name, chosen.within)
        if chosen.tells_of(one.subscriber) and (not chosen.newest or one.version == newest)
    )


def _detail(passages: Iterable[Passage]) -> Iterator[Cells]:
    """What became of each version at each receiver. Somebody who tries again stands there with
    the first start and the newest end."""
    groups: dict[tuple[str, int, str], list[Passage]] = {}
    for one in passages:
        groups.setdefault((one.distribution, one.version, one.subscriber), []).append(one)
    for (distribution, version, subscriber), found in sorted(groups.items()):
        last = found[-1]
        yield {
            "distribution": distribution,
            "version": version,
            "subscriber": subscriber,
            "receive_start": _first(found, _STARTS),
            "receive_end": _first(found, {State.RECEIVED}),
            "bytes": max(one.octets for one in found),
            "extract_start": _first(found, _UNPACKS),
            "extract_end": _first(reversed(found), {State.EXTRACTED, State.EXTRACT_FAILED}),
            "state": last.what,
            "reason": last.reason or None,
        }


def _first(found: Iterable[Passage], states: Iterable[State]) -> str | None:
    wanted = {state.value for state in states}
    return next((format_instant(one.at) for one in found if one.what in wanted), None)


def _history(known: Overview, name: str, chosen: Filter) -> Iterator[Cells]:
    built = {b.version: b for b in _builds(known, name) if b.version is not None}
    for version, retired in known.tx.versions.newest(name, 1 if chosen.newest else _MOST):
        if chosen.within.contains(version.built):
            build = built.get(version.number)
            yield {
                "version": version.number,
                "built": format_instant(version.built),
                "retired": _written(retired),
                "files": version.files,
                "bytes": version.size,
                "delta_bytes": build.delta if build is not None else None,
                "cause": build.cause if build is not None else None,
            }


def _failures(known: Overview, name: str, chosen: Filter) -> Iterator[Cells]:
    for build in _builds(known, name):
        if build.outcome in ("failed", "cancelled") and chosen.within.contains(build.started):
            yield {
                "started": format_instant(build.started),
                "ended": _written(build.ended),
                "outcome": build.outcome,
                "cause": build.cause,
                "reason": build.reason,
            }


def _windows(known: Overview, name: str, chosen: Filter) -> Iterator[Cells]:
    """Windows that were opened by hand, of all channels that list it now."""
    for one in extra_windows(known.tx, known.carrying(name), chosen.within.start):
        if one.opened < chosen.within.end:
            yield extra_window_document(one)


def _late(known: Overview, name: str, chosen: Filter) -> Iterator[Cells]:
    versions = known.tx.versions.newest(name, 1 if chosen.newest else _MOST)
    for version, retired in versions:
        due = version.built + chosen.after
        if retired is None and due <= known.now and chosen.within.contains(version.built):
            yield from _late_with(known, name, version, chosen)


def _late_with(known: Overview, name: str, version: Version, chosen: Filter) -> Iterator[Cells]:
    facts = known.facts(name, version)
    for node in sorted(facts.rows):
        found = cause(facts, node)
        if found.state not in SETTLED and chosen.tells_of(node):
            yield {
                "version": version.number,
                "subscriber": node,
                "built": format_instant(version.built),
                "state": found.state.value if found.state is not None else None,
                "percent": found.percent,
                "reason": str(found.reason) or None,
                "until": _written(found.reason.until),
            }


def _builds(known: Overview, name: str) -> list[Build]:
    return known.tx.versions.builds(name, _MOST)


def _written(at: Instant | None) -> str | None:
    return format_instant(at) if at is not None else None


# --- as text -------------------------------------------------------------------


def as_csv(kind: str, rows: Sequence[Cells]) -> str:
    """The rows as CSV (RFC 4180) with a line of names. A cell that a spreadsheet would take for a
    formula begins with an apostrophe."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS[kind])
    for row in rows:
        lines.writerow([_harmless(row[name]) for name in COLUMNS[kind]])
    return written.getvalue().rstrip("\r\n").replace("\r\n", "\n")


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return "" if value is None else value


def as_table(kind: str, rows: Sequence[Cells]) -> str:
    """The rows in columns, with a line of names; columns in which nothing stands are left out."""
    names = [n for n in COLUMNS[kind] if any(row[n] not in (None, "") for row in rows)]
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
