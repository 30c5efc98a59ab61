"""Drift: what commands changed of what files had set."""

from __future__ import annotations

from horarium.kernel.errors import HorariumError
from horarium.runtime.clock import Clock
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store


def drifts(site: Site, settings: Settings, clock: Clock) -> list[str]:
    """A sentence for each key whose value a command changed since a file set it; nothing where
    nothing was applied yet, or the store can not be read now."""
    if not site.database.exists():
        return []
    try:
        store = open_store(site, settings, clock, create=False)
        found = store.read(lambda tx: tx.directory.settings())
        store.close()
    except HorariumError:
        return []
    return [
        f"{setting.place}: {setting.owner.removeprefix('mailto:')}.{setting.name}: a command "
        f"changed it to {setting.value if setting.value is not None else 'nothing'}"
        for setting in found
        if setting.drifts
    ]
