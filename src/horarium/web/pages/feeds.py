"""Feeds: making, showing and revoking the addresses that calendar programs read, and what they
read there."""

from __future__ import annotations

from aiohttp import web

from horarium.identity.account import Account, Right
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import read_directory
from horarium.runtime.feeds import FORMS, FeedContent, add_feed, feeds_of, read_feed, revoke_feed
from horarium.runtime.moments import parse_relative_moment
from horarium.runtime.offers import read_offers
from horarium.runtime.questions import shown
from horarium.web.access import Unsigned
from horarium.web.rendering import render
from horarium.web.visit import Visit

DAY = 86_400


async def show(visit: Visit) -> web.StreamResponse:
    """The viewer's feeds."""
    return await _page(visit)


async def make(visit: Visit) -> web.StreamResponse:
    """Makes one; its address is on this answer and nowhere else."""
    thing, form = visit.field("thing").strip(), visit.field("form")
    made = await visit.desk.ask(lambda: made_by(visit, thing, form))
    return await _page(visit, made, 201)


async def revoke(visit: Visit) -> web.StreamResponse:
    """Ends one."""
    id8, account = visit.part("id"), account_of(visit)
    await visit.desk.ask(lambda: revoke_feed(visit.desk.store, account, id8))
    return web.HTTPSeeOther("/feeds")


async def read(visit: Visit) -> web.StreamResponse:
    """What a calendar program reads: the calendar, or free/busy from `from` to `to`."""
    secret, within = visit.part("secret"), _within(visit)
    desk = visit.desk
    found = await desk.ask(lambda: read_feed(desk.store, visit.settings, secret, visit.now, within))
    return answer_of(visit, found)


def answer_of(visit: Visit, found: FeedContent) -> web.Response:
    """The content of a feed, or 304 where it says what it said."""
    headers = {"ETag": f'"{found.tag}"', "Cache-Control": "private, max-age=300"}
    if f'"{found.tag}"' in visit.request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    response = web.Response(
        body=found.content, content_type="text/calendar", charset="utf-8", headers=headers
    )
    response.enable_compression()
    return response


def made_by(visit: Visit, thing: str, form: str) -> str:
    """The address of a new feed for the viewer."""
    desk = visit.desk
    secret, _ = add_feed(
        desk.store, visit.settings, account_of(visit), thing, form, visit.now, desk.secrets
    )
    return f"{visit.settings.web.url}/feed/{secret}.ics"


def account_of(visit: Visit) -> Account:
    """The account of the viewer. Unsigned where there is none."""
    if visit.reach.account is None:
        raise Unsigned
    return visit.reach.account


async def _page(visit: Visit, made: str = "", status: int = 200) -> web.Response:
    account, desk = account_of(visit), visit.desk

    def work() -> tuple[list[object], list[str]]:
        directory = desk.store.read(lambda tx: read_directory(tx, visit.settings))
        names = [shown(user) for user in directory.users]
        names += desk.store.read(lambda tx: list(read_offers(tx).hosts))
        return list(feeds_of(desk.store, account)), names

    feeds, names = await desk.ask(work)
    seen = [name for name in names if visit.reach.may(Right.READ, name)]
    return render(visit, "feeds.html", status, feeds=feeds, names=seen, made=made, forms=FORMS)


def _within(visit: Visit) -> Period | None:
    first, last = visit.query("from"), visit.query("to")
    if not first and not last:
        return None
    start = parse_relative_moment(first, visit.zone, visit.now) if first else visit.now
    end = parse_relative_moment(last, visit.zone, visit.now) if last else Instant(start + 62 * DAY)
    if end <= start:
        raise InvalidInput("to: it must lie after from", part="to")
    return Period(start, end)
