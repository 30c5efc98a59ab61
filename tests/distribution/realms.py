"""Realms for the tests of distribution."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.distribution.declared import read_realm
from horarium.distribution.realm import Realm
from horarium.kernel.instant import Instant, parse_instant

Keys = Mapping[str, object]


def realm(zone: str = "Europe/Berlin", seed: str = "house", **objects: Mapping[str, Keys]) -> Realm:
    """The realm of some objects, by kind."""
    return read_realm(objects, zone, seed)


def at(text: str) -> Instant:
    """``2026-01-15T22:00:00Z``, also without seconds."""
    return parse_instant(text if text.count(":") > 1 else text.replace("Z", ":00Z"))


FILES: Keys = {"distributor": "hq", "type": "file", "source": "/srv/files"}


def small(**objects: Mapping[str, Keys]) -> Realm:
    """One distributor, one distribution, one channel that sends to s1, and what is given."""
    found: dict[str, dict[str, Keys]] = {
        "distributor": {"hq": {}},
        "distribution": {"intranet": FILES},
        "channel": {"night": {"distributions": ["intranet"], "subscribers": ["s1"]}},
        "subscriber": {"s1": {}},
    }
    for kind, changed in objects.items():
        found.setdefault(kind, {}).update(changed)
    return read_realm(found, "Europe/Berlin", "house")
