"""The page behind a set-up or reset link: it sets a password, and signs nobody in."""

from __future__ import annotations

from aiohttp import web

from horarium.kernel.errors import InvalidInput
from horarium.runtime.links import look_at_link, use_link
from horarium.runtime.sessions import Wait
from horarium.web.rendering import render
from horarium.web.visit import Visit


async def show(visit: Visit) -> web.StreamResponse:
    """The form."""
    token = visit.part("token")
    name = await visit.desk.ask(lambda: look_at_link(visit.desk.keeper, token, visit.now))
    return render(visit, "setup.html", name=name, message="")


async def use(visit: Visit) -> web.StreamResponse:
    """Sets the password; the link is used then."""
    desk, token = visit.desk, visit.part("token")
    name = await desk.ask(lambda: look_at_link(desk.keeper, token, visit.now))
    password = visit.field("password")
    if password != visit.field("again"):
        return render(visit, "setup.html", 400, name=name, message="the two are not the same")
    try:
        done = await desk.guard(
            lambda: use_link(desk.keeper, desk.passwords, token, password, visit.source, visit.now)
        )
    except InvalidInput as error:
        return render(visit, "setup.html", 400, name=name, message=error.message)
    if isinstance(done, Wait):
        return render(visit, "setup.html", 429, name=name, message="too many tries; wait a moment")
    return web.HTTPSeeOther("/login")
