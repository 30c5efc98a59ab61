"""When a node unpacks what it received: in its own schedule, in order, again after a failure."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from horarium.distribution.configuration import Configuration
from horarium.distribution.content import Blob
from horarium.distribution.definition import read_definition
from horarium.distribution.ending import Deferred, Extracted, Outcome
from horarium.distribution.extract_order import Received, extract_order
from horarium.distribution.failing import RETRIES, ExtractionFailed, next_try
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.needing import Need
from horarium.distribution.realm import Action, Distribution
from horarium.distribution.schedules import Act, Given, firings, object_id, read_schedule
from horarium.distribution.staged import GAVE_UP, UNHEALTHY
from horarium.distribution.states import State
from horarium.distribution.variables import Variables
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.timetable import Timetable
from horarium.runtime.extract_actions import ActionFailed, Actions
from horarium.runtime.extracting import Extractor, Wish
from horarium.runtime.installed_contents import FirstOf, InstalledContents
from horarium.runtime.node_rules import NodeRules
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.acts import Acts, Planned
from horarium.runtime.tiers.collecting import collect
from horarium.runtime.tiers.receiving_node import ReceivingNode
from horarium.runtime.tiers.removing import remove_content, take_asked
from horarium.runtime.tiers.repairing import Again, Repairs
from horarium.runtime.tiers.unpacked import Bundles
from horarium.store.holdings import Holding
from horarium.transport.content import ContentStore

log = logging.getLogger(__name__)

T = TypeVar("T")

ASKED = "extract_asked"
"""A number in the store that rises when somebody asks that this node unpacks at once."""
LOOK_SECONDS = 1.0


@dataclass(slots=True)
class _Failing:
    """A version that could not be extracted."""

    failures: int
    again: Instant | None


def node_rules(configuration: Configuration, settings: Settings, policies: Path) -> NodeRules:
    """What the owner of this node allows, and the facts of the machine."""
    own = settings.node
    return NodeRules(
        name=configuration.node,
        variables=own.variables,
        allowed_roots=own.allowed_roots,
        policies=policies,
        allow_actions=own.allow_actions,
        actions_user=own.actions_user or "",
        service_command=own.service_command,
        enforce=own.enforce,
        foreign_delete=own.allow_foreign_delete,
        env_allow=own.env_allow,
        free_space=configuration.setting("free_space", 1 << 30) or 0,
        extract_rate=configuration.setting("extract_rate"),
        extract_retries=configuration.setting("extract_retries", RETRIES) or 0,
        hostname=socket.gethostname(),
        system=platform.system().lower(),
        machine=platform.machine(),
    )


class Unpacking:
    """See `horarium.runtime.tiers.receiving_node.Unpacker`."""

    def __init__(self, node: ReceivingNode, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        self._acts = Acts(node.store)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="extracting")
        self._extracted: dict[str, int] = {}
        self._missing: list[Need] = []
        self._failing: dict[tuple[str, int], _Failing] = {}
        self._woken = asyncio.Event()
        self._news = False
        self._asked = 0
        self._stop = threading.Event()
        self._planned = ""
        self._repairs = Repairs(node.store, node.contents, self._bundles.manifest)

    def extracted(self) -> Mapping[str, int]:
        """See `Unpacker`."""
        return self._extracted

    def missing(self) -> Sequence[Need]:
        """See `Unpacker`."""
        return self._absent([*self._missing, *self._repairs.needs()])

    def _absent(self, needs: Sequence[Need]) -> Sequence[Need]:
        return [need for need in needs if not self._contents.has(need.content.digest)]

    def received(self) -> None:
        """See `Unpacker`."""
        self._news = True
        self._acts.signal("verified", self._node.clock.now())
        self._woken.set()

    @property
    def _bundles(self) -> Bundles:
        return Bundles(self._node.store, self._node.contents)

    @property
    def _contents(self) -> ContentStore:
        return self._node.contents

    # --- its life ----------------------------------------------------------------

    async def run(self) -> None:
        """Unpacks until it is cancelled; one that is begun is ended first."""
        try:
            for (name, version), state in (await self._do(self._begin)).items():
                self._node.telling.tell(name, version, state, percent=100)
            self._node.look()
            while True:
                self._woken.clear()
                await self._do(self._remove_asked)
                if await self._do(self._repair):
                    await self._node.recount()
                firing = await self._do(self._is_time)
                if firing:
                    self._news = False
                    await self._round()
                    await self._do(self._ended)
                    if self._news:
                        # It came while the round went on, and was not part of it: no overlap.
                        self.received()
                    continue
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            self._stop.set()
            self._worker.shutdown()

    def _begin(self) -> dict[tuple[str, int], State]:
        """Ends what died in the middle; by distribution and version, what is here."""
        self._policies.mkdir(mode=0o700, exist_ok=True)
        for recovered in self._extractor().recover():
            log.warning(
                "extract.recovered distribution=%s version=%d new=%s trouble=%s",
                recovered.distribution, recovered.version, recovered.new, recovered.trouble,
            )  # fmt: skip
        self._acts.recover()
        self._asked = self._read_asked()
        self._repairs.begin()
        self._read_extracted()
        trusted = self._node.belief().trusted
        versions = {name: trusted.versions(name) for name in self._extracted}
        self._bundles.keep_recovered(self._extracted, versions)
        unfinished = self._node.store.read(lambda tx: tx.extraction.unfinished())
        for name, version in unfinished.items():
            # What was begun is ended, at whatever hour: only actions afterwards remain.
            self._failing[(name, version)] = _Failing(0, self._node.clock.now())
        here: dict[tuple[str, int], State] = {}
        for holding in self._node.store.read(lambda tx: tx.holdings.all()):
            if holding.version > self._extracted.get(holding.distribution, 0):
                here[(holding.distribution, holding.version)] = State.RECEIVED
        for name, version in self._extracted.items():
            if unfinished.get(name) != version:
                here[(name, version)] = State.EXTRACTED
        return here

    def _remove_asked(self) -> None:
        for name in take_asked(self._node.store):
            remove_content(
                self._node.store, self._contents, self._extractor(), self._node.belief(), name
            )
            self._node.forget(name)
            self._read_extracted()

    def _repair(self) -> bool:
        """Extracts once more what was changed here; whether the node lacks something else now."""

        def extract(what: Distribution, again: Again) -> Outcome:
            manifest = again.manifest
            variables = self._variables(manifest.distribution, manifest.version)
            wish = Wish(what, again, variables, self._contents)
            return self._extractor().extract(wish, self._stop)

        return self._repairs.run(self._node.belief(), extract, self._node.clock.now())

    def _is_time(self) -> bool:
        """Whether there is something to do now: the schedule says so, somebody asked, or a failed
        version is to be tried again."""
        now = self._node.clock.now()
        self._plan(now)
        firings_, _ = self._acts.look(now)
        asked = self._read_asked()
        by_hand, self._asked = asked != self._asked, asked
        if firings_ or by_hand:
            self._failing.clear()
            return True
        again = any(one.again is not None and one.again <= now for one in self._failing.values())
        fetched = bool(self._missing) and not self._absent(self._missing)
        return again or fetched

    def _ended(self) -> None:
        self._acts.ended(object_id(Act.EXTRACT, self._node.name), self._node.clock.now())

    def _plan(self, now: Instant) -> None:
        configuration = self._node.configuration()
        key = f"{configuration.extract}/{configuration.zone}/{configuration.seed}"
        if key == self._planned:
            return
        self._planned = key
        schedule = (
            read_schedule(Act.EXTRACT, configuration.extract) if configuration.extract else None
        )

        def timetable(given: Given) -> Timetable:
            return firings(
                Act.EXTRACT, self._node.name, schedule, configuration.zone, configuration.seed,
                given,
            )  # fmt: skip

        name = object_id(Act.EXTRACT, self._node.name)
        self._acts.plan({name: Planned(schedule, timetable)}, now)
        # What arrived before the schedule was known is as good as verified now.
        self._acts.signal("verified", now)

    def _read_asked(self) -> int:
        return int(self._node.store.read(lambda tx: tx.meta(ASKED)) or 0)

    def _read_extracted(self) -> None:
        found = self._node.store.read(lambda tx: tx.extraction.all_in_use())
        self._extracted = {use.distribution: use.version for use in found if use.version > 0}
        self._repairs.look_at_manifests(self._node.belief())

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    # --- one round ---------------------------------------------------------------------

    async def _round(self) -> None:
        """Unpacks all that may be, in order; a failure holds up its own distribution only."""
        failed: set[str] = set()
        order = self._order()
        going = {(item.distribution, item.version) for item in order}
        # A version that nobody extracts any more is not tried again either.
        self._failing = {key: one for key, one in self._failing.items() if key in going}
        for item in order:
            if item.distribution in failed or not self._is_due(item):
                failed.add(item.distribution)
                continue
            if not await self._one(item):
                failed.add(item.distribution)
        self._node.look()

    def _order(self) -> list[Received]:
        found: list[Received] = []
        belief = self._node.belief()
        for name, follows in self._node.configuration().distributions.items():
            if not follows.extracts:
                continue
            release = self._node.release(name)
            definition = belief.trusted.definition(name)
            if definition is None:
                continue
            what = read_definition(name, definition)
            for holding in self._node.holdings(name):
                if not release.allows(holding.version, follows):
                    continue
                found.append(
                    Received(name, holding.version, holding.base, what.priority, what.sequential)
                )
        unfinished = self._node.store.read(lambda tx: tx.extraction.unfinished())
        order = extract_order(found, self._extracted, unfinished)
        for passed, by in order.superseded:
            if passed.version > self._extracted.get(passed.distribution, 0):
                self._node.telling.tell(
                    passed.distribution, passed.version, State.SUPERSEDED, reason=str(by)
                )
        return list(order.run)

    def _is_due(self, item: Received) -> bool:
        failing = self._failing.get((item.distribution, item.version))
        if failing is None:
            return True
        waits = [need for need in self._missing if need.distribution == item.distribution]
        if waits:
            return not self._absent(waits)
        return failing.again is not None and failing.again <= self._node.clock.now()

    async def _one(self, item: Received) -> bool:
        """Unpacks one version; whether it is in use now."""
        name, number = item.distribution, item.version
        belief = self._node.belief()
        version = next((v for v in belief.trusted.versions(name) if v.number == number), None)
        if version is None:
            return False
        self._node.telling.tell(name, number, State.EXTRACT_WAIT)
        self._node.telling.tell(name, number, State.STAGING)
        definition = read_definition(name, belief.trusted.definition(name))
        failing = self._failing.get((name, number))
        attempt = failing.failures + 1 if failing is not None else 1
        outcome = await self._do(lambda: self._extract(item, version, definition, attempt))
        if isinstance(outcome, Extracted):
            ill = await self._do(lambda: self._check_health(item, attempt))
            self._succeeded(item, outcome, ill)
            return True
        self._failed(item, version, outcome, attempt)
        return False

    def _extract(
        self, item: Received, version: Version, definition: Distribution, attempt: int
    ) -> Outcome | str:
        """Unpacks one version; a bundle that can not be read is told in words."""
        extractor = self._extractor()
        bases = FirstOf((InstalledContents(self._node.store, self._roots()), self._contents))
        try:
            with self._bundles.opened(self._holding(item), version, bases) as unpacked:
                variables = self._variables(item.distribution, item.version)
                wish = Wish(
                    definition, unpacked, variables, self._contents, attempt,
                    f"{item.distribution}-{item.version}-{attempt}",
                )  # fmt: skip
                outcome = extractor.extract(wish, self._stop)
                manifest = unpacked.manifest
        except (HorariumError, OSError) as error:
            return str(error)
        if isinstance(outcome, Extracted):
            self._keep(item, manifest)
        return outcome

    def _keep(self, item: Received, manifest: Manifest) -> None:
        """Keeps what the next version builds on, and lets go of what nobody needs."""
        self._bundles.keep(item.distribution, item.version, manifest)
        self._read_extracted()
        collect(self._node)

    def _check_health(self, item: Received, attempt: int) -> str:
        """What the owner's own check says of the version that is in use now; empty when it is
        well, or when there is none."""
        argv = self._settings.node.health_check
        if not argv:
            return ""
        environment = {
            "HORARIUM_DISTRIBUTION": item.distribution,
            "HORARIUM_VERSION": str(item.version),
            "HORARIUM_RUN_ID": f"{item.distribution}-{item.version}-health",
            "HORARIUM_ATTEMPT": str(attempt),
        }
        actions = Actions(self._rules(), self._node.clock, environment, self._stop)
        try:
            actions.run(Action("run", tuple(argv)))
        except ActionFailed as failed:
            return f"{UNHEALTHY}({failed.told.trouble})"
        except ExtractionFailed as failed:
            return f"{UNHEALTHY}({failed.why})"
        return ""

    def _succeeded(self, item: Received, outcome: Extracted, ill: str) -> None:
        self._failing.pop((item.distribution, item.version), None)
        self._missing = [one for one in self._missing if one.distribution != item.distribution]
        reason = ill
        if ill:
            log.error(
                "version.unhealthy distribution=%s version=%d reason=%s", item.distribution,
                item.version, ill,
            )  # fmt: skip
        elif outcome.overwritten:
            reason = f"{len(outcome.overwritten)} files changed here were overwritten"
        elif outcome.kept:
            reason = f"{len(outcome.kept)} files changed here were kept"
        log.info(
            "version.extracted distribution=%s version=%d files=%d octets=%d",
            item.distribution, item.version, outcome.files, outcome.octets,
        )  # fmt: skip
        self._node.telling.tell(
            item.distribution, item.version, State.EXTRACTED, reason=reason, percent=100,
            octets=outcome.octets,
        )  # fmt: skip

    def _failed(
        self, item: Received, version: Version, outcome: Outcome | str, attempt: int
    ) -> None:
        name, number, now = item.distribution, item.version, self._node.clock.now()
        if isinstance(outcome, Deferred):
            self._node.telling.tell(
                name, number, State.EXTRACT_WAIT, reason=f"locked({outcome.path})"
            )
            return
        if isinstance(outcome, str):
            reason, missing = outcome, tuple[str, ...]()
        else:
            assert not isinstance(outcome, Extracted)
            path = f" {outcome.path}" if outcome.path else ""
            reason = f"{outcome.step.value}:{path} {outcome.trouble.value}: {outcome.why}"
            missing = outcome.missing
        again = next_try(attempt, self._rules().extract_retries, now)
        if missing:
            reason = f"fetches {len(missing)} files whole: {reason}"
        elif again is None:
            reason = f"{GAVE_UP} until the next firing: {reason}"
        else:
            reason = f"attempt {attempt}, again at {format_instant(again)}: {reason}"
        self._failing[(name, number)] = _Failing(attempt, again)
        log.error(
            "extract.failed distribution=%s version=%d attempt=%d reason=%s", name, number,
            attempt, reason,
        )  # fmt: skip
        self._node.telling.tell(name, number, State.EXTRACT_FAILED, reason=reason)
        if missing:
            self._want(item, version, missing)

    def _want(self, item: Received, version: Version, missing: Sequence[str]) -> None:
        """Asks for contents that the node lacks: whole files, in place of patches."""
        manifest = self._whole_manifest(item, version)
        sizes = {e.digest: e.size for e in manifest.entries if isinstance(e, File)}
        self._missing = [one for one in self._missing if one.distribution != item.distribution]
        self._missing += [
            Need(item.distribution, item.version, Blob(digest, sizes[digest]))
            for digest in missing
            if digest in sizes
        ]

    def _whole_manifest(self, item: Received, version: Version) -> Manifest:
        with self._bundles.opened(self._holding(item), version, self._contents) as unpacked:
            return unpacked.manifest

    def _holding(self, item: Received) -> Holding:
        return next(
            one
            for one in self._node.holdings(item.distribution)
            if (one.version, one.base) == (item.version, item.base)
        )

    # --- the node's own rules -------------------------------------------------------------

    def _rules(self) -> NodeRules:
        return node_rules(self._node.configuration(), self._settings, self._policies)

    def _roots(self) -> tuple[str, ...]:
        return (*self._rules().roots, str(self._policies))

    @property
    def _policies(self) -> Path:
        return self._node.folder.policies

    def _extractor(self) -> Extractor:
        return Extractor(self._node.store, self._rules(), self._node.clock)

    def _variables(self, distribution: str, version: int) -> Variables:
        return self._rules().all_variables(
            distribution, version,
            subscriber=self._node.configuration().variables, policy={}, environ=os.environ,
        )  # fmt: skip
