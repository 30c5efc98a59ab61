"""Figures of distribution for machines. Labels have few values: states, levels, and channels as far
as there are not too many; never a node."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.distribution.states import State
from horarium.kernel.instant import Instant
from horarium.runtime.distribution_views import window_of
from horarium.runtime.metrics import Labels, Metric
from horarium.runtime.notices import is_loud
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.overview import Overview
from horarium.store.store import Store, Transaction

MOST_CHANNELS = 100
"""Channels that have a figure of their own; of more, those first by name."""
ALWAYS = 2 * 86_400
"""What is told of a window that does not end: looking farther costs more than it says."""


def distribution_figures(store: Store, settings: Settings, now: Instant) -> list[Metric]:
    """The figures of the distributor of a site; none where nothing is distributed."""
    return store.read(lambda tx: list(_figures(tx, settings, now)))


def _figures(tx: Transaction, settings: Settings, now: Instant) -> Iterator[Metric]:
    known = Overview(tx, settings, now)
    if not known.realm.distributions:
        return
    states = tx.versions.states()
    yield Metric(
        "horarium_receivers", "gauge", "Receivers of newest versions by state.",
        {(("state", state.value),): float(states.get(state, 0)) for state in State},
    )  # fmt: skip
    yield Metric(
        "horarium_version_lag", "gauge", "Versions that the last of all receivers is behind.",
        {(): float(tx.versions.lag())},
    )  # fmt: skip
    yield Metric(
        "horarium_transfer_bytes_total", "counter", "Octets that receivers have received.",
        {(): float(tx.versions.passed(State.RECEIVED)[1])},
    )  # fmt: skip
    yield Metric(
        "horarium_extract_failures_total", "counter", "Extractions that failed.",
        {(): float(tx.versions.passed(State.EXTRACT_FAILED)[0])},
    )  # fmt: skip
    left: dict[Labels, float] = {}
    for name in sorted(known.realm.channels)[:MOST_CHANNELS]:
        left[(("channel", name),)] = _left(known, name)
    yield Metric("horarium_window_seconds_left", "gauge", "How long each channel stays open.", left)
    least, notices = settings.notices.metrics, dict[Labels, float]()
    for (level, _), many in tx.notices.counts().items():
        if is_loud(level, least):
            label: Labels = (("level", level),)
            notices[label] = notices.get(label, 0) + many
    yield Metric("horarium_notices", "gauge", "Notices that are kept, by level.", notices)


def _left(known: Overview, name: str) -> float:
    window = window_of(known, known.realm.channels[name])
    if not window.open:
        return 0.0
    return float(window.until - known.now) if window.until is not None else float(ALWAYS)
