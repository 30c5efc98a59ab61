"""Leaving the waiting list, by the link that was mailed."""

from __future__ import annotations

from aiohttp import web

from horarium.web.rendering import render
from horarium.web.visit import Visit


async def show(visit: Visit) -> web.StreamResponse:
    """What a mailed link opens: a button, for mail programs open links by themselves."""
    return render(visit, "waiting.html", token=visit.part("token"), entry=None)


async def withdraw(visit: Visit) -> web.StreamResponse:
    """The client waits no more."""
    token = visit.part("token")
    entry = await visit.desk.ask(lambda: visit.desk.reception.withdraw(token, visit.now))
    visit.desk.wake()
    return render(visit, "waiting.html", token=token, entry=entry)
