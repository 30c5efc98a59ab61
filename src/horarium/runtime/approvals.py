"""The word of an approver, by command or by mail: it settles a request once, and only that one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.booking.open_request import Awaits, Why, slot_text
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import read_directory
from horarium.runtime.settings import Settings
from horarium.store.requests import Known
from horarium.store.store import Store, Transaction

_ANSWERS = {Why.APPROVED.value: "accepted", Why.REFUSED.value: "declined"}


class Said(StrEnum):
    """What became of an approver's word."""

    HEARD = "heard"
    # Somebody decided before.
    LATE = "late"
    # The request has changed or ended; this word was about another one.
    GONE = "gone"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Word:
    """What became of one answer. `known` is the request it names, None when there is none."""

    said: Said
    known: Known | None

    @property
    def before(self) -> str:
        """What was decided before, for one that came too late."""
        return _ANSWERS.get(self.known.answer, "") if self.known is not None else ""


def answer(
    tx: Transaction, id_: str, *, accept: bool, by: str, comment: str, now: Instant,
    trusted: bool = False,
) -> Word:  # fmt: skip
    """Hears the word of `by` (an address key) about a request; with `trusted` it need not be one of
    those who were asked, because an operator speaks."""
    known = tx.requests.find(id_)
    if known is None or known.request.awaits is not Awaits.APPROVAL:
        return Word(Said.GONE, None)
    if not trusted and by not in known.request.approvers:
        return Word(Said.NOT_ASKED, known)
    if known.answered_by:
        return Word(Said.LATE, known)
    if known.closed is not None:
        return Word(Said.GONE, known)
    why = Why.APPROVED if accept else Why.REFUSED
    request = known.request
    slot = slot_text(request.slot)
    tx.requests.want(known.resource, request.uid, slot, why, now, comment=comment, by=by)
    subject = f"{request.uid} {id_}"
    tx.directory.audit(now, by, f"approval {why.value}", subject, None, {"comment": comment})
    return Word(Said.HEARD, known)


def require(tx: Transaction, id_: str) -> Known:
    """The request of that name; NotFound when nobody is or was asked about one."""
    known = tx.requests.find(id_)
    if known is None or known.request.awaits is not Awaits.APPROVAL:
        raise NotFound(f"there is no request {id_} to decide")
    return known


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that waits for a person, as people read it; `resource` is its name."""

    id: str
    resource: str
    uid: str
    organizer: str
    summary: str
    span: Period
    reasons: tuple[str, ...]
    approvers: tuple[str, ...]
    arrived: Instant
    expires: Instant | None


def pending(store: Store, settings: Settings, resource: str | None = None) -> list[Pending]:
    """What waits for approval, of one resource or of all, the oldest first. NotFound for an unknown
    resource."""

    def work(tx: Transaction) -> list[Pending]:
        directory = read_directory(tx, settings)
        wanted = directory.find(resource) if resource is not None else None
        if resource is not None and wanted is None:
            raise NotFound(f"there is no object {resource}")
        found = []
        for known in tx.requests.awaiting(Awaits.APPROVAL):
            user = directory.by_id(known.resource)
            if user is None or wanted not in (None, user):
                continue
            request = known.request
            found.append(
                Pending(
                    known.id, user.uri.removeprefix("mailto:"), request.uid, request.organizer,
                    request.summary, request.span, request.reasons, request.approvers,
                    known.arrived, request.expires,
                )
            )  # fmt: skip
        return found

    return store.read(work)
