"""When a node unpacks what it received: in its own schedule, in order, again after a failure."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from horarium.distribution.configuration import Configuration
from horarium.distribution.content import Blob
from horarium.distribution.definition import read_definition
from horarium.distribution.ending import Deferred, Extracted, Outcome, changes_told, few
from horarium.distribution.extract_order import Received
from horarium.distribution.failing import RETRIES, ExtractionFailed
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.needing import Need
from horarium.distribution.realm import Action, Distribution
from horarium.distribution.staged import GAVE_UP, UNHEALTHY
from horarium.distribution.states import State
from horarium.distribution.tries import Key, Tries
from horarium.distribution.variables import Variables
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import format_instant
from horarium.runtime.extract_actions import ActionFailed, Actions
from horarium.runtime.extracting import Extractor, Wish
from horarium.runtime.installed_contents import FirstOf, InstalledContents
from horarium.runtime.node_rules import NodeRules
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.collecting import collect
from horarium.runtime.tiers.extract_times import ExtractTimes
from horarium.runtime.tiers.receiving_node import ReceivingNode
from horarium.runtime.tiers.removing import remove_content, take_asked
from horarium.runtime.tiers.repairing import Again, Repairs
from horarium.runtime.tiers.unpack_order import order_of_holdings
from horarium.runtime.tiers.unpacked import Bundles
from horarium.store.holdings import Holding
from horarium.transport.content import ContentStore

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_SECONDS = 1.0


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
        self._times = ExtractTimes(node.store, node.name)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="extracting")
        self._extracted: dict[str, int] = {}
        self._tries = Tries(lambda digest: self._contents.has(digest))
        self._woken = asyncio.Event()
        self._came: set[str] = set()
        self._changed = True
        self._known: set[Key] = set()
        self._whole: dict[Key, set[str]] = {}
        self._stop = threading.Event()
        self._repairs = Repairs(node.store, node.contents, self._bundles.manifest)

    def extracted(self) -> Mapping[str, int]:
        """See `Unpacker`."""
        return self._extracted

    def missing(self) -> Sequence[Need]:
        """See `Unpacker`."""
        lacking = [
            need for need in self._repairs.needs() if not self._contents.has(need.content.digest)
        ]
        return [*self._tries.missing, *lacking]

    def received(self, distribution: str) -> None:
        """See `Unpacker`."""
        self._came.add(distribution)
        self.changed()

    def changed(self) -> None:
        """See `Unpacker`."""
        self._changed = True
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
            await self.begin()
            # Before the node goes by what it believes, it knows neither schedule nor bundles.
            await self._woken.wait()
            while True:
                self._woken.clear()
                await self.look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
        finally:
            self._stop.set()
            self._worker.shutdown()

    async def begin(self) -> None:
        """Ends what an earlier process began, and tells what is here."""
        here, unfinished = await self._do(self._begin)
        for key in unfinished:
            # What was begun is ended, at whatever hour: only actions afterwards remain.
            self._tries.go_on(key, self._node.clock.now())
        for (name, version), state in here.items():
            self._node.telling.tell(name, version, state, percent=100)
        self._node.look()

    async def look(self) -> bool:
        """Unpacks what it is time for, if anything; whether something was."""
        await self._do(self._remove_asked)
        if await self._do(self._repair):
            await self._node.recount()
        news = self._news()
        configuration, now = self._node.configuration(), self._node.clock.now()
        time = await self._do(partial(self._times.look, configuration, bool(news), now))
        self._tries.count_anew(news)
        if time.anew:
            self._tries.begin_anew(now)
        elif time.fires:
            self._tries.begin_anew(now, news)
        if not time.takes and not self._tries.is_time(now):
            return False
        await self._round(takes=time.takes)
        if time.fires:
            # Nothing else is a run of the schedule: what is due while it goes on is not lost.
            await self._do(partial(self._times.ended, self._node.clock.now()))
        return True

    def _begin(self) -> tuple[dict[Key, State], list[Key]]:
        """Ends what died in the middle; what is here, and what of it has to be gone on with."""
        self._policies.mkdir(mode=0o700, exist_ok=True)
        for recovered in self._extractor().recover():
            log.warning(
                "extract.recovered distribution=%s version=%d new=%s trouble=%s",
                recovered.distribution, recovered.version, recovered.new, recovered.trouble,
            )  # fmt: skip
        self._times.begin()
        self._repairs.begin()
        self._read_extracted()
        trusted = self._node.belief().trusted
        versions = {name: trusted.versions(name) for name in self._extracted}
        self._bundles.keep_recovered(self._extracted, versions)
        unfinished = self._node.store.read(lambda tx: tx.extraction.unfinished())
        here: dict[Key, State] = {}
        for holding in self._node.store.read(lambda tx: tx.holdings.all()):
            if holding.version > self._extracted.get(holding.distribution, 0):
                here[(holding.distribution, holding.version)] = State.RECEIVED
        for name, version in self._extracted.items():
            if unfinished.get(name) != version:
                here[(name, version)] = State.EXTRACTED
        return here, list(unfinished.items())

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
            wish = Wish(what, again, variables, self._contents, repairs=True)
            return self._extractor().extract(wish, self._stop)

        return self._repairs.run(self._node.belief(), extract, self._node.clock.now())

    def _news(self) -> set[str]:
        """The distributions of which there is a version to unpack that was not there before: it
        came, or came to be allowed."""
        if not self._changed:
            return set()
        self._changed = False
        came, self._came = self._came, set()
        before, self._known = self._known, _versions(self._order())
        new = {name for name, _ in self._known - before}
        return new | (came & {name for name, _ in self._known})

    def _read_extracted(self) -> None:
        found = self._node.store.read(lambda tx: tx.extraction.all_in_use())
        self._extracted = {use.distribution: use.version for use in found if use.version > 0}
        self._repairs.look_at_manifests(self._node.belief())

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    # --- one round ---------------------------------------------------------------------

    async def _round(self, *, takes: bool) -> None:
        """Unpacks all that may be, in order; a failure holds up its own distribution only. What no
        firing took before waits, unless this one ``takes``."""
        held: set[str] = set()
        order = self._order()
        versions = _versions(order)
        self._tries.keep(versions)
        self._whole = {key: paths for key, paths in self._whole.items() if key in versions}
        if takes:
            self._tries.take(versions)
        for item in order:
            due = self._tries.is_due(_version(item), self._node.clock.now())
            if item.distribution in held or not due or not await self._one(item):
                held.add(item.distribution)
        self._node.look()

    def _order(self) -> list[Received]:
        node = self._node
        configuration = node.configuration()
        held = [one for name in configuration.distributions for one in node.holdings(name)]
        unfinished = node.store.read(lambda tx: tx.extraction.unfinished())
        order = order_of_holdings(
            node.belief(), configuration, held, self._extracted, unfinished
        )  # fmt: skip
        for passed, by in order.superseded:
            if passed.version > self._extracted.get(passed.distribution, 0):
                self._node.telling.tell(
                    passed.distribution, passed.version, State.SUPERSEDED, reason=str(by)
                )
        return list(order.run)

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
        attempt = self._tries.attempt(_version(item))
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
        self._tries.ended(_version(item))
        whole = self._whole.pop(_version(item), set())
        reason = ill
        if ill:
            log.error(
                "version.unhealthy distribution=%s version=%d reason=%s", item.distribution,
                item.version, ill,
            )  # fmt: skip
        elif changed := changes_told(outcome.overwritten, whole):
            reason = changed
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
            self._tries.ended(_version(item))
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
        files = self._files_of(item, version, missing) if missing else ()
        needs = tuple(
            Need(name, number, Blob(file.digest, file.size))
            for file in {file.digest: file for file in files}.values()
        )
        again = self._tries.failed(_version(item), self._rules().extract_retries, now, needs)
        if files:
            self._fetch_whole(item, [file.path for file in files])
            return
        if again is None:
            following = (
                "there is a new version" if self._times.follows_versions else "the next firing"
            )
            reason = f"{GAVE_UP} until {following}: {reason}"
        else:
            reason = f"attempt {attempt}, again at {format_instant(again)}: {reason}"
        log.error(
            "extract.failed distribution=%s version=%d attempt=%d reason=%s", name, number,
            attempt, reason,
        )  # fmt: skip
        self._node.telling.tell(name, number, State.EXTRACT_FAILED, reason=reason)

    def _fetch_whole(self, item: Received, paths: Sequence[str]) -> None:
        """What builds on files that were changed here is no failure: it is fetched whole."""
        self._whole.setdefault(_version(item), set()).update(paths)
        log.warning(
            "extract.fetches_whole distribution=%s version=%d files=%d first=%s",
            item.distribution, item.version, len(paths), paths[0],
        )  # fmt: skip
        self._node.telling.tell(
            item.distribution, item.version, State.EXTRACT_WAIT,
            reason=f"fetches_whole({few(paths)})",
        )  # fmt: skip

    def _files_of(
        self, item: Received, version: Version, missing: Collection[str]
    ) -> tuple[File, ...]:
        """The files of a version that the node lacks the contents of."""
        manifest = self._whole_manifest(item, version)
        return tuple(
            entry
            for entry in manifest.entries
            if isinstance(entry, File) and entry.digest in missing
        )

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


def _version(item: Received) -> Key:
    return item.distribution, item.version


def _versions(order: Iterable[Received]) -> set[Key]:
    return {_version(item) for item in order}
