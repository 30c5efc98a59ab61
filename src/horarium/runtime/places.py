"""Where in a TOML text each key and value stands.

The standard parser gives values without places. This scanner runs over a text which that parser
has already accepted, so it need not judge it: it only walks keys, strings, arrays and tables.
"""

from bisect import bisect_right
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BLANK = " \t"
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands (``line``, ``column``) and on which line its text begins, all counted
    from 1; line n of a multi-line string stands on ``text_line + n - 1`` (true as long as the
    string does not join lines by a backslash)."""

    line: int
    column: int
    text_line: int


def places(text: str) -> dict[Path, Place]:
    """The place of each table, key and array element of ``text``, by its path: names, and
    numbers for the elements of arrays."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


def path_text(path: Path) -> str:
    """``resource."room@example.com".acl``: a path as one would write it."""
    parts = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            bare = part.replace("-", "").replace("_", "").isalnum() and part.isascii()
            parts.append(("." if parts else "") + (part if bare else f'"{part}"'))
    return "".join(parts)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, Place] = {}
        self._text = text
        self._at = 0
        self._prefix: Path = ()
        self._counts: dict[Path, int] = {}
        self._starts = [0]
        for index, char in enumerate(text):
            if char == "\n":
                self._starts.append(index + 1)

    def document(self) -> None:
        """Walk the whole text."""
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return
            if self._peek() == "[":
                self._header()
            else:
                self._entry(self._prefix)

    # Pieces of the grammar, each leaving the scanner behind what it read.

    def _header(self) -> None:
        start = self._at
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        keys = self._keys()
        self._at += 2 if array else 1
        path: Path = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if array and number == len(keys) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        self._prefix = path
        self._note(path, start, start)

    def _entry(self, prefix: Path) -> None:
        start = self._at
        path = (*prefix, *self._keys())
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._note(path, start, self._at)
        self._value(path)

    def _value(self, path: Path) -> None:
        char = self._peek()
        if char in "\"'":
            self._string()
        elif char == "[":
            self._array(path)
        elif char == "{":
            self._inline_table(path)
        else:
            self._until(",]}#\n")

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_SPACE + ",")
            if self._peek() in ("]", ""):
                self._at += 1
                return
            element = (*path, number)
            self._note(element, self._at, self._at)
            self._value(element)
            number += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_SPACE + ",")
            if self._peek() in ("}", ""):
                self._at += 1
                return
            self._entry(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            if self._peek() in ('"', "'"):
                keys.append(self._string())
            else:
                keys.append(self._until(" \t.=]"))
            self._skip(_BLANK)
            if self._peek() != ".":
                return keys
            self._at += 1

    def _string(self) -> str:
        quote = self._peek()
        closing = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        start = self._at = self._at + len(closing)
        while self._at < len(self._text) and not self._text.startswith(closing, self._at):
            self._at += 2 if quote == '"' and self._peek() == "\\" else 1
        # Up to two quotes may stand before the three that close.
        while len(closing) == 3 and self._text.startswith(quote, self._at + 3):
            self._at += 1
        content = self._text[start : self._at]
        self._at += len(closing)
        return _plain(content) if quote == '"' else content

    # The text itself.

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _until(self, stops: str) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in stops:
            self._at += 1
        return self._text[start : self._at].rstrip()

    def _skip(self, what: str) -> None:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#" and "\n" in what:
                self._until("\n")
            elif char in what:
                self._at += 1
            else:
                return

    def _note(self, path: Path, key: int, value: int) -> None:
        line = bisect_right(self._starts, key)
        text_line = bisect_right(self._starts, value)
        for quotes in ('"""', "'''"):
            if self._text.startswith((quotes + "\n", quotes + "\r\n"), value):
                text_line += 1
        place = Place(line, key - self._starts[line - 1] + 1, text_line)
        self.found.setdefault(path, place)
        # A table that is only ever named on the way to another stands where that one does.
        for length in range(len(path) - 1, 0, -1):
            self.found.setdefault(path[:length], place)


def _plain(content: str) -> str:
    """A quoted key without its escapes."""
    if "\\" not in content:
        return content
    import tomllib

    return str(tomllib.loads(f'k = "{content}"')["k"])
