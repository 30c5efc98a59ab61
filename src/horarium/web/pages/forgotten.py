"""A forgotten password: whoever asks is told the same; the link goes to the account's mailbox."""

from __future__ import annotations

from aiohttp import web

from horarium.runtime.links import Link, ask_reset
from horarium.runtime.reset_mail import post_reset
from horarium.runtime.sessions import Wait
from horarium.web.rendering import render
from horarium.web.visit import Visit


async def show(visit: Visit) -> web.StreamResponse:
    """The form."""
    return render(visit, "forgotten.html", asked=False)


async def ask(visit: Visit) -> web.StreamResponse:
    """Sends the link, if there is anybody to send it to."""
    desk, name = visit.desk, visit.field("name")

    def work() -> bool:
        found = ask_reset(desk.keeper, name, visit.source, visit.now)
        if isinstance(found, Link):
            post_reset(desk.store, visit.settings, found, visit.now)
        return isinstance(found, Wait)

    if await desk.ask(work):
        return render(visit, "forgotten.html", 429, asked=True)
    desk.wake()
    return render(visit, "forgotten.html", asked=True)
