"""Figures of a running site, in the text form that Prometheus reads.

Every label has few values: never an address, a UID or a file name.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import horarium
from horarium.kernel.instant import Instant
from horarium.runtime.site import Site
from horarium.store.store import Store, Transaction

DAY = 86_400

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: its name, kind (`gauge` or `counter`), meaning, and values by labels."""

    name: str
    kind: str
    meaning: str
    values: Mapping[Labels, float] = field(default_factory=dict)


def one(name: str, meaning: str, value: float, **labels: str) -> Metric:
    """A gauge with one value."""
    return Metric(name, "gauge", meaning, {tuple(labels.items()): value})


def figures(site: Site, store: Store, now: Instant) -> list[Metric]:
    """What the store tells of mails, runs and sessions, and what room there is."""
    facts = store.facts()

    def work(tx: Transaction) -> list[Metric]:
        outbox, oldest = tx.mail.outbox_counts(), tx.mail.oldest_open()
        runs: dict[Labels, float] = {}
        for state, _, rows, _ in tx.firings.counts(Instant(now - DAY), Instant(now + 1)):
            label: Labels = (("state", state),)
            runs[label] = runs.get(label, 0) + rows
        sessions: dict[Labels, float] = {
            (("kind", kind.value), ("state", state.value)): float(many)
            for kind, states in tx.sessions({}).count(now).items()
            for state, many in states.items()
        }
        return [
            Metric(
                "horarium_outbox_depth", "gauge", "Mails of ours by state.",
                {(("state", state),): many for state, many in outbox.items()},
            ),
            one(
                "horarium_outbox_oldest_seconds", "How long the oldest mail waits.",
                max(0, now - oldest) if oldest is not None else 0,
            ),
            one("horarium_quarantine", "Messages kept for the operator, 1000 at most.",
                len(tx.mail.quarantined(1_000))),
            Metric("horarium_firings_day", "gauge", "Rows of the ledger of runs in a day.", runs),
            Metric("horarium_sessions", "gauge", "Sessions by kind and state.", sessions),
        ]  # fmt: skip

    return [
        one(
            "horarium_build_info", "This program.", 1, version=horarium.__version__,
            python=platform.python_version(), engine=str(facts["engine"]),
        ),
        one("horarium_store_bytes", "Size of the store.", int(facts["bytes"])),
        one(
            "horarium_disk_free_bytes", "Room where the state lies.",
            shutil.disk_usage(site.state).free,
        ),
        *store.read(work),
    ]  # fmt: skip


def exposition(metrics: Iterable[Metric]) -> str:
    """The text form of some metrics."""
    lines = []
    for metric in metrics:
        lines.append(f"# HELP {metric.name} {metric.meaning}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in sorted(metric.values.items()):
            inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            place = f"{metric.name}{{{inner}}}" if inner else metric.name
            lines.append(f"{place} {value:.17g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
