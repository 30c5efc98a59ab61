"""What starves, or never acts, is found before it happens."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.distribution.finding import Finding
from horarium.distribution.foresight import Foresight
from horarium.distribution.lint import lint
from horarium.distribution.past import Past
from horarium.distribution.realm import Realm
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

from .realms import FILES, at, small

SINCE = at("2026-03-02T12:00Z")
NIGHT = {"distributions": ["intranet"], "subscribers": ["s1"], "send": "daily window 22:00-06:00"}
HQ = {"zone": "UTC", "refresh": "daily start 18:00"}
INTRANET = {**FILES, "build": "daily start 18:20"}
S1 = {"extract": "immediately", "zone": "UTC"}


def clean(**objects: dict[str, Any]) -> Realm:
    """A realm in which nothing is wrong, and what a test changes of it."""
    found: dict[str, dict[str, Any]] = {
        "distributor": {"hq": HQ},
        "distribution": {"intranet": INTRANET},
        "channel": {"night": NIGHT},
        "subscriber": {"s1": S1},
    }
    return small(**{kind: {**found.get(kind, {}), **objects.get(kind, {})}
                    for kind in {**found, **objects}})  # fmt: skip


def found_in(
    of: Realm, octets: int = 1_000, seconds: int = 60, *, estimated: bool = False,
    busy: PeriodSet | None = None,
) -> list[Finding]:  # fmt: skip
    past = Past(
        dict.fromkeys(of.distributions, octets),
        dict.fromkeys(of.distributions, seconds),
        frozenset(of.distributions if estimated else ()),
    )
    taken = busy or PeriodSet()
    ahead = Foresight(of, SINCE, lambda _, period: taken.clip(period.start, period.end))
    return lint(ahead, past)


def codes(found: list[Finding]) -> list[str]:
    return [f"{one.level.value} {one.code} {one.name}" for one in found]


def test_a_realm_in_order_has_no_findings() -> None:
    assert codes(found_in(clean())) == []


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        ({"distributor": {"hq": {"zone": "UTC"}}}, "error no-schedule hq"),
        ({"distribution": {"intranet": FILES}}, "error no-schedule intranet"),
        ({"channel": {"night": {**NIGHT, "send": "never"}}}, "error no-schedule night"),
        ({"subscriber": {"s1": {}}}, "error no-schedule s1"),
        ({"subscriber": {"s1": {"extract": "never"}}}, "error no-schedule s1"),
        ({"distribution": {"intranet": {**INTRANET, "build": "never"}}},
         "note no-schedule intranet"),
        ({"subscriber": {"s1": {"extract": "yearly 02-28 until 2026-01-01"}}},
         "error no-schedule s1"),
        ({"distributor": {"hq": {**HQ, "refresh": "interval 1m", "allow_fast_refresh": True}}},
         "warning refresh-too-often hq"),
        ({"distribution": {"intranet": {**INTRANET, "active": False}}},
         "warning inactive-trap intranet"),
        ({"distribution": {"other": INTRANET}}, "warning orphan other"),
        ({"channel": {"noon": {"send": "immediately"}}}, "warning orphan noon"),
        ({"subscriber": {"s9": S1}}, "warning orphan s9"),
        ({"distribution": {"intranet": {**INTRANET, "build": "immediately"}}},
         "note build-immediately intranet"),
        ({"distribution": {"intranet": {**INTRANET, "build": "daily start 17:45"}}},
         "note build-before-refresh intranet"),
        ({"distribution": {"intranet": {**INTRANET, "build": "monthly 31"}}},
         "note day-missing intranet"),
        ({"subscriber": {"s1": {**S1, "extract": "yearly 02-29"}}}, "note day-missing s1"),
        ({"distribution": {"intranet": {**INTRANET, "build": "daily start 06:30"}},
             "channel": {"night": {**NIGHT, "send": "daily window 01:00-06:00"}}},
         "warning build-after-send intranet"),
    ],
)  # fmt: skip
def test_each_fault_of_definitions_has_its_word(objects: dict[str, Any], code: str) -> None:
    assert code in codes(found_in(clean(**objects)))


def test_a_relay_needs_no_schedule_and_no_channel() -> None:
    of = clean(subscriber={"p1": {}, "s1": {**S1, "parents": ["p1"]}})
    assert codes(found_in(of)) == []


def test_more_than_fifty_without_a_parent_are_told() -> None:
    names = [f"s{number}" for number in range(51)]
    channel = {"night": {**NIGHT, "subscribers": names}}
    of = clean(subscriber=dict.fromkeys(names, S1), channel=channel)
    assert "warning many-direct hq" in codes(found_in(of))
    routed = {"hq": {**HQ, "routes": dict.fromkeys(names, "")}}
    of = clean(subscriber=dict.fromkeys(names, S1), channel=channel, distributor=routed)
    assert codes(found_in(of)) == []


def test_a_way_that_goes_in_a_circle_is_a_gap() -> None:
    of = clean(subscriber={"a": {"parents": ["s1"]}, "s1": {**S1, "parents": ["a"]}})
    assert "warning route-gap s1" in codes(found_in(of))


def test_receivers_without_a_ring_and_ways_past_one() -> None:
    of = clean(
        subscriber={"s1": S1, "s2": S1},
        subscriber_group={"pilot": {"members": ["s1"]}},
        channel={
            "night": {**NIGHT, "subscribers": ["s1", "s2"], "rings": [{"group": "pilot"}]},
            "noon": {**NIGHT, "subscribers": ["s2"]},
        },
    )
    found = codes(found_in(of))
    assert "warning ring-gap night" in found
    assert "warning ring-bypass s2" in found
    assert "warning ring-bypass s1" not in found


def short(window: str = "22:00-22:03", **keys: object) -> Realm:
    return clean(
        distributor={"hq": {**HQ, "output_rate": "2Mbit", **keys}},
        channel={"night": {**NIGHT, "send": f"daily window {window}"}},
    )


def test_a_window_too_short_for_60_mb_at_2_mbit_is_a_warning_with_both_times() -> None:
    found = [one for one in found_in(short(), 60_000_000) if one.code == "send-too-short"]
    assert [one.level.value for one in found] == ["warning"]
    assert "needs 240 s" in found[0].message
    assert "has 180 s, all of them 1260 s" in found[0].message
    assert not found[0].estimated
    assert found_in(short(), 60_000_000, estimated=True)[0].estimated
    assert "error send-too-short night" in codes(found_in(short(), 600_000_000))
    assert codes(found_in(short("22:00-22:04"), 60_000_000)) == []


def test_a_rate_grid_that_closes_all_of_a_window_is_told() -> None:
    night = {
        "distributions": ["intranet"],
        "subscribers": ["s1"],
        "send": "daily window 22:00-23:00",
    }
    grids = [(["00:00-24:00 0"], True), (["22:00-22:30 0"], False)]
    for grid, shut in grids:
        found = found_in(clean(channel={"night": {**night, "rate_grid": grid}}), 1_000)
        assert ("error send-too-short night" in codes(found)) is shut, grid


def test_slots_make_waves_in_a_window() -> None:
    names = ["s1", "s2", "s3"]
    of = clean(
        distributor={"hq": {**HQ, "max_concurrent": 1}},
        subscriber={name: {**S1, "input_rate": "2Mbit"} for name in names},
        channel={"night": {**NIGHT, "subscribers": names, "send": "daily window 22:00-22:10"}},
    )
    found = [one for one in found_in(of, 60_000_000) if one.code == "send-too-short"]
    assert "needs 720 s to send all of it to 3" in found[0].message


def test_a_rate_that_can_not_carry_its_builds_is_told() -> None:
    of = clean(distributor={"hq": {**HQ, "output_rate": {"medium": "1KiB"}}})
    assert "warning rate-too-low hq" in codes(found_in(of, 60_000_000))


def test_a_refresh_shorter_than_a_job_matters_where_it_cancels() -> None:
    keys = {"refresh": "interval 10m"}
    of = clean(distributor={"hq": {**HQ, **keys}})
    assert "note refresh-shorter-than-job hq" in codes(found_in(of, seconds=1_200))
    of = clean(distributor={"hq": {**HQ, **keys, "refresh_cancels": True}})
    assert "error refresh-shorter-than-job hq" in codes(found_in(of, seconds=1_200))
    assert codes(found_in(of, seconds=300)) == []


def test_an_extraction_that_fires_just_before_what_it_waits_for_is_told() -> None:
    of = clean(subscriber={"s1": {**S1, "extract": "daily window 21:30-21:45"}})
    found = [one for one in found_in(of) if one.code == "extract-never-meets"]
    assert [one.name for one in found] == ["s1"]
    assert "fires 30 min before intranet is received, which then waits 23 h" in found[0].message


def test_a_calendar_that_leaves_no_window_is_told() -> None:
    keys = {"calendar": "line@example.com", "open_when": "reserved"}
    of = clean(channel={"night": {**NIGHT, **keys}})
    assert "warning link-never-open night" in codes(found_in(of))
    reserved = PeriodSet([Period(at("2026-03-04T23:00Z"), at("2026-03-05T01:00Z"))])
    assert codes(found_in(of, busy=reserved)) == []


def test_errors_come_first() -> None:
    of = clean(subscriber={"s1": {}, "s9": S1}, distribution={"intranet": FILES})
    levels = [one.level.value for one in found_in(of)]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
