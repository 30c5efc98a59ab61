"""The administrator's pages have one example of every preference, and each can be applied."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from horarium.booking.preference_table import PREFERENCES, SPELLINGS
from horarium.runtime.objects import read_objects

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


# What each policy asks of it is shown with the policy.
REPEATED = "scheduling_function"


def blocks(page: str) -> list[str]:
    return BLOCK.findall((GUIDE / page).read_text("utf-8"))


def pieces() -> list[str]:
    """The examples that are the keys of one resource, of both pages."""
    found = blocks("rooms.md") + blocks("policies.md")
    return [block for block in found if not block.startswith("[")]


def test_every_preference_that_has_effect_has_one_example() -> None:
    shown = [key for block in pieces() for key in tomllib.loads(block)]
    names = [SPELLINGS.get(key, key) for key in shown]
    once = [name for name in names if name != REPEATED]
    assert sorted(once) == sorted({*once}), "an example stands twice"
    assert set(names) == {name for name, p in PREFERENCES.items() if p.available}


def test_every_example_is_read_as_it_stands(tmp_path: Path) -> None:
    first = blocks("rooms.md")[0]
    rooms = tmp_path / "rooms.toml"
    rooms.write_text(first)
    assert list(read_objects([rooms], strict=False).resources) == ["room@example.com"]
    for block in pieces():
        rooms.write_text('[resource."room@example.com"]\n' + block)
        assert read_objects([rooms], strict=False).resources["room@example.com"]
