"""A distributor at work: refreshes, builds, opens and closes its windows, hears how far all are.

It sends to its first tier only, and only while a channel's window is open; those below go on by
themselves (seed 002).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from horarium.distribution.configuration import Configuration
from horarium.distribution.messages import Link, Row
from horarium.distribution.needing import Need
from horarium.distribution.precedence import distributor_settings, written_schedule
from horarium.distribution.realm import Realm
from horarium.distribution.records import Document
from horarium.distribution.schedules import Act, Given, object_id, signal_of
from horarium.distribution.timing import timetable_for
from horarium.distribution.tree import ORIGIN
from horarium.kernel.errors import HorariumError, Unavailable
from horarium.kernel.instant import Instant
from horarium.kernel.timetable import Timetable
from horarium.runtime.clock import Clock
from horarium.runtime.notices import notice_failed_refresh
from horarium.runtime.tiers.acts import Acts, Firing, Planned
from horarium.runtime.tiers.belief import Belief
from horarium.runtime.tiers.builds import Builds, Maker
from horarium.runtime.tiers.calendars import Calendars, look_at_calendars
from horarium.runtime.tiers.children import SLOT_WAIT, Permission
from horarium.runtime.tiers.collecting import age_reports, collect_origin
from horarium.runtime.tiers.enrolling import Enrolling
from horarium.runtime.tiers.expiring import notice_expiring
from horarium.runtime.tiers.hearing import Hearing, waiting_rows
from horarium.runtime.tiers.known import Known
from horarium.runtime.tiers.linking import hear_links
from horarium.runtime.tiers.opened_by_hand import OpenedByHand
from horarium.runtime.tiers.origin import Origin, Published
from horarium.runtime.tiers.sending import Sender
from horarium.runtime.tiers.staging import look as look_at_releases
from horarium.store.store import Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

# How long an answer about a window is used: a clock that is set moves it within a second.
WINDOW_SECONDS = 0.5
# How often it is looked whether another process published, built or asked for something.
WATCH_SECONDS = 1.0
CALENDAR_SECONDS = 5
# Metadata are signed anew when a third of their life is over; it is looked at so often.
RENEW_SECONDS = 3_600
LONGEST_REST = 60.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """An answer about a window and its rate, and until when on the steady clock it is used."""

    permission: Permission
    rate: int | None
    good_until: float


class DistributingNode:
    """One distributor at work. Lives on the loop's thread; the store is asked on `worker`."""

    def __init__(
        self, origin: Origin, published: Published, clock: Clock, maker: Maker,
        token: Callable[[], str],
    ) -> None:  # fmt: skip
        self.origin = origin
        self.clock = clock
        self.contents = origin.folder.store()
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="distributing")
        self._maker = maker
        self._published = published
        self._sending = origin.sending(published.realm)
        self._known = Known(())
        self._asked: dict[tuple[str, Hashable], _Asked] = {}
        self._alike: dict[tuple[str, str], Hashable] = {}
        self._changes, self._refreshes = published.changes, published.asked
        self._calendars = Calendars()
        self._calendars_due = Instant(0)
        self._acts = Acts(origin.store)
        self._builds = Builds(maker, clock)
        self._woken = asyncio.Event()
        self._hearing = Hearing(origin.store)
        self._enrolling = Enrolling(origin)
        self.sender = Sender(self, clock, self.contents, {}, token)
        self._extra = OpenedByHand(origin.store, self.sender, clock)

    # --- its life -------------------------------------------------------------------

    async def run(self) -> None:
        """Works until it is cancelled."""
        now = self.clock.now()
        await self.do(lambda: self._begin(now))
        self.adopt(self._published)
        self._acts.signal("start", now)
        tasks = [
            asyncio.create_task(work())
            for work in (self.sender.run, self._act, self._watch, self._tell_waiting)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in [*tasks, *self._builds.tasks]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.worker.shutdown()

    def _begin(self, now: Instant) -> None:
        self.origin.know_since(now)
        self.origin.store.transact([], lambda tx: tx.versions.abandon_builds(now))
        self._acts.recover()
        self._acts.plan(self._planned(), now)

    async def do(self, work: Callable[[], T]) -> T:
        """Does something that asks the store, off the loop's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)

    def adopt(self, published: Published) -> None:
        """Goes by what was published."""
        self._published = published
        self._changes = published.changes
        self._sending = self.origin.sending(published.realm)
        self._asked.clear()
        self._alike.clear()
        names = published.realm.distributions
        versions = [v for name in names for v in published.belief.trusted.versions(name)]
        self._known = Known(versions, self._hearing.files(self.contents, versions))
        self.sender.tell_stand()
        self.sender.wake()
        self._woken.set()

    # --- what happens by schedule ----------------------------------------------------

    def _planned(self) -> dict[str, Planned]:
        realm = self._published.realm
        found: dict[str, Planned] = {}
        for name in realm.distributors:
            found[object_id(Act.REFRESH, name)] = _planned(realm, Act.REFRESH, name)
        for name, distribution in realm.distributions.items():
            if distribution.active:
                found[object_id(Act.BUILD, name)] = _planned(realm, Act.BUILD, name)
        for name, channel in realm.channels.items():
            owners = {
                realm.distributions[one].distributor
                for one in channel.distributions
                if one in realm.distributions
            }
            receiver = channel.send is not None and channel.send.zone == "receiver"
            if channel.active and not receiver:
                for owner in sorted(owners):
                    key = object_id(Act.SEND, name)
                    found[f"{key}/{owner}"] = _planned(realm, Act.SEND, name, owner)
        return found

    async def _act(self) -> None:
        while True:
            self._woken.clear()
            now = self.clock.now()
            try:
                firings, following = await self.do(partial(self._acts.look, now))
            except Unavailable as error:
                log.warning("acts.unavailable reason=%s", error)
                firings, following = [], None
            for firing in firings:
                await self._begin_act(firing, now)
            rest = LONGEST_REST if following is None else self.clock.until(following)
            await _either(self._woken, self.clock.sleep(min(max(rest, 0.05), LONGEST_REST)))

    async def _begin_act(self, firing: Firing, now: Instant) -> None:
        owner, _, act = firing.name.partition("/")
        name = owner.partition(":")[2]
        if act == Act.REFRESH.value:
            await self.refresh()
            await self.do(partial(self._acts.ended, firing.name, self.clock.now()))
        elif act == Act.BUILD.value:
            cause = f"schedule ({firing.reason})"
            ended = partial(self._built, firing.name)
            self._builds.begin(self._published.realm, name, cause, ended)
        else:
            log.info("channel.walk channel=%s reason=%s", name, firing.reason)
            self.sender.walk()
            self.sender.wake()
            await self.do(partial(self._acts.ended, firing.name, now))

    async def refresh(self) -> None:
        """Puts edits into effect; what can not be read leaves all as it was."""
        now = self.clock.now()
        try:
            published = await self.do(partial(self.origin.refresh, now))
        except (HorariumError, OSError) as error:
            log.error("refresh.failed, the earlier configuration stays: %s", error)
            name = self._published.origin.node
            with suppress(HorariumError):
                store = self.origin.store
                await self.do(partial(notice_failed_refresh, store, name, error, now))
            return
        self.adopt(published)
        self._look_after_builds(cancel=True)
        await self.do(lambda: self._acts.plan(self._planned(), now))
        self._acts.signal("refresh", self.clock.now())
        self._woken.set()
        log.info("distributor.refreshed changed=%s", published.changed)

    def _look_after_builds(self, *, cancel: bool) -> None:
        """A refresh stops a build whose definition is another one now, which then begins again,
        and no other; unless a distributor wishes that it stops builds and sends under way."""
        realm = self._published.realm
        wishes = cancel and any(
            distributor_settings(realm, name).refresh_cancels for name in realm.distributors
        )
        self._builds.check(realm, cancel=wishes)
        if wishes:
            self.sender.end_all("refresh")

    async def _built(self, name: str) -> None:
        await self.do(partial(self._acts.ended, name, self.clock.now()))
        self._woken.set()

    async def _watch(self) -> None:
        """Notices what this or another process published, built or asked for."""
        renewed = self.clock.monotonic()
        while True:
            await self.clock.sleep(WATCH_SECONDS)
            try:
                changes = await self.do(self.origin.changes)
                late = self.clock.monotonic() - renewed > RENEW_SECONDS
                if late:
                    await self.do(partial(collect_origin, self.origin, self.clock.now()))
                    await self.do(partial(age_reports, self.origin, self.clock.now()))
                    await self.do(partial(notice_expiring, self.origin.store, self.clock.now()))
                asked = await self.do(self.origin.refreshes_asked)
                if asked != self._refreshes:
                    # Of a refresh that fails there is one error, not one every second.
                    self._refreshes, self._changes = asked, changes
                    await self.refresh()
                elif changes != self._changes or late:
                    renewed = self.clock.monotonic() if late else renewed
                    await self._follow()
                await self._look_after_extra()
                await self._look_at_rings()
                await self._look_at_calendars()
            except (HorariumError, OSError) as error:
                log.warning("distribution.unavailable reason=%s", error)

    async def _follow(self) -> None:
        before = self._published
        published = await self.do(partial(self.origin.follow, self.clock.now()))
        self.adopt(published)
        self._look_after_builds(cancel=False)
        if published.realm != before.realm:
            now = self.clock.now()
            await self.do(lambda: self._acts.plan(self._planned(), now))
        at_once = {
            name
            for name, one in published.realm.distributions.items()
            if one.send_after_build
            and published.belief.trusted.versions(name) != before.belief.trusted.versions(name)
        }
        if at_once:
            self.sender.walk()

    async def _look_at_rings(self) -> None:
        """Opens rings whose time has come; what does badly halts, and goes back where it is so
        wished."""
        realm = self._published.realm
        if not any(channel.rings for channel in realm.channels.values()):
            return
        now = self.clock.now()
        changed, halts = await self.do(
            lambda: self.origin.store.transact([], lambda tx: look_at_releases(tx, realm, now))
        )
        for halt in halts:
            log.error(
                "release.halted channel=%s distribution=%s version=%d reason=%s", halt.channel,
                halt.distribution, halt.version, halt.reason,
            )  # fmt: skip
        if changed:
            await self._follow()
        for halt in halts:
            if halt.returns:
                await self.do(partial(self._maker.give_back, halt.channel, halt.distribution, now))

    async def _look_at_calendars(self) -> None:
        """Windows move with the reservations of their links."""
        now = self.clock.now()
        if now < self._calendars_due:
            return
        self._calendars_due = Instant(now + CALENDAR_SECONDS)
        realm = self._published.realm
        found = await self.do(
            lambda: look_at_calendars(self.origin.store, self.origin.settings, realm, now)
        )
        if found != self._calendars:
            self._calendars = found
            self.origin.busy = found.busy
            await self._follow()

    async def _look_after_extra(self) -> None:
        """Windows opened by hand: begins new ones, closes those whose transfers have ended."""
        if self._extra.begin(await self.do(self._extra.named)):
            await self._open_anew()
        patience = self.configuration().setting("timeout", 300) or 300
        sent = self._extra.sent(self._published, patience)
        if sent:
            await self.do(partial(self._extra.close, sent, self.clock.now()))
            self._extra.begin(await self.do(self._extra.named))
            await self._open_anew()

    async def _open_anew(self) -> None:
        """Windows are others: where tiers below obey them, they are stated anew."""
        if any(channel.obey_send_window for channel in self._published.realm.channels.values()):
            await self._follow()
            return
        self._sending = await self.do(partial(self.origin.sending, self._published.realm))
        self._asked.clear()
        self.sender.wake()

    # --- sending (Surroundings) --------------------------------------------------------

    def belief(self) -> Belief:
        """See `Surroundings`."""
        return self._published.belief

    def configuration(self) -> Configuration:
        """See `Surroundings`."""
        return self._published.origin

    def known(self, asked: Need) -> Need | None:
        """See `Surroundings`."""
        return self._known.need(asked)

    def permission(self, child: str, need: Need, now: Instant) -> Permission:
        """See `Surroundings`: rings first, then windows."""
        follows = self.configuration().children[child].distributions.get(need.distribution)
        if follows is None:
            return Permission("inactive")
        release = self.belief().release(need.distribution)
        if follows.extracts and not release.allows(need.version, follows):
            return Permission("ring_waits")
        if self._is_crowded(need.distribution, child):
            return Permission(f"{SLOT_WAIT}(of those that turned to the distributor)")
        return self._window(need.distribution, child, now).permission

    def _is_crowded(self, distribution: str, child: str) -> bool:
        """Whether enough others that have lost their parent are served here instead."""
        parents = self._published.plan.parents
        if parents.get(child, ORIGIN) == ORIGIN:
            return False
        realm = self._published.realm
        owner = realm.distributions[distribution].distributor
        served = {one for one in self.sender.served if parents.get(one, ORIGIN) != ORIGIN}
        most = distributor_settings(realm, owner).origin_cap
        return child not in served and len(served) >= most

    def rate(self, child: str, need: Need, now: Instant) -> int | None:
        """See `Surroundings`: the fastest of the open channels that lead there."""
        return self._window(need.distribution, child, now).rate

    def _window(self, distribution: str, child: str, now: Instant) -> _Asked:
        """What the windows say. Those for whom the same holds share the answer."""
        who = (distribution, child)
        if who not in self._alike:
            self._alike[who] = self._sending.alike(distribution, child)
        key = (distribution, self._alike[who])
        held = self._asked.get(key)
        fresh = held is not None and held.good_until >= self.clock.monotonic()
        until = held.permission.until if held is not None else None
        if held is None or not fresh or (until is not None and until <= now):
            state = self._sending.state(distribution, child, now)
            permission = Permission("" if state.open else state.reason, state.until)
            rates = self._sending.rates(distribution, child, now, Instant(now + 1))
            rate = rates[0][1] if rates else None
            held = _Asked(permission, rate, self.clock.monotonic() + WINDOW_SECONDS)
            self._asked[key] = held
        return held

    async def fetched(self, name: str) -> bytes | None:
        """See `Surroundings`: there is nobody above; earlier roots lie in the store."""
        held = self.belief().octets(name)
        if held is not None or not name.startswith("root."):
            return held
        found = await self.do(lambda: self.origin.store.read(lambda tx: tx.metadata.find(name)))
        return found.content if found is not None else None

    async def forwarded(self, what: str, asked: Document) -> Document:
        """See `Surroundings`."""
        now = self.clock.now()
        work = self._enrolling.enrol if what == "enrol" else self._enrolling.renew
        return await self.do(partial(work, asked, now))

    def heard(self, child: str, rows: Sequence[Row]) -> None:
        """See `Surroundings`."""
        allowed = self._published.behind(child)
        now = self.clock.now()
        self.worker.submit(self._hear, child, rows, allowed, now)

    def linked_below(self, child: str, links: Sequence[Link]) -> None:
        """See `Surroundings`."""
        published, now = self._published, self.clock.now()
        allowed, parents = published.behind(child), published.plan.parents
        origin = self.configuration().node

        def work(tx: Transaction) -> None:
            hear_links(tx, child, links, allowed, parents, origin, now)

        self.worker.submit(self._keep_links, child, work)

    def _keep_links(self, child: str, work: Callable[[Transaction], None]) -> None:
        try:
            self.origin.store.transact([], work)
        except HorariumError as error:
            log.error("links.not_kept child=%s reason=%s", child, error)

    def _hear(self, child: str, rows: Sequence[Row], allowed: set[str], now: Instant) -> None:
        try:
            self._hearing.hear(child, rows, allowed, now)
        except HorariumError as error:
            log.error("rows.not_kept child=%s reason=%s", child, error)

    def lacks_changed(self) -> None:
        """See `Surroundings`."""
        self.sender.wake()

    # --- what is waited for ---------------------------------------------------------------

    async def _tell_waiting(self) -> None:
        """Keeps the reasons why receivers of the first tier wait."""
        told: dict[tuple[str, str, int], str] = {}
        while True:
            await self.clock.sleep(2 * WATCH_SECONDS)
            found = waiting_rows(self.sender, self.configuration(), self._published)
            news = {key: reason for key, reason in found.items() if told.get(key) != reason}
            lost = {child for (child, _, _), reason in news.items() if reason == "unreachable"}
            news |= dict.fromkeys(told.keys() - found.keys(), "")
            told = found
            try:
                await self.do(partial(self._keep_contacts, news, lost, self._silent()))
            except HorariumError as error:
                log.warning("rows.not_kept reason=%s", error)

    def _silent(self) -> dict[str, float]:
        children = self.configuration().children
        heard = {name: self.sender.silent(name) for name in children}
        return {name: seconds for name, seconds in heard.items() if seconds is not None}

    def _keep_contacts(
        self, news: dict[tuple[str, str, int], str], lost: set[str], silent: dict[str, float]
    ) -> None:
        now = self.clock.now()
        patience = self.configuration().setting("timeout", 300) or 300
        self._hearing.met(silent, patience, now)
        if news:
            self._hearing.waits(news, now)
        if lost:
            self._hearing.missed(lost, now)


def _planned(realm: Realm, act: Act, name: str, distributor: str = "") -> Planned:
    def read(given: Given) -> Timetable:
        return timetable_for(realm, act, name, given, distributor=distributor)

    written = written_schedule(realm, act, name)
    return Planned(written, read, signal_of(act, written))


async def _either(event: asyncio.Event, other: object) -> None:
    waits = {
        asyncio.ensure_future(event.wait()),
        asyncio.ensure_future(other),  # type: ignore[call-overload]
    }
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
