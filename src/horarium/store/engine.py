"""The narrow protocol that a store engine offers: two ways in, and named queries.

There are two engines and no third: SQLite (embedded) and, beside it, PostgreSQL. Whatever only one
of them can do may not be relied upon above this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")

Value = int | str | bytes | None
Row = tuple[Value, ...]
# What fills the `:name` places of a query; numbers, texts, octets or None.
Parameters = Mapping[str, object]

# A decision touches a resource, its quotas and pools; more keys than this in one transaction means
# that work which should have been cut into pieces was not.
MAXIMUM_KEYS = 64


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The name of a thing whose state one decision reads and writes, e.g. one resource.

    Keys are locked in ascending order of (tenant, kind, name), so that no two decisions wait for
    each other in a circle.
    """

    tenant: str
    kind: str
    name: str


class Session(Protocol):
    """One transaction on one connection; runs queries by their names."""

    def rows(self, query: str, values: Parameters) -> list[Row]:
        """All rows of a named query."""

    def row(self, query: str, values: Parameters) -> Row | None:
        """The first row of a named query, or None."""

    def run(self, query: str, values: Parameters) -> int:
        """Runs a named change; the number of rows it changed."""

    def run_many(self, query: str, values: Iterable[Parameters]) -> None:
        """Runs a named change once for each set of values."""


class Engine(Protocol):
    """A store: consistent reads, and transactions that hold the locks of their keys."""

    dialect: str

    def read(self, work: Callable[[Session], T]) -> T:
        """Runs `work` on a consistent snapshot; it can not write."""

    def transact(self, keys: Sequence[Key], work: Callable[[Session], T]) -> T:
        """Runs `work` in one durable transaction holding the locks of `keys`.

        `work` may run more than once, so it must have no effect except through its session.
        Raises Unavailable when the store can not be had now; then nothing was kept.
        """

    def checkpoint(self, thorough: bool) -> None:
        """Moves what the log holds into the database, where the engine has such a log."""

    def facts(self) -> dict[str, str | int]:
        """What an operator asks of the engine: its kind, library, schema and sizes."""

    def close(self) -> None:
        """Ends the use of the store by this process."""
