"""What is told of versions on their way is true: of real processes, asked while they work."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.realm import Realm, realm_of, until

pytestmark = pytest.mark.timeout(300)


def later(hours: int) -> str:
    """A schedule that acts for a minute, so many hours from now."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    return f'{{ type = "daily", start = "{at:%H:%M}", end = "{at + timedelta(minutes=1):%H:%M}" }}'


def why(realm: Realm, node: str) -> dict[str, Any]:
    found: dict[str, Any] = realm.hq.run("distribution", "why", "docs", node)
    return found


def test_the_reason_is_true_from_the_closed_window_to_the_failed_extraction(
    tmp_path: Path,
) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north", "late": ""}) as realm:
        realm.fill(2, 50_000)
        realm.declare(send=later(6))
        realm.hq.start()
        for name, parent in (("north", realm.hq), ("oslo", realm.nodes["north"])):
            realm.nodes[name].join(parent)
            realm.nodes[name].start()
        realm.build()
        # Who never joined is listed, and who waits does so for the window.
        assert why(realm, "late")["steps"][0]["reason"] == "never_contacted"
        found = why(realm, "oslo")
        assert [step["gate"] for step in found["steps"]] == ["oslo", "north"]
        assert found["steps"][0]["reason"] == "parent_incomplete(north, 0 %)"
        assert found["steps"][1]["reason"].startswith("window_closed(")
        assert found["next"] is not None
        # Unpacking waits for its schedule: so it says, and until when.
        realm.extra["oslo"] = f"extract = {later(8)}"
        realm.declare()
        realm.until_extracted(1, "north")
        until(lambda: realm.state("oslo") == "received", lambda: str(realm.status()))
        assert why(realm, "oslo")["steps"][0]["reason"].startswith("extract_wait(")
        # What fails says where, and somebody is told.
        docs = realm.nodes["oslo"].inbox / "docs"
        docs.parent.mkdir(parents=True, exist_ok=True)
        docs.write_text("in the way")
        realm.extra["oslo"] = 'extract = { type = "immediately" }'
        realm.declare()
        until(lambda: realm.state("oslo") == "extract_failed", lambda: str(realm.status()))
        assert "oslo could not unpack it" in why(realm, "oslo")["said"]
        notices = realm.hq.folder / "state" / "notices"
        told = until(
            lambda: "".join(path.read_text() for path in notices.glob("*.log")), "nothing is told"
        )
        assert "success version_built docs" in told
        assert until(
            lambda: (
                "error extract_failed docs 1 at oslo"
                in "".join(path.read_text() for path in notices.glob("*.log"))
            ),
            "the failure is not told",
        )
        # Who leaves is unsubscribed, and its files stay.
        realm.hq.run("channel", "unsubscribe", "night", "north")
        realm.hq.run("distributor", "refresh", "hq")
        assert realm.state("north") == "unsubscribed"
        assert (realm.nodes["north"].inbox / "docs").is_dir()
        rows = realm.hq.run("distribution", "report", "docs", "detail")["rows"]
        assert {row["subscriber"] for row in rows} >= {"north", "oslo"}


def test_a_parent_tells_of_a_silent_child_and_those_behind_it_wait_for_it(tmp_path: Path) -> None:
    parents = {"north": "", "oslo": "north", "vardo": "oslo"}
    with realm_of(tmp_path, parents) as realm:
        realm.fill(1, 10_000)
        realm.extra["north"] = 'extract = { type = "immediately" }\ntimeout = 2'
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        killed = datetime.now(UTC) - timedelta(seconds=2)
        realm.nodes["oslo"].kill()
        (realm.source / "more").write_text("more\n")
        realm.build()
        until(
            lambda: str(realm.status()["vardo"]["reason"]).startswith("parent_down(oslo"),
            lambda: str(realm.status()),
        )
        since = str(realm.status()["vardo"]["reason"]).partition(", ")[2].rstrip(")")
        assert datetime.fromisoformat(since) >= killed
        found = why(realm, "vardo")
        assert [step["gate"] for step in found["steps"]] == ["vardo", "oslo"]
        assert found["steps"][1]["reason"].startswith("unreachable(")
        realm.nodes["oslo"].start()
        realm.until_extracted(2)


def test_a_transfer_that_is_too_slow_says_when_it_is_tried_again(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(1, 1_000_000)
        slow = 'extract = { type = "immediately" }\ntimeout = 2\nmin_rate = "10MiB"'
        realm.extra["oslo"] = f'parents = ["north"]\n{slow}'
        realm.extra["north"] = (
            'extract = { type = "immediately" }\noutput_rate = { medium = "20KiB" }'
        )
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1, "north")
        reason = until(
            lambda: next(
                (one for one in [str(realm.status()["oslo"]["reason"])] if "backoff" in one), ""
            ),
            lambda: f"{realm.status()} {realm.logs()}",
            30,
        )
        assert re.fullmatch(r"backoff\(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", reason)
        assert realm.status()["oslo"]["until"] in reason
        assert "less than" in realm.nodes["oslo"].log
