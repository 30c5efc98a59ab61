"""A release goes from ring to ring, stops by itself when it hurts, and goes back; a reservation of
a link moves its window; a hand opens one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.realm import Realm, realm_of, tree, until

pytestmark = pytest.mark.timeout(300)

GROUPS = """
[subscriber_group.pilot]
members = ["one"]
[subscriber_group.branches]
members = ["two"]
"""


def rings(soak: str, on_halt: str = "hold") -> str:
    return (
        f'rings = [{{ group = "pilot", soak = "{soak}" }}, {{ group = "branches", soak = "1s" }}]\n'
        f'on_halt = "{on_halt}"\n'
    )


def newest(realm: Realm) -> dict[str, Any]:
    versions = realm.hq.run("distribution", "status", "docs", status=None)["versions"]
    return dict(versions[0])


def test_a_version_goes_to_the_next_ring_when_its_soak_is_over(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": "", "two": ""}) as realm:
        realm.fill(2, 10_000)
        realm.declare(channel=rings("12s"), more=GROUPS)
        realm.start()
        realm.build()
        realm.until_extracted(1, "one")
        assert realm.state("two") == "pending"
        realm.hq.run("channel", "pause", "night")
        time.sleep(12)
        assert realm.state("two") == "pending"
        realm.hq.run("channel", "resume", "night")
        realm.until_extracted(1)


def test_what_is_built_in_a_paused_channel_waits_until_it_is_resumed(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": "", "two": ""}) as realm:
        realm.fill(2, 10_000)
        realm.declare(channel=rings("0s"), more=GROUPS)
        realm.start()
        assert realm.hq.run("channel", "pause", "night")["paused"] == 0
        realm.build()

        def held() -> bool:
            reasons = [str(node["reason"]) for node in newest(realm)["nodes"]]
            return all(reason.startswith("release_paused(command line, ") for reason in reasons)

        until(held, lambda: f"{newest(realm)} {realm.logs()}", 10)
        realm.hq.stop()
        realm.hq.start()
        time.sleep(3)
        assert held(), newest(realm)
        assert not any((node.inbox / "docs").exists() for node in realm.nodes.values())
        assert realm.hq.run("channel", "resume", "night")["resumed"] == 1
        realm.until_extracted(1)


def test_a_relay_of_a_later_ring_passes_a_version_on_and_does_not_unpack_it(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"two": "", "one": "two"}) as realm:
        realm.fill(2, 10_000)
        realm.declare(channel=rings("15s"), more=GROUPS)
        realm.start()
        realm.build()
        realm.until_extracted(1, "one")
        relay = realm.status()["two"]
        assert (relay["state"], str(relay["reason"])[:13]) == ("received", "ring_waits(1,")
        assert not (realm.nodes["two"].inbox / "docs").exists()
        realm.until_extracted(1)


def test_a_release_that_hurts_halts_and_goes_back_by_itself(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": "", "two": ""}) as realm:
        realm.fill(2, 10_000)
        realm.declare(channel=rings("0s", "return"), more=GROUPS)
        check = tmp_path / "check"
        check.write_text(f'#!/bin/sh\n! grep -rq hurts "{realm.nodes["one"].inbox}/docs"\n')
        check.chmod(0o755)
        realm.nodes["one"].configure(health_check=[str(check)], actions_user="nobody")
        for folder in (tmp_path, *realm.nodes["one"].inbox.parents):
            folder.chmod(folder.stat().st_mode | 0o055) if folder.owner() == "root" else None
        realm.start()
        realm.build()
        realm.until_extracted(1)
        good = tree(realm.source)
        realm.declare(channel=rings("60s", "return"), more=GROUPS)
        (realm.source / "part0" / "bad").write_text("this hurts\n")
        assert realm.build()["version"] == 2
        until(lambda: newest(realm)["version"] == 3, lambda: f"{newest(realm)} {realm.logs()}")
        until(
            lambda: tree(realm.nodes["one"].inbox / "docs") == good,
            lambda: f"{newest(realm)} {realm.logs()}",
        )
        assert tree(realm.nodes["two"].inbox / "docs") == good
        assert "version=2" not in realm.nodes["two"].log


def test_a_hand_opens_a_window_until_all_is_sent(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(2, 10_000)
        realm.declare(send='{ type = "never" }')
        realm.start()
        realm.build()
        time.sleep(2)
        assert realm.state("one") == "pending"
        realm.hq.run("channel", "send", "night")
        realm.until_extracted(1)
        until(lambda: not realm.hq.run("open", "channel:night", status=None)["open"], realm.logs)
        (realm.source / "more").write_text("more\n")
        realm.build()
        time.sleep(3)
        assert realm.state("one") == "pending"
        assert realm.hq.alive


ROOM = "resource-uplink@example.com"


def book(realm: Realm, start: datetime, end: datetime) -> None:
    """Reserves the link as anybody would: by an invitation."""
    lines = [
        "BEGIN:VCALENDAR", "PRODID:-//test//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT",
        f"UID:{start:%s}@example.com", f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}", "SUMMARY:Link",
        "ORGANIZER:mailto:ada@example.com",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{ROOM}", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    mail = (
        f"From: ada@example.com\r\nTo: {ROOM}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
        + "\r\n".join(lines)
        + "\r\n"
    )
    realm.hq.run("deliver", "-r", ROOM, "-s", "ada@example.com", text=mail)


def test_a_window_opened_by_hand_does_not_wait_for_a_link_that_is_closed(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": "", "two": ""}) as realm:
        realm.fill(2, 10_000)
        realm.extra["two"] = (
            f'extract = {{ type = "immediately" }}\ncalendar = "{ROOM}"\nopen_when = "reserved"'
        )
        resource = f'[resource."{ROOM}"]\nscheduling_function = "schedule_in_freebusy"\n'
        realm.declare(send='{ type = "never" }', more=resource)
        realm.start()
        realm.build()
        realm.hq.run("channel", "send", "night")
        realm.until_extracted(1, "one")
        until(
            lambda: not realm.hq.run("open", "channel:night", status=None)["open"], realm.logs, 20
        )


@pytest.mark.parametrize("tier", ["the first tier", "a link below"])
def test_a_reservation_of_the_link_opens_its_window(tmp_path: Path, tier: str) -> None:
    calendar = f'calendar = "{ROOM}"\nopen_when = "reserved"\n'
    resource = f'[resource."{ROOM}"]\nscheduling_function = "schedule_in_freebusy"\n'
    with realm_of(tmp_path, {"one": "", "two": "one"}) as realm:
        realm.fill(2, 10_000)
        first = tier == "the first tier"
        if not first:
            realm.extra["two"] = (
                f'extract = {{ type = "immediately" }}\nparents = ["one"]\n{calendar}'
            )
        realm.declare(channel=calendar if first else "", more=resource)
        realm.start()
        realm.build()
        waits = "one" if first else "two"
        if not first:
            realm.until_extracted(1, "one")
        time.sleep(2)
        assert realm.state(waits) in ("pending", "not_eligible")
        now = datetime.now(UTC)
        book(realm, now + timedelta(seconds=1), now + timedelta(minutes=10))
        realm.until_extracted(1, seconds=40)
