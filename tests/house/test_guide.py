"""The administrator's page has an example of every preference, and each can be applied."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from horarium.booking.preference_table import PREFERENCES, SPELLINGS
from horarium.runtime.objects import read_objects

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "rooms.md"
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    return BLOCK.findall(PAGE.read_text("utf-8"))


def test_every_preference_that_has_effect_has_one_example() -> None:
    shown = [key for block in blocks()[1:] for key in tomllib.loads(block)]
    names = [SPELLINGS.get(key, key) for key in shown]
    assert sorted(names) == sorted({*names}), "an example stands twice"
    assert set(names) == {name for name, p in PREFERENCES.items() if p.available}


def test_every_example_is_read_as_it_stands(tmp_path: Path) -> None:
    first, *others = blocks()
    rooms = tmp_path / "rooms.toml"
    rooms.write_text(first)
    assert list(read_objects([rooms], strict=False).resources) == ["room@example.com"]
    for block in others:
        rooms.write_text('[resource."room@example.com"]\n' + block)
        assert read_objects([rooms], strict=False).resources["room@example.com"]
