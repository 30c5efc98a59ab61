"""Objects of distribution as files write them, whatever else they write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.declared import KINDS, canonical, faults, read_object
from horarium.distribution.realm import (
    Action,
    Distribution,
    LinkCalendar,
    Priority,
    Ring,
    UsePolicy,
)
from horarium.distribution.values import NAME
from horarium.kernel.errors import InvalidInput

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["", "s1", "@g", "1h", "2Mbit", "never", "daily", "%", "all", "Mon 0"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=8) | st.sampled_from(["type", "run", "group", "soak"]),
                      inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
WRITTEN = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.text(max_size=70) | st.just("name"),
        st.dictionaries(st.sampled_from(sorted(KINDS[kind])) | st.text(max_size=6), VALUES,
                        max_size=4),
    )
)  # fmt: skip


@given(WRITTEN)
def test_whatever_is_written_is_read_or_told_with_its_key(
    written: tuple[str, str, dict[str, Any]],
) -> None:
    kind, name, keys = written
    told = list(faults(kind, name, keys))
    assert all(key in keys or key == "" or kind == "distribution" for key, _ in told)
    assert all(message for _, message in told)
    if told:
        with pytest.raises(InvalidInput):
            read_object(kind, name, keys)
    else:
        assert read_object(kind, name, keys).name == name
        assert NAME.fullmatch(name)
        assert read_object(kind, name, json.loads(json.dumps(keys))) == read_object(
            kind, name, keys
        )


def distribution(**keys: object) -> Distribution:
    found = read_object("distribution", "d", {"distributor": "hq", "source": "/srv", **keys})
    assert isinstance(found, Distribution)
    return found


def test_each_type_has_its_defaults() -> None:
    files = distribution()
    assert (files.sequential, files.delta, files.revisions) == (True, "auto", 10)
    page = read_object(
        "distribution", "d", {"distributor": "hq", "type": "http", "urls": ["https://x.example/"]}
    )
    assert (page.sequential, page.delta, page.revisions) == (False, "whole", 5)
    assert distribution(max_revisions="unlimited").revisions is None
    assert distribution(sequential=False).sequential is False
    assert distribution(priority="low").priority is Priority.LOW
    assert distribution().content == {"source": "/srv"}
    assert distribution().target == "%DEST_VOLUME%"


def test_the_other_sequential_type_of_old_is_files() -> None:
    keys, notes = canonical(
        "distribution", {"type": "desktop-application", "encrypt": True, "source": "/srv"}
    )
    assert keys == {"type": "file", "source": "/srv"}
    assert [key for key, _ in notes] == ["type", "encrypt"]
    assert distribution(type="desktop-application").kind == "file"
    assert canonical("channel", {"type": 1}) == ({"type": 1}, [])


def test_actions_are_programs_and_services() -> None:
    found = distribution(
        pre=[{"stop_service": "httpd"}, {"run": ["/bin/x", "-y"], "timeout": "10s"}],
        post=[{"start_process": ["agent"], "strict": True}],
    )
    assert found.pre == (
        Action("stop-service", ("httpd",)), Action("run", ("/bin/x", "-y"), timeout=10),
    )  # fmt: skip
    assert found.post == (Action("start-process", ("agent",), strict=True),)


def test_rings_have_counts_and_shares() -> None:
    channel = read_object(
        "channel",
        "night",
        {
            "rings": [
                {"group": "pilot", "soak": "24h", "max_failures": 0},
                {"group": "branches", "soak": "48h", "max_failures": "2%", "proven": "50%"},
            ],
            "calendar": "mailto:Uplink@example.com",
            "open_when": "free",
        },
    )
    assert channel.rings == (
        Ring("pilot", 86_400), Ring("branches", 2 * 86_400, max_failures=0.02, proven=0.5),
    )  # fmt: skip
    assert channel.calendar == LinkCalendar("uplink@example.com", "free")


@pytest.mark.parametrize(
    ("keys", "use"),
    [
        ({}, UsePolicy(True, True)),
        ({"timeout": 5}, UsePolicy(False, True)),
        ({"extract": "never"}, UsePolicy(True, False)),
        ({"timeout": 5, "extract": "never", "use_policy": True}, UsePolicy(True, True)),
        ({"use_policy": False}, UsePolicy(False, False)),
        ({"timeout": 5, "use_policy": {"schedule": False}}, UsePolicy(False, False)),
        ({"variables": {"A": "1"}, "zone": "UTC"}, UsePolicy(True, True)),
    ],
)
def test_what_is_its_own_turns_the_policy_off_and_what_is_written_beside_it_wins(
    keys: dict[str, object], use: UsePolicy
) -> None:
    assert read_object("subscriber", "s", keys).own.use_policy == use


def test_a_hierarchy_names_the_distributor_or_nothing_at_its_top() -> None:
    found = read_object("distributor", "hq", {"routes": {"p1": "", "p2": "hq", "p3": "p1"}})
    assert found.routes == {"p1": "", "p2": "", "p3": "p1"}
