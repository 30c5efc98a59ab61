"""A site with real processes: a daemon that may be killed, and the mail systems on both its sides.

Whatever is asserted is taken from the outside: the answers that arrived, what the commands print.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
ROOM = "room@example.com"
PATIENCE = 30.0
_plain: list[tempfile.TemporaryDirectory[str]] = []


def until(what: Callable[[], bool], why: str, seconds: float = PATIENCE) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.005)


class Daemon:
    """One process of `serve`, killed when the block ends unless it was stopped."""

    def __init__(self, world: World, crash: str, arguments: tuple[str, ...]) -> None:
        self.log = world.site / "log"
        environ = {**os.environ, "HORARIUM_CRASH_AT": crash}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "--site", str(world.site), "serve", *arguments], env=environ, stderr=log
            )

    def __enter__(self) -> Daemon:
        until(lambda: self.process.poll() is not None or "serving" in self.said, "it never served")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        """What stands in its log."""
        return self.log.read_text()

    def was_killed(self) -> None:
        """Waits for its sudden death."""
        assert self.process.wait(PATIENCE) == -signal.SIGKILL, self.said

    def stop(self) -> float:
        """Asks it to end, waits, and gives the seconds that took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.said
        return time.monotonic() - begun


class World:
    """A site in `folder` with rooms (address to further TOML lines) and its sockets."""

    def __init__(self, folder: Path, rooms: dict[str, str] | None = None) -> None:
        self.site = folder
        self.lmtp, self.smtp = folder / "lmtp", folder / "smtp"
        (folder / "objects").mkdir(parents=True)
        (folder / "horarium.toml").write_text(
            f'[mail]\nlmtp = "unix:{self.lmtp}"\nsmtp = "unix:{self.smtp}"\n'
            f'[web]\nlisten = "unix:{folder / "web"}"\n'
        )
        (folder / "objects" / "rooms.toml").write_text(
            "".join(f'[resource."{n}"]\n{lines}\n' for n, lines in (rooms or {ROOM: ""}).items())
        )
        self._apply(rooms is None)

    def _apply(self, plain: bool) -> None:
        """Makes the rooms known; the store of the plain site is made once and copied."""
        if plain and _plain:
            shutil.copytree(_plain[0].name, self.site / "state")
            return
        applied = self.run("apply", str(self.site / "objects"))
        assert applied.returncode == 0, applied.stderr
        if plain:
            _plain.append(tempfile.TemporaryDirectory())
            shutil.copytree(self.site / "state", _plain[0].name, dirs_exist_ok=True)

    def serve(self, crash: str = "", *arguments: str) -> Daemon:
        """A daemon; with `crash` it dies at that point."""
        return Daemon(self, crash, (*(("--testing",) if crash else ()), *arguments))

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs one command on the site."""
        return subprocess.run(
            [*PROGRAM, "--site", str(self.site), *arguments],
            capture_output=True, check=False, timeout=60, **options,
        )  # fmt: skip

    def busy(self, name: str = ROOM) -> list[str]:
        """The UIDs of what a room holds, as a command prints them."""
        shown = self.run("--json", "freebusy", "show", name, "--to", "2100-01-01")
        assert shown.returncode == 0, shown.stderr
        return [entry["uid"] for entry in json.loads(shown.stdout)["busy"]]

    def offer(self, data: bytes, to: str = ROOM, sender: str = "") -> int:
        """Hands one message to the daemon as a mail system does: the code of the answer, 0 when
        the connection broke before there was one."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PATIENCE)
                connection.connect(str(self.lmtp))
                return talk(connection, [(sender or sender_of(data), to, data)])[0]
        except (ConnectionError, FileNotFoundError, EOFError):
            return 0

    def deliver(self, data: bytes, to: str = ROOM) -> None:
        """Offers a message again and again until it is taken."""
        until(lambda: self.offer(data, to) == 250, "the message was never taken")


def talk(connection: socket.socket, messages: list[tuple[str, str, bytes]]) -> list[int]:
    """The codes with which (sender, recipient, message) are answered over one connection.
    EOFError when it ends early."""
    stream = connection.makefile("rwb")

    def ask(*lines: str) -> int:
        if lines:
            stream.write("".join(f"{line}\r\n" for line in lines).encode())
            stream.flush()
        while True:
            answer = stream.readline()
            if not answer.endswith(b"\r\n"):
                raise EOFError
            if answer[3:4] == b" ":
                return int(answer[:3])

    ask()
    ask("LHLO test")
    codes = []
    for sender, to, data in messages:
        ask(f"MAIL FROM:<{sender}>")
        refused = ask(f"RCPT TO:<{to}>")
        if refused != 250:
            codes.append(refused)
            ask("RSET")
            continue
        ask("DATA")
        stream.write(b"\r\n".join(b"." + x if x[:1] == b"." else x for x in data.split(b"\r\n")))
        codes.append(ask("."))
    return codes


def sender_of(data: bytes) -> str:
    """The address in From."""
    return data.partition(b"From: ")[2].partition(b"\r\n")[0].decode()


def invitation(
    uid: str,
    *,
    by: str = "ann@example.org",
    start: str = "20991201T090000Z",
    end: str = "20991201T100000Z",
    to: str = ROOM,
    rule: str = "",
    sequence: int = 0,
) -> bytes:
    """A REQUEST, as a calendar program mails it."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//test//test//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{sequence}",
        "DTSTAMP:20200101T000000Z",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        *([f"RRULE:{rule}"] if rule else []),
        "SUMMARY:Planning",
        f"ORGANIZER:mailto:{by}",
        f"ATTENDEE;RSVP=TRUE:mailto:{to}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    message = EmailMessage()
    message["From"], message["To"] = by, to
    message["Subject"], message["Message-ID"] = "Planning", f"<{uid}-{sequence}>"
    message.set_content("You are invited.")
    message.add_alternative(
        "\r\n".join(lines).encode(),
        maintype="text",
        subtype="calendar",
        params={"method": "REQUEST"},
    )
    return message.as_bytes().replace(b"\n", b"\r\n")
