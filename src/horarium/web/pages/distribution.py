"""Distribution: what there is, how far everybody is, why not further; channels and subscribers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from horarium.identity.account import Right
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.runtime.distribution_views import (
    AHEAD,
    channel,
    distribution,
    distributions,
    subscriber,
)
from horarium.runtime.tiers.asking import pause_now, resume_now, rollback_now
from horarium.runtime.tiers.status import counted
from horarium.runtime.tiers.why import why_not
from horarium.web.access import Forbidden
from horarium.web.parts import GROUPS, act_words, group, parts_of, said, stretches, summary, ticks
from horarium.web.rendering import address, render
from horarium.web.visit import Visit

# More nodes than these would not be read on one page; a state or the command narrows them down.
MOST_NODES = 300


async def show_all(visit: Visit) -> web.StreamResponse:
    """The page of all distributions."""
    _may_read(visit)
    desk = visit.desk
    found = await desk.ask(lambda: distributions(desk.store, visit.settings, visit.now))
    return render(visit, "distributions.html", found=found, parts_of=parts_of, summary=summary)


async def show(visit: Visit) -> web.StreamResponse:
    """The page of one distribution: its tree, its versions, its builds."""
    _may_read(visit)
    desk, name, chosen = visit.desk, visit.part("name"), visit.query("state")
    if chosen and chosen not in GROUPS:
        raise InvalidInput(f"state: there is no state {chosen}", part="state")
    found = await desk.ask(lambda: distribution(desk.store, visit.settings, name, visit.now))
    versions: Any = found.status["versions"]
    nodes = versions[0]["nodes"] if versions else []
    seen = [node for node in nodes if not chosen or group(node) == chosen]
    bars = {one["version"]: parts_of(counted(one["nodes"])) for one in versions}
    return render(
        visit, "distribution.html", name=name, found=found, nodes=seen[:MOST_NODES],
        more=len(seen) - MOST_NODES, chosen=chosen, bars=bars, summary=summary, said=said,
        group=group, awaited=_is_awaited(nodes), act_words=act_words,
    )  # fmt: skip


def _is_awaited(nodes: list[Mapping[str, Any]]) -> bool:
    """Whether anything can still change."""
    return any(group(node) not in ("", "extracted") for node in nodes)


async def why(visit: Visit) -> web.StreamResponse:
    """The page of the chain of causes of one subscriber."""
    _may_read(visit)
    desk, name, node = visit.desk, visit.part("name"), visit.query("subscriber")
    written = visit.query("version")
    if written and not (written.isascii() and written.isdigit()):
        raise InvalidInput("version: expected a number", part="version")
    number = int(written) if written else None
    found = await desk.ask(
        lambda: why_not(desk.store, visit.settings, name, node, visit.now, number, visit.zone)
    )
    return render(visit, "distribution_why.html", name=name, node=node, found=found, said=said)


async def show_channel(visit: Visit) -> web.StreamResponse:
    """The page of a channel: its windows, who is subscribed, what it releases."""
    _may_read(visit)
    desk, name = visit.desk, visit.part("name")
    found = await desk.ask(lambda: channel(desk.store, visit.settings, name, visit.now))
    return render(
        visit, "channel.html", name=name, found=found, said=said,
        open=stretches(found.periods, found.start, AHEAD),
        ticks=ticks(found.start, AHEAD, visit.zone),
        may_act=visit.reach.may(Right.SETTINGS), done=_DONE.get(visit.query("done"), ""),
    )  # fmt: skip


async def show_subscriber(visit: Visit) -> web.StreamResponse:
    """The page of a subscriber: all that it gets."""
    _may_read(visit)
    desk, name = visit.desk, visit.part("name")
    found = await desk.ask(lambda: subscriber(desk.store, visit.settings, name, visit.now))
    return render(
        visit, "subscriber.html", name=name, found=found, said=said, group=group, groups=GROUPS
    )


async def act(visit: Visit) -> web.StreamResponse:
    """Holds a channel's releases, lets them go on, or goes back to the version before."""
    if not visit.reach.may(Right.SETTINGS):
        raise Forbidden
    name, what = visit.part("name"), visit.part("act")
    if what not in _ACTS:
        raise NotFound(f"there is no act {what}")
    account = visit.reach.account
    by = account.name if account is not None else ""
    await visit.desk.ask(lambda: _ACTS[what](visit, name, by))
    return web.HTTPSeeOther(address(f"/channel/{name}", done=what))


def _pause(visit: Visit, name: str, by: str) -> object:
    served = visit.desk.served
    return pause_now(served.site, visit.settings, visit.desk.store, name, by, visit.now)


def _resume(visit: Visit, name: str, by: str) -> object:
    served = visit.desk.served
    return resume_now(served.site, visit.settings, visit.desk.store, name, by, visit.now)


def _roll_back(visit: Visit, name: str, by: str) -> object:
    served = visit.desk.served
    return rollback_now(served.site, visit.settings, visit.desk.store, served.clock, name, by)


_ACTS: Mapping[str, Callable[[Visit, str, str], object]] = {
    "pause": _pause,
    "resume": _resume,
    "rollback": _roll_back,
}
_DONE = {
    "pause": "The channel stands still until it is resumed.",
    "resume": "The channel goes on.",
    "rollback": "The version before takes its place.",
}


def _may_read(visit: Visit) -> None:
    if not visit.reach.may(Right.READ):
        raise Forbidden
