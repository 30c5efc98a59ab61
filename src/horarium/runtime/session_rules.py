"""How long sessions of each kind live at a site, and the names of its cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from horarium.identity.cookie import SERVICE_COOKIE, cookie_name
from horarium.identity.ports import Secrets
from horarium.identity.record import Kind
from horarium.identity.session import Session
from horarium.kernel.instant import Instant
from horarium.runtime.settings import WebSettings

# The second, long-lived cookie: it says which browser this is, and opens nothing.
BROWSER_COOKIE = "horarium-browser"
# The name of every session that the service makes (seed 003: a session is created by name).
SESSION_NAME = "web"


@dataclass(frozen=True, slots=True)
class SessionRules:
    """Seconds of life and of silence of each kind (None: no limit of silence), whether "keep me
    signed in" is offered, and whether cookies travel over TLS only."""

    max_age: Mapping[Kind, int]
    idle: Mapping[Kind, int | None]
    remember: bool
    secure: bool = True

    @property
    def cookie(self) -> str:
        """The name of the cookie that carries a session."""
        return cookie_name(SERVICE_COOKIE, secure=self.secure)

    @property
    def browser_cookie(self) -> str:
        """The name of the cookie that tells a known browser."""
        return cookie_name(BROWSER_COOKIE, secure=self.secure)

    def new(self, kind: Kind, user: str, now: Instant, secrets: Secrets) -> Session:
        """A new session of a kind."""
        return Session(
            SESSION_NAME, user, self.max_age[kind], now=now, secrets=secrets, kind=kind,
            idle_limit=self.idle[kind],
        )  # fmt: skip


def session_rules(web: WebSettings, *, secure: bool = True) -> SessionRules:
    """The rules that the settings of a site make."""
    return SessionRules(
        max_age={
            Kind.STAFF: web.max_age,
            Kind.REMEMBERED: web.remember_max_age,
            Kind.VISITOR: web.visitor_max_age,
            Kind.SETUP: web.link_max_age,
            Kind.RESET: web.link_max_age,
        },
        idle={
            Kind.STAFF: web.session_idle,
            Kind.REMEMBERED: web.remember_idle,
            Kind.VISITOR: None,
            Kind.SETUP: None,
            Kind.RESET: None,
        },
        remember=web.remember,
        secure=secure,
    )
