"""What stands before every handler: host, size, time, who asks, what it may; and behind it: the
headers of every answer.

Each step can end the request, and what goes wrong in a handler becomes an answer here and nowhere
else.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from horarium.appointments.errors import SlotTaken
from horarium.identity.csrf import Refusal, Request, refusal
from horarium.kernel.errors import (
    Conflict,
    HorariumError,
    InvalidInput,
    LimitReached,
    NotFound,
    Unavailable,
)
from horarium.kernel.instant import format_instant
from horarium.runtime.api_tokens import BadToken, Bearer, authenticate_bearer
from horarium.runtime.sessions import Signed, Wait
from horarium.web.access import Access, Forbidden, Reach, Unsigned
from horarium.web.desk import Desk
from horarium.web.headers import put_headers
from horarium.web.pages.trouble import trouble_page
from horarium.web.problem import Trouble, problem_response
from horarium.web.rates import TooOften
from horarium.web.rendering import address
from horarium.web.routing import ANY, Route, Style
from horarium.web.visit import Visit

log = logging.getLogger(__name__)

MOST_BODY = 65_536
BODY_SECONDS = 60.0
# Nothing hangs longer than this.
ANSWER_SECONDS = 10.0
_SECRETS = re.compile(
    r"^(/a/(?:(?:verify|waiting)/)?|/book/hold/|/setup/|/feed/"
    r"|/api/v1/(?:holds|manage|waitlist)/)[^/]+"
)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Refused(Exception):
    """The request is not served, for a reason of the request itself."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.trouble = Trouble(status, code, message)


@dataclass(frozen=True, slots=True)
class Guard:
    """Serves routes for one desk; `hosts` are the names it answers to, in lower case."""

    desk: Desk
    hosts: frozenset[str]

    async def serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        """The answer to a request, whatever happens."""
        begun = self.desk.served.clock.monotonic()
        visit = Visit(request, self.desk, self.desk.now(), Reach(), source=self._source(request))
        try:
            self._check_host(request)
            await self._read_body(route, visit)
            await self._identify(route, visit)
            visit.reach.require(route.needs)
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await route.handle(visit)
        except Unsigned:
            response = _unsigned(route, visit)
        except Exception as error:
            response = _answer_to(route, visit, error)
        if not response.prepared:
            self._finish(visit, response)
        self.desk.counted.add(response.status, self.desk.served.clock.monotonic() - begun)
        return response

    def _check_host(self, request: web.Request) -> None:
        if request.headers.get("Host", "").lower() not in self.hosts:
            raise Refused(400, "host", "this name is not served here")

    def _source(self, request: web.Request) -> str:
        """The address of who asks: of the socket, or of a proxy's word when it is listed."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        direct = peer[0] if isinstance(peer, tuple) and peer else ""
        if (direct or "unix") in self.desk.settings.web.proxies:
            return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return direct

    async def _read_body(self, route: Route, visit: Visit) -> None:
        request = visit.request
        if route.method in (ANY, "GET", "HEAD", "DELETE"):
            return
        kind = request.content_type
        allowed = ("application/json",) if route.style is Style.API else _FORMS
        if request.can_read_body and kind not in allowed:
            raise Refused(415, "content_type", f"{kind[:80]} is not read here")
        async with asyncio.timeout(BODY_SECONDS):
            await request.read()
            if route.style is Style.PAGE:
                sent = await request.post()
                texts = MultiDict((k, v) for k, v in sent.items() if isinstance(v, str))
                visit.form = MultiDictProxy(texts)

    async def _identify(self, route: Route, visit: Visit) -> None:
        if route.needs in (Access.ANYBODY, Access.SECRET) and route.style is Style.PLAIN:
            return
        visit.reach = Reach(local=_is_local(visit))
        headers, keeper = visit.request.headers, self.desk.keeper
        cookie = headers.get("Cookie")
        who = await self.desk.ask(partial(keeper.authenticate, cookie, visit.now))
        visit.session = who.session
        if isinstance(who, Signed):
            visit.reach = Reach(who.account)
        elif who.closing is not None and route.style is Style.PAGE:
            visit.cookies.append(who.closing.field(secure=self.desk.keeper.rules.secure))
        bearer = await self._bearer(route, visit)
        asked = Request(
            # What is not there changes nothing.
            method="GET" if route.method == ANY else route.method,
            own=frozenset({self.desk.settings.web.url, *(_origins(self.hosts))}),
            fetch_site=headers.get("Sec-Fetch-Site"),
            origin=headers.get("Origin"),
            token=visit.field("csrf") or headers.get("X-CSRF-Token"),
            cookie=visit.session is not None,
            bearer=bearer,
            signing_in=route.signs_in,
        )
        against = refusal(asked, visit.session)
        if against is Refusal.TWO_IDENTITIES:
            raise Refused(400, against.value, "a bearer token and a cookie came together")
        if against is not None:
            raise Refused(403, against.value, "the form is stale or not ours; load the page again")

    async def _bearer(self, route: Route, visit: Visit) -> bool:
        """Whether a token came along; the visit is then that of its account."""
        written = visit.request.headers.get("Authorization")
        if route.style is not Style.API or written is None:
            return False
        found = await self.desk.ask(
            partial(authenticate_bearer, self.desk.keeper, written, visit.source, visit.now)
        )
        match found:
            case Bearer():
                if visit.session is None:
                    visit.reach = Reach(found.account, found.scopes)
            case Wait():
                raise Refused(429, "too_many_tries", "too many wrong tokens; try again later")
            case BadToken():
                raise Unsigned
        return found is not None

    def _finish(self, visit: Visit, response: web.StreamResponse) -> None:
        put_headers(response, tls=self.desk.settings.web.secure)
        for cookie in visit.cookies:
            response.headers.add("Set-Cookie", cookie)


def _is_local(visit: Visit) -> bool:
    """Whether this machine itself asks, and not a proxy on it for somebody else."""
    forwarded = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
    return visit.source in ("127.0.0.1", "::1") and not any(
        name in visit.request.headers for name in forwarded
    )


def _origins(hosts: frozenset[str]) -> list[str]:
    return [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]


def _unsigned(route: Route, visit: Visit) -> web.StreamResponse:
    if route.style is Style.API:
        trouble = Trouble(401, "unsigned", "sign in, or send a token")
        response = problem_response(trouble, visit.request.path)
        response.headers["WWW-Authenticate"] = 'Bearer realm="horarium"'
        return response
    wanted = visit.request.path_qs if route.method == "GET" else ""
    raise_to = address("/login", next=wanted if wanted not in ("/", "/agenda") else "")
    return web.HTTPSeeOther(raise_to)


def _answer_to(route: Route, visit: Visit, error: Exception) -> web.StreamResponse:
    if isinstance(error, web.HTTPException) and error.status < 400:
        return error
    response = _told(route, visit, error)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _told(route: Route, visit: Visit, error: Exception) -> web.StreamResponse:
    trouble = trouble_of(error)
    if trouble.status >= 500:
        log.error("web.failed path=%s", _without_secret(visit.request.path), exc_info=error)
    if route.style is Style.API:
        return problem_response(trouble, visit.request.path)
    if route.style is Style.PLAIN:
        return web.Response(status=trouble.status, text=f"{trouble.title}\n")
    return trouble_page(visit, trouble)


def _without_secret(path: str) -> str:
    """A path as it may be logged: what a link must not tell is left out."""
    return _SECRETS.sub(r"\1…", path)


def trouble_of(error: Exception) -> Trouble:
    """What is told of an error: its status, a code that does not change, and words."""
    match error:
        case Refused():
            return error.trouble
        case InvalidInput():
            return Trouble(400, "invalid", error.message, error.part)
        case LimitReached():
            return Trouble(400, f"limit:{error.name}", str(error))
        case TooOften():
            return Trouble(429, "too_often", str(error))
        case NotFound():
            return Trouble(404, "not_found", error.message)
        case SlotTaken():
            others = [format_instant(at) for at in error.alternatives]
            words = "this time can not be had; see the alternatives"
            return Trouble(409, "slot_taken", words, more={"alternatives": others})
        case Conflict():
            return Trouble(409, "conflict", error.message)
        case Forbidden():
            return Trouble(403, "forbidden", "this account may not do that")
        case Unavailable():
            return Trouble(503, "unavailable", "not now; try again in a moment")
        case web.HTTPRequestEntityTooLarge():
            return Trouble(413, "too_large", f"at most {MOST_BODY} bytes are read")
        case TimeoutError():
            return Trouble(503, "time_out", "that took too long; ask for less")
        case HorariumError():
            return Trouble(500, "fault", "our own fault; it was noted")
        case web.HTTPException():
            return Trouble(error.status, "refused", error.reason)
        case _:
            return Trouble(500, "fault", "our own fault; it was noted")
