"""Whether a site distributes or has joined a realm: asked before anything of it is loaded."""

from __future__ import annotations

from horarium.runtime.site import Site
from horarium.store.store import Store

_OWNER = "distributor:"


def takes_part(site: Site, store: Store) -> bool:
    """Whether there is anything for the part `distribution` of the daemon to do."""
    if site.joined.exists():
        return True
    settings = store.read(lambda tx: tx.directory.settings())
    return any(setting.owner.startswith(_OWNER) for setting in settings)
