"""A component that cannot be acted on, and what its sender is to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from horarium.ical.values import RequestStatus
from horarium.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from horarium.ical.participant import Participant

_TEXTS = {
    "3.1": "Invalid property value",
    "3.5": "Invalid date or time",
    "3.6": "Invalid rule",
    "3.10": "Request entity too large",
    "3.11": "Required component or property missing",
    "3.13": "Unsupported component or property found",
    "3.14": "Unsupported capability",
}


class InvalidComponent(InvalidInput):
    """A scheduling property is missing, unreadable or contradicts another (RFC 5546 3.6).

    `code` is a REQUEST-STATUS code, `prop` the property it speaks of. `uid` and `organizer` are
    what could be read, so that the organizer can be answered. `limit` names the bound when the
    component was merely too large.
    """

    def __init__(
        self,
        code: str,
        prop: str,
        message: str,
        *,
        value: str = "",
        uid: str | None = None,
        organizer: Participant | None = None,
        limit: str | None = None,
    ) -> None:
        super().__init__(f"{prop}: {message}", part=prop, value=value[:80])
        self.code = code
        self.prop = prop
        self.reason = message
        self.uid = uid
        self.organizer = organizer
        self.limit = limit

    @property
    def status(self) -> RequestStatus:
        """The REQUEST-STATUS that answers the component."""
        return RequestStatus(self.code, _TEXTS.get(self.code, "Invalid request"), self.prop)
