"""The tables of a quota as text and as kept: limits, groups and delegates (seed 001).

A table is lines of words: an identity and its limit, an identity and its group, or one delegate.
What is kept has one form for each word, in the order it was written: addresses as `mailto:` URIs,
durations as in RFC 5545, the names of groups and `*` as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from horarium.booking.calls import split_lines
from horarium.booking.quota import ANYBODY, Quota
from horarium.booking.written import refuse, shown, words
from horarium.ical.address import parse_address, parse_cal_address
from horarium.kernel.duration import Duration, format_duration, parse_duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.nearest import nearest

Row = tuple[str, ...]
Table = tuple[Row, ...]
# The names of the declared groups: each stands for its members where a member may stand.
Groups = Mapping[str, Collection[str]]

MAX_ROWS = 100_000
_LONGEST_WORD = 1_000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class TableKind(StrEnum):
    """Which table of a quota."""

    LIMITS = "limits"
    GROUPS = "groups"
    DELEGATES = "delegates"


# What the words of a line are, for messages.
_COLUMNS = {
    TableKind.LIMITS: ("an identity", "a limit"),
    TableKind.GROUPS: ("an identity", "a group"),
    TableKind.DELEGATES: ("an address",),
}


@dataclass(frozen=True, slots=True)
class TableFault:
    """One thing wrong in a table: in a line of a text (from 1), or at a key of an object."""

    line: int
    key: str
    message: str


def parse_table(kind: TableKind, text: str, groups: Groups) -> tuple[Table, list[TableFault]]:
    """The rows of `text` and everything that is wrong with it, line by line."""
    rows: dict[str, Row] = {}
    faults: list[TableFault] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        try:
            for found in split_lines(line):
                _add(rows, _row(kind, found.words, groups))
                if len(rows) > MAX_ROWS:
                    return (), [TableFault(number, "", f"more than {MAX_ROWS} rows")]
        except InvalidInput as error:
            faults.append(TableFault(number, "", error.message))
    return tuple(rows.values()), faults


def object_table(kind: TableKind, value: object) -> tuple[Table, list[TableFault]]:
    """The rows of a value in an object file: a table of identities, or a list of delegates. The
    groups it names are looked up later, when all files have been read."""
    try:
        written = _written_rows(kind, value)
    except InvalidInput as error:
        return (), [TableFault(0, "", error.message)]
    rows: dict[str, Row] = {}
    faults: list[TableFault] = []
    for first, *rest in written:
        try:
            _add(rows, _row(kind, (first, *(_text(kind, item) for item in rest)), None))
        except InvalidInput as error:
            key = first if kind is not TableKind.DELEGATES else ""
            faults.append(TableFault(0, key, error.message))
    return tuple(rows.values()), faults


def format_table(table: Iterable[Row]) -> str:
    """The table as text that reads back as the same table; a line for each row."""
    return "".join(" ".join(map(_quoted, row)) + "\n" for row in table)


def merged(table: Table, update: Table) -> Table:
    """`table` with the rows of `update`: a known identity keeps its place, others come after."""
    rows = {row[0]: row for row in table}
    return tuple((rows | {row[0]: row for row in update}).values())


def unknown_groups(table: Iterable[Row], groups: Groups) -> Iterator[tuple[str, str]]:
    """The identities of a table of groups that name a group nobody declared, with what is wrong."""
    for identity, _ in table:
        if identity != ANYBODY and "@" not in identity and identity not in groups:
            yield identity, _no_such_group(identity, groups)


def read_quota(name: str, tables: Mapping[TableKind, object], groups: Groups) -> Quota:
    """The quota that kept tables make. An address in a table of groups stands above the declared
    groups, and of these the first that holds the address counts. InvalidInput for anything that can
    not be read: nobody may use a quota whose rules are not known."""
    kept = {kind: _checked(kind, tables.get(kind), groups) for kind in TableKind}
    belonging = _belonging(kept[TableKind.GROUPS], groups)
    return Quota(
        name=name,
        limits={_key(i): _seconds(limit) for i, limit in kept[TableKind.LIMITS]},
        groups=belonging,
        delegates=tuple(_key(row[0]) for row in kept[TableKind.DELEGATES]),
    )


def _belonging(table: Table, groups: Groups) -> dict[str, str]:
    found: dict[str, str] = {}
    for identity, group in table:
        if identity == ANYBODY or "@" in identity:
            found[_key(identity)] = group
    for identity, group in table:
        for member in groups.get(identity, ()):
            found.setdefault(member, group)
    return found


def kept_value(kind: TableKind, table: Table) -> list[object]:
    """A table as it is kept: a list of pairs, of delegates a list of their URIs."""
    return [row[0] if kind is TableKind.DELEGATES else list(row) for row in table]


def kept_table(kind: TableKind, value: object) -> Table:
    """The rows of what is kept, None being no row; InvalidInput when it is no table."""
    if value is None:
        return ()
    rows = [[row] if kind is TableKind.DELEGATES else row for row in _items(value)]
    width = len(_COLUMNS[kind])
    if not isinstance(value, list) or not all(_is_row(row, width) for row in rows):
        raise InvalidInput(f"{kind} is no table: {shown(value)}", part=kind, value=shown(value))
    return tuple(tuple(row) for row in rows)


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_row(row: object, width: int) -> bool:
    listed = isinstance(row, list) and len(row) == width
    return listed and all(isinstance(word, str) for word in _items(row))


def _checked(kind: TableKind, value: object, groups: Groups) -> Table:
    """A kept table, checked as if it were written now."""
    rows: dict[str, Row] = {}
    for row in kept_table(kind, value):
        try:
            _add(rows, _row(kind, row, groups))
        except InvalidInput as error:
            raise InvalidInput(f"{kind}: {error.message}", part=kind) from error
    return tuple(rows.values())


def _written_rows(kind: TableKind, value: object) -> list[tuple[Any, ...]]:
    if kind is TableKind.DELEGATES:
        return [(word,) for word in words(value)]
    if not isinstance(value, dict):
        form = '{ "mailto:vincent.vole@example.com" = "PT10H" }'
        if kind is TableKind.GROUPS:
            form = '{ "mailto:vincent.vole@example.com" = "developers" }'
        raise InvalidInput(f"expected a table such as {form}, not {shown(value)}")
    return list(value.items())


def _text(kind: TableKind, item: object) -> str:
    """A value of TOML as the word it would be in a text; a whole number is seconds."""
    whole = isinstance(item, int) and not isinstance(item, bool)
    if kind is TableKind.LIMITS and whole and isinstance(item, int) and item > 0:
        return format_duration(Duration(0, item))
    if not isinstance(item, str):
        raise refuse(item, "a duration" if kind is TableKind.LIMITS else "the name of a group")
    return item


def _add(rows: dict[str, Row], row: Row) -> None:
    if row[0] in rows:
        raise InvalidInput(f"{shown(row[0])} is listed twice", value=row[0])
    rows[row[0]] = row


def _row(kind: TableKind, found: Sequence[str], groups: Groups | None) -> Row:
    columns = _COLUMNS[kind]
    if len(found) != len(columns):
        count = f"{len(found)} word{'s' if len(found) != 1 else ''}"
        raise InvalidInput(f"expected {' and '.join(columns)}, not {count}: {shown(found[0])}")
    readers: tuple[Callable[[str], str], ...]
    if kind is TableKind.LIMITS:
        readers = (_identity, _limit)
    elif kind is TableKind.GROUPS:
        readers = (lambda word: _member(word, groups), _group)
    else:
        readers = (_address,)
    return tuple(read(word) for read, word in zip(readers, found, strict=True))


def _identity(word: str) -> str:
    """An address, `*`, or the name of a group."""
    if word == ANYBODY:
        return word
    return _address(word) if "@" in word or _SCHEME.match(word) else _group(word)


def _member(word: str, groups: Groups | None) -> str:
    """An address, `*`, or the name of a group that is declared."""
    found = _identity(word)
    if groups is not None and found != ANYBODY and "@" not in found and found not in groups:
        raise InvalidInput(_no_such_group(found, groups), value=word)
    return found


def _no_such_group(word: str, groups: Groups) -> str:
    return f"{shown(word)} is no address, and no group is declared so{nearest(word, groups)}"


def _group(word: str) -> str:
    """The name of a group: text without blanks that can be taken for nothing else."""
    visible = bool(word) and word.isprintable() and not any(char.isspace() for char in word)
    if not visible or word == ANYBODY or "@" in word or _SCHEME.match(word):
        raise InvalidInput(f"{shown(word)} is not the name of a group", value=word)
    if len(word) > _LONGEST_WORD:
        raise InvalidInput(f"{shown(word)} is too long for the name of a group", value=word)
    return word


def _address(word: str) -> str:
    """An address with or without `mailto:`, as its URI."""
    try:
        found = parse_cal_address(word if ":" in word else f"mailto:{word}")
    except InvalidInput as error:
        raise InvalidInput(f"{shown(word)} is {error.message}", value=word) from error
    return parse_address(found.key).uri


def _limit(word: str) -> str:
    """A duration of at least a second, without a sign, or `*`."""
    if word == ANYBODY:
        return word
    try:
        found = parse_duration(word)
    except InvalidInput:
        found = Duration()
    if word.startswith(("+", "-")) or found.exact < 1:
        raise InvalidInput(f"{shown(word)} is not a duration", value=word)
    return format_duration(found)


def _seconds(limit: str) -> int | None:
    return None if limit == ANYBODY else parse_duration(limit).exact


def _key(identity: str) -> str:
    """A kept identity as decisions compare it."""
    return parse_cal_address(identity).key if "@" in identity else identity


def _quoted(word: str) -> str:
    """A word that stays one when it is read: quoted where it could be taken for more."""
    if "'" not in word and '"' not in word:
        return f"'{word}'" if word.startswith("#") else word
    pieces = re.split(r"(')", word)
    return "".join('"\'"' if piece == "'" else f"'{piece}'" for piece in pieces if piece)
