"""Which bundles a receiver lacks: chains, jumps, holes, returns; it reaches the newest version and
never goes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.content import blob_of
from horarium.distribution.needing import Held, Manner, lacking, need_of
from horarium.distribution.version import Bundle, Version
from horarium.kernel.instant import Instant

FILE = Manner(sequential=False)
CHAIN = Manner(sequential=True)
JUMP = Manner(sequential=True, jump=True)


def version(number: int, *bases: int, returns: int = 0) -> Version:
    bundles = []
    for base in bases:
        blob = blob_of(b"%d from %d" % (number, base))
        bundles.append(Bundle(base, blob, blob, 10))
    manifest = blob_of(b"manifest %d" % number)
    return Version("docs", number, Instant(0), manifest, tuple(bundles), 1, 10, returns=returns)


def way(
    versions: Sequence[Version], manner: Manner, held: Held, withdrawn: Sequence[int] = ()
) -> list[tuple[int, int]]:
    return [(v.number, b.base) for v, b in lacking(versions, manner, held, withdrawn)]


PLAIN = (version(1, 0), version(2, 1), version(3, 2))
LEAPS = (version(1, 0), version(2, 1), version(3, 2, 1))
BASED = (version(4, 0, 3), version(5, 4), version(6, 5))
WHOLE = (version(1, 0), version(2, 0, 1), version(3, 0, 2))
RETURN = (version(1, 0), version(2, 1), version(3, 2, 0, returns=1))


@pytest.mark.parametrize(
    ("versions", "manner", "held", "expected"),
    [
        ((), CHAIN, Held(), []),
        (PLAIN, CHAIN, Held(), [(1, 0), (2, 1), (3, 2)]),
        (PLAIN, CHAIN, Held(1), [(2, 1), (3, 2)]),
        (PLAIN, CHAIN, Held(3), []),
        (PLAIN, CHAIN, Held(1, ((2, 1),)), [(3, 2)]),
        # What was received out of order does not count before its base is there.
        (PLAIN, CHAIN, Held(1, ((3, 2),)), [(2, 1), (3, 2)]),
        (LEAPS, CHAIN, Held(1), [(2, 1), (3, 2)]),
        (LEAPS, JUMP, Held(1), [(3, 1)]),
        (LEAPS, JUMP, Held(), [(1, 0), (3, 1)]),
        # Who holds what is kept no more begins at the oldest that stands by itself.
        (BASED, CHAIN, Held(2), [(4, 0), (5, 4), (6, 5)]),
        (BASED, CHAIN, Held(3), [(4, 3), (5, 4), (6, 5)]),
        (WHOLE, FILE, Held(), [(3, 0)]),
        (WHOLE, FILE, Held(2), [(3, 2)]),
        (WHOLE, FILE, Held(1), [(3, 0)]),
        # A version of a distributor that was set back is newer here: nothing is lacking.
        (PLAIN, CHAIN, Held(9), []),
        ((version(2, 1),), CHAIN, Held(), []),
    ],
)
def test_the_way_to_the_newest(
    versions: tuple[Version, ...], manner: Manner, held: Held, expected: list[tuple[int, int]]
) -> None:
    assert way(versions, manner, held) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (Held(1), [(3, 0)]),
        (Held(2), [(3, 2)]),
        (Held(), [(3, 0)]),
        (Held(3), []),
    ],
)
def test_what_was_withdrawn_is_gone_past_in_one_bundle(
    held: Held, expected: list[tuple[int, int]]
) -> None:
    assert way(RETURN, CHAIN, held, (2,)) == expected


@st.composite
def histories(draw: st.DrawFn) -> tuple[Version, ...]:
    """Retained versions: the first stands by itself, each leads on from the one before it, some
    from further ones or from nothing."""
    first = draw(st.integers(1, 4))
    many = draw(st.integers(1, 6))
    found = []
    for number in range(first, first + many):
        more = draw(st.sets(st.integers(0, number - 1), max_size=3))
        bases = {*more, 0 if number == first else number - 1}
        found.append(version(number, *sorted(bases)))
    return tuple(found)


@st.composite
def holdings(draw: st.DrawFn) -> Held:
    extracted = draw(st.integers(0, 11))
    pairs = st.tuples(st.integers(1, 11), st.integers(0, 10)).filter(lambda pair: pair[0] > pair[1])
    return Held(extracted, tuple(draw(st.lists(pairs, max_size=3, unique_by=lambda p: p[0]))))


@given(histories(), st.sampled_from([FILE, CHAIN, JUMP]), holdings())
def test_following_it_reaches_the_newest_and_never_goes_back(
    versions: tuple[Version, ...], manner: Manner, held: Held
) -> None:
    steps = 0
    while found := lacking(versions, manner, held):
        numbers = [one.number for one, _ in found]
        assert numbers == sorted(set(numbers))
        one, bundle = found[0]
        # It stands by itself or leads on from exactly what is there.
        assert bundle in one.bundles
        assert one.number > held.reached
        assert bundle.base in (0, held.reached)
        others = [pair for pair in held.received if pair[0] != one.number]
        held = replace(held, received=(*others, (one.number, bundle.base)))
        assert held.reached >= one.number
        steps += 1
        assert steps <= len(versions)
    assert held.is_complete(versions)
    assert held.reached >= versions[-1].number


@given(histories(), st.sampled_from([FILE, CHAIN, JUMP]), holdings(), st.sets(st.integers(1, 11)))
def test_nothing_withdrawn_is_asked_for(
    versions: tuple[Version, ...], manner: Manner, held: Held, withdrawn: set[int]
) -> None:
    # The newest is what was returned to.
    withdrawn -= {versions[-1].number}
    asked = {one.number for one, _ in lacking(versions, manner, held, withdrawn)}
    assert not asked & withdrawn


@given(histories(), st.integers(0, 11))
def test_a_chain_leaves_nothing_out(versions: tuple[Version, ...], extracted: int) -> None:
    held = Held(extracted)
    numbers = [one.number for one, _ in lacking(versions, CHAIN, held)]
    assert numbers == list(range(numbers[0], versions[-1].number + 1)) if numbers else True


def test_a_need_names_its_bundle() -> None:
    one = version(3, 2)
    need = need_of("docs", one, one.bundles[0])
    assert (need.distribution, need.version, need.base) == ("docs", 3, 2)
    assert (need.content, need.chunks) == (one.bundles[0].content, one.bundles[0].chunks)
