"""The next versions, played forward in virtual time."""

from __future__ import annotations

import pytest

from horarium.distribution.forecast import Arrival, forecast
from horarium.distribution.foresight import Foresight
from horarium.distribution.past import Past, typical
from horarium.distribution.realm import Realm
from horarium.kernel.instant import Instant, format_instant

from .realms import FILES, Keys, at, small

SINCE = at("2026-03-02T12:00Z")


def play(of: Realm, octets: int = 60_000_000, days: int = 7, **seconds: int) -> dict[str, Arrival]:
    past = Past({"intranet": octets}, seconds)
    found = forecast(Foresight(of, SINCE), past, Instant(SINCE + days * 86_400))
    return {one.node: one for one in found}


def night(send: str, **keys: object) -> dict[str, Keys]:
    return {"night": {"distributions": ["intranet"], "subscribers": ["s1"], "send": send, **keys}}


HQ: dict[str, Keys] = {"hq": {"zone": "UTC", "output_rate": "2Mbit"}}


def test_60_mb_at_2_mbit_in_three_minutes_a_night_arrive_in_the_second() -> None:
    found = play(small(distributor=HQ, channel=night("daily window 22:00-22:03")))["s1"]
    assert found.begun == at("2026-03-02T22:00Z")
    assert found.received == at("2026-03-03T22:01Z")
    assert found.stops == 1


def test_transfers_of_one_class_share_its_rate_and_slots_make_waves() -> None:
    subscribers: dict[str, Keys] = {f"s{n}": {} for n in range(1, 5)}
    channel = night("daily window 22:00-06:00")
    channel["night"] = {**channel["night"], "subscribers": list(subscribers)}
    shared = play(small(distributor=HQ, channel=channel, subscriber=subscribers))
    assert {one.received for one in shared.values()} == {Instant(at("2026-03-02T22:00Z") + 960)}
    waves = {"hq": {**HQ["hq"], "max_concurrent": 2}}
    found = play(small(distributor=waves, channel=channel, subscriber=subscribers))
    times = sorted(one.received - at("2026-03-02T22:00Z") for one in found.values() if one.received)
    assert times == [480, 480, 960, 960]


def test_a_rate_grid_and_the_receiver_bound_a_transfer() -> None:
    grid = night("daily window 22:00-06:00", rate_grid=["22:00-22:02 1Mbit", "22:02-24:00 4Mbit"])
    free: dict[str, Keys] = {"hq": {"zone": "UTC"}}
    found = play(small(distributor=free, channel=grid))["s1"]
    # 120 s at 125,000 octets, the other 45 MB at 500,000.
    assert found.received == Instant(at("2026-03-02T22:00Z") + 120 + 90)
    slow: dict[str, Keys] = {"s1": {"input_rate": "1Mbit"}}
    found = play(small(distributor=free, channel=grid, subscriber=slow))["s1"]
    assert found.received == Instant(at("2026-03-02T22:00Z") + 480)


@pytest.mark.parametrize(("relay", "seconds"), [("cut_through", 240), ("store_and_forward", 480)])
def test_a_parent_passes_on_at_once_or_when_it_has_all(relay: str, seconds: int) -> None:
    subscribers: dict[str, Keys] = {
        "p1": {"relay": relay, "output_rate": "2Mbit"}, "s1": {"parents": ["p1"]},
    }  # fmt: skip
    found = play(
        small(distributor=HQ, channel=night("daily window 22:00-06:00"), subscriber=subscribers)
    )
    received = found["s1"].received
    assert received is not None
    assert abs(received - at("2026-03-02T22:00Z") - seconds) <= 1
    assert not found["p1"].receiver


def test_the_lower_tiers_go_on_after_the_end() -> None:
    subscribers: dict[str, Keys] = {
        "p1": {"output_rate": "1Mbit"}, "s1": {"parents": ["p1"]},
    }  # fmt: skip
    channel = night("daily window 22:00-22:04")
    found = play(small(distributor=HQ, channel=channel, subscriber=subscribers))
    assert found["p1"].received == at("2026-03-02T22:04Z")
    assert found["s1"].received == at("2026-03-02T22:08Z")


def test_what_is_built_first_is_sent_after_it_and_extracted_when_it_fires() -> None:
    build = {"intranet": {**FILES, "build": "daily start 21:50"}}
    extract: dict[str, Keys] = {"s1": {"extract": "daily window 06:00-07:00", "zone": "UTC"}}
    of = small(distributor=HQ, distribution=build, subscriber=extract,
               channel=night("daily window 21:00-23:00"))  # fmt: skip
    found = play(of, intranet=1_200)["s1"]
    assert (found.built, found.received, found.extracted) == (
        at("2026-03-02T22:10Z"), at("2026-03-02T22:14Z"), at("2026-03-03T06:00Z"),
    )  # fmt: skip


def test_what_never_opens_never_arrives() -> None:
    found = play(small(distributor=HQ, channel=night("never")))["s1"]
    assert (found.begun, found.received, found.extracted) == (None, None, None)


def test_the_documented_tree_of_3750_leaves_is_played() -> None:
    subscribers: dict[str, Keys] = {}
    leaves = []
    for one in range(3):
        subscribers[f"a{one}"] = {}
        for two in range(5):
            subscribers[f"b{one}-{two}"] = {"parents": [f"a{one}"]}
            for three in range(5):
                parent = f"c{one}-{two}-{three}"
                subscribers[parent] = {"parents": [f"b{one}-{two}"]}
                leaves += [f"{parent}-{leaf}" for leaf in range(50)]
                subscribers |= {f"{parent}-{n}": {"parents": [parent]} for n in range(50)}
    channel = night("daily window 22:00-23:00")
    channel["night"] = {**channel["night"], "subscribers": leaves}
    found = play(small(distributor=HQ, channel=channel, subscriber=subscribers))
    times = {format_instant(one.received) for one in found.values() if one.received is not None}
    # Three share the rate of 2 Mbit: 720 s each.
    assert len([one for one in found.values() if one.receiver and one.received]) == 3750
    assert times <= {"2026-03-02T22:12:00Z", "2026-03-02T22:12:01Z"}


def test_the_typical_run_is_the_95th_percentile_of_the_last_twenty() -> None:
    assert typical([]) is None
    assert typical([7]) == 7
    assert typical([1_000_000, *range(1, 21)]) == 19
