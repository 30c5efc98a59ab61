"""The mail with the link by which a forgotten password is set anew."""

from __future__ import annotations

from hashlib import sha256

from horarium.booking.letter import Letter, write_letter
from horarium.booking.outcome import Mail
from horarium.ical.address import parse_address
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.links import Link
from horarium.runtime.settings import Settings
from horarium.store.store import Store

_TEXT = """Somebody asked for a new password for {name}.

To set it, open this page within 30 minutes:

{link}

If that was not you, nothing has to be done.
"""


def post_reset(store: Store, settings: Settings, link: Link, now: Instant) -> bool:
    """Puts the mail into the outbox; False where there is no address to write to, or from."""
    if settings.mail.sender is None:
        return False
    try:
        to = parse_address(link.mail)
    except InvalidInput:
        return False
    sender = parse_address(settings.mail.sender)
    address = f"{settings.web.url}/setup/{link.token}"
    name = sha256(link.token.encode()).hexdigest()[:40]
    letter = Letter(
        sender_name="", sender=sender.text, recipient=to.text, subject="A new password",
        date=now, message_id=f"<{name}@horarium>", fields=(),
        text=_TEXT.format(name=link.account, link=address), calendar=b"", method="",
    )  # fmt: skip
    mail = Mail("reset", letter.message_id, sender.text, to.text, "", 0, write_letter(letter))
    store.transact([], lambda tx: tx.mail.post(mail, None, now))
    return True
