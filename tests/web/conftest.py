"""The world that tests of pages share; who changes it makes one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.world import World

MICROSCOPE = "resource-lab-microscope@example.com"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A room, a microscope for whose booking a person is asked, a quota, a person."""
    with World(tmp_path, **declared()) as made:
        yield made


def declared() -> dict[str, object]:
    """What the world consists of."""
    return {
        "resources": {
            "resource-room-confroom@example.com": {
                "CN": "Conference room", "seats": 12, "features": ["projector"],
            },
            "resource-room-sauna@example.com": {
                "CN": "Sauna",
                "scheduling_function": "schedule_in_freebusy\ncheck_quota heat",
                "working_hours": "mon-fri 15:00-22:00",
                "seats": 4,
            },
            MICROSCOPE: {
                "CN": "Microscope",
                "tier_in_policy": ["ask"],
                "approvers": ["paul.boddie@example.com"],
            },
        },
        "persons": {"paul.boddie@example.com": {"CN": "Paul Boddie"}},
        "quotas": {"heat": {"limits": [["*", "PT10H"]]}},
    }  # fmt: skip
