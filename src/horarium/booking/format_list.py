"""The text that PowerShell's `Format-List` prints: names and values, parted by blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9]*)\s*:(?: (.*)|)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """A name with its value as text, and the line (from 1) in which it stands."""

    name: str
    value: str
    line: int

    @property
    def items(self) -> tuple[str, ...]:
        """The items of a value in braces, or the value alone; none for an empty one."""
        inner = self.value.strip()
        if inner.startswith("{") and inner.endswith("}"):
            inner = inner[1:-1]
        return tuple(item.strip() for item in inner.split(",") if item.strip())


def read_format_list(text: str) -> list[list[Written]]:
    """The objects of the text, each with its names in order. A line that begins with blanks goes
    on with the value above it. InvalidInput names the line that is neither (`line 3`), or that
    there is nothing at all."""
    objects: list[list[Written]] = []
    for found in _pairs(text):
        known = {written.name for written in objects[-1]} if objects else {found.name}
        # Objects are parted by blank lines, but so are some values: a name comes once in each.
        if not objects or found.name in known:
            objects.append([])
        objects[-1].append(found)
    if not objects:
        raise InvalidInput("there is no line NAME : VALUE, as Format-List prints", part="line 1")
    return objects


def _pairs(text: str) -> Iterator[Written]:
    last: Written | None = None
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if not line.strip():
            continue
        pair = _PAIR.match(line)
        if pair is not None:
            if last is not None:
                yield last
            last = Written(pair[1], (pair[2] or "").strip(), number)
        elif last is not None and line[0] in " \t":
            joined = f"{last.value} {line.strip()}".strip()
            last = Written(last.name, joined, last.line)
        else:
            raise InvalidInput(
                "expected NAME : VALUE, as Format-List prints", part=f"line {number}",
                value=line[:80],
            )  # fmt: skip
    if last is not None:
        yield last
