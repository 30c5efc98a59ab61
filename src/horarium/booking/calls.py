"""The preference ``scheduling_function`` as calls: one a line, name, then arguments (seed 001)."""

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

# More calls than any list can mean; keeps a decision's record readable.
MAX_CALLS = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One scheduling function with its arguments; ``line`` counts from 1 in the text it came
    from."""

    name: str
    arguments: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        return " ".join((self.name, *self.arguments))


@dataclass(frozen=True, slots=True)
class Words:
    """One line that says something, split into words; ``columns`` are where they begin."""

    line: int
    words: tuple[str, ...]
    columns: tuple[int, ...]


def parse_calls(text: str) -> tuple[Call, ...]:
    """The calls of ``text`` in their order. Whether a function of that name exists is not judged
    here. InvalidInput names the line, as ``line 3``."""
    calls = tuple(Call(w.words[0], w.words[1:], w.line) for w in split_lines(text))
    if len(calls) > MAX_CALLS:
        line = calls[MAX_CALLS].line
        raise InvalidInput(f"more than {MAX_CALLS} functions", part=f"line {line}")
    return calls


def split_lines(text: str) -> Iterator[Words]:
    """The words of each line that is neither blank nor a comment (first non-blank ``#``).

    Words are parted by blanks and tabs; ``'…'`` and ``"…"`` quote and may be glued to other
    text. InvalidInput when a quote is not closed on its line."""
    # Only line ends part lines: no other character may make two rules of one.
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        stripped = line.strip(" \t")
        if stripped and not stripped.startswith("#"):
            words = list(_words(line, number))
            yield Words(number, tuple(w for w, _ in words), tuple(c for _, c in words))


def _words(line: str, number: int) -> Iterator[tuple[str, int]]:
    """The words of one line, each with the column (from 1) at which it begins."""
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        start, pieces = at, []
        while at < len(line) and line[at] not in " \t":
            if line[at] in "'\"":
                end = line.find(line[at], at + 1)
                if end < 0:
                    raise InvalidInput(
                        f"the quote {line[at]} is not closed",
                        part=f"line {number}",
                        value=line[at:],
                    )
                pieces.append(line[at + 1 : end])
                at = end + 1
            else:
                pieces.append(line[at])
                at += 1
        yield "".join(pieces), start + 1
