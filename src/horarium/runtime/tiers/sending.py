"""The upper side of a node: what it offers to those below, and what it lets them read.

Each child says what it and all behind it lack; a step offers what is here, to whom it may go now,
the more urgent first, as far as there are slots. A grant is the right to read one content; it is
void when the window ends, and with it every flow that rests on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress

from horarium.distribution.buckets import Bucket
from horarium.distribution.configuration import KIND as NODE_KIND
from horarium.distribution.configuration import Child
from horarium.distribution.messages import (
    Answer,
    Ask,
    Downward,
    Lacks,
    Links,
    Offer,
    Response,
    Rows,
    Stand,
    Standing,
    Stop,
    message_document,
    read_upward,
)
from horarium.distribution.needing import Need
from horarium.distribution.records import Document
from horarium.distribution.release import KIND as RELEASE_KIND
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.belief import REALM, REVOKED, STATEMENT
from horarium.runtime.tiers.children import SLOT_WAIT, Below, Grant, Permission, Surroundings
from horarium.runtime.tiers.flowing import FileFlow
from horarium.runtime.tiers.sharing import Shared
from horarium.transport.content import ContentStore
from horarium.transport.link import Flow, Refused

log = logging.getLogger(__name__)

# An offer that nobody takes up is made anew after so long.
IDLE_SECONDS = 60.0
# What a child refused is not offered again at once.
REFUSED_SECONDS = 30.0
# Steps are taken at least so often, whatever nobody said.
LONGEST_REST = 1.0
# A step that took long is followed by a pause of its length, but of no more than this.
LOOK_AGAIN_SECONDS = 0.5
# Who polls says something at least every minute; nobody else's slot is kept for the silent.
SILENT_SECONDS = 90.0
# Metadata that a node reads before it is known: without them it could not join.
_OPEN = ("root", "timestamp", "snapshot", "targets", f"{STATEMENT}{REALM}")
_ORDER = {"high": 0, "medium": 1, "low": 2}


class Sender:
    """The upper side of one node. Lives on the loop's thread."""

    def __init__(
        self, around: Surroundings, clock: Clock, contents: ContentStore,
        arriving: Mapping[str, Shared], token: Callable[[], str],
    ) -> None:  # fmt: skip
        self._around = around
        self._clock = clock
        self._contents = contents
        self._arriving = arriving
        self._token = token
        self._below: dict[str, Below] = {}
        self._grants: dict[str, Grant] = {}
        self._refused: dict[tuple[str, str], float] = {}
        self._buckets: dict[str, Bucket] = {}
        self._number = int(clock.now()) << 20
        self._awake = asyncio.Event()
        self.waiting: dict[tuple[str, str, int], Permission] = {}
        """By child, distribution and version, why what it lacks is not sent."""

    # --- what others ask of it ------------------------------------------------

    def wake(self) -> None:
        """Something changed: look again."""
        self._awake.set()

    def walk(self) -> str:
        """Asks every child whether it has everything, and it those behind it; the walk's name."""
        walk = self._token()[:16]
        for name, child in self._children().items():
            below = self._below.get(name)
            if below is not None:
                below.walk, below.answered = walk, False
                self._say(name, Ask(walk, tuple(sorted(child.distributions))))
        return walk

    def tell_stand(self) -> None:
        """Tells every child how far the metadata are, and who is none any more that it is none."""
        children = self._children().keys()
        for name in self._below.keys() & children:
            self._say(name, self._stand(name))
        for name in self._below.keys() - children:
            # Its question is refused now, not when its time is over: it turns to where it belongs.
            self._below.pop(name).some.set()

    def lacked(self) -> dict[str, Standing]:
        """What all below lack, by distribution, and how many there have everything."""
        needs: dict[str, dict[str, Need]] = {}
        complete: dict[str, int] = {}
        for name in self._children().keys() & self._below.keys():
            for need in self._needs(name):
                needs.setdefault(need.distribution, {})[need.content.digest] = need
            for distribution, standing in self._below[name].standing.items():
                complete[distribution] = complete.get(distribution, 0) + standing.complete
        return {
            name: Standing(tuple(needs.get(name, {}).values()), complete.get(name, 0))
            for name in needs.keys() | complete.keys()
        }

    def silent(self, child: str) -> float | None:
        """Seconds since a child was heard of, None when it never was by this process."""
        below = self._below.get(child)
        if below is None:
            return None
        return 0.0 if below.polls else self._clock.monotonic() - below.seen

    def absent(self) -> set[tuple[str, str, int]]:
        """By child, distribution and version, what is lacked below and is not here either, nor on
        its way."""
        return {
            (name, need.distribution, need.version)
            for name in self._children()
            for need in self._needs(name)
            if not self._contents.has(need.content.digest)
            and need.content.digest not in self._arriving
        }

    def reachable(self) -> dict[str, Mapping[str, Standing]]:
        """The children that are heard of, with what they said that they lack."""
        heard = self._children().keys() & self._below.keys()
        return {
            name: self._below[name].standing
            for name in heard
            if (self.silent(name) or 0.0) <= self._timeout()
        }

    @property
    def served(self) -> set[str]:
        """The children to whom something is on its way."""
        return {grant.child for grant in self._grants.values()}

    def end_all(self, reason: str) -> None:
        """Ends all that is being sent; it goes on from where it is when it may."""
        for grant in list(self._grants.values()):
            self._end(grant, reason)
        self.wake()

    def is_settled(self, walk: str, about: Container[tuple[str, str]]) -> bool:
        """Whether all children that are heard of have answered a walk, and nothing goes, or could
        go now: ``about`` some, with distributions. What is held or was just refused can not."""
        for name in self.reachable():
            below = self._below[name]
            if below.walk == walk and not below.answered:
                return False
            needs = [need for need in self._needs(name) if (name, need.distribution) in about]
            if any(self._may_go(name, need) for need in needs):
                return False
        return all((one.child, one.need.distribution) not in about for one in self._grants.values())

    def _may_go(self, child: str, need: Need) -> bool:
        """Whether something is sent to a child as soon as there is a slot."""
        refused = self._refused.get((child, need.content.digest), 0.0) > self._clock.monotonic()
        reason = self._around.permission(child, need, self._clock.now()).reason
        return self._sendable(need) and not refused and reason.partition("(")[0] in ("", SLOT_WAIT)

    # --- the loop ---------------------------------------------------------------

    async def run(self) -> None:
        """Takes steps whenever something changed or its time has come."""
        while True:
            self._awake.clear()
            begun = self._clock.monotonic()
            at = self.step(self._clock.now())
            # A step looks at all children: where thousands speak at once, one is taken for many.
            await self._clock.sleep(min(self._clock.monotonic() - begun, LOOK_AGAIN_SECONDS))
            rest = LONGEST_REST if at is None else self._clock.until(at)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(rest, 0.01), LONGEST_REST)):
                    await self._awake.wait()

    def step(self, now: Instant) -> Instant | None:
        """Voids what may no longer go, offers what may; when to look again, None: when something
        changes."""
        changes = self._void(now)
        self._adjust()
        self.waiting = {}
        places = 0
        most = self._around.configuration().setting("max_concurrent")
        free = None if most is None else most - len(self._grants)
        for child, need in self._candidates():
            permission = self._around.permission(child, need, now)
            if permission.until is not None:
                changes.append(permission.until)
            if not permission.reason and free is not None and free <= 0 and self._preempt(need):
                free += 1
            if not permission.reason and free is not None and free <= 0:
                places += 1
                permission = Permission(f"{SLOT_WAIT}({places})")
            if permission.reason:
                self.waiting[(child, need.distribution, need.version)] = permission
                continue
            self._offer(child, need, permission.until)
            free = None if free is None else free - 1
        return min((at for at in changes if at > now), default=None)

    def _preempt(self, need: Need) -> bool:
        """Ends, where that is wished, the youngest of the least urgent transfers for one that is
        more urgent; whether there was one."""
        if self._around.configuration().settings.get("preempt") is not True:
            return False
        urgency = self._priority(need.distribution)
        lesser = [
            grant
            for grant in self._grants.values()
            if self._priority(grant.need.distribution) > urgency
        ]
        if not lesser:
            return False
        victim = max(lesser, key=lambda one: (self._priority(one.need.distribution), one.begun))
        self._end(victim, f"{SLOT_WAIT}(preempted)")
        return True

    def _void(self, now: Instant) -> list[Instant]:
        """Ends grants whose time is over; when those that stay end."""
        ends: list[Instant] = []
        lacked: dict[str, dict[str, Need]] = {}
        for grant in list(self._grants.values()):
            child = grant.child
            if child not in lacked:
                lacked[child] = {need.content.digest: need for need in self._needs(child)}
            if grant.void or grant.need.content.digest not in lacked[child]:
                self._end(grant)
                continue
            permission = self._around.permission(child, grant.need, now)
            grant.until = permission.until
            if permission.reason:
                self._end(grant, permission.reason, permission.until)
            elif not grant.flows and self._clock.monotonic() - grant.made > IDLE_SECONDS:
                self._end(grant)
            elif permission.until is not None:
                ends.append(permission.until)
        return ends

    def _candidates(self) -> Iterator[tuple[str, Need]]:
        """What could be offered, the most urgent first: by priority, then older, then name."""
        granted = {(grant.child, grant.need.content.digest) for grant in self._grants.values()}
        now = self._clock.monotonic()
        found = [
            (self._priority(need.distribution), need.version, need.distribution, child, need)
            for child in self._children()
            for need in self._needs(child)
            if (child, need.content.digest) not in granted
            and self._refused.get((child, need.content.digest), 0.0) <= now
            and self._sendable(need)
        ]
        found = [item for item in found if (self.silent(item[3]) or 0.0) < SILENT_SECONDS]
        for *_, child, need in sorted(found, key=lambda item: item[:4]):
            yield child, need

    def _needs(self, child: str) -> Sequence[Need]:
        below = self._below.get(child)
        follows = self._children().get(child)
        if below is None or follows is None:
            return ()
        return [
            need
            for name, standing in below.standing.items()
            if name in follows.distributions
            for asked in standing.needs
            if (need := self._around.known(asked)) is not None
        ]

    def _sendable(self, need: Need) -> bool:
        digest = need.content.digest
        if self._contents.has(digest):
            return True
        shared = self._arriving.get(digest)
        through = self._around.configuration().word("relay", "cut_through") == "cut_through"
        return shared is not None and through and shared.moving and shared.edge > 0

    def _offer(self, child: str, need: Need, until: Instant | None) -> None:
        token = self._token()
        now = self._clock.monotonic()
        grant = Grant(token, child, need, until, now, now)
        self._grants[token] = grant
        self._say(child, Offer(need.distribution, need.version, need.content, token, until))

    def _end(self, grant: Grant, reason: str = "", until: Instant | None = None) -> None:
        grant.void = True
        self._grants.pop(grant.token, None)
        below = self._below.get(grant.child)
        if below is not None:
            below.messages = [entry for entry in below.messages if not _offers(entry[1], grant)]
            if reason:
                self._say(grant.child, Stop((grant.token,), reason, until))

    # --- the link (horarium.transport.link.Above) --------------------------------

    async def inbox(self, child: str, taken: int, wait: float) -> list[tuple[int, Document]]:
        """See `Above`."""
        below = self._known(child)
        below.messages = [entry for entry in below.messages if entry[0] > taken]
        if not below.messages and wait:
            below.some.clear()
            below.polls += 1
            try:
                async with asyncio.timeout(wait):
                    await below.some.wait()
            except TimeoutError:
                pass
            finally:
                below.polls -= 1
            below = self._known(child)
        return [(number, message_document(message)) for number, message in below.messages]

    async def outbox(self, child: str, life: str, number: int, messages: Sequence[object]) -> None:
        """See `Above`."""
        below = self._known(child)
        if below.life == life and number <= below.taken:
            return
        if below.life != life:
            # Whoever begins anew remembers no offer.
            for grant in [one for one in self._grants.values() if one.child == child]:
                self._end(grant)
        below.life, below.taken = life, number
        for document in messages:
            message = read_upward(document)
            match message:
                case Lacks():
                    below.standing, below.answered = message.distributions, True
                    self._around.lacks_changed()
                case Response():
                    self._responded(child, message)
                case Rows():
                    self._around.heard(child, message.rows)
                case Links():
                    self._around.linked_below(child, message.links)
        self.wake()

    def _responded(self, child: str, response: Response) -> None:
        grant = self._grants.get(response.grant)
        if grant is None or grant.child != child:
            return
        if response.answer is not Answer.ACCEPT:
            key = (child, grant.need.content.digest)
            self._refused[key] = self._clock.monotonic() + REFUSED_SECONDS
            if response.answer is Answer.REFUSE:
                log.warning(
                    "offer.refused child=%s distribution=%s version=%d reason=%s",
                    child, grant.need.distribution, grant.need.version, response.reason,
                )  # fmt: skip
            self._end(grant)

    async def metadata(self, child: str | None, name: str) -> bytes | None:
        """See `Above`: what is nobody else's configuration is for everybody of the realm."""
        if name == "who":
            return self._around.configuration().node.encode()
        if not self._may_see(child, name):
            return None
        found = self._around.belief().octets(name)
        if found is not None and not name.startswith(f"{STATEMENT}{NODE_KIND}/"):
            return found
        return await self._around.fetched(name)

    def _may_see(self, child: str | None, name: str) -> bool:
        """What binds the realm together is for everybody, a configuration for its node and those
        above it, what is said of a distribution for who follows it."""
        if name.startswith(("root.", *_OPEN)):
            return True
        node = name.removeprefix(f"{STATEMENT}{NODE_KIND}/")
        if node != name and node == child:
            return True
        follows = self._children().get(child) if child is not None else None
        if follows is None:
            return False
        for prefix in (f"{STATEMENT}{RELEASE_KIND}/", "build."):
            if name.startswith(prefix):
                return name.removeprefix(prefix) in follows.distributions
        return node == name or node in follows.below

    def flow(self, child: str, digest: str, grant: str) -> Flow:
        """See `Above`."""
        self._known(child)
        found = self._grants.get(grant)
        if found is None or found.child != child:
            raise Refused(403, "grant-void", "the offer does not hold any more")
        need = found.need
        if need.chunks is not None and digest == need.chunks.digest:
            if not self._contents.has(digest):
                raise Refused(404, "not-found", "it is not here yet")
            return self._flow(found, digest, need.chunks.length, None)
        if digest != need.content.digest:
            raise Refused(404, "not-found", "the offer is of another content")
        return self._flow(found, digest, need.content.length, self._arriving.get(digest))

    def _flow(self, grant: Grant, digest: str, length: int, shared: Shared | None) -> Flow:
        priority = self._priority_name(grant.need.distribution)
        buckets = [self._bucket(f"output.{priority}", f"output_rate.{priority}")]
        buckets.append(self._channel_bucket(grant))
        grant.flows += 1
        return FileFlow(self._contents, digest, length, shared, grant, buckets, self._clock)

    # --- small answers ------------------------------------------------------------

    async def enrol(self, asked: Document) -> Document:
        """See `Above`."""
        return await self._around.forwarded("enrol", asked)

    async def renew(self, asked: Document) -> Document:
        """See `Above`."""
        return await self._around.forwarded("renew", asked)

    def admits(self, name: str, serial: str) -> bool:
        """See `Above`."""
        return serial not in self._around.belief().revoked

    def _children(self) -> Mapping[str, Child]:
        return self._around.configuration().children

    def _timeout(self) -> int:
        return self._around.configuration().setting("timeout", 300) or 300

    def _known(self, child: str) -> Below:
        if child not in self._children():
            raise Refused(404, "not-a-child", f"{child} is not served here")
        below = self._below.get(child)
        now = self._clock.monotonic()
        if below is None:
            below = self._below[child] = Below(now)
            self._say(child, self._stand(child))
            self._say(child, Ask("", tuple(sorted(self._children()[child].distributions))))
        below.seen = now
        return below

    def _stand(self, child: str) -> Stand:
        belief = self._around.belief()
        timestamp = belief.trusted.timestamp
        follows = self._children().get(child)
        names = follows.distributions if follows is not None else ()
        return Stand(
            timestamp.version if timestamp is not None else 0,
            follows.number if follows is not None else 0,
            {name: belief.number(f"{RELEASE_KIND}/{name}") for name in names},
            belief.number(REVOKED),
        )

    def _say(self, child: str, message: Downward) -> None:
        below = self._below[child]
        if isinstance(message, Stand | Ask):
            below.messages = [m for m in below.messages if type(m[1]) is not type(message)]
        self._number += 1
        below.messages.append((self._number, message))
        below.some.set()

    def _priority_name(self, distribution: str) -> str:
        definition = self._around.belief().trusted.definition(distribution)
        return str((definition or {}).get("priority", "medium"))

    def _priority(self, distribution: str) -> int:
        return _ORDER.get(self._priority_name(distribution), 1)

    def _bucket(self, name: str, setting: str) -> Bucket:
        return self._limited(name, self._around.configuration().setting(setting))

    def _channel_bucket(self, grant: Grant) -> Bucket:
        rate = self._around.rate(grant.child, grant.need, self._clock.now())
        return self._limited(f"channel.{grant.child}.{grant.need.distribution}", rate)

    def _adjust(self) -> None:
        """Keeps to rates that change while something flows."""
        flowing = [grant for grant in self._grants.values() if grant.flows]
        for priority in {self._priority_name(one.need.distribution) for one in flowing}:
            self._bucket(f"output.{priority}", f"output_rate.{priority}")
        for grant in flowing:
            self._channel_bucket(grant)

    def _limited(self, name: str, rate: int | None) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(rate)
        bucket.change(rate, self._clock.monotonic())
        return bucket


def _offers(message: Downward, grant: Grant) -> bool:
    return isinstance(message, Offer) and message.grant == grant.token
