"""What of all that a node holds is to be unpacked, in its order: for the daemon, and who asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from horarium.distribution.configuration import Configuration
from horarium.distribution.definition import read_definition
from horarium.distribution.extract_order import Order, Received, extract_order
from horarium.runtime.tiers.belief import Belief
from horarium.store.holdings import Holding


def order_of_holdings(
    belief: Belief, configuration: Configuration, holdings: Iterable[Holding],
    extracted: Mapping[str, int], unfinished: Mapping[str, int],
) -> Order:  # fmt: skip
    """The order of what a node holds of all that it follows; see `extract_order`."""
    held: dict[str, list[Holding]] = {}
    for holding in holdings:
        held.setdefault(holding.distribution, []).append(holding)
    found: list[Received] = []
    for name, follows in configuration.distributions.items():
        definition = belief.trusted.definition(name)
        if not follows.extracts or definition is None:
            continue
        release, what = belief.release(name), read_definition(name, definition)
        found += [
            Received(name, holding.version, holding.base, what.priority, what.sequential)
            for holding in held.get(name, ())
            if release.allows(holding.version, follows)
        ]
    return extract_order(found, extracted, unfinished)
