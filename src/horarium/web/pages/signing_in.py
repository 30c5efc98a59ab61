"""Signing in and out."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from horarium.kernel.errors import InvalidInput
from horarium.runtime.sessions import Wait
from horarium.runtime.signing_in import SignedIn, device_of
from horarium.web.rendering import render
from horarium.web.visit import Visit

# The widest names that are looked at; what a browser says of itself is no secret.
_BROWSERS = ("Firefox", "Edg", "Chrome", "Safari")


async def show(visit: Visit) -> web.StreamResponse:
    """The form; it needs a visitor's session, so that nobody can be signed in by another site."""
    if visit.reach.account is not None:
        raise web.HTTPSeeOther(_local(visit.query("next")))
    if visit.session is None:
        keeper = visit.desk.keeper
        browser = browser_family(visit)
        opened = await visit.desk.ask(
            partial(keeper.open_visitor, visit.source, visit.now, browser)
        )
        if isinstance(opened, Wait):
            return _form(visit, 429, "too many visitors from your network; try again in a minute")
        visit.session = opened.session
        visit.cookies[:] = [opened.cookie.field(secure=keeper.rules.secure)]
    return _form(visit)


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Looks at name and password; a wrong pair gets one answer, whatever was wrong."""
    name, password = visit.field("name"), visit.field("password")
    keeper = visit.desk.keeper
    device = device_of(visit.request.headers.get("Cookie"), keeper)
    answer = await visit.desk.guard(
        partial(
            visit.desk.signing_in.sign_in, name, password, visit.session, visit.source, device,
            visit.now, browser=browser_family(visit), remember=bool(visit.field("remember")),
        )
    )  # fmt: skip
    if isinstance(answer, Wait):
        seconds = max(1, answer.until - visit.now)
        response = _form(visit, 429, f"too many tries; the next one counts in {seconds} s")
        response.headers["Retry-After"] = str(seconds)
        return response
    if not isinstance(answer, SignedIn):
        return _form(visit, 403, "name or password is wrong")
    visit.cookies[:] = [answer.cookie.field(secure=keeper.rules.secure)]
    if answer.browser_cookie is not None:
        visit.cookies.append(answer.browser_cookie.field(secure=keeper.rules.secure))
    return web.HTTPSeeOther(_local(visit.field("next")))


async def sign_out(visit: Visit) -> web.StreamResponse:
    """Ends the session for good."""
    if visit.session is not None:
        keeper = visit.desk.keeper
        closing, _ = await visit.desk.ask(
            partial(keeper.sign_out, visit.session, visit.source, visit.now)
        )
        visit.cookies[:] = [closing.field(secure=keeper.rules.secure)]
    return web.HTTPSeeOther("/login")


def browser_family(visit: Visit) -> str:
    """What kind of browser asks, for the list of one's own sessions."""
    said = visit.request.headers.get("User-Agent", "")
    return next((name for name in _BROWSERS if name in said), "")


def _form(visit: Visit, status: int = 200, message: str = "") -> web.Response:
    sent = visit.form is not None
    return render(
        visit,
        "login.html",
        status,
        message=message,
        name=visit.field("name") if sent else "",
        next=_local(visit.field("next") if sent else visit.query("next")),
        remember=visit.desk.keeper.rules.remember,
    )


def _local(path: str) -> str:
    """A path of this site; the agenda in place of anything else."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return "/agenda"
    if any(ord(char) < 0x21 or ord(char) == 0x7F for char in path):
        raise InvalidInput("next: a path has no blanks", part="next")
    return path
