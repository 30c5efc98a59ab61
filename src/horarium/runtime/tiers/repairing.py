"""What a receiving node has unpacked: whether it is still so, and how it becomes so again.

A check only writes down what it found: the daemon of the node, which alone unpacks, then extracts
the version in use once more.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from horarium.distribution.content import Blob
from horarium.distribution.definition import read_definition
from horarium.distribution.ending import Extracted, Failed, Outcome
from horarium.distribution.extraction import LocalChanges
from horarium.distribution.installed import Installed, Kind, Seen, is_untouched
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.needing import Need
from horarium.distribution.realm import Distribution
from horarium.kernel.errors import HorariumError, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.installed_contents import installed_tree
from horarium.runtime.notices import EXTRACT_FAILED, notice
from horarium.runtime.tiers.belief import Belief
from horarium.store.extraction import InUse
from horarium.store.store import Store, Transaction
from horarium.transport.content import ContentStore
from horarium.transport.tree import Tree

log = logging.getLogger(__name__)

ASKED = "repair_asked"
"""In the store: the distributions whose version in use is to be extracted once more."""
CHECKED = "contents_checked"
"""A number in the store that rises when a check dropped bundles."""


class Found(StrEnum):
    """What became of a thing that was installed."""

    MISSING = "missing"
    CHANGED = "changed"
    """It is another kind of thing, or holds something else."""
    MODE = "mode"
    """A file holds what it did, with other permissions."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A thing that was installed and is not at ``path`` as it was, and what was ``found`` there.
    ``policy`` is what its distribution does with local changes."""

    distribution: str
    path: str
    found: Found
    policy: LocalChanges


def check_installed(
    store: Store, roots: tuple[str, ...], policy_of: Callable[[str], LocalChanges]
) -> list[Changed]:
    """Compares all that is installed with what it was. Where local changes are overwritten, the
    daemon is asked to do so."""
    found: list[Changed] = []
    for use in store.read(lambda tx: tx.extraction.all_in_use()):
        policy = policy_of(use.distribution)
        changed = dict(_differing(store, use, roots))
        found += [
            Changed(use.distribution, f"{use.target}/{path}", what, policy)
            for path, what in changed.items()
        ]
        if changed and policy is LocalChanges.OVERWRITE:
            # Of a file whose mode alone is another one the content is not doubted.
            _ask(store, use, [path for path, what in changed.items() if what is Found.CHANGED])
    return found


def policy_by(belief: Belief | None) -> Callable[[str], LocalChanges]:
    """What each distribution does with local changes; one that is defined no more keeps them."""

    def policy_of(name: str) -> LocalChanges:
        definition = belief.trusted.definition(name) if belief is not None else None
        if definition is None:
            return LocalChanges.KEEP
        return LocalChanges(read_definition(name, definition).local_changes)

    return policy_of


def asked(store: Store) -> list[str]:
    """The distributions whose version in use is to be extracted once more."""
    return store.read(_asked)


def _differing(
    store: Store, use: InUse, roots: tuple[str, ...]
) -> Iterator[tuple[str, Found]]:  # fmt: skip
    """The paths of what is not as it was, and how it is. What another distribution installed since
    is for that one to answer for."""
    rows, others = store.read(
        lambda tx: (
            tx.extraction.installed(use.distribution, use.target),
            tx.extraction.others(use.distribution, use.target),
        )
    )
    try:
        tree = installed_tree(use.target, roots)
    except (NotFound, OSError):
        yield from ((path, Found.MISSING) for path in rows)
        return
    with tree:
        for path, row in rows.items():
            if others.get(path):
                continue
            seen = tree.look(path)
            if seen is None:
                yield path, Found.MISSING
            elif not _holds_what_it_did(tree, row, seen):
                yield path, Found.CHANGED
            elif row.kind is Kind.FILE and seen.mode != row.mode:
                yield path, Found.MODE


def _holds_what_it_did(tree: Tree, row: Installed, seen: Seen) -> bool:
    if row.kind is Kind.DIRECTORY:
        return seen.kind is Kind.DIRECTORY
    try:
        return is_untouched(tree, row.path, seen, row, thorough=True)
    except (NotFound, OSError):
        return False


def _ask(store: Store, use: InUse, changed: Sequence[str]) -> None:
    def work(tx: Transaction) -> None:
        tx.extraction.doubt(use, changed)
        tx.set_meta(ASKED, json.dumps(sorted({*_asked(tx), use.distribution})))

    store.transact([], work)


def _asked(tx: Transaction) -> list[str]:
    return [str(name) for name in json.loads(tx.meta(ASKED) or "[]")]


def tell_checked(tx: Transaction) -> None:
    """Tells the daemon of the node that bundles went."""
    tx.set_meta(CHECKED, str(int(tx.meta(CHECKED) or 0) + 1))


@dataclass(frozen=True, slots=True)
class Again:
    """A version in use, of which only the manifest is at hand; see
    `horarium.transport.staging.Unpacked`."""

    manifest: Manifest

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """None: they are looked for elsewhere."""
        return iter(())


Extract = Callable[[Distribution, Again], Outcome]


@dataclass(slots=True)
class Repairs:
    """The repairs of one node, for the thread that extracts. ``manifest`` gives that of a version
    in use."""

    store: Store
    contents: ContentStore
    manifest: Callable[[str, int], Manifest]
    _lacking: dict[str, list[Need]] = field(default_factory=dict)
    _manifests: list[Need] = field(default_factory=list)
    _checked: int = 0

    def begin(self) -> None:
        """Takes what was checked so far as known."""
        self._checked = self._number()

    def needs(self) -> list[Need]:
        """Contents that the node lacks for what it has in use, as far as it knows."""
        lacking = list(self._lacking.values())
        return [*self._manifests, *(need for needs in lacking for need in needs)]

    def look_at_manifests(self, belief: Belief) -> None:
        """Notes which manifests of versions in use are lost: the next one is told as changes."""
        kept = self.store.read(lambda tx: tx.holdings.manifests())
        self._manifests = [
            Need(name, version.number, version.manifest)
            for (name, number), digest in kept.items()
            if not self.contents.has(digest)
            for version in belief.trusted.versions(name)
            if (version.number, version.manifest.digest) == (number, digest)
        ]

    def run(self, belief: Belief, extract: Extract, now: Instant) -> bool:
        """Does what was asked for, as far as the contents are there; whether the node lacks
        something else now."""
        checked = self._number()
        news, self._checked = checked != self._checked, checked
        if news:
            self.look_at_manifests(belief)
        for name in asked(self.store):
            waits = self._lacking.get(name, [])
            if any(not self.contents.has(need.content.digest) for need in waits):
                continue
            news = self._one(belief, name, extract, now) or news
        return news

    def _number(self) -> int:
        return int(self.store.read(lambda tx: tx.meta(CHECKED)) or 0)

    def _one(self, belief: Belief, name: str, extract: Extract, now: Instant) -> bool:
        self._lacking.pop(name, None)
        definition = belief.trusted.definition(name)
        unfinished = self.store.read(lambda tx: tx.extraction.unfinished())
        if name in unfinished:
            # It comes again by itself, and this after it.
            return False
        uses = self.store.read(lambda tx: tx.extraction.in_use(name))
        trouble = "it is not defined any more"
        if definition is not None and uses:
            try:
                manifest = self.manifest(name, uses[0].version)
            except HorariumError as error:
                trouble = str(error)
            else:
                outcome = extract(read_definition(name, definition), Again(manifest))
                if isinstance(outcome, Failed) and outcome.missing:
                    return self._want(manifest, outcome.missing)
                trouble = "" if isinstance(outcome, Extracted) else _told(outcome)
        self._ended(name, trouble, now)
        return False

    def _want(self, manifest: Manifest, missing: Sequence[str]) -> bool:
        sizes = {e.digest: e.size for e in manifest.entries if isinstance(e, File)}
        self._lacking[manifest.distribution] = [
            Need(manifest.distribution, manifest.version, Blob(digest, sizes[digest]))
            for digest in missing
        ]
        return True

    def _ended(self, name: str, trouble: str, now: Instant) -> None:
        def work(tx: Transaction) -> None:
            tx.set_meta(ASKED, json.dumps([one for one in _asked(tx) if one != name]))
            if trouble:
                notice(tx, EXTRACT_FAILED, name, f"what was changed stays: {trouble}", now)

        self.store.transact([], work)
        if trouble:
            log.error("content.not_repaired distribution=%s reason=%s", name, trouble)
        else:
            log.info("content.repaired distribution=%s", name)


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Failed):
        path = f" {outcome.path}" if outcome.path else ""
        return f"{outcome.step.value}:{path} {outcome.trouble.value}: {outcome.why}"
    return "somebody holds a file"
