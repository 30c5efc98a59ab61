"""The part of an extraction that touches the target, and its end after a death in the middle.

Whoever comes here has a stage that is complete and durable; so what was begun goes forward, and
back only when a step is impossible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from horarium.distribution.extraction import Plan
from horarium.distribution.failing import ExtractionFailed, Step
from horarium.kernel.errors import HorariumError, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.runtime.extract_ground import Ground, drop_stage, kept_plan, open_stage
from horarium.store.engine import Key
from horarium.store.extraction import Journal
from horarium.store.store import Store, Transaction
from horarium.transport.placing import carry_out, take_back
from horarium.transport.tree import Tree


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of an extraction that died: its target has the ``new`` version or the old one,
    None where that can not be told because its stage is gone. Actions that come afterwards are
    done when the version is extracted again. ``trouble`` says why nothing
    could be done now, empty when it was."""

    distribution: str
    version: int
    step: Step
    new: bool | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Applying:
    """Turns targets of one node from the old version into the new one, and back."""

    store: Store
    clock: Clock

    # --- the journal -------------------------------------------------------

    def note(self, journal: Journal, **changes: object) -> Journal:
        """Keeps how far an extraction is; the journal as it is then."""
        new = replace(journal, **changes)  # type: ignore[arg-type]
        self.store.transact(self._keys, lambda tx: tx.extraction.step(new))
        return new

    def end(self, journal: Journal) -> None:
        """Drops the journal of an extraction that has ended."""
        self.store.transact(self._keys, lambda tx: tx.extraction.end(journal))

    @property
    def _keys(self) -> list[Key]:
        return [Key(self.store.tenant, "node", "extraction")]

    def keep(self, journal: Journal, plan: Plan) -> Journal:
        """Keeps what is installed now, and with it that this is done."""
        new = replace(journal, step=Step.POST_ACTIONS, kept=True)
        now: Instant = self.clock.now()

        def work(tx: Transaction) -> None:
            tx.extraction.keep(new, plan.put, plan.drop, now)
            tx.extraction.step(new)

        self.store.transact(self._keys, work)
        crash.at("extract:receipt-written")
        return new

    # --- the target --------------------------------------------------------

    def apply(self, journal: Journal, top: Tree, stage: Tree, plan: Plan) -> None:
        """Carries the plan out to its end, durably. ExtractionFailed when a step is impossible;
        then all of it was taken back, and the journal is ended."""
        crash.at("extract:before-rename")
        try:
            carry_out(top, stage, plan.actions, _between)
        except ExtractionFailed:
            self.undo(self.note(journal, step=Step.UNDOING), top, stage, plan)
            raise
        crash.at("extract:after-rename")
        top.sync()

    def undo(self, journal: Journal, top: Tree, stage: Tree, plan: Plan) -> None:
        """Takes everything back, and ends the extraction. OSError when the system does not let
        it; the journal then says that it is still to be done."""
        take_back(top, stage, plan, _between)
        top.sync()
        stage.forget()
        drop_stage(top, journal.stage)
        self.end(journal)

    # --- after a death -----------------------------------------------------

    def recover(self, journal: Journal) -> Recovered:
        """Leaves the target of an extraction that died with one whole version."""
        new: bool | None = False
        trouble = ""
        try:
            new = self._recover(journal)
        except NotFound:
            self.end(journal)
            new = None
        except (HorariumError, OSError) as error:
            new, trouble = None, str(error)
        return Recovered(journal.distribution, journal.version, journal.step, new, trouble)

    def _recover(self, journal: Journal) -> bool:
        with ground_of_journal(journal).open() as top:
            match journal.step:
                case Step.PRE_ACTIONS | Step.STAGING:
                    self.discard(journal, top)
                    return False
                case Step.APPLYING:
                    return self._go_on(journal, top)
                case Step.UNDOING:
                    with self.opened(journal, top) as (stage, plan):
                        self.undo(journal, top, stage, plan)
                    return False
                case Step.POST_ACTIONS:
                    if journal.kept:
                        self._ended(self.clear(journal, top))
                    return True

    def _go_on(self, journal: Journal, top: Tree) -> bool:
        with self.opened(journal, top) as (stage, plan):
            try:
                self.apply(journal, top, stage, plan)
            except ExtractionFailed:
                return False
            if journal.returns:
                self.note(journal, step=Step.POST_ACTIONS)
                return True
            journal = self.keep(journal, plan)
        self._ended(self.clear(journal, top))
        return True

    def _ended(self, journal: Journal) -> None:
        """Ends an extraction after which nothing is to be done."""
        if journal.done >= journal.actions:
            self.end(journal)

    def discard(self, journal: Journal, top: Tree) -> None:
        """Ends an extraction that touched nothing yet."""
        if journal.stage:
            drop_stage(top, journal.stage)
        self.end(journal)

    def clear(self, journal: Journal, top: Tree) -> Journal:
        """Drops the stage of an extraction whose content is in its place for good."""
        if not journal.stage:
            return journal
        drop_stage(top, journal.stage)
        return self.note(journal, stage="")

    @contextlib.contextmanager
    def opened(self, journal: Journal, top: Tree) -> Iterator[tuple[Tree, Plan]]:
        """The stage and the plan of an extraction that goes on. NotFound when they are gone."""
        with open_stage(top, journal.stage) as stage:
            yield stage, kept_plan(stage, journal.plan)


def _between() -> None:
    crash.at("extract:between-renames")


def ground_of_journal(journal: Journal) -> Ground:
    """Where an extraction acts that was begun before."""
    ground = Ground(journal.root, journal.below, "")
    base = journal.target[len(ground.folder) :].strip("/")
    return replace(ground, base=base)
