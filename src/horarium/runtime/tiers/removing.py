"""Removal, on purpose, of what a distribution installed at a node that does not get it any more."""

from __future__ import annotations

import json
import logging

from horarium.distribution.definition import read_definition
from horarium.distribution.ending import Extracted, Failed, Outcome
from horarium.distribution.failing import ExtractionFailed
from horarium.distribution.realm import Distribution
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.nearest import nearest
from horarium.runtime.extracting import Extractor
from horarium.runtime.tiers.belief import Belief
from horarium.store.store import Store, Transaction
from horarium.transport.content import ContentStore

log = logging.getLogger(__name__)

ASKED = "removal_asked"
"""In the store: the distributions that somebody wants removed while a daemon runs."""


def check_removable(
    store: Store, belief: Belief | None, node: str, distribution: str, *, force: bool
) -> None:
    """NotFound when nothing of it is installed here; Conflict while the node, as far as it knows,
    still gets it: then it would come back. A node that gets nothing at all any more is not told
    that; `force` is for its owner, who knows."""
    installed = {use.distribution for use in store.read(lambda tx: tx.extraction.all_in_use())}
    if distribution not in installed:
        raise NotFound(f"nothing of {distribution} is here{nearest(distribution, installed)}")
    configuration = belief.configuration(node) if belief is not None else None
    follows = configuration.distributions.get(distribution) if configuration is not None else None
    if follows is not None and follows.extracts and not force:
        raise Conflict(
            f"as far as {node} knows it still gets {distribution}, which would come back; end its "
            "subscription at the distributor first, and say --force where that was done"
        )


def ask_for_removal(store: Store, distribution: str) -> None:
    """Leaves word for the daemon of this site."""

    def work(tx: Transaction) -> None:
        tx.set_meta(ASKED, json.dumps(sorted({*_asked(tx), distribution})))

    store.transact([], work)


def take_asked(store: Store) -> list[str]:
    """What is to be removed; asked for no more."""
    asked = store.read(_asked)

    def work(tx: Transaction) -> None:
        tx.set_meta(ASKED, "[]")

    if asked:
        store.transact([], work)
    return asked


def _asked(tx: Transaction) -> list[str]:
    return [str(name) for name in json.loads(tx.meta(ASKED) or "[]")]


def remove_content(
    store: Store, contents: ContentStore, extractor: Extractor, belief: Belief | None, name: str
) -> str:
    """Removes it through the steps of an extraction, and lets go of its bundles; why it could not
    be, empty when it is gone."""
    outcomes = extractor.remove_content(_defined(belief, name))
    troubles = [trouble for trouble in map(_trouble, outcomes) if trouble]
    if not troubles:
        _drop_bundles(store, contents, name)
    log.info("content.removed distribution=%s trouble=%s", name, "; ".join(troubles))
    return "; ".join(troubles)


def foresee_removal(extractor: Extractor, belief: Belief | None, name: str) -> list[str]:
    """The paths that `remove_content` would take away. Conflict where it could not."""
    try:
        return extractor.foresee_removal(_defined(belief, name))
    except ExtractionFailed as failed:
        raise Conflict(f"{name} could not be removed: {failed.path} {failed.why}") from failed


def _defined(belief: Belief | None, name: str) -> Distribution:
    """A distribution as it is defined here. One that is defined no more was installed among the
    files of others, as far as is known."""
    definition = belief.trusted.definition(name) if belief is not None else None
    return read_definition(name, definition) if definition is not None else Distribution(name, "")


def _drop_bundles(store: Store, contents: ContentStore, name: str) -> None:
    def work(tx: Transaction) -> list[str]:
        found = [one for one in tx.holdings.all() if one.distribution == name]
        for holding in found:
            tx.holdings.drop(holding)
        return [one.digest for one in found]

    for digest in store.transact([], work):
        contents.drop(digest)


def _trouble(outcome: Outcome) -> str:
    if isinstance(outcome, Extracted):
        return ""
    if isinstance(outcome, Failed):
        return f"{outcome.step.value}: {outcome.path} {outcome.trouble.value}: {outcome.why}"
    return f"somebody holds {outcome.path}"
