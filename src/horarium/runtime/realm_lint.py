"""The lint of distribution, and its forecast, on what a site has: objects, calendars, history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from horarium.distribution.finding import Finding
from horarium.distribution.forecast import Arrival, forecast
from horarium.distribution.foresight import Foresight
from horarium.distribution.lint import lint
from horarium.distribution.past import RUNS, Past, typical
from horarium.distribution.realm import Realm
from horarium.kernel.instant import Instant
from horarium.runtime.distribution_questions import kept_anchors
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.realm import declared_realm
from horarium.runtime.realm_views import must_be
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.expiring import findings_of_trust
from horarium.store.store import Store, Transaction

MOST_ENTRIES = 200_000
"""Files that are counted for an estimate: more take longer than a look at the lint may."""


def kept_history(tx: Transaction, realm: Realm) -> Past:
    """What the builds that are kept here took, and how much their versions are to fetch."""
    octets: dict[str, int] = {}
    seconds: dict[str, int] = {}
    for name in realm.distributions:
        builds = tx.versions.builds(name, RUNS)[::-1]
        size = typical([b.delta or b.size or 0 for b in builds if b.version is not None])
        took = typical([b.ended - b.started for b in builds if b.ended is not None and b.outcome])
        if size is not None:
            octets[name] = size
        if took is not None:
            seconds[name] = took
    return Past(octets, seconds)


def lint_realm(
    store: Store, settings: Settings, at: Instant, now: Instant, site: Site | None = None
) -> list[Finding]:
    """Everything that will starve or never act, as seen from an instant on; errors first. With
    the ``site`` also what of its trust runs out, and which keys lie together."""

    def work(tx: Transaction) -> list[Finding]:
        found = lint(*_seen(tx, settings, at, now))
        return found + list(findings_of_trust(site, tx, at)) if site is not None else found

    return store.read(work)


def simulate(
    store: Store, settings: Settings, at: Instant, end: Instant, now: Instant,
    sizes: Mapping[str, int],
) -> tuple[list[Arrival], Past]:  # fmt: skip
    """When the next versions reach everybody, and by which sizes that was found: ``sizes`` that
    somebody supposes, those of earlier versions, else estimates."""

    def work(tx: Transaction) -> tuple[list[Arrival], Past]:
        ahead, past = _seen(tx, settings, at, now)
        for name in sizes:
            must_be(ahead.realm, "distribution", name)
        guessed = past.estimated - sizes.keys()
        past = replace(past, octets={**past.octets, **sizes}, estimated=guessed)
        return forecast(ahead, past, end), past

    return store.read(work)


def _seen(tx: Transaction, settings: Settings, at: Instant, now: Instant) -> tuple[Foresight, Past]:
    realm = declared_realm(tx, settings)
    ahead = Foresight(realm, at, link_calendars_at(tx, settings, now), kept_anchors(tx))
    return ahead, with_estimates(realm, kept_history(tx, realm))


def with_estimates(realm: Realm, past: Past) -> Past:
    """What is known, and where no version was ever measured the size of what would be gathered,
    where that lies on this machine."""
    octets, guessed = dict(past.octets), set(past.estimated)
    for name, distribution in realm.distributions.items():
        source = distribution.content.get("source")
        sources = source if isinstance(source, list) else [source]
        if name in octets or distribution.kind != "file":
            continue
        sizes = [size_of(Path(str(one))) for one in sources if one]
        if sizes and all(size is not None for size in sizes):
            octets[name] = sum(size for size in sizes if size is not None)
            guessed.add(name)
    return replace(past, octets=octets, estimated=frozenset(guessed))


def size_of(path: Path) -> int | None:
    """The octets of the regular files below a path; None when it is not there, can not be read, or
    has too many of them."""
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else None
    total = entries = 0
    for folder, _, files in os.walk(path):
        for file in files:
            entries += 1
            if entries > MOST_ENTRIES:
                return None
            try:
                total += os.lstat(os.path.join(folder, file)).st_size
            except OSError:
                return None
    return total
