"""What of each version is released to whom: rings of channels, as the store knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from horarium.distribution.realm import Realm
from horarium.distribution.release import Release
from horarium.distribution.version import Version
from horarium.store.store import Transaction


def releases_of(
    tx: Transaction, realm: Realm, versions: Mapping[str, Sequence[Version]]
) -> list[Release]:
    """The releases of all distributions that have versions."""
    return [
        Release(name) for name, found in versions.items() if found and name in realm.distributions
    ]
