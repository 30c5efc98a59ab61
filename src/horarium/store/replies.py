"""The repository of what clients answered from their calendars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from horarium.appointments.replying import Word
from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, number, text


class ClientReply(NamedTuple):
    """One answer, to an appointment as it stood at `sequence`."""

    number: int
    appointment: str
    sequence: int
    word: Word
    at: Instant


@dataclass(frozen=True, slots=True)
class ReplyRepository:
    """The answers of one tenant's clients, inside one transaction."""

    session: Session
    tenant: str

    def add(self, reply: ClientReply) -> None:
        """Notes an answer that nothing has followed yet."""
        values = {
            "tenant": self.tenant, "appointment": reply.appointment, "sequence": reply.sequence,
            "word": reply.word.value, "at_s": reply.at,
        }  # fmt: skip
        self.session.run("add_client_reply", values)

    def waiting(self, many: int) -> list[ClientReply]:
        """The answers that nothing has followed yet, in order."""
        values = {"tenant": self.tenant, "many": many}
        return [_reply(row) for row in self.session.rows("waiting_client_replies", values)]

    def follow(self, reply: ClientReply) -> bool:
        """Says that what follows from an answer is done; False when it was done before."""
        return bool(self.session.run("follow_client_reply", {"number": reply.number}))

    def latest(self, appointment: str) -> ClientReply | None:
        """What the client of an appointment answered last."""
        values = {"tenant": self.tenant, "appointment": appointment}
        row = self.session.row("latest_client_reply", values)
        return _reply(row) if row else None


def _reply(row: Row) -> ClientReply:
    own, appointment, sequence, word, at = row
    return ClientReply(
        number(own), text(appointment), number(sequence), Word(text(word)), instant(at)
    )
