"""What schedules do and do not: what has begun is finished, parents go on, certificates stay."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.realm import realm_of, until

pytestmark = pytest.mark.timeout(300)


def clock(seconds: float) -> str:
    """A time of day so many seconds from now."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S}"


def test_an_edited_schedule_leaves_keys_and_certificates_alone(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()

        def papers() -> dict[str, bytes]:
            folders = [n.folder / "state" / "distribution" for n in (realm.hq, realm.nodes["one"])]
            found = [p for f in folders for p in (*f.rglob("*.key"), *f.rglob("*.pem"))]
            return {str(path): path.read_bytes() for path in found}

        before = papers()
        assert len(before) >= 6
        realm.extra["one"] = 'extract = { type = "daily", start = "00:00" }'
        realm.declare(send='{ type = "interval", every = "1h" }')
        realm.build()
        until(lambda: realm.state("one") in ("received", "extract_wait", "extracted"), realm.logs)
        assert papers() == before


def test_a_build_begun_in_its_window_is_finished_after_its_end(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(6, 300_000)
        realm.declare()
        realm.start()
        begins, ends = clock(8), clock(11)
        build = f'build = {{ type = "daily", start = "{begins}", end = "{ends}" }}\n'
        path = realm.hq.folder / "objects" / "realm.toml"
        text = path.read_text().replace('build = { type = "never" }', build)
        # 1.8 MB at 150 KiB a second take twelve seconds: far beyond the end.
        text = text.replace("[distributor.hq]", '[distributor.hq]\ninput_rate = "150KiB"')
        path.write_text(text)
        realm.hq.run("apply", str(path))
        realm.hq.run("distributor", "refresh", "hq")
        realm.until_extracted(1)
        assert clock(0) > ends
        assert realm.is_whole("one")


def test_an_extraction_begun_in_its_window_is_finished_after_its_end(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(2, 1_000)
        one = realm.nodes["one"]
        one.configure(allow_actions=True, actions_user="nobody" if os.geteuid() == 0 else "")
        realm.extra["one"] = 'extract = { type = "never" }'
        actions = 'pre = [{ run = ["/bin/sleep", "6"] }]\n'
        realm.declare(distribution=actions)
        realm.start()
        realm.build()
        until(lambda: realm.state("one") == "received", realm.logs)
        begins, ends = clock(10), clock(13)
        window = f'{{ type = "daily", start = "{begins}", end = "{ends}" }}'
        realm.extra["one"] = f"extract = {window}"
        realm.declare(distribution=actions)
        assert clock(0) < begins
        # Six seconds of an action take it beyond the end; another window comes a day later.
        realm.until_extracted(1)
        assert clock(0) > ends
        assert realm.is_whole("one")


def test_refreshes_during_a_long_build_do_not_cancel_it(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(6, 300_000)
        realm.declare()
        realm.start()
        path = realm.hq.folder / "objects" / "realm.toml"
        limit = '[distributor.hq]\ninput_rate = "100KiB"'
        path.write_text(path.read_text().replace("[distributor.hq]", limit))
        realm.hq.run("apply", str(path))
        realm.hq.run("distributor", "refresh", "hq")
        built: list[object] = []
        thread = threading.Thread(target=lambda: built.append(realm.build()))
        thread.start()
        refreshed = 0
        while thread.is_alive():
            realm.hq.run("distributor", "refresh", "hq")
            refreshed += 1
        assert refreshed >= 2
        assert len(built) == 1
        realm.until_extracted(1)


@pytest.mark.parametrize("relay", ["cut_through", "store_and_forward"])
def test_parents_of_either_manner_go_on_after_the_end(tmp_path: Path, relay: str) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(4, 500_000)
        now = 'extract = { type = "immediately" }\n'
        realm.extra["north"] = f'{now}relay = "{relay}"'
        realm.extra["oslo"] = f'{now}parents = ["north"]\ninput_rate = "150KiB"'
        realm.declare(send='{ type = "never" }')
        realm.start()
        realm.build()
        # North has its two megabytes in a moment, oslo needs 14 seconds, the window has six.
        send = f'{{ type = "daily", start = "{clock(2)}", end = "{clock(8)}" }}'
        realm.declare(send=send)
        until(lambda: realm.state("north") == "extracted", realm.logs, 20)
        assert realm.state("oslo") != "extracted"
        realm.until_extracted(1)
        assert realm.is_whole("oslo")


def test_what_is_built_at_every_refresh_is_built_at_one_by_hand(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        path = realm.hq.folder / "objects" / "realm.toml"
        always = 'build = { type = "immediately" }'
        path.write_text(path.read_text().replace('build = { type = "never" }', always))
        realm.hq.run("apply", str(path))
        for version in (1, 2):
            (realm.source / "news").write_text(f"{version}\n")
            realm.hq.run("distributor", "refresh", "hq")
            realm.until_extracted(version)


def test_a_node_that_waits_for_its_start_unpacks_when_it_starts(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(1, 1_000)
        realm.extra["one"] = 'extract = { type = "on", signal = "start" }'
        realm.declare()
        realm.start()
        realm.build()
        until(lambda: realm.state("one") == "received", realm.logs)
        realm.nodes["one"].stop()
        realm.nodes["one"].start()
        realm.until_extracted(1)
        assert realm.is_whole("one")
