"""One request, as handlers see it: who asks, when, in which zone, and what was sent along."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from aiohttp import web
from multidict import MultiDictProxy

from horarium.identity.csrf import TOKEN_OCTETS, csrf_token
from horarium.identity.session import Session
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.zone import Zone, named
from horarium.runtime.settings import Settings
from horarium.web.access import Reach
from horarium.web.desk import Desk

LONGEST_PARAMETER = 500


@dataclass
class Visit:
    """One request. `session` is the open one of its cookie, a visitor's among them; `cookies` are
    Set-Cookie fields that go out with the answer."""

    request: web.Request
    desk: Desk
    now: Instant
    reach: Reach
    session: Session | None = None
    source: str = ""
    form: MultiDictProxy[str] | None = None
    cookies: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.desk.settings

    @cached_property
    def zone(self) -> Zone:
        """The zone in which this viewer reads times: the one asked for, else that of the account,
        else that of the site."""
        account = self.reach.account
        own = account.zone if account is not None else ""
        for name in (self.request.query.get("zone", ""), own):
            if name:
                try:
                    return named(name)
                except NotFound:
                    continue
        return named(self.settings.zone)

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the address; InvalidInput for one that is too long."""
        return _bounded(name, self.request.query.get(name, default))

    def field(self, name: str) -> str:
        """A field of the form that was sent, "" when it is not there."""
        value = self.form.get(name, "") if self.form is not None else ""
        return _bounded(name, value)

    def part(self, name: str) -> str:
        """A part of the path."""
        return _bounded(name, self.request.match_info[name])

    @property
    def partial(self) -> bool:
        """Whether htmx asks for the piece that changes, and not for a page."""
        headers = self.request.headers
        return headers.get("HX-Request") == "true" and "HX-Boosted" not in headers

    @property
    def csrf(self) -> str:
        """The token for the forms of this page, "" without a session."""
        if self.session is None or not self.session.csrf_secret:
            return ""
        return csrf_token(self.session, self.desk.secrets.random(TOKEN_OCTETS))


def _bounded(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_PARAMETER:
        raise InvalidInput(f"{name}: at most {LONGEST_PARAMETER} characters are allowed", part=name)
    return value
