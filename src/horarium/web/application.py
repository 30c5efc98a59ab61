"""The pages and the HTTP interface of a site: which routes there are, and how they are served."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache

from aiohttp import web

from horarium.identity.account import Right
from horarium.kernel.errors import NotFound, Unavailable
from horarium.runtime.daemon import Served
from horarium.runtime.settings import WebSettings
from horarium.web.access import Access
from horarium.web.api import openapi
from horarium.web.connection import Runner
from horarium.web.desk import Desk
from horarium.web.guard import MOST_BODY, Guard
from horarium.web.pages import (
    agenda,
    appointments,
    approvals,
    booking,
    directives,
    distribution,
    feeds,
    files,
    find,
    forgotten,
    probes,
    resources,
    sessions,
    setup,
    signing_in,
    waiting,
    why,
)
from horarium.web.routing import ANY, Route, Style, action, page
from horarium.web.visit import Visit

# Seconds for which an idle connection is kept, and for which a stop waits for answers in hand.
IDLE_SECONDS, STOP_SECONDS = 75.0, 10.0

ROUTES: tuple[Route, ...] = (
    Route("GET", "/livez", Access.ANYBODY, probes.livez, Style.PLAIN),
    Route("GET", "/readyz", Access.THIS_MACHINE, probes.readyz, Style.PLAIN),
    Route("GET", "/metrics", Access.THIS_MACHINE, probes.metrics, Style.PLAIN),
    Route("GET", "/static/{digest}/{name}", Access.ANYBODY, files.static, Style.PLAIN),
    Route("GET", "/favicon.ico", Access.ANYBODY, files.icon, Style.PLAIN),
    page("/", Access.ANYBODY, files.front),
    page("/login", Access.ANYBODY, signing_in.show),
    action("/login", Access.ANYBODY, signing_in.sign_in, signs_in=True),
    action("/logout", Access.SIGNED_IN, signing_in.sign_out),
    page("/forgotten", Access.ANYBODY, forgotten.show),
    action("/forgotten", Access.ANYBODY, forgotten.ask),
    page("/setup/{token}", Access.ANYBODY, setup.show),
    action("/setup/{token}", Access.ANYBODY, setup.use),
    page("/agenda", Right.READ, agenda.show),
    page("/why", Right.READ, why.show),
    page("/why.svg", Right.READ, why.picture),
    page("/resources", Right.READ, resources.show_all),
    page("/resources/{id}", Right.READ, resources.show),
    page("/resources/{id}/policy.svg", Right.READ, resources.picture),
    page("/find", Right.READ, find.show),
    page("/approvals", Right.READ, approvals.show),
    action("/approvals/{id}/{verdict}", Right.BOOKINGS, approvals.decide),
    page("/appointments", Right.READ, appointments.show),
    action("/appointments/{id}/{act}", Right.DESK, appointments.act),
    page("/appointers", Right.READ, appointments.hosts),
    page("/book", Access.ANYBODY, booking.show_all),
    page("/book/{service}", Access.ANYBODY, booking.show),
    action("/book/{service}/wait", Access.ANYBODY, waiting.join),
    action("/book/{service}/hold", Access.ANYBODY, booking.hold),
    page("/book/hold/{token}", Access.ANYBODY, booking.details),
    action("/book/hold/{token}", Access.ANYBODY, booking.confirm),
    action("/book/hold/{token}/release", Access.ANYBODY, booking.release),
    page("/a/verify/{secret}", Access.ANYBODY, booking.show_verify),
    action("/a/verify/{secret}", Access.ANYBODY, booking.verify),
    page("/a/waiting/{token}", Access.ANYBODY, waiting.show),
    action("/a/waiting/{token}", Access.ANYBODY, waiting.withdraw),
    page("/a/{token}", Access.ANYBODY, booking.manage),
    action("/a/{token}/cancel", Access.ANYBODY, booking.cancel),
    page("/a/{token}/move", Access.ANYBODY, booking.choose_move),
    action("/a/{token}/move", Access.ANYBODY, booking.move),
    page("/directives", Right.READ, directives.show),
    page("/distribution", Right.READ, distribution.show_all),
    page("/distribution/{name}", Right.READ, distribution.show),
    page("/distribution/{name}/why", Right.READ, distribution.why),
    page("/channel/{name}", Right.READ, distribution.show_channel),
    action("/channel/{name}/{act}", Right.SETTINGS, distribution.act),
    page("/subscriber/{name}", Right.READ, distribution.show_subscriber),
    page("/sessions", Access.SIGNED_IN, sessions.show),
    action("/sessions/{id}/close", Access.SIGNED_IN, sessions.close),
    page("/feeds", Right.READ, feeds.show),
    action("/feeds", Right.READ, feeds.make),
    action("/feeds/{id}/revoke", Right.READ, feeds.revoke),
    Route("GET", "/feed/{secret}.ics", Access.SECRET, feeds.read, Style.PLAIN),
    *(operation.route for operation in (*openapi.OPERATIONS, *openapi.ITSELF)),
)


def application(guard: Guard) -> web.Application:
    """The application that serves the routes behind a guard."""
    made = web.Application(client_max_size=MOST_BODY)
    for route in ROUTES:
        made.router.add_route(route.method, route.path, _served(guard, route))
        if route.method == "GET":
            made.router.add_route("HEAD", route.path, _served(guard, route))
    made.router.add_route(ANY, "/api/{nothing:.*}", _served(guard, _NO_API))
    made.router.add_route(ANY, "/{nothing:.*}", _served(guard, _NOTHING))
    return made


def _served(guard: Guard, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await guard.serve(route, request)

    return handle


async def _nothing(visit: Visit) -> web.StreamResponse:
    """What is not there, or not by that method."""
    path, methods = visit.request.path, set()
    for route in ROUTES:
        if _pattern(route.path).fullmatch(path):
            methods |= {route.method, *(["HEAD"] if route.method == "GET" else [])}
    if methods:
        raise web.HTTPMethodNotAllowed(visit.request.method, sorted(methods))
    raise NotFound(f"there is no page {path[:200]}")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path)
    return re.compile("[^{}/]+".join(re.escape(part) for part in parts))


_NOTHING = Route(ANY, "/{nothing}", Access.ANYBODY, _nothing)
_NO_API = Route(ANY, "/api/{nothing}", Access.ANYBODY, _nothing, Style.API)


@asynccontextmanager
async def web_part(served: Served) -> AsyncIterator[list[str]]:
    """The part `web` of a daemon while it runs; gives what it listens on. Raises Unavailable when
    it can not listen there."""
    desk = Desk(served)
    settings = served.settings().web
    runner = Runner(
        application(Guard(desk, hosts_of(settings))),
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=STOP_SECONDS,
        handler_cancellation=False,
    )
    await runner.setup()
    try:
        await _listen(runner, settings)
        yield [f"web {settings.url} ({settings.listen})"]
    finally:
        await runner.cleanup()
        desk.close()


def hosts_of(settings: WebSettings) -> frozenset[str]:
    """The names that a request may ask for: that of the site's URL, those of this machine where it
    is listened on, and those that are set."""
    named = {settings.url.partition("://")[2], *settings.hosts}
    endpoint = settings.listen
    port = getattr(endpoint, "port", None)
    if port is not None and getattr(endpoint, "loopback", False):
        named |= {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
    return frozenset(named)


async def _listen(runner: web.AppRunner, settings: WebSettings) -> None:
    endpoint = settings.listen
    host, port = getattr(endpoint, "host", None), getattr(endpoint, "port", None)
    path = getattr(endpoint, "path", None)
    site: web.BaseSite
    if path is not None:
        site = web.UnixSite(runner, path)
    else:
        site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        raise Unavailable(f"web.listen {endpoint}: {error.strerror}") from error
