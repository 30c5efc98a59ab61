"""Which of the received versions are extracted, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from horarium.distribution.realm import Priority

_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


@dataclass(frozen=True, slots=True)
class Received:
    """A version that is complete and not extracted. ``base`` is the version that its bundle
    changes, 0 for a bundle that needs none."""

    distribution: str
    version: int
    base: int
    priority: Priority
    sequential: bool


@dataclass(frozen=True, slots=True)
class Order:
    """What one firing does. ``run`` in its order; ``superseded`` are versions that are passed
    over, with the one that took their place; ``held`` those that wait for one that is missing."""

    run: tuple[Received, ...]
    superseded: tuple[tuple[Received, int], ...]
    held: tuple[Received, ...]


def extract_order(
    received: Iterable[Received],
    extracted: Mapping[str, int],
    unfinished: Mapping[str, int] | None = None,
) -> Order:
    """Orders what a firing found by priority, distribution and version.

    ``extracted`` is the version that each distribution has on this node, 0 or nothing for none. Of
    a distribution that is sequential each version is taken in its turn, as far as there is no
    hole; of any other only the newest that can be had. Whoever carries it out leaves out the later
    versions of a distribution of which one fails: others do not wait for it.

    ``unfinished`` are versions that are in their place while actions that come afterwards still
    have to be done: such a one comes first, unless a newer one takes its place anyway.
    """
    run: list[Received] = []
    superseded: list[tuple[Received, int]] = []
    held: list[Received] = []
    by_name: dict[str, list[Received]] = {}
    for item in received:
        by_name.setdefault(item.distribution, []).append(item)
    for name, items in by_name.items():
        done, late = _one(items, extracted.get(name, 0))
        again = [item for item in late if item.version == (unfinished or {}).get(name)][:1]
        if again and (not done or again[0].sequential):
            done = again + done
            late = [item for item in late if item is not again[0]]
        newest = done[-1].version if done else extracted.get(name, 0)
        run += done
        held += [item for item in late if item.version > newest]
        superseded += [(item, newest) for item in late if item.version <= newest]
    return Order(
        tuple(sorted(run, key=_key)),
        tuple(sorted(superseded, key=lambda pair: _key(pair[0]))),
        tuple(sorted(held, key=_key)),
    )


def _one(items: list[Received], current: int) -> tuple[list[Received], list[Received]]:
    """The versions of one distribution that are extracted in turn, and the rest."""
    ascending = sorted(items, key=lambda item: (item.version, item.base))
    done: list[Received] = []
    for item in ascending:
        if item.version > current and item.base in (0, current):
            done.append(item)
            current = item.version
    if done and not done[-1].sequential:
        # The newest of all, and before it only what it is built on.
        done = _chain(done)
    kept = {id(item) for item in done}
    return done, [item for item in ascending if id(item) not in kept]


def _chain(done: list[Received]) -> list[Received]:
    chain = [done[-1]]
    for item in reversed(done[:-1]):
        if chain[0].base == item.version:
            chain.insert(0, item)
    return chain


def _key(item: Received) -> tuple[int, str, int]:
    return (_RANK[item.priority], item.distribution, item.version)
