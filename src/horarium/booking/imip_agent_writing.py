"""What imip-agent keeps, written: records, preferences, the tables of quotas (seed 001).

A record is a line of columns parted by tabs, in which a text has no tab, no line break and no
backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from horarium.booking.imip_agent import CLOSING, COLUMNS, Record
from horarium.booking.preferences import (
    InvalidPreference,
    canonical_name,
    is_empty,
    read_preferences,
)
from horarium.booking.quota_table import Groups, Table
from horarium.ical.address import parse_address
from horarium.ical.values import format_utc
from horarium.kernel.instant import Instant

_UNWRITABLE = re.compile(r"[\t\\]|\r?\n|[\x00-\x1f\x7f\x85\u2028\u2029]")


def write_line(columns: Iterable[str]) -> tuple[str, bool]:
    """A line of columns, and whether a text in it had to change: what would part columns or lines
    becomes a blank."""
    written = tuple(columns)
    clean = [_UNWRITABLE.sub(" ", text) for text in written]
    return "\t".join(clean) + "\n", list(written) != clean


def write_record(record: Record, *, wide: bool = False) -> tuple[str, bool]:
    """A record as `write_line` gives it; `wide` ones have a last column."""
    start, end = format_utc(record.period.start), format_utc(record.period.end)
    columns = (
        start, end, record.uid, record.transparency, record.recurrence_id, record.summary,
        record.organizer, record.last,
    )  # fmt: skip
    return write_line(columns if wide else columns[:COLUMNS])


def in_order(record: Record) -> tuple[Instant, Instant, str]:
    """What records are sorted by."""
    return record.period.start, record.period.end, record.uid


def write_preferences(values: Mapping[str, object], kind: str) -> Iterator[tuple[str, str | None]]:
    """The preferences of a `kind` of calendar user that are set, each as the text of a file that
    means the same, None where no text does."""
    for name, value in values.items():
        if not is_empty(value):
            yield canonical_name(name), _preference(canonical_name(name), value, kind)


def _preference(name: str, value: object, kind: str) -> str | None:
    text = _text(value)
    if text == value and name in CLOSING:
        # What cannot be read closes here and there.
        return text
    try:
        meant = read_preferences({name: value}, {}, kind=kind)
        return text if read_preferences({name: text}, {}, kind=kind) == meant else None
    except InvalidPreference:
        return None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)


def written_out(table: Table, groups: Groups) -> Iterator[tuple[str, ...]]:
    """The rows of a quota's table of groups with the members of each declared group in its place:
    groups of addresses are not known there."""
    named = {row[0] for row in table}
    for identity, *rest in table:
        if identity in groups:
            for member in sorted(groups[identity]):
                uri = identity_uri(member)
                if uri not in named:
                    named.add(uri)
                    yield (uri, *rest)
        else:
            yield (identity, *rest)


def identity_uri(identity: str) -> str:
    """An address key as its URI; the name of a group as it is."""
    return parse_address(identity).uri if "@" in identity else identity
