"""Mail goes out: what every outgoing transport promises (tests/contracts/test_outgoing.py)."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sent:
    """The message is in other hands; ``text`` is their receipt."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class TemporaryFailure:
    """Not sent, or not known to be: to be tried again, byte for byte."""

    text: str


@dataclass(frozen=True, slots=True)
class PermanentFailure:
    """Refused for good, with the reply code and text of whoever refused."""

    code: int
    text: str


Result = Sent | TemporaryFailure | PermanentFailure


class Outgoing(Protocol):
    """Sends finished messages, one recipient at a time."""

    async def send(self, sender: str, recipient: str, data: bytes) -> Result:
        """Send ``data`` with the envelope sender ``sender`` (``""`` the null one). Never raises
        for what the other side does."""
        ...

    async def close(self) -> None:
        """Let go of what is held open. Sending afterwards opens it again."""
        ...


def envelope_fault(sender: str, recipient: str) -> PermanentFailure | None:
    """The refusal of an envelope that could smuggle commands, decided before anything is said to
    the other side; None when it is sound."""
    for address in (sender, recipient):
        if not address.isascii() or any(ord(c) < 33 or c in "<>\x7f" for c in address):
            return PermanentFailure(553, "5.1.7 the envelope holds a character that no address has")
    if "@" not in recipient or (sender and "@" not in sender):
        return PermanentFailure(553, "5.1.3 the envelope holds no address")
    return None
