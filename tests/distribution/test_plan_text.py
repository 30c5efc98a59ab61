"""A plan that was kept is the plan that was made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.extraction import (
    ChangeMode,
    Place,
    Plan,
    Remove,
    RemoveDirectory,
    Staged,
)
from horarium.distribution.installed import Installed, Kind, Seen
from horarium.distribution.manifest import Directory, File, Link
from horarium.distribution.plan_text import read_plan, write_plan
from horarium.kernel.errors import CorruptState

WORDS = st.text(st.characters(codec="utf-8"), max_size=6)
NUMBERS = st.integers(0, 1 << 40)
SEEN = st.builds(Seen, st.sampled_from(Kind), NUMBERS, NUMBERS, NUMBERS, NUMBERS, WORDS)
ENTRIES = st.one_of(
    st.builds(Directory, WORDS, NUMBERS),
    st.builds(File, WORDS, NUMBERS, NUMBERS, NUMBERS, WORDS),
    st.builds(Link, WORDS, WORDS),
)
ACTIONS = st.one_of(
    st.builds(Place, NUMBERS, WORDS, st.none() | SEEN),
    st.builds(Remove, NUMBERS, WORDS, SEEN),
    st.builds(RemoveDirectory, WORDS, NUMBERS),
    st.builds(ChangeMode, WORDS, NUMBERS, NUMBERS),
)
ROWS = st.builds(
    Installed, WORDS, st.sampled_from(Kind), NUMBERS, WORDS, NUMBERS, NUMBERS, st.booleans()
)


def several(of: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(of, max_size=3).map(tuple)


@given(
    st.builds(
        Plan,
        several(st.builds(Staged, WORDS, ENTRIES, WORDS)),
        several(ACTIONS),
        several(ROWS),
        several(WORDS),
        several(WORDS),
        several(WORDS),
    )
)
def test_a_plan_comes_back(plan: Plan) -> None:
    assert read_plan(write_plan(plan)) == plan


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"format":2}', write_plan(Plan())[:-1], b"\xff", b'{"format":1}']
)
def test_anything_else_is_told(data: bytes) -> None:
    with pytest.raises(CorruptState):
        read_plan(data)
