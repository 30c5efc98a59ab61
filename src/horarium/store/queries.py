"""Named queries: SQL lives in `.sql` files, never in Python text.

A file holds queries separated by lines `-- name: query_name`; a name that ends in `@sqlite` or
`@postgres` is taken by that engine only. Parameters are written `:name`.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from horarium.kernel.errors import CorruptState

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)(?:@(sqlite|postgres))?[ \t]*$", re.MULTILINE)


class Migration(NamedTuple):
    """A numbered step of the schema: its text and the digest that is remembered when it ran."""

    number: int
    text: str
    digest: str


@cache
def load_queries(dialect: str) -> dict[str, str]:
    """Every named query of `dialect`; two queries of one name are our own fault."""
    found: dict[str, str] = {}
    for entry in sorted(resources.files("horarium.store").joinpath("sql").iterdir(), key=str):
        if entry.name.endswith(".sql"):
            for name, text in _split(entry.read_text("utf-8"), dialect):
                if name in found:
                    raise CorruptState("queries", name, "the name stands twice")
                found[name] = text
    return found


def _split(text: str, dialect: str) -> list[tuple[str, str]]:
    marks = list(_NAME.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        (mark[1], text[mark.end() : end].strip())
        for mark, end in zip(marks, ends, strict=True)
        if mark[2] in (None, dialect)
    ]


@cache
def load_migrations(dialect: str) -> tuple[Migration, ...]:
    """The migrations of `dialect` in their order; their numbers are 1, 2, 3 without a hole."""
    folder = resources.files("horarium.store").joinpath("sql", "migrations")
    ending = f".{dialect}.sql"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(ending))
    steps = []
    for name in names:
        text = folder.joinpath(name).read_text("utf-8")
        steps.append(Migration(int(name[:4]), text, sha256(text.encode()).hexdigest()))
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise CorruptState("migrations", dialect, f"the numbers have a hole: {names}")
    return tuple(steps)
