"""Performs extractions; each step is kept before it acts, so a death leaves a whole version."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from horarium.distribution.ending import Deferred, Extracted, Failed, Outcome, Told
from horarium.distribution.extraction import (
    LocalChanges,
    Plan,
    Remove,
    RemoveDirectory,
    Scene,
)
from horarium.distribution.failing import ExtractionFailed, Step, Trouble
from horarium.distribution.manifest import Manifest
from horarium.distribution.merging import plan_merge
from horarium.distribution.packages import Installation, read_installation
from horarium.distribution.ports import Contents
from horarium.distribution.realm import Action, Distribution
from horarium.distribution.swapping import plan_swap, plan_swap_removal
from horarium.distribution.targets import STAGE, resolve_target
from horarium.distribution.variables import Variables
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.runtime.extract_actions import RUN_ID, ActionFailed, Actions
from horarium.runtime.extract_applying import Applying, Recovered, ground_of_journal
from horarium.runtime.extract_ground import Ground, ground_of, keep_plan, make_stage, open_stage
from horarium.runtime.installed_contents import FirstOf, InstalledContents
from horarium.runtime.node_rules import NodeRules
from horarium.store.engine import Key
from horarium.store.extraction import REMOVED, Journal
from horarium.store.store import Store
from horarium.transport.placing import locked
from horarium.transport.staging import Pace, Unpacked, build, check_room
from horarium.transport.tree import Tree

FOLDER = "{folder}"
"""Stands in the words of the program that enforces policies for where their documents lie."""

RETRY_SECONDS = 10
"""How long a file that somebody holds is waited for, each time."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One version that is to be extracted.

    ``contents`` is where contents are looked for that neither its bundle nor what is installed
    has. ``attempt`` counts from 1; ``run_id`` names the run to its actions.

    One that ``repairs`` puts back a version that is in use already: what the version asks to be
    done before and after it, or to be installed, was done when it came into use, and is left.
    """

    distribution: Distribution
    unpacked: Unpacked
    variables: Variables
    contents: Contents
    attempt: int = 1
    run_id: str = ""
    repairs: bool = False


class Extractor:
    """Extracts on one node, one version at a time; its methods block.

    ``wait`` waits for seconds, and is told apart so that tests need not.
    """

    def __init__(
        self, store: Store, rules: NodeRules, clock: Clock,
        wait: Callable[[float], object] | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._rules = rules
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._applying = Applying(store, clock)
        self._turn = threading.Lock()

    def recover(self) -> list[Recovered]:
        """Ends what died in the middle; to be called before anything else is done to targets."""
        with self._turn:
            begun = self._store.read(lambda tx: tx.extraction.begun())
            return [self._applying.recover(journal) for journal in begun]

    def extract(self, wish: Wish, stop: threading.Event | None = None) -> Outcome:
        """Extracts a version, or does what remains of one whose later actions had failed. ``stop``
        ends its actions early.

        Raises SyncFailed when written data can not be made durable: then this process can trust
        nothing that it wrote, and has to end.
        """
        with self._turn:
            return self._run(wish, stop).outcome()

    def remove_content(self, distribution: Distribution) -> list[Outcome]:
        """Removes what a distribution installed, wherever that is, through the same steps."""
        with self._turn:
            return [run.outcome() for run in self._removals(distribution)]

    def foresee_removal(self, distribution: Distribution) -> list[str]:
        """The paths that `remove_content` would take away. ExtractionFailed where it would fail
        before it touches anything."""
        return [path for run in self._removals(distribution) for path in run.removed()]

    def _removals(self, distribution: Distribution) -> Iterator[_Run]:
        empty = Manifest(distribution.name, REMOVED, distribution.kind, "", False, ())
        plain = replace(distribution, pre=(), post=(), rollback=False)
        wish = Wish(plain, _Nothing(empty), Variables(), _NoContents())
        for use in self._store.read(lambda tx: tx.extraction.in_use(distribution.name)):
            yield self._run(wish, None, use.target)

    def _run(self, wish: Wish, stop: threading.Event | None, target: str = "") -> _Run:
        return _Run(
            self._store, self._rules, self._clock, self._wait, self._applying, wish,
            stop or threading.Event(), target,
        )  # fmt: skip


class _Held(Exception):
    """Somebody holds a file, and the version is put off."""


@dataclass(slots=True)
class _Run:
    """One try at one version."""

    store: Store
    rules: NodeRules
    clock: Clock
    wait: Callable[[float], object]
    applying: Applying
    wish: Wish
    stop: threading.Event
    target: str
    step: Step = Step.PRE_ACTIONS
    plan: Plan = field(default_factory=Plan)
    digest: str = ""
    told: list[Told] = field(default_factory=list)

    def outcome(self) -> Outcome:
        """Does all of it; how it ended."""
        try:
            self._all()
        except _Held as held:
            return Deferred(str(held))
        except ExtractionFailed as failed:
            return self._failed(failed.path, failed.trouble, failed.why, failed.missing)
        except InvalidInput as invalid:
            known = invalid.part in list(Trouble)
            trouble = Trouble(invalid.part) if known else Trouble.DEFINITION_WRONG
            return self._failed("", trouble, invalid.message)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            trouble = Trouble.NO_SPACE if full else Trouble.SYSTEM
            return self._failed("", trouble, str(error))
        return Extracted(
            self._version, len(self.plan.staged), self.plan.octets, self.plan.overwritten,
            self.plan.kept, tuple(self.told),
        )  # fmt: skip

    def removed(self) -> list[str]:
        """The paths that would go, by the plan that would be carried out."""
        root, self.target = self._place()
        ground = ground_of(root, self.target, alone=self.wish.distribution.apply == "swap")
        with ground.open() as top:
            actions = self._planned(ground, top).actions
        going = (one.path for one in actions if isinstance(one, Remove | RemoveDirectory))
        return [f"{ground.folder}/{path}" for path in going]

    def _failed(
        self, path: str, trouble: Trouble, why: str, missing: tuple[str, ...] = ()
    ) -> Failed:
        return Failed(self.step, path, trouble, why, missing, tuple(self.told))

    def _all(self) -> None:
        journal = self._pending()
        if journal is None:
            journal = self._begin()
            journal = self._content(journal)
        self._afterwards(journal)

    @property
    def _version(self) -> int:
        return self.wish.unpacked.manifest.version

    # --- beginning ---------------------------------------------------------

    def _pending(self) -> Journal | None:
        """The journal of this version, when only actions remain. Anything else that was begun for
        this distribution is ended first."""
        name = self.wish.distribution.name
        begun = self.store.read(lambda tx: tx.extraction.begun())
        for journal in begun:
            if journal.distribution != name:
                continue
            if journal.step is Step.POST_ACTIONS and journal.version == self._version:
                return journal
            self._settle(journal)
        return None

    def _settle(self, journal: Journal) -> None:
        """Ends an earlier extraction of this distribution, whose version is in the past now."""
        recovered = self.applying.recover(journal)
        if recovered.trouble:
            raise ExtractionFailed(Trouble.SYSTEM, "", recovered.trouble)
        if recovered.new:
            begun = self.store.read(lambda tx: tx.extraction.begun())
            for left in begun:
                if left.serial == journal.serial:
                    self._accept(left)

    def _accept(self, journal: Journal) -> None:
        """Ends an extraction whose content stays, whatever was to be done afterwards."""
        if not journal.kept:
            with ground_of_journal(journal).open() as top:
                with self.applying.opened(journal, top) as (_, plan):
                    journal = self.applying.keep(journal, plan)
                journal = self.applying.clear(journal, top)
        self.applying.end(journal)

    def _begin(self) -> Journal:
        """Judges what can be judged before anything is done, and begins."""
        what = self.wish.distribution
        root, target = self._place()
        self.target = target
        ground = ground_of(root, target, alone=what.apply == "swap")
        self._actions(self.rules).check((*self._asked_before, *self._asked_after(target)))
        if self._installation is not None:
            unmet = self._installation.unmet(self._facts(), self._items)
            if unmet:
                raise ExtractionFailed(Trouble.REQUIREMENT_UNMET, "", unmet)
        after = self._after(target)
        returns = what.rollback and bool(after)
        place, now = (ground.root, ground.below), self.clock.now()
        return self.store.transact(
            [Key(self.store.tenant, "node", "extraction")],
            lambda tx: tx.extraction.begin(
                what.name, self._version, target, place, len(after), returns, now
            ),
        )

    def _place(self) -> tuple[str, str]:
        """The allowed root and the target."""
        if self._is_policy:
            if self.rules.policies is None:
                raise ExtractionFailed(Trouble.TARGET_REFUSED, "", "this node takes no policies")
            root = str(self.rules.policies)
            return root, f"{root}/{self.wish.distribution.name}"
        written = self.target.replace("%", "%%") or self.wish.unpacked.manifest.root
        return resolve_target(written, self.wish.variables, self.rules.roots)

    # --- content -----------------------------------------------------------

    def _content(self, journal: Journal) -> Journal:
        """Actions before, the stage, and the target; the journal when the content is there."""
        ground = ground_of_journal(journal)
        with contextlib.ExitStack() as opened:
            try:
                self._before()
                self.step = Step.STAGING
                top = opened.enter_context(ground.open(make=True))
            except (HorariumError, OSError):
                self.applying.end(journal)
                raise
            # From here on the stage is there, or a part of it.
            place = f"{STAGE}/{journal.serial}"
            journal = self.applying.note(journal, step=Step.STAGING, stage=place)
            try:
                stage = self._stage(journal, ground, top, opened)
            except (HorariumError, OSError, _Held):
                self._discard(journal, top)
                raise
            journal = self.applying.note(journal, step=Step.APPLYING, plan=self.digest)
            self.step = Step.APPLYING
            try:
                self.applying.apply(journal, top, stage, self.plan)
            except ExtractionFailed as failed:
                failed.path = failed.path.removeprefix(f"{ground.base}/")
                raise
            if journal.returns:
                return self.applying.note(journal, step=Step.POST_ACTIONS)
            journal = self.applying.keep(journal, self.plan)
            return self.applying.clear(journal, top)

    @property
    def _asked_before(self) -> tuple[Action, ...]:
        return () if self.wish.repairs else self.wish.distribution.pre

    def _before(self) -> None:
        for action in self._asked_before:
            self._act(action)

    def _stage(
        self, journal: Journal, ground: Ground, top: Tree, opened: contextlib.ExitStack
    ) -> Tree:
        """Builds the stage and makes it durable."""
        make_stage(top, journal.stage)
        stage = opened.enter_context(open_stage(top, journal.stage))
        self.plan = self._planned(ground, top)
        check_room(stage, self.plan, self.rules.free_space)
        at_hand = FirstOf((InstalledContents(self.store, self._roots), self.wish.contents))
        pace = Pace(self.rules.extract_rate, self.clock.monotonic, self.wait)
        build(stage, self.plan, self.wish.unpacked, at_hand, top, pace)
        if self.wish.distribution.apply == "swap":
            # It took its time, and the whole old tree is to go: nobody may have put anything in it.
            self._planned(ground, top)
        crash.at("extract:staged")
        self.digest = keep_plan(stage, self.plan)
        stage.sync()
        crash.at("extract:synced")
        self._wait_for_holders(top, ground)
        return stage

    def _planned(self, ground: Ground, top: Tree) -> Plan:
        what = self.wish.distribution
        installed, others = self.store.read(
            lambda tx: (
                tx.extraction.installed(what.name, self.target),
                tx.extraction.others(what.name, self.target),
            )
        )
        scene = Scene(
            self.wish.unpacked.manifest.entries,
            installed,
            top,
            others,
            LocalChanges(what.local_changes),
            lambda path: self.rules.may_delete(f"{self.target}/{path}"),
            ground.base,
        )
        if what.apply != "swap":
            return plan_merge(scene)
        if self._version == REMOVED:
            return plan_swap_removal(scene)
        return plan_swap(scene, self._version)

    @property
    def _roots(self) -> tuple[str, ...]:
        policies = (str(self.rules.policies),) if self.rules.policies is not None else ()
        return (*self.rules.roots, *policies)

    def _wait_for_holders(self, top: Tree, ground: Ground) -> None:
        """Waits for who holds a file, as long as the distribution says."""
        policy, _, times = self.wish.distribution.locked.partition(" ")
        left = int(times or 1) if policy == "retry" else 0
        held = locked(top, self.plan)
        while held is not None and left > 0:
            self.wait(RETRY_SECONDS)
            left -= 1
            held = locked(top, self.plan)
        if held is None:
            return
        held = held.removeprefix(f"{ground.base}/")
        if policy == "defer":
            raise _Held(held)
        raise ExtractionFailed(Trouble.LOCKED, held, "could not be copied: somebody holds it")

    def _discard(self, journal: Journal, top: Tree) -> None:
        """Ends what touched nothing; what can not be removed now is when it is begun again."""
        with contextlib.suppress(OSError):
            self.applying.discard(journal, top)

    # --- actions -----------------------------------------------------------

    @property
    def _installation(self) -> Installation | None:
        if self.wish.distribution.kind != "package" or self._version == REMOVED:
            return None
        if self.wish.repairs:
            return None
        return read_installation(self.wish.distribution.content)

    @property
    def _items(self) -> tuple[str, ...]:
        """The packages of the version in their order; none where it is no version of packages."""
        installation = self._installation
        return () if installation is None else installation.items(self.wish.unpacked.manifest)

    @property
    def _is_policy(self) -> bool:
        return self.wish.distribution.kind == "policy"

    def _enforcing(self, target: str) -> tuple[Action, ...]:
        """The node's own program by which documents of a policy are put in force."""
        words = tuple(word.replace(FOLDER, target) for word in self.rules.enforce)
        return (Action("run", words),) if self._is_policy and words else ()

    def _asked_after(self, target: str) -> tuple[Action, ...]:
        """What is asked from outside when the files are in their place: packages are installed,
        then come the actions afterwards."""
        installation = self._installation
        post = () if self.wish.repairs else self.wish.distribution.post
        if installation is None:
            return post
        return (*(installation.install(target, item) for item in self._items), *post)

    def _after(self, target: str) -> tuple[Action, ...]:
        """All that is done when the files are in their place."""
        return (*self._enforcing(target), *self._asked_after(target))

    def _facts(self) -> Mapping[str, str]:
        rules = self.rules
        return {"os": rules.system, "arch": rules.machine, "hostname": rules.hostname}

    def _actions(self, rules: NodeRules) -> Actions:
        wish = self.wish
        name, version = wish.distribution.name, str(self._version)
        environment = {
            "HORARIUM_DISTRIBUTION": name,
            "HORARIUM_VERSION": version,
            RUN_ID: wish.run_id or f"{name}-{version}-{wish.attempt}",
            "HORARIUM_ATTEMPT": str(wish.attempt),
        }
        return Actions(rules, self.clock, environment, self.stop)

    def _act(self, action: Action, path: str = "", *, own: bool = False) -> None:
        # The owner's own program reads what is kept for the node alone.
        rules = replace(self.rules, actions_user="") if own else self.rules
        try:
            self.told.append(self._actions(rules).run(action))
        except ActionFailed as failed:
            self.told.append(failed.told)
            why = f"{' '.join(action.argv)[:200]}: {failed.told.trouble}"
            raise ExtractionFailed(Trouble.ACTION_FAILED, path, why) from None

    def _afterwards(self, journal: Journal) -> None:
        """What remains when the content is in its place; nothing of it is done twice."""
        self.target = journal.target
        items, after = self._items, self._after(journal.target)
        own = len(self._enforcing(journal.target))
        self._actions(self.rules).check(self._asked_after(journal.target))
        for number in range(journal.done, len(after)):
            # A package is content still: only what comes after all of them is an action of its own.
            item = items[number] if number < len(items) else ""
            self.step = Step.APPLYING if item else Step.POST_ACTIONS
            try:
                self._act(after[number], item, own=number < own)
            except ExtractionFailed:
                if journal.returns and not journal.kept:
                    self._go_back(journal, number)
                raise
            journal = self.applying.note(journal, done=number + 1)
        self._accept(journal)

    def _go_back(self, journal: Journal, done: int) -> None:
        """Restores the old version after an action failed; packages that were installed are
        removed first, the last one first, as far as the distribution says how."""
        journal = self.applying.note(journal, step=Step.UNDOING)
        installation = self._installation
        if installation is not None and installation.remover:
            for item in reversed(self._items[:done]):
                with contextlib.suppress(ExtractionFailed):
                    self._act(installation.remove(journal.target, item))
        with contextlib.ExitStack() as opened:
            top = opened.enter_context(ground_of_journal(journal).open())
            stage, plan = opened.enter_context(self.applying.opened(journal, top))
            self.applying.undo(journal, top, stage, plan)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """A version without content."""

    manifest: Manifest

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """None."""
        return iter(())


class _NoContents:
    def has(self, digest: str) -> bool:
        """Nothing is."""
        return False

    def open(self, digest: str) -> BinaryIO:
        """See Contents."""
        raise NotFound(f"{digest} is nowhere")
