"""An approver's answer by mail: known by what it replies to, heard only from a proven sender."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.approving import read_word
from horarium.booking.authentication import is_authenticated, trusted_results
from horarium.booking.language.choice import choose_catalogue
from horarium.booking.letter import Letter, write_letter
from horarium.booking.mail_headers import Headers
from horarium.booking.outcome import Mail
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.approvals import Said, Word, answer
from horarium.runtime.limits import mail_limits
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction

KIND = "approval:"


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a mail to us that answers a question of ours: the reason for the ledger, the
    mail that tells its sender, and whether something is to be decided again."""

    state: str
    reason: str
    mail: Mail | None = None
    woken: bool = False


def hear_approver(
    tx: Transaction, settings: Settings, headers: Headers, data: bytes, now: Instant
) -> Heard | None:
    """Hears a mail that replies to a question to an approver; None when it does not."""
    asked = (tx.mail.kind_of(headers.in_reply_to) or "") if headers.in_reply_to else ""
    if not asked.startswith(KIND):
        return None
    sender = headers.sender
    if sender is None:
        return Heard("quarantined", "from_unreadable")
    mail = settings.mail
    results = trusted_results(
        headers.authentication_results, mail.trusted_authserv, mail.trusted_headers
    )
    if not any(is_authenticated(results, how, sender.domain) for how in ("dkim", "dmarc")):
        return Heard("quarantined", "auth_missing")
    word = read_word(data, mail_limits(settings.limits))
    if word is None:
        return Heard("quarantined", "no_answer")
    accept, comment = word
    id_ = asked.removeprefix(KIND)
    said = answer(tx, id_, accept=accept, by=sender.key, comment=comment, now=now)
    if said.said is Said.HEARD:
        return Heard("decided", "approved" if accept else "refused", woken=True)
    if said.said is Said.NOT_ASKED:
        return Heard("quarantined", "not_approver")
    note = _note(tx, settings, said, headers, now)
    return Heard("ignored", f"approval_{said.said.value}", note)


def _note(
    tx: Transaction, settings: Settings, word: Word, headers: Headers, now: Instant
) -> Mail | None:
    """The mail that tells an approver that the word came too late."""
    origin = tx.mail.content(headers.in_reply_to or "")
    if origin is None or headers.sender is None:
        return None
    catalogue = choose_catalogue([headers.content_language or ""], settings.languages)
    known = word.known
    if word.said is Said.LATE and known is not None:
        at = known.closed if known.closed is not None else now
        text = catalogue.text("approval.late", by=known.answered_by, at=format_instant(at))
    else:
        text = catalogue.text("approval.gone")
    envelope_from = origin[0]
    sender = known_sender(settings, envelope_from)
    recipient = headers.sender.text
    message_id = f"<hor.late.{(headers.message_id or headers.in_reply_to or '<x')[1:41]}"
    message_id = message_id.rstrip(">") + f"@{sender.rpartition('@')[2]}>"
    letter = Letter(
        "", sender, recipient, f"Re: {headers.subject[:200]}", now, message_id, (), f"{text}\n",
        b"", "",
    )  # fmt: skip
    content = write_letter(letter)
    uid = known.request.uid if known is not None else ""
    return Mail("approval_note", message_id, sender, recipient, uid, 0, content)


def known_sender(settings: Settings, envelope_from: str) -> str:
    """The address that notes to approvers come from."""
    return envelope_from or settings.mail.sender or "horarium@localhost"
