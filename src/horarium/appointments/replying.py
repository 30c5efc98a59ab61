"""What a client answers to the invitation of an appointment, as far as it counts.

Source: RFC 5546 3.2.3 (REPLY), 3.2.7 (COUNTER).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from horarium.appointments.appointment import Appointment
from horarium.ical.address import InvalidAddress
from horarium.ical.component import Component
from horarium.ical.participant import read_participant


class Word(Enum):
    """What is said."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    COUNTER = "counter"


class Unheard(Enum):
    """Why an answer does not count."""

    NO_WORD = "no_word"
    ATTENDEE_MISMATCH = "attendee_mismatch"
    AUTH_MISSING = "auth_missing"
    NOT_STANDING = "not_standing"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Answered:
    """One VEVENT of a REPLY or COUNTER: for which UID, who speaks (an address key) and what."""

    uid: str
    sequence: int
    who: str
    word: Word | None


def answers(method: str, calendar: Component) -> Iterator[Answered]:
    """Yields what a calendar object of the method REPLY or COUNTER answers; nothing for others."""
    if method not in ("REPLY", "COUNTER"):
        return
    for event in calendar.children("VEVENT"):
        uid, sequence = event.first("UID"), event.first("SEQUENCE")
        if uid is None:
            continue
        number = sequence.value.strip() if sequence is not None else "0"
        for line in event.all("ATTENDEE"):
            try:
                party = read_participant(line)
            except InvalidAddress:
                continue
            word = Word.COUNTER if method == "COUNTER" else _WORDS.get(party.partstat)
            at = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
            yield Answered(uid.value, at, party.address.key, word)


def unheard(answered: Answered, item: Appointment, sender: str, *, proven: bool) -> Unheard | None:
    """Gives why an answer of a sender (an address key) does not count for an appointment; None when
    it does."""
    if not item.client.mail or not sender == answered.who == item.client.mail:
        return Unheard.ATTENDEE_MISMATCH
    if not proven:
        return Unheard.AUTH_MISSING
    if answered.word is None:
        return Unheard.NO_WORD
    return Unheard.STALE if answered.sequence < item.sequence else None


_WORDS = {word.name: word for word in Word if word is not Word.COUNTER}
