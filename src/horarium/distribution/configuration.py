"""The effective configuration of a node: what its distributor states for it, signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from horarium.distribution.records import Document, as_table, text, texts, whole
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

KIND = "node"
"""The kind of statement that a configuration is."""
MOST_CHILDREN = 100_000
MOST_PERIODS = 10_000
_BEFORE_ALL = instant(0)


Rates = tuple[tuple[Period, int], ...]
"""Stretches of time with the octets a second that go in each at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where another node of the realm is reached."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Follows:
    """How a node follows one distribution. ``extracts`` is False for a relay that only passes it
    on; ``rings``: by channel that has rings, the number of this node's ring."""

    extracts: bool
    rings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Child:
    """A node below: ``number`` of its configuration, the distributions it or others behind it
    get, and those periods in which they may be sent to it; None where they may at any hour.
    ``known_until`` is the instant up to which the periods were computed."""

    name: str
    number: int
    distributions: Mapping[str, Follows]
    open: Mapping[str, PeriodSet] | None = None
    known_until: Instant = _BEFORE_ALL
    below: tuple[str, ...] = ()
    """All nodes behind it."""
    rates: Mapping[str, Rates] = field(default_factory=dict)
    """By distribution, the rates of channels that all tiers obey."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds for one node. ``settings`` are the effective ones by name, rates in octets a
    second; ``extract`` the schedule as one line, empty when there is none; ``variables`` those of
    the policy and of the subscriber, the latter winning."""

    node: str
    realm: str
    seed: str = ""
    zone: str = "UTC"
    parents: tuple[Place, ...] = ()
    origin: Place | None = None
    extract: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    distributions: Mapping[str, Follows] = field(default_factory=dict)
    children: Mapping[str, Child] = field(default_factory=dict)

    def setting(self, name: str, default: int | None = None) -> int | None:
        """A number among the settings; None is without limit."""
        value = self.settings.get(name, default)
        return value if isinstance(value, int) else None

    def word(self, name: str, default: str) -> str:
        """A word among the settings."""
        value = self.settings.get(name, default)
        return value if isinstance(value, str) else default


# --- writing -----------------------------------------------------------------


def configuration_document(configuration: Configuration) -> Document:
    """A configuration as a table of JSON."""
    origin = configuration.origin
    return {
        "realm": configuration.realm,
        "seed": configuration.seed,
        "zone": configuration.zone,
        "parents": [{"name": place.name, "url": place.url} for place in configuration.parents],
        "origin": {"name": origin.name, "url": origin.url} if origin else None,
        "extract": configuration.extract,
        "settings": dict(configuration.settings),
        "variables": dict(configuration.variables),
        "distributions": _follows_document(configuration.distributions),
        "children": {
            name: _child_document(child) for name, child in configuration.children.items()
        },
    }


def _follows_document(follows: Mapping[str, Follows]) -> Document:
    return {
        name: {"extracts": one.extracts, "rings": dict(one.rings)} for name, one in follows.items()
    }


def _child_document(child: Child) -> Document:
    document: Document = {
        "number": child.number,
        "distributions": _follows_document(child.distributions),
        "below": list(child.below),
    }
    if child.open is not None:
        document["known_until"] = int(child.known_until)
        document["open"] = {
            name: [[int(period.start), int(period.end)] for period in periods]
            for name, periods in child.open.items()
        }
        document["rates"] = {
            name: [[int(period.start), int(period.end), rate] for period, rate in rates]
            for name, rates in child.rates.items()
        }
    return document


# --- reading -----------------------------------------------------------------


def read_configuration(node: str, document: object) -> Configuration:
    """A configuration from its table. InvalidInput for anything that is none."""
    table = as_table(document)
    origin = table.get("origin")
    parents = table.get("parents", [])
    children = as_table(table.get("children", {}))
    if not isinstance(parents, list) or len(parents) > 100 or len(children) > MOST_CHILDREN:
        raise InvalidInput("the configuration names more nodes than one can have")
    return Configuration(
        node=node,
        realm=text(table, "realm"),
        seed=text(table, "seed"),
        zone=text(table, "zone"),
        parents=tuple(_place(item) for item in parents),
        origin=_place(origin) if origin is not None else None,
        extract=text(table, "extract"),
        settings=dict(as_table(table.get("settings", {}))),
        variables={k: str(v) for k, v in as_table(table.get("variables", {})).items()},
        distributions=_read_follows(table),
        children={name: _read_child(name, as_table(item)) for name, item in children.items()},
    )


def _place(document: object) -> Place:
    table = as_table(document)
    return Place(text(table, "name"), text(table, "url"))


def _read_follows(table: Mapping[str, object]) -> dict[str, Follows]:
    found: dict[str, Follows] = {}
    for name, item in as_table(table.get("distributions", {})).items():
        one = as_table(item)
        rings = as_table(one.get("rings", {}))
        found[name] = Follows(one.get("extracts") is True, {k: whole(rings, k) for k in rings})
    return found


def _read_child(name: str, table: Mapping[str, object]) -> Child:
    opened = table.get("open")
    return Child(
        name=name,
        number=whole(table, "number"),
        distributions=_read_follows(table),
        open=None if opened is None else {k: _periods(v) for k, v in as_table(opened).items()},
        known_until=instant(whole(table, "known_until")) if opened is not None else _BEFORE_ALL,
        below=texts(table, "below", MOST_CHILDREN),
        rates={k: _rates(v) for k, v in as_table(table.get("rates", {})).items()},
    )


def _periods(value: object) -> PeriodSet:
    if not isinstance(value, list) or len(value) > MOST_PERIODS:
        raise InvalidInput(f"expected a list of at most {MOST_PERIODS} periods")
    return PeriodSet([_period(item, 2) for item in value])


def _rates(value: object) -> Rates:
    if not isinstance(value, list) or len(value) > MOST_PERIODS:
        raise InvalidInput(f"expected a list of at most {MOST_PERIODS} periods")
    return tuple((_period(item, 3), whole({"rate": item[2]}, "rate")) for item in value)


def _period(item: object, parts: int) -> Period:
    if not isinstance(item, list) or len(item) != parts:
        raise InvalidInput("a period has two ends")
    ends = {"start": item[0], "end": item[1]}
    return Period(instant(whole(ends, "start")), instant(whole(ends, "end")))
