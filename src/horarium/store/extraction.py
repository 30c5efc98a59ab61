"""The repository of extraction: what is installed, which version is in use, and the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.distribution.failing import Step
from horarium.distribution.installed import Installed, Kind
from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, number, text

DOUBTED = -1
"""The time of a file that is no more what it was, so that its time does not speak for it."""
REMOVED = 0
"""The version of a distribution whose content was removed on purpose."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The version of a distribution that is unpacked at a target, since when."""

    distribution: str
    target: str
    version: int
    serial: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Journal:
    """An extraction that has begun and not ended.

    It acts in the folder ``below`` an allowed ``root``; ``stage`` lies in that folder, empty while
    there is none. ``plan`` is the digest of the plan in the stage. Of ``actions`` that come
    afterwards ``done`` ended well. ``kept`` tells that the table of what is installed has the new
    version already; one that ``returns`` is taken back when an action afterwards fails.
    """

    serial: int
    distribution: str
    version: int
    target: str
    root: str
    below: str
    stage: str
    step: Step
    plan: str
    actions: int
    done: int
    kept: bool
    returns: bool
    started: Instant


@dataclass(frozen=True, slots=True)
class ExtractionRepository:
    """Extractions of one tenant, inside one transaction."""

    session: Session
    tenant: str

    # --- what is installed -------------------------------------------------

    def installed(self, distribution: str, target: str) -> dict[str, Installed]:
        """What a distribution has installed at a target, by path."""
        values = {"tenant": self.tenant, "distribution": distribution, "target": target}
        rows = (_installed(row, target) for row in self.session.rows("installed_by", values))
        return {row.path: row for row in rows}

    def others(self, distribution: str, target: str) -> dict[str, bool]:
        """The paths of a target that other distributions hold too; whether one of them installed
        it later than this one did."""
        values = {
            "tenant": self.tenant,
            "distribution": distribution,
            "first": f"{target}/",
            # What follows the slash: all that begins with the target and a slash lies before it.
            "last": f"{target}0",
        }
        rows = self.session.rows("installed_by_others", values)
        return {_path(text(place), target): bool(later) for place, later in rows}

    def places_of(self, digest: str, many: int) -> list[tuple[str, str]]:
        """Targets and paths in them where a content was installed, the latest first."""
        values = {"tenant": self.tenant, "content": digest, "many": many}
        rows = self.session.rows("places_of_content", values)
        return [(text(target), _path(text(place), text(target))) for target, place in rows]

    def in_use(self, distribution: str) -> list[InUse]:
        """Where a distribution is unpacked."""
        values = {"tenant": self.tenant, "distribution": distribution}
        rows = self.session.rows("targets_of", values)
        return [_in_use((distribution, *row)) for row in rows]

    def all_in_use(self) -> list[InUse]:
        """Every distribution that is unpacked."""
        return [_in_use(row) for row in self.session.rows("all_extracted", {"tenant": self.tenant})]

    def keep(
        self, journal: Journal, put: Iterable[Installed], drop: Iterable[str], at: Instant
    ) -> None:
        """Keeps that a version is in its place: what it put there and what it dropped. REMOVED is
        no version, and leaves no trace."""
        values = {
            "tenant": self.tenant,
            "distribution": journal.distribution,
            "target": journal.target,
        }
        self.session.run_many(
            "drop_installed", [{**values, "place": f"{journal.target}/{path}"} for path in drop]
        )
        new = {**values, "version": journal.version, "serial": journal.serial}
        self.session.run_many(
            "put_installed",
            (
                {
                    **new,
                    "place": f"{journal.target}/{row.path}",
                    "kind": row.kind.value,
                    "mode": row.mode,
                    "content": row.content,
                    "size": row.size,
                    "modified_s": row.modified,
                    "made": int(row.made),
                }
                for row in put
            ),
        )
        if journal.version == REMOVED:
            self.session.run("drop_extracted", values)
        else:
            self.session.run("put_extracted", {**new, "at_s": at})

    def doubt(self, use: InUse, paths: Iterable[str]) -> None:
        """Keeps that files at a target are not what was installed, whatever they look like."""
        values = {
            "tenant": self.tenant, "distribution": use.distribution, "target": use.target,
            "modified_s": DOUBTED,
        }  # fmt: skip
        self.session.run_many(
            "doubt_installed", [{**values, "place": f"{use.target}/{path}"} for path in paths]
        )

    # --- the journal -------------------------------------------------------

    def begin(
        self, distribution: str, version: int, target: str, place: tuple[str, str],
        actions: int, returns: bool, at: Instant,
    ) -> Journal:  # fmt: skip
        """Begins an extraction; ``place`` is the allowed root and the folder below it, ``actions``
        how many come afterwards."""
        root, below = place
        values = {
            "tenant": self.tenant,
            "distribution": distribution,
            "version": version,
            "target": target,
            "root": root,
            "below": below,
            "actions": actions,
            "returns": int(returns),
            "started_s": at,
        }
        row = self.session.row("begin_extraction", values)
        assert row is not None
        return Journal(
            number(row[0]), distribution, version, target, root, below, "", Step.PRE_ACTIONS,
            "", actions, 0, False, returns, at,
        )  # fmt: skip

    def step(self, journal: Journal) -> None:
        """Keeps how far an extraction is, before it goes on."""
        values = {
            "serial": journal.serial,
            "step": journal.step.value,
            "stage": journal.stage,
            "plan": journal.plan,
            "done": journal.done,
            "kept": int(journal.kept),
        }
        self.session.run("extraction_step", values)

    def begun(self) -> list[Journal]:
        """All that have begun and not ended, in order of their beginning."""
        return [_journal(row) for row in self.session.rows("extractions", {"tenant": self.tenant})]

    def unfinished(self) -> dict[str, int]:
        """The versions that are in their place, and after which actions still have to be done."""
        return {
            journal.distribution: journal.version
            for journal in self.begun()
            if journal.step is Step.POST_ACTIONS
        }

    def end(self, journal: Journal) -> None:
        """Drops an extraction that has ended."""
        self.session.run("end_extraction", {"serial": journal.serial})


def _path(place: str, target: str) -> str:
    return place[len(target) + 1 :]


def _installed(row: Row, target: str) -> Installed:
    return Installed(
        _path(text(row[0]), target), Kind(text(row[1])), number(row[2]), text(row[3]),
        number(row[4]), number(row[5]), bool(row[6]),
    )  # fmt: skip


def _in_use(row: Row) -> InUse:
    return InUse(text(row[0]), text(row[1]), number(row[2]), number(row[3]), instant(row[4]))


def _journal(row: Row) -> Journal:
    return Journal(
        number(row[0]), text(row[1]), number(row[2]), text(row[3]), text(row[4]), text(row[5]),
        text(row[6]), Step(text(row[7])), text(row[8]), number(row[9]), number(row[10]),
        bool(row[11]), bool(row[12]), instant(row[13]),
    )  # fmt: skip
