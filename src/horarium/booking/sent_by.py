"""Who may write in an organizer's name: the pairs of the preference ``sent_by_pairs``."""

from dataclasses import dataclass

from horarium.booking.calls import Words, split_lines
from horarium.ical.address import parse_cal_address
from horarium.kernel.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SentByPair:
    """``sender`` (an address key) may act for ``organizer``: an address key, or ``@domain`` for
    every address of exactly that domain."""

    sender: str
    organizer: str

    def admits(self, sender: str, organizer: str) -> bool:
        """Whether this pair lets ``sender`` act for ``organizer`` (address keys)."""
        domain = "@" + organizer.rpartition("@")[2]
        return sender == self.sender and self.organizer in (organizer, domain)


def parse_sent_by_pairs(text: str) -> tuple[SentByPair, ...]:
    """One pair a line: sender, then organizer or ``@domain``. InvalidInput, with ``line N`` as
    its part, for any other line."""
    return tuple(_pair(line) for line in split_lines(text))


def _pair(line: Words) -> SentByPair:
    if len(line.words) != 2:
        raise InvalidInput(
            "expected an address and the organizer or @domain it acts for",
            part=f"line {line.line}",
            value=" ".join(line.words),
        )
    sender, organizer = line.words
    return SentByPair(_key(line, sender), identity_key(line, organizer))


def identity_key(line: Words, word: str) -> str:
    """The key under which an address, a ``mailto:`` URI or an ``@domain`` is compared."""
    if not word.startswith("@"):
        return _key(line, word)
    return "@" + _key(line, f"everybody{word}").rpartition("@")[2]


def _key(line: Words, word: str) -> str:
    try:
        return parse_cal_address(word if ":" in word else f"mailto:{word}").key
    except InvalidInput as error:
        raise InvalidInput(str(error), part=f"line {line.line}", value=word) from error
