"""Reading a control file: text to typed directives with their places (seed 004).

All errors are told at once, and one makes the whole file invalid; warnings leave it valid. Nothing
in it is executed here, and the lists it names are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from horarium.directives.address import (
    EVERYTHING,
    AddressList,
    Budget,
    Item,
    Mask,
    NodeAddress,
    context_of,
    large_numbers,
    parse_mask,
    parse_node,
)
from horarium.directives.directive import (
    ALIASES,
    FLAVOURS,
    KEYWORDS,
    Arguments,
    Directive,
    Keyword,
    Kind,
)
from horarium.directives.problem import BadWord, Problem
from horarium.directives.reading import USUAL, Reading
from horarium.directives.timespec import Period, TimeSpec, Window, looks_like_time, parse_when
from horarium.kernel.errors import InvalidInput

# T-Mail's own limit on a line; longer ones are read with a warning.
SHORT_LINE = 255
MOST_OCTETS_OF_LINE = 4_096
MOST_LINES = 100_000
MOST_OCTETS = 16 << 20
MOST_TASK = 255
# Warnings told about the items of one list.
MOST_DOUBTS = 20
# What a message may quote is of any length; it is told in so many.
MOST_SIGNS_OF_MESSAGE = 240
_END_OF_FILE = b"\x1a"
_TASK = re.compile(r"\[([^\]]*)\][ \t]*")
_WORD = re.compile(r'[ \t]*(?:"([^"]*)"|([^ \t"]+))')
_STARTS_OF_MASKS = frozenset("0123456789*./")
_LONG_WORD = re.compile(r"([^\s:]{40})[^\s:]{41,}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# The lines of an `@file`, or a BadWord when it can not be had.
ReadList = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ControlFile:
    """What a control file says: its directives in file order, and what is wrong with it."""

    directives: tuple[Directive, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Whether the file may take effect."""
        return not self.errors


class Word(NamedTuple):
    """One word of a line and the column it begins at; `quoted` ones are never times."""

    text: str
    column: int
    quoted: bool = False


def decode(data: bytes, encoding: str = "auto") -> str:
    """The text of a control file: as named, or UTF-8 if it is valid, else CP866."""
    data = data.split(_END_OF_FILE, 1)[0]
    if encoding != "auto":
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp866")


def parse_control_file(
    data: bytes, *, main: NodeAddress | None, read_list: ReadList, reading: Reading = USUAL
) -> ControlFile:
    """Reads a whole file. `main` is the address that partial addresses inherit from; `read_list`
    gives the lines of an `@file`; `reading` decides where words have two meanings."""
    if len(data) > MOST_OCTETS:
        problem = Problem(1, 1, f"the file has {len(data)} octets; at most {MOST_OCTETS} are read")
        return ControlFile((), (problem,), ())
    reader = _Reader(main, read_list, reading)
    lines = decode(data, reading.encoding).split("\n")
    if not lines[-1]:
        lines.pop()
    for number, text in enumerate(lines[:MOST_LINES], start=1):
        reader.take(number, text.rstrip("\r"))
    if len(lines) > MOST_LINES:
        reader.fail(MOST_LINES + 1, 1, f"more than {MOST_LINES} lines")
    return reader.finish()


class _Reader:
    """What was read so far."""

    def __init__(self, main: NodeAddress | None, read_list: ReadList, reading: Reading) -> None:
        self.main = main
        self.read_list = read_list
        self._reading = reading
        self._directives: list[Directive] = []
        self._errors: list[Problem] = []
        self._warnings: list[Problem] = []
        self._seen: dict[str, int] = {}
        self.budget = Budget()

    def take(self, number: int, text: str) -> None:
        """Reads one line."""
        octets = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if octets > MOST_OCTETS_OF_LINE:
            message = f"the line has {octets} octets; at most {MOST_OCTETS_OF_LINE} are read"
            self.fail(number, MOST_OCTETS_OF_LINE, message)
            return
        if len(text) > SHORT_LINE:
            self.warn(number, SHORT_LINE + 1, f"longer than {SHORT_LINE} characters")
        bare = without_comment(text)
        if not bare.strip():
            return
        try:
            self._directives.append(self._line(number, bare))
        except BadWord as error:
            self.fail(number, error.column or _first_column(bare), str(error))

    def fail(self, line: int, column: int, message: str) -> None:
        """Notes an error."""
        self._errors.append(Problem(line, column, shortened(message)))

    def warn(self, line: int, column: int, message: str) -> None:
        """Notes a warning."""
        self._warnings.append(Problem(line, column, shortened(message)))

    def finish(self) -> ControlFile:
        """What the file says; with errors, its directives are none."""
        kept = () if self._errors else tuple(self._directives)
        return ControlFile(kept, tuple(sorted(self._errors)), tuple(sorted(self._warnings)))

    # --- one line ----------------------------------------------------------

    def _line(self, number: int, text: str) -> Directive:
        control = None if text.isprintable() else _CONTROL.search(text)
        if control is not None:
            raise BadWord("a control character", control.start() + 1)
        task, offset = _task(text)
        words = split_words(text[offset:], offset)
        if not words:
            raise BadWord("expected a directive after the task number", offset + 1)
        critical = words[0].text.lower() == "critical"
        words = words[1:] if critical else words
        if not words:
            raise BadWord("expected a directive after Critical", len(text) + 1)
        if words[0].text.lower() == "critical":
            raise BadWord("Critical stands twice", words[0].column)
        keyword = _keyword(words[0])
        when, rest = self._when(number, keyword, words[1:], critical)
        cover = self._reading.masks_cover_points and keyword.kind is not Kind.TIMED
        arguments = _Line(number, keyword, self, cover).arguments(rest)
        if keyword.master and task not in (None, self._reading.master):
            raise BadWord(f"{keyword.name} is done by the Master only, not by task {task}", 1)
        key = self._key(task, critical, keyword, rest, when)
        return Directive(number, text.strip(), keyword, arguments, when, key, task, critical)

    def _when(
        self, number: int, keyword: Keyword, words: Sequence[Word], critical: bool
    ) -> tuple[TimeSpec | None, Sequence[Word]]:
        last = words[-1] if words else None
        if last is None or last.quoted or not looks_like_time(last.text):
            if keyword.kind is Kind.TIMED:
                column = last.column if last else 0
                raise BadWord(f"{keyword.name} needs a time such as 8:30 or P.01:00", column)
            if critical:
                raise BadWord(f"Critical has no meaning on {keyword.name}")
            return None, words
        try:
            when, warnings = parse_when(last.text, daily_range=self._reading.daily_range)
        except (BadWord, InvalidInput) as error:
            raise BadWord(str(error), last.column) from error
        for warning in warnings:
            self.warn(number, last.column, warning)
        self._check_when(number, keyword, when, last, critical)
        return when, words[:-1]

    def _check_when(
        self, number: int, keyword: Keyword, when: TimeSpec, word: Word, critical: bool
    ) -> None:
        if isinstance(when, Period):
            if not keyword.periodic:
                allowed = ", ".join(k.name for k in KEYWORDS.values() if k.periodic)
                raise BadWord(f"the periodic pointer may stand on {allowed} only", word.column)
            if critical:
                self.warn(number, word.column, "Critical adds nothing to a periodic pointer")
        elif keyword.kind is not Kind.TIMED:
            if not isinstance(when, Window):
                raise BadWord(f"{keyword.name} holds during a window, not at a moment", word.column)
            if critical:
                raise BadWord(f"Critical has no meaning on {keyword.name}")

    def _key(
        self,
        task: int | None,
        critical: bool,
        keyword: Keyword,
        words: Sequence[Word],
        when: TimeSpec | None,
    ) -> str:
        """The identity of a line: its words in one spelling, and its place among equal ones."""
        parts = [str(task), str(critical), keyword.name]
        plain = keyword.shape in (("command",), ("setting",)) or "file" in keyword.shape
        for word in words:
            text = word.text.replace("\\", "/")
            parts.append(text if plain else text.lower())
        parts.append(str(when))
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        ordinal = self._seen.get(digest, 0)
        self._seen[digest] = ordinal + 1
        return f"{digest[:40]}.{ordinal}"


class _Line:
    """The arguments of one line while they are read."""

    __slots__ = (
        "_budget",
        "_cover_points",
        "_keyword",
        "_known",
        "_main",
        "_number",
        "_read_list",
        "_warn",
    )

    def __init__(self, number: int, keyword: Keyword, reader: _Reader, cover_points: bool) -> None:
        self._number = number
        self._keyword = keyword
        self._main = reader.main
        self._read_list = reader.read_list
        self._warn = reader.warn
        self._budget = reader.budget
        self._cover_points = cover_points
        self._known: dict[tuple[str, Mask | None, bool], Item] = {}

    def arguments(self, words: Sequence[Word]) -> Arguments:
        """The typed arguments; BadWord for too many, too few or unreadable ones."""
        match self._keyword.shape:
            case ():
                self._none_left(words)
                return Arguments()
            case ("list",):
                return Arguments(addresses=self._list(words))
            case ("list?",):
                return Arguments(addresses=self._list(words) if words else None)
            case ("file", "list"):
                first = self._first(words, "a file name")
                return Arguments(file=path_text(first.text), addresses=self._list(words[1:]))
            case ("command",):
                return self._command(words)
            case ("number",):
                number = self._number_of(words)
                self._none_left(words[1:])
                return Arguments(number=number)
            case ("setting",):
                first = self._first(words, "a flag file or NAME=VALUE")
                self._none_left(words[1:])
                return Arguments(setting=first.text)
            case ("route",):
                return self._route(words)
            case _:
                return self._with_value(words)

    def _with_value(self, words: Sequence[Word]) -> Arguments:
        """State rules that say something beside their list."""
        shape = self._keyword.shape[0]
        rest = words[1:]
        if shape == "flavour":
            first = self._first(words, "a flavour")
            if first.text.lower() not in FLAVOURS:
                expected = ", ".join(FLAVOURS)
                raise BadWord(f"expected one of {expected}, found {first.text}", first.column)
            return Arguments(flavour=first.text.lower(), addresses=self._list(rest))
        if shape == "address":
            first = self._first(words, "an address")
            return Arguments(address=self._node(first), addresses=self._list(rest))
        return Arguments(number=self._number_of(words), addresses=self._list(rest))

    def _command(self, words: Sequence[Word]) -> Arguments:
        first = self._first(words, "a program")
        program, shell = first.text, False
        rest = list(words[1:])
        if program.startswith("!"):
            shell, program = True, program[1:]
            if not program:
                if not rest or not rest[0].text:
                    raise BadWord(
                        f"{self._keyword.name} needs a program after !", _after(words[:1])
                    )
                program, rest = rest[0].text, rest[1:]
        texts = (path_text(program), *(word.text for word in rest))
        return Arguments(command=texts, shell=shell)

    def _route(self, words: Sequence[Word]) -> Arguments:
        if len(words) < 2:
            raise BadWord(f"{self._keyword.name} needs a list and where to send to", _after(words))
        last = words[-1]
        to_hub = last.text.lower() == "hub"
        destination = None if to_hub else self._node(last)
        addresses = self._list(words[:-1])
        return Arguments(addresses=addresses, destination=destination, to_hub=to_hub)

    def _node(self, word: Word) -> NodeAddress:
        try:
            return parse_node(word.text, self._main)
        except BadWord as error:
            raise BadWord(str(error), word.column) from error

    def _list(self, words: Sequence[Word]) -> AddressList:
        if not words:
            raise BadWord(f"{self._keyword.name} needs a list of addresses, or All")
        items: list[Item] = []
        columns: list[int] = []
        context = context_of(self._main)
        for word in words:
            try:
                context = self._item(word, context, items)
            except BadWord as error:
                raise BadWord(str(error), word.column) from error
            columns += [word.column] * (len(items) - len(columns))
        if all(item.excluded for item in items):
            raise BadWord("a list of exclusions only names nobody", words[0].column)
        found = AddressList(tuple(items))
        self._doubts(found, columns)
        return found

    def _doubts(self, found: AddressList, columns: Sequence[int]) -> None:
        """Warns of what looks wrong in a list; of many alike only the first are told."""
        idle = set(found.idle_exclusions(self._budget))
        told = 0
        for item, column in zip(found.items, columns, strict=True):
            doubts = large_numbers(item.mask)
            removes_nothing = item.excluded and item in idle
            told += len(doubts) + removes_nothing
            if told <= MOST_DOUBTS:
                for number in doubts:
                    self._warn(self._number, column, f"{number} is above what a nodelist holds")
                if removes_nothing:
                    self._warn(self._number, column, f"the exclusion {item} removes nothing")
        if told > MOST_DOUBTS:
            message = f"{told} addresses of this list look wrong; the first are told"
            self._warn(self._number, columns[0], message)

    def _item(self, word: Word, context: Mask | None, items: list[Item]) -> Mask | None:
        """Adds what one word names; gives the context of the next."""
        text, excluded = word.text, False
        if text and text[0] not in _STARTS_OF_MASKS:
            if text[0] == "!":
                text, excluded = text[1:], True
            if text.lower() == "all":
                if excluded:
                    raise BadWord("!All would exclude everybody")
                items.append(Item(EVERYTHING))
                return context
            if text.startswith("@"):
                items.extend(self._from_file(text[1:], excluded))
                return context
        key = text, context, excluded
        item = self._known.get(key)
        if item is None:
            mask = parse_mask(text, context, cover_points=self._cover_points)
            item = self._known[key] = Item(mask, excluded)
        items.append(item)
        return item.mask

    def _from_file(self, name: str, excluded: bool) -> Iterator[Item]:
        if not name:
            raise BadWord("expected a file name after @")
        context = context_of(self._main)
        for number, line in enumerate(self._read_list(path_text(name)), start=1):
            text = without_comment(line).strip()
            if not text:
                continue
            if text.startswith("@"):
                raise BadWord(f"{name}:{number}: a list names no other list")
            try:
                context = parse_mask(text.lstrip("!"), context, cover_points=self._cover_points)
            except BadWord as error:
                raise BadWord(f"{name}:{number}: {error}") from error
            yield Item(context, excluded != text.startswith("!"))

    def _number_of(self, words: Sequence[Word]) -> int:
        first = self._first(words, "a number")
        most = self._keyword.most
        if not (first.text.isascii() and first.text.isdigit()) or int(first.text) > most:
            message = f"{self._keyword.name} takes a number from 0 to {most}, found {first.text}"
            raise BadWord(message, first.column)
        return int(first.text)

    def _first(self, words: Sequence[Word], expected: str) -> Word:
        if not words or not words[0].text:
            raise BadWord(f"{self._keyword.name} needs {expected}", _after(words))
        return words[0]

    def _none_left(self, words: Sequence[Word]) -> None:
        if words:
            message = f"{self._keyword.name} takes no more arguments, found {words[0].text}"
            raise BadWord(message, words[0].column)


def without_comment(text: str) -> str:
    """A line without its comment: `;` at its start or after a blank, outside of quotes."""
    at, quotes = text.find(";"), 0
    from_ = 0
    while at >= 0:
        quotes += text.count('"', from_, at)
        if quotes % 2 == 0 and (at == 0 or text[at - 1] in " \t"):
            return text[:at].rstrip()
        from_, at = at, text.find(";", at + 1)
    return text.rstrip()


def split_words(text: str, offset: int = 0) -> list[Word]:
    """The words of a line; double quotes keep blanks together. BadWord for an open quote."""
    words = []
    at, end = 0, len(text.rstrip(" \t"))
    for found in _WORD.finditer(text):
        if found.start() != at:
            break
        group = found.lastindex or 2
        words.append(Word(found[group], offset + found.start(group) + group - 1, group == 1))
        at = found.end()
    if at < end:
        raise BadWord("the quote is not closed", offset + text.index('"', at) + 1)
    return words


def path_text(text: str) -> str:
    """A file name in one spelling: DOS separators become slashes."""
    return text.replace("\\", "/")


def shortened(message: str) -> str:
    """A message that quotes no more of a long word than its beginning."""
    if len(message) <= 80:
        return message
    short = _LONG_WORD.sub(r"\1…", message)
    over = len(short) > MOST_SIGNS_OF_MESSAGE
    return short[: MOST_SIGNS_OF_MESSAGE - 1] + "…" if over else short


def _task(text: str) -> tuple[int | None, int]:
    """The task number of a prefix and where the rest of the line begins."""
    start = _first_column(text) - 1
    if not text[start:].startswith("["):
        return None, start
    found = _TASK.match(text, start)
    if found is None:
        raise BadWord("the task number has no closing bracket", start + 1)
    number = found[1].strip()
    if not (number.isascii() and number.isdigit()) or int(number) > MOST_TASK:
        message = f"a task number lies between 0 and {MOST_TASK}, not {number or '[]'}"
        raise BadWord(message, start + 2)
    return int(number), found.end()


def _keyword(word: Word) -> Keyword:
    name = word.text.lower()
    keyword = KEYWORDS.get(ALIASES.get(name, name))
    if keyword is None:
        raise BadWord(f"there is no directive {word.text}", word.column)
    return keyword


def _first_column(text: str) -> int:
    return len(text) - len(text.lstrip(" \t")) + 1


def _after(words: Sequence[Word]) -> int:
    return words[-1].column + len(words[-1].text) if words else 0
