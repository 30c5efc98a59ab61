"""What nodes say and state is read as it was written; anything else is refused, and no worse."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution import messages as m
from horarium.distribution.configuration import (
    Child,
    Configuration,
    Follows,
    Place,
    configuration_document,
    read_configuration,
)
from horarium.distribution.content import blob_of
from horarium.distribution.needing import Need
from horarium.distribution.records import read_version, version_document
from horarium.distribution.release import Release, read_release, release_document
from horarium.distribution.version import Bundle, Version
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

NAMES = st.text("abcxyz-09", min_size=1, max_size=12)
TEXTS = st.text(max_size=30)
NUMBERS = st.integers(0, 1 << 53)
INSTANTS = st.integers(0, 4_000_000_000).map(Instant)
BLOBS = st.binary(max_size=8).map(blob_of)
RINGS = st.dictionaries(NAMES, st.integers(0, 20), max_size=3)
FOLLOWS = st.dictionaries(NAMES, st.builds(Follows, st.booleans(), RINGS), max_size=3)
PLACES = st.builds(Place, NAMES, TEXTS)
PERIODS = st.lists(st.integers(0, 1_000_000), unique=True, max_size=8).map(
    lambda ends: PeriodSet(
        Period(Instant(start), Instant(end))
        for start, end in zip(*[iter(sorted(ends))] * 2, strict=False)
    )
)


@st.composite
def needs(draw: st.DrawFn, distribution: str) -> Need:
    chunks = draw(st.none() | BLOBS)
    return Need(distribution, draw(NUMBERS), draw(BLOBS), chunks, draw(NUMBERS))


@st.composite
def answers(draw: st.DrawFn) -> m.Lacks:
    found = {}
    for name in draw(st.sets(NAMES, max_size=3)):
        lacked = draw(st.lists(needs(name), max_size=3))
        found[name] = m.Standing(tuple(lacked), draw(NUMBERS))
    return m.Lacks(draw(TEXTS), found)


ROWS = st.builds(
    m.Row, NAMES, NAMES, NUMBERS, NAMES, INSTANTS, NUMBERS, TEXTS, NUMBERS, NUMBERS, NAMES
)
DOWNWARD = st.one_of(
    st.builds(m.Stand, NUMBERS, NUMBERS, st.dictionaries(NAMES, NUMBERS, max_size=3), NUMBERS),
    st.builds(m.Ask, TEXTS, st.lists(NAMES, max_size=3).map(tuple)),
    st.builds(m.Offer, NAMES, NUMBERS, BLOBS, TEXTS, st.none() | INSTANTS),
    st.builds(m.Stop, st.lists(TEXTS, max_size=3).map(tuple), TEXTS, st.none() | INSTANTS),
)
UPWARD = st.one_of(
    answers(),
    st.builds(m.Response, TEXTS, st.sampled_from(m.Answer), NUMBERS, TEXTS),
    st.builds(m.Rows, st.lists(ROWS, max_size=3).map(tuple)),
)
CHILDREN = st.builds(Child, NAMES, NUMBERS, FOLLOWS, below=st.lists(NAMES, max_size=3).map(tuple))


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    children = {}
    for child in draw(st.lists(CHILDREN, max_size=3, unique_by=lambda one: one.name)):
        opened = draw(st.none() | st.dictionaries(NAMES, PERIODS, max_size=2))
        known = draw(INSTANTS) if opened is not None else Instant(0)
        children[child.name] = Child(
            child.name, child.number, child.distributions, opened, known, child.below
        )
    return Configuration(
        draw(NAMES), draw(TEXTS), draw(TEXTS), "Europe/Oslo",
        tuple(draw(st.lists(PLACES, max_size=2))), draw(st.none() | PLACES), draw(TEXTS),
        draw(st.dictionaries(NAMES, NUMBERS | TEXTS, max_size=3)),
        draw(st.dictionaries(NAMES, TEXTS, max_size=3)), draw(FOLLOWS), children,
    )  # fmt: skip


@st.composite
def versions(draw: st.DrawFn) -> Version:
    bundles = st.builds(Bundle, NUMBERS, BLOBS, BLOBS, NUMBERS)
    return Version(
        "docs", draw(st.integers(1, 1 << 40)), draw(INSTANTS), draw(BLOBS),
        tuple(draw(st.lists(bundles, min_size=1, max_size=3))), draw(NUMBERS), draw(NUMBERS),
        draw(TEXTS), draw(NUMBERS),
    )  # fmt: skip


VERSION_SETS = st.frozensets(st.integers(0, 1_000), max_size=4)
OPENED = st.dictionaries(NAMES, st.dictionaries(st.integers(0, 99), st.integers(0, 9), max_size=3))
RELEASES = st.builds(Release, st.just("docs"), OPENED, VERSION_SETS, VERSION_SETS)


def travelled(document: object) -> object:
    return json.loads(json.dumps(document))


@given(DOWNWARD)
def test_messages_of_a_parent_are_read_as_written(message: m.Downward) -> None:
    document = m.message_document(message)
    assert m.read_downward(travelled({**document, "later": [1]})) == message


@given(UPWARD)
def test_messages_of_a_child_are_read_as_written(message: m.Upward) -> None:
    document = m.message_document(message)
    assert m.read_upward(travelled({**document, "later": [1]})) == message


@given(configurations())
def test_configurations_are_read_as_written(configuration: Configuration) -> None:
    document = travelled(configuration_document(configuration))
    assert read_configuration(configuration.node, document) == configuration


@given(versions())
def test_versions_are_read_as_written(version: Version) -> None:
    assert read_version("docs", travelled(version_document(version))) == version


@given(RELEASES)
def test_releases_are_read_as_written(release: Release) -> None:
    assert read_release("docs", travelled(release_document(release))) == release


READERS: tuple[Callable[[object], object], ...] = (
    m.read_downward, m.read_upward, lambda one: read_configuration("n", one),
    lambda one: read_version("docs", one), lambda one: read_release("docs", one),
)  # fmt: skip
DOCUMENTS = st.one_of(
    st.builds(m.message_document, DOWNWARD | UPWARD),
    configurations().map(configuration_document),
    versions().map(version_document),
    RELEASES.map(release_document),
)
WORDS = st.sampled_from(
    ["type", "answer", "rows", "offer", "stop", "ask", "metadata", "opened", "children", "open",
     "bundles", "needs", "content", "digest", "length", "distributions", "settings", "variables",
     "-1", "1e9", "²", "٣", "99999999999999999999999", "\ud800"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXTS, inner, max_size=4),
    max_leaves=12,
)


def changed(draw: st.DrawFn, value: object) -> object:
    """A value with one part of it, anywhere inside, put for another."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 5)) == 0:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed(draw, value[at]), *value[at + 1 :]]
    return draw(VALUES)


@st.composite
def spoilt(draw: st.DrawFn) -> object:
    return changed(draw, travelled(draw(DOCUMENTS)))


@given(VALUES | spoilt())
def test_anything_else_is_refused_and_nothing_worse(document: object) -> None:
    for read in READERS:
        try:
            read(document)
        except InvalidInput:
            continue


HALF = "\ud800"


@pytest.mark.parametrize(
    "document",
    [
        {"type": "stop", "grants": [HALF], "reason": ""},
        {"type": "stop", "grants": [], "reason": HALF},
        {"type": "metadata", "timestamp": 1, "node": 1, "revoked": 0, "releases": {HALF: 1}},
    ],
)
def test_halves_of_characters_are_refused(document: object) -> None:
    with pytest.raises(InvalidInput):
        m.read_downward(travelled(document))
