"""A route: a method and a path, what it needs, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from horarium.web.access import Need
from horarium.web.visit import Visit

Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


# The method of a route that takes what no other does.
ANY = "*"


class Style(StrEnum):
    """How errors are told, and how the caller proves who it is."""

    # HTML; a cookie.
    PAGE = "page"
    # Problem documents (RFC 9457); a cookie or a bearer token.
    API = "api"
    # Plain text; the secret in the address, or nothing.
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `signs_in` marks the form that makes a session of a visitor's."""

    method: str
    path: str
    needs: Need
    handle: Handler
    style: Style = Style.PAGE
    signs_in: bool = False


def page(path: str, needs: Need, handle: Handler) -> Route:
    """A page that is read."""
    return Route("GET", path, needs, handle)


def action(path: str, needs: Need, handle: Handler, *, signs_in: bool = False) -> Route:
    """A form that is sent."""
    return Route("POST", path, needs, handle, signs_in=signs_in)
