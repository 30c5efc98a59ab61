"""What holds for an object that policies apply to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.precedence import (
    distributor_settings,
    policy_of,
    schedule_of,
    settings_of,
    subscriber_settings,
    switches_of,
    variables_of,
)
from horarium.distribution.realm import Priority, Realm
from horarium.kernel.schedule_writing import format_schedule

from .realms import realm

P = {"P": {"extract": {"type": "daily", "start": "02:00", "end": "04:00"}}}


def extract(of: Realm, name: str) -> tuple[str | None, str, str | None]:
    held = schedule_of(of, "subscriber", name)
    return (
        format_schedule(held.value) if held.value is not None else None,
        held.origin,
        format_schedule(held.dormant) if held.dormant is not None else None,
    )


def test_the_example_of_precedence() -> None:
    at_once = {"extract": "immediately"}
    found = realm(
        policy={"p": P["P"]},
        subscriber={
            "s1": {},
            "s2": at_once,
            "s2-again": {**at_once, "use_policy": {"schedule": True}},
            "s3": {"use_policy": {"schedule": False}},
        },
    )
    assert extract(found, "s1") == ("daily window 02:00-04:00", "policy p", None)
    assert extract(found, "s2") == ("immediately", "own", None)
    assert extract(found, "s2-again") == ("daily window 02:00-04:00", "policy p", "immediately")
    assert extract(found, "s3") == (None, "default", None)


def test_without_the_policy_nothing_but_the_own_schedule_is_left() -> None:
    found = realm(subscriber={"s1": {}, "s2": {"extract": "immediately", "use_policy": True}})
    assert extract(found, "s1") == (None, "default", None)
    assert extract(found, "s2") == ("immediately", "own", None)
    assert switches_of(found, "subscriber", "s2") is None


def test_the_two_switches_are_independent() -> None:
    policy = {"p": {**P["P"], "timeout": 60, "free_space": "2GiB"}}
    found = realm(policy=policy, subscriber={"s1": {"timeout": 10}, "s2": {"extract": "never"}})
    held = settings_of(found, "subscriber", "s1")
    assert (held["timeout"].value, held["timeout"].origin) == (10, "own")
    # An own setting takes the whole tab from the policy, and leaves it the schedule.
    assert (held["free_space"].value, held["free_space"].origin) == (1 << 30, "default")
    assert extract(found, "s1")[1] == "policy p"
    held = settings_of(found, "subscriber", "s2")
    assert (held["timeout"].value, held["timeout"].origin) == (60, "policy p")
    assert extract(found, "s2")[:2] == ("never", "own")


def test_a_silent_policy_takes_nothing_away() -> None:
    found = realm(
        policy={"p": {"timeout": 60}},
        subscriber={"s1": {"timeout": 10, "free_space": "2GiB", "use_policy": True}},
    )
    held = settings_of(found, "subscriber", "s1")
    assert (held["timeout"].value, held["timeout"].origin, held["timeout"].dormant) == (
        60, "policy p", 10,
    )  # fmt: skip
    assert (held["free_space"].value, held["free_space"].origin) == (2 << 30, "own")
    assert subscriber_settings(found, "s1").free_space == 2 << 30


def test_the_narrowest_policy_speaks() -> None:
    found = realm(
        policy={
            "all": {"timeout": 1},
            "group": {"timeout": 2, "applies_to": "@g"},
            "one": {"timeout": 3, "applies_to": "s3"},
        },
        subscriber={"s1": {}, "s2": {}, "s3": {}},
        subscriber_group={"g": {"members": ["s2", "s3"]}},
        distributor={"hq": {}},
    )
    timeouts = [subscriber_settings(found, name).timeout for name in ("s1", "s2", "s3")]
    assert timeouts == [1, 2, 3]
    assert distributor_settings(found, "hq").timeout == 1


def test_variables_merge_and_the_own_ones_win() -> None:
    policy = {"p": {"variables": {"dest": "/srv/p", "A": "1"}}}
    keys = {"variables": {"DEST": "/srv/s", "B": "2"}}
    found = realm(
        policy=policy,
        subscriber={"s1": keys, "s2": {**keys, "include_policy_variables": False}},
    )
    held = variables_of(found, "s1")
    assert {name: (one.value, one.origin) for name, one in held.items()} == {
        "A": ("1", "policy p"), "B": ("2", "own"), "DEST": ("/srv/s", "own"),
    }  # fmt: skip
    assert set(variables_of(found, "s2")) == {"B", "DEST"}


def test_rates_are_a_table_or_one_for_all() -> None:
    found = realm(
        distributor={"hq": {"output_rate": {"high": "2Mbit"}}, "b": {"output_rate": "512KiB"}}
    )
    assert distributor_settings(found, "hq").output_rate == {
        Priority.HIGH: 250_000, Priority.MEDIUM: None, Priority.LOW: None,
    }  # fmt: skip
    assert set(distributor_settings(found, "b").output_rate.values()) == {512 << 10}


@given(
    own=st.none() | st.integers(1, 60_000),
    policy=st.none() | st.integers(1, 60_000),
    there=st.booleans(),
    switch=st.none() | st.booleans(),
)
def test_a_field_comes_from_one_place(
    own: int | None, policy: int | None, there: bool, switch: bool | None
) -> None:
    keys: dict[str, object] = {} if own is None else {"timeout": own}
    keys |= {} if switch is None else {"use_policy": switch}
    policies = {"p": {} if policy is None else {"timeout": policy}} if there else {}
    found = realm(policy=policies, subscriber={"s": keys})
    uses = there and (switch if switch is not None else own is None)
    held = settings_of(found, "subscriber", "s")["timeout"]
    if uses and policy is not None:
        assert (held.value, held.origin, held.dormant) == (policy, "policy p", own)
    elif own is not None:
        assert (held.value, held.origin) == (own, "own")
    else:
        assert (held.value, held.origin) == (300, "default")
    assert (policy_of(found, "subscriber", "s") is not None) == there
