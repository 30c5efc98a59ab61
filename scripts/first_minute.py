"""The first minute: what a site of rooms, cars and directives does, on a scratch site.

Prints a transcript; README.md holds the same text, and a test compares the two.
"""

from __future__ import annotations

import asyncio
import json
import mailbox
import os
import shlex
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from horarium.kernel.instant import Instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.demo.distribution import send_window
from horarium.runtime.demo.realm import DISTRIBUTION, DemoRealm

CALLED = "2026-03-03 11:30"
NOW = "2026-03-02 09:00"
ROOM = "resource-room-confroom@example.com"
HOURLY, NOTED = "events.ctl:5", "booking-noted"
PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]


class Minute:
    """One scratch site and what happens on it."""

    def __init__(self, site: Path) -> None:
        self.site = site
        port = _free_port()
        self.port = port
        self.environment = {
            **os.environ,
            "HORARIUM_SITE": str(site),
            "HORARIUM_MAIL_LMTP": f"127.0.0.1:{port}",
            "HORARIUM_WEB_LISTEN": f"unix:{site / 'web'}",
            "HORARIUM_NODE_LISTEN": f"127.0.0.1:{_free_port()}",
        }

    def run(self, *words: str, data: bytes = b"", now: bool = True) -> bytes:
        """Runs one command; its standard output."""
        clock = ["--now", NOW] if now else []
        done = subprocess.run(
            [*PROGRAM, *clock, *words], input=data, env=self.environment, capture_output=True
        )
        if done.returncode:
            sys.exit(f"horarium {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout

    def ask(self, *words: str) -> object:
        """Runs a command for its JSON answer."""
        return json.loads(self.run(*words, "--json"))

    def show(self, *words: str) -> None:
        """Runs a command and prints it with its answer."""
        print(f"$ horarium {shlex.join(words)}")
        print(self.run(*words).decode().rstrip())

    def invite(self, uid: str, who: str, title: str, start: str, end: str) -> None:
        """Delivers an invitation as a mail system's pipe does, and prints the answer."""
        mail = invitation(uid, who, title, start, end)
        print(f"$ horarium deliver -r {ROOM} --emit < {uid}.eml")
        output = self.run("deliver", "-r", ROOM, "--emit", data=mail)
        print(answer_text(output))


def invitation(uid: str, who: str, title: str, start: str, end: str) -> bytes:
    """An invitation as a calendar program mails it; times are `20260303T130000` of Oslo."""
    address = f"{who.lower().replace(' ', '.')}@example.com"
    calendar = "\r\n".join(
        (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//EN", "METHOD:REQUEST",
            "BEGIN:VEVENT", f"UID:{uid}@example.com", "DTSTAMP:20260301T120000Z", "SEQUENCE:0",
            f"DTSTART;TZID=Europe/Oslo:{start}", f"DTEND;TZID=Europe/Oslo:{end}",
            f"SUMMARY:{title}", f"ORGANIZER;CN={who}:mailto:{address}",
            f"ATTENDEE;CUTYPE=ROOM;RSVP=TRUE:mailto:{ROOM}", "END:VEVENT", "END:VCALENDAR", "",
        )
    )  # fmt: skip
    message = EmailMessage()
    message["From"] = f"{who} <{address}>"
    message["To"] = ROOM
    message["Subject"] = title
    message["Message-ID"] = f"<{uid}@example.com>"
    message.set_content(calendar, subtype="calendar", params={"method": "REQUEST"})
    return bytes(message)


def answer_text(mails: bytes) -> str:
    """Subject and text of the first mail of an mbox, as a person reads it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(mails)
        file.flush()
        raw = bytes(mailbox.mbox(file.name)[0])
    return _shown(raw)


def _parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def _shown(raw: bytes) -> str:
    message = _parsed(raw)
    body = message.get_body(("plain",))
    assert body is not None
    lines = [f"Subject: {message['Subject']}", *body.get_content().strip().splitlines()]
    return "\n".join(f"  | {line}" for line in lines)


def table(minute: Minute) -> None:
    """What is open tomorrow and what is next, for each object of the example site."""
    resources = minute.ask("resource", "list")
    assert isinstance(resources, dict)
    print("What is open on Tuesday, and what is next?")
    print(f"  {'object':<38} {'open':<26} next")
    for resource in resources["resources"]:
        name = resource["id"]
        window = ("--from", "2026-03-03 08:00", "--to", "2026-03-03 18:00")
        open_time = minute.ask("open", name, *window)
        following = minute.ask("next", name, "--count", "1")
        assert isinstance(open_time, dict)
        assert isinstance(following, dict)
        opened = ", ".join(f"{_hour(p['start'])}-{_hour(p['end'])}" for p in open_time["open"])
        coming = "; ".join(f"{_hour(n['at'])} {n['what']}" for n in following["next"])
        print(f"  {name:<38} {opened or 'nothing':<26} {coming or '-'}")


def _hour(instant: str) -> str:
    # The scratch site's days lie in winter: Oslo is one hour ahead.
    return f"{int(instant[11:13]) + 1:02}:{instant[14:16]}"


def killed(minute: Minute) -> None:
    """A daemon runs what is due, takes an invitation by LMTP and is killed; after a restart nothing
    is lost and nothing is done twice."""
    mail = invitation("workshop", "Harvey Horse", "Workshop", "20260304T090000", "20260304T120000")
    daemon = _serve(minute)
    _wait_for(lambda: _ran(minute, HOURLY))
    with smtplib.LMTP("127.0.0.1", minute.port) as client:
        client.sendmail("harvey.horse@example.com", [ROOM], mail)
    print("The daemon runs what is due, and takes an invitation by LMTP: 250. Then: kill -9.")
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    daemon = _serve(minute)
    folder = minute.site / "state" / "mail" / "new"
    answers = _wait_for(lambda: list(folder.glob("*")))
    ran = _wait_for(lambda: _ran(minute, HOURLY, NOTED))
    daemon.terminate()
    daemon.wait()
    count = len({_parsed(path.read_bytes())["Message-ID"] for path in answers})
    print(f"Started again: {count} answer has left.")
    print(_shown(answers[0].read_bytes()))
    noted = _noted(minute)
    print(f"Of the timetable, {len(noted)} runs left a note, and the ledger says the same:")
    for entry in ran:
        print(f"  {entry['id']:<14} {entry['what']}")


def _noted(minute: Minute) -> list[str]:
    """What the programs of the hourly line and of the bookings have noted."""
    lines = (minute.site / "notes.log").read_text("utf-8").splitlines()
    found = [line.split(" ", 2)[2] for line in lines]
    return [what for what in found if what in ("hourly", "booked")]


def _ran(minute: Minute, *ids: str) -> list[dict[str, str]]:
    """The runs of some entries that have ended well, once each of them has one."""
    window = ("--from", "-1h", "--to", "+1m", "--kind", "directive", "--json")
    found = json.loads(minute.run("agenda", *window, now=False))["entries"]
    ran = [e for e in found if e["id"] in ids and e["what"].endswith(": finished")]
    # Two runs of one second have no order of their own.
    return sorted(ran, key=lambda e: ids.index(e["id"])) if {e["id"] for e in ran} == {*ids} else []


MEGABYTE, OPEN_SECONDS = 1_000_000, 2
GRID = 'rate_grid = ["Mon-Sun 00:00-24:00 977KiB"]'


async def two_tiers(folder: Path) -> None:
    """A version goes to a parent and the node behind it; the window of the first link closes on the
    way, and opens again."""
    clock = SystemClock()
    realm = DemoRealm(folder, clock, {"north": "", "oslo": "north"}, {})
    hq, north, oslo = realm.hq, realm.nodes["north"], realm.nodes["oslo"]
    try:
        for name in ("prices", "pictures", "rules"):
            (realm.source / name).write_bytes(os.urandom(MEGABYTE))
        realm.declare({"night": 'send = { type = "never" }'})
        await realm.start()
        made = realm.build()
        print(f"$ horarium distribution build {DISTRIBUTION}")
        print(f"{DISTRIBUTION}: version {made.version}, {made.files} files, {made.size} octets")
        first = Instant(clock.now() + 3)
        end = Instant(first + OPEN_SECONDS)
        again = Instant(end + 3)
        evening = send_window(first, end) + GRID
        realm.declare(
            {"evening": evening, "night": send_window(again, Instant(again + 600)) + GRID}
        )
        await north.until(lambda: clock.until(end) < -1, "the window ends")
        cut = north.arriving()
        print(
            f"The window ends: north has {_mb(cut)} of 3 MB, and oslo {_mb(oslo.arriving())} by it."
        )
        await realm.until_same()
        content = hq.store.read(lambda tx: tx.versions.retained(DISTRIBUTION))[0].bundles[0].content
        flows = [node.sent(content.digest) for node in (hq, north)]
        assert flows[0] == [cut, content.length - cut], "not exactly the rest"
        assert sum(flows[1]) == content.length, "more than one copy"
        print("It opens again: exactly the rest goes, and each octet went once over each link.")
        shown = subprocess.run(
            [*PROGRAM, "--site", str(hq.site.root), "distribution", "status", DISTRIBUTION],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        print(f"$ horarium distribution status {DISTRIBUTION}")
        print("\n".join(line.rstrip() for line in shown.stdout.splitlines()[1:3]))
    finally:
        await realm.end()


def _mb(octets: int) -> str:
    return f"{round(octets / MEGABYTE)} MB"


def _serve(minute: Minute) -> subprocess.Popen[bytes]:
    daemon = subprocess.Popen([*PROGRAM, "--quiet", "serve"], env=minute.environment,
                              stderr=subprocess.DEVNULL)  # fmt: skip
    _wait_for(lambda: _listens(minute.port))
    return daemon


def _wait_for(probe):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    sys.exit("the first minute took too long")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Plays the minute."""
    with tempfile.TemporaryDirectory(prefix="horarium-") as folder:
        site = Path(folder) / "site"
        minute = Minute(site)
        minute.run("init", "--example", now=False)
        minute.run("apply", str(site / "objects"))
        print(f"A scratch site; its clock stands at Monday {NOW}, Oslo.\n")
        minute.run("deliver", "-r", ROOM, "--emit", data=invitation(
            "review", "Paul Boddie", "Design review", "20260303T130000", "20260303T140000"
        ))  # fmt: skip
        table(minute)
        print("\nWhat is to be run this morning?")
        minute.show("directives", "next", "--to", "2026-03-02 12:01")
        print("\nVincent wants the room at 13:30.")
        minute.invite("budget", "Vincent Vole", "Budget", "20260303T133000", "20260303T143000")
        minute.show("why", ROOM, "budget@example.com")
        minute.show("open", ROOM, "--from", "2026-03-03 08:00", "--to", "2026-03-03 18:00")
        print("\nSo he takes 14:00.")
        minute.invite("budget2", "Vincent Vole", "Budget", "20260303T140000", "20260303T150000")
        print("\nTwo patients call the reception; the doctors see them in turn.")
        for _ in range(2):
            minute.show("assistant", "get", "reception", "--duration", "1h", "--time", CALLED)
        print()
        killed(minute)
        minute.show("next", ROOM)
        print(
            "\nFiles for two servers, the second behind the first, by a link that is open for 2 s:"
        )
        tiers = Path(folder) / "tiers"
        tiers.mkdir()
        asyncio.run(two_tiers(tiers))


if __name__ == "__main__":
    main()
