"""What the agenda costs when fifty people look at it at once.

The example site with three weeks of bookings is served by a process of its own; each viewer has a
session and asks for the week over a connection that stays. The rival is a single viewer: fifty at
once may not take longer than fifty one after the other, and one alone stays below 100 ms.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import aiohttp
from load import Row, scratch, show

from horarium.identity.account import Account, Role
from horarium.identity.record import Kind
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.store import Store, Transaction

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
ROOMS = ("confroom", "studio")
VIEWERS, EACH, ALONE = 50, 6, 40
DAY, HOUR = 86_400, 3_600
MOST_MILLIS, MOST_BYTES = 100.0, 100_000


def invitation(room: str, start: Instant, number: int) -> bytes:
    """A REQUEST for an hour of a room."""
    stamp = format_instant(start).replace("-", "").replace(":", "")
    end = format_instant(Instant(start + HOUR)).replace("-", "").replace(":", "")
    lines = (
        "From: <vincent.vole@example.com>", f"To: <{room}>", f"Message-ID: <{number}@bench>",
        "Subject: x", "MIME-Version: 1.0", "Content-Type: text/calendar; method=REQUEST", "",
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
        f"UID:{number}@bench", "DTSTAMP:20260101T000000Z", f"DTSTART:{stamp}", f"DTEND:{end}",
        f"SUMMARY:Meeting {number}", "ORGANIZER:mailto:vincent.vole@example.com",
        f"ATTENDEE;RSVP=TRUE:mailto:{room}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def make_site(root: Path) -> int:
    """The example site with two rooms booked for most of three weeks; how many bookings."""
    quiet = {"check": True, "capture_output": True}
    subprocess.run([*PROGRAM, "--site", str(root), "init", "--example"], **quiet)
    subprocess.run([*PROGRAM, "--site", str(root), "apply", str(root / "objects")], **quiet)
    site, clock = Site(root), SystemClock()
    settings = load_settings(site, {})
    store = open_store(site, settings, clock)
    agent, now = MailAgent(store, settings), clock.now()
    monday = now - now % DAY + (7 - (now // DAY + 3) % 7) * DAY
    number = 0
    for day in (d for d in range(21) if d % 7 < 5):
        for hour in range(8, 16):
            for room in ROOMS:
                number += 1
                start = Instant(monday + day * DAY + hour * HOUR)
                address = f"resource-room-{room}@example.com"
                agent.deliver(
                    "vincent.vole@example.com", address, invitation(address, start, number), now
                )
    booked = len(store.read(lambda tx: tx.decisions.last(10_000)))
    assert booked == number
    store.close()
    return number


def cookies(store: Store, web: SessionKeeper, many: int) -> list[str]:
    """Sessions of viewers."""
    now = SystemClock().now()

    def work(tx: Transaction) -> list[str]:
        found = []
        for number in range(many):
            account = Account(str(uuid4()), f"viewer-{number}", now, frozenset({Role.VIEWER}))
            tx.accounts.add(account)
            made = web.rules.new(Kind.STAFF, account.name, now, SystemSecrets())
            cookie = web.put(tx, made, now, "127.0.0.1", "").cookie
            found.append(f"{cookie.name}={cookie.value}")
        return found

    return store.transact([], work)


async def view(http: aiohttp.ClientSession, url: str, cookie: str, many: int) -> list[float]:
    """Looks so often; the milliseconds of each look."""
    times = []
    for _ in range(many):
        begun = time.perf_counter()
        async with http.get(url, headers={"Cookie": cookie}) as answer:
            body = await answer.read()
        times.append((time.perf_counter() - begun) * 1e3)
        assert answer.status == 200, answer.status
        assert b"Meeting 1" in body, "the bookings are not on the page"
        assert len(body) <= MOST_BYTES, f"{len(body)} bytes"
    return times


async def measure(url: str, keys: list[str]) -> tuple[list[float], list[float], float, int]:
    """One viewer alone, then all at once: their milliseconds, the seconds of all, the octets."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=True) as http:
        await view(http, url, keys[0], 5)
        alone = await view(http, url, keys[0], ALONE)
        begun = time.perf_counter()
        found = await asyncio.gather(*(view(http, url, key, EACH) for key in keys))
        whole = time.perf_counter() - begun
        async with http.get(url, headers={"Cookie": keys[0]}) as answer:
            octets = len(await answer.read())
    return alone, sorted(t for times in found for t in times), whole, octets


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    with scratch() as root:
        booked = make_site(root)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        site, clock = Site(root), SystemClock()
        environment = {"HORARIUM_WEB_LISTEN": f"127.0.0.1:{port}", "HORARIUM_WEB_URL": base}
        settings = load_settings(site, environment)
        store = open_store(site, settings, clock)
        keys = cookies(
            store, SessionKeeper(store, session_rules(settings.web, secure=False)), VIEWERS
        )
        store.close()
        with (root / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [*PROGRAM, "--site", str(root), "serve", "--only", "web"], stderr=log,
                env={**os.environ, **environment},
            )  # fmt: skip
        try:
            while b"serving" not in (root / "log").read_bytes():
                assert daemon.poll() is None, (root / "log").read_text()
                time.sleep(0.01)
            monday = clock.now() + 7 * DAY
            url = f"{base}/agenda?date={format_instant(Instant(monday))[:10]}"
            alone, together, whole, octets = asyncio.run(measure(url, keys))
        finally:
            daemon.kill()
            daemon.wait()
    one, half, most = median(alone), together[len(together) // 2], together[-1]
    rate = len(together) / whole
    in_turn = one * len(together) / 1e3
    show(
        "agenda_page",
        [
            Row(
                f"the week of a site with {booked} bookings, one viewer; {octets:,} octets",
                f"{one:.1f} ms", f"{MOST_MILLIS:.0f} ms", one / MOST_MILLIS, "<= 1",
                one <= MOST_MILLIS,
            ),
            Row(
                f"{VIEWERS} viewers at once, {len(together)} looks, {rate:.0f} a second",
                f"{whole:.2f} s", f"{in_turn:.2f} s (one after the other)", whole / in_turn,
                "<= 1.5", whole <= 1.5 * in_turn,
            ),
            Row(f"a look among {VIEWERS}: middle, longest", f"{half:.0f} ms, {most:.0f} ms", "",
                None, "reported", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
