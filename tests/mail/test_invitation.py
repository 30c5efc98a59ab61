"""An invitation through a real mail system, to a real daemon, and its answer back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import icalendar

from tests.mail.conftest import StartPostfix
from tests.mail.postfix import PATIENCE, Postfix, free_port
from tests.mail.relay import relaying

ORGANIZER = "organizer@example.com"
ROOM = "room@example.com"
PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]


def horarium(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command on ``site``."""
    return subprocess.run(
        [*PROGRAM, "--site", str(site), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def make_site(folder: Path, lmtp: int, smtp: int) -> Path:
    """A site with one room whose answers go to the mail system at port ``smtp``."""
    (folder / "objects").mkdir(parents=True)
    (folder / "horarium.toml").write_text(
        f'[mail]\nlmtp = "127.0.0.1:{lmtp}"\nsmtp = "127.0.0.1:{smtp}"\n'
        f'[web]\nlisten = "unix:{folder / "web"}"\n'
    )
    (folder / "objects" / "room.toml").write_text(f'[resource."{ROOM}"]\nname = "Room"\n')
    applied = horarium(folder, "apply", str(folder / "objects"))
    assert applied.returncode == 0, applied.stderr
    return folder


@contextlib.contextmanager
def serving(site: Path, end: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    """A daemon for ``site`` in a process of its own, ended by the signal ``end``."""
    log = (site / "log").open("w+")
    daemon = subprocess.Popen([*PROGRAM, "--site", str(site), "serve"], stderr=log, env=os.environ)
    try:
        deadline = time.monotonic() + PATIENCE
        while "serving" not in (site / "log").read_text():
            assert daemon.poll() is None, (site / "log").read_text()
            assert time.monotonic() < deadline, (site / "log").read_text()
            time.sleep(0.05)
        yield
        daemon.send_signal(end)
        status = 0 if end is signal.SIGTERM else -end
        assert daemon.wait(PATIENCE) == status, (site / "log").read_text()
    finally:
        daemon.kill()
        daemon.wait()
        log.close()


def invitation(uid: str, start: str = "20991201T090000Z", end: str = "20991201T100000Z") -> bytes:
    """A REQUEST to the room, as a calendar program mails it."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//test//test//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20200101T000000Z",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        "SUMMARY:Planning",
        f"ORGANIZER:mailto:{ORGANIZER}",
        f"ATTENDEE;RSVP=TRUE:mailto:{ROOM}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    message = EmailMessage()
    message["From"], message["To"] = ORGANIZER, ROOM
    message["Subject"], message["Message-ID"] = "Planning", f"<{uid}>"
    message.set_content("You are invited.")
    message.add_alternative(
        "\r\n".join(lines).encode(),
        maintype="text",
        subtype="calendar",
        params={"method": "REQUEST"},
    )
    return message.as_bytes().replace(b"\n", b"\r\n")


def verdicts(postfix: Postfix, count: int) -> list[str]:
    """What the room's answers in the organizer's mailbox say, in order of arrival."""
    found = []
    for mail in postfix.wait_for_mail(ORGANIZER, count):
        assert mail["Return-Path"] == f"<{ROOM}>"
        for part in mail.walk():
            if part.get_content_type() == "text/calendar":
                text = part.get_content()
                text = text.decode() if isinstance(text, bytes) else text
                text = text.replace("\r\n ", "").replace("\n ", "")
                assert "METHOD:REPLY" in text
                found += [s for s in ("ACCEPTED", "DECLINED") if f"PARTSTAT={s}" in text]
    return found


def test_by_lmtp_the_first_is_accepted_and_the_second_declined(
    start_postfix: StartPostfix, tmp_path: Path
) -> None:
    lmtp, smtp = free_port(), free_port()
    postfix = start_postfix(routes={ROOM: f"lmtp:inet:127.0.0.1:{lmtp}"}, port=smtp)
    site = make_site(tmp_path / "site", lmtp, smtp)
    with serving(site):
        postfix.submit(invitation("one@example.com"), ORGANIZER, ROOM)
        assert verdicts(postfix, 1) == ["ACCEPTED"]
        postfix.submit(invitation("two@example.com"), ORGANIZER, ROOM)
        assert sorted(verdicts(postfix, 2)) == ["ACCEPTED", "DECLINED"]
        # The same mail again changes nothing and is not answered again.
        postfix.submit(invitation("one@example.com"), ORGANIZER, ROOM)
        postfix.wait_until_empty()
    assert len(postfix.mailbox(ORGANIZER)) == 2
    shown = horarium(site, "--json", "freebusy", "show", ROOM, "--to", "2100-01-01")
    assert [entry["uid"] for entry in json.loads(shown.stdout)["busy"]] == ["one@example.com"]


def test_mail_waits_for_the_daemon_and_survives_its_death(
    start_postfix: StartPostfix, tmp_path: Path
) -> None:
    lmtp, smtp = free_port(), free_port()
    postfix = start_postfix(routes={ROOM: f"lmtp:inet:127.0.0.1:{lmtp}"}, port=smtp)
    site = make_site(tmp_path / "site", lmtp, smtp)
    postfix.submit(invitation("one@example.com"), ORGANIZER, ROOM)
    postfix.wait_for_log("Connection refused")
    with serving(site):
        postfix.flush()
        assert verdicts(postfix, 1) == ["ACCEPTED"]
    with serving(site):
        postfix.submit(invitation("two@example.com"), ORGANIZER, ROOM)
        assert sorted(verdicts(postfix, 2)) == ["ACCEPTED", "DECLINED"]


def test_a_kill_between_two_invitations_loses_nothing(
    start_postfix: StartPostfix, tmp_path: Path
) -> None:
    lmtp, smtp = free_port(), free_port()
    postfix = start_postfix(routes={ROOM: f"lmtp:inet:127.0.0.1:{lmtp}"}, port=smtp)
    site = make_site(tmp_path / "site", lmtp, smtp)
    with serving(site, signal.SIGKILL):
        postfix.submit(invitation("one@example.com"), ORGANIZER, ROOM)
        postfix.wait_until_empty()
    postfix.submit(invitation("two@example.com"), ORGANIZER, ROOM)
    with serving(site, signal.SIGKILL):
        postfix.flush()
        assert sorted(verdicts(postfix, 2)) == ["ACCEPTED", "DECLINED"]
    by_id = {str(mail["Message-ID"]) for mail in postfix.mailbox(ORGANIZER)}
    assert len(by_id) == 2
    calendars = [
        icalendar.Calendar.from_ical(part.get_payload(decode=True))
        for mail in postfix.mailbox(ORGANIZER)
        for part in mail.walk()
        if part.get_content_type() == "text/calendar"
    ]
    for calendar in calendars:
        (event,) = calendar.walk("VEVENT")
        assert str(event["ORGANIZER"]) == f"mailto:{ORGANIZER}"
        assert str(event["ATTENDEE"]) == f"mailto:{ROOM}"
        assert str(event["UID"]) in ("one@example.com", "two@example.com")


def test_the_doctor_asks_through_the_mail_system(
    start_postfix: StartPostfix, tmp_path: Path
) -> None:
    lmtp, smtp = free_port(), free_port()
    postfix = start_postfix(routes={ROOM: f"lmtp:inet:127.0.0.1:{lmtp}"}, port=smtp)
    site = make_site(tmp_path / "site", lmtp, smtp)
    with serving(site):
        asked = horarium(site, "--json", "doctor", "--mail", "--from", ORGANIZER)
        assert asked.returncode == 0, asked.stdout
        findings = {f["part"]: f["state"] for f in json.loads(asked.stdout)["findings"]}
        assert findings["mail"] == "ok"
        assert findings["lmtp"] == findings["smtp"] == findings["daemon"] == "ok"
        (answer,) = postfix.wait_for_mail(ORGANIZER, 1)
        assert "Free/busy" in str(answer["Subject"])


def test_by_the_pipe_with_and_without_a_daemon(start_postfix: StartPostfix, tmp_path: Path) -> None:
    lmtp, smtp = free_port(), free_port()
    site = make_site(tmp_path / "site", lmtp, smtp)
    with relaying([*PROGRAM, "--site", str(site)]) as relay:
        argv = [*relay.argv, "deliver", "-s", "${sender}", "-r", "${original_recipient}"]
        routes = {ROOM: "horarium:", "nobody@example.com": "horarium:"}
        postfix = start_postfix(routes=routes, pipes={"horarium": argv}, port=smtp)
        with serving(site):
            postfix.submit(invitation("one@example.com"), ORGANIZER, ROOM)
            assert verdicts(postfix, 1) == ["ACCEPTED"]
        postfix.submit(invitation("two@example.com"), ORGANIZER, ROOM)
        postfix.wait_until_empty()
        assert len(postfix.mailbox(ORGANIZER)) == 1, "nobody sends while nothing serves"
        flushed = horarium(site, "outbox", "flush")
        assert flushed.returncode == 0, flushed.stderr
        assert sorted(verdicts(postfix, 2)) == ["ACCEPTED", "DECLINED"]
        postfix.submit(invitation("three@example.com"), ORGANIZER, "nobody@example.com")
        bounce = postfix.wait_for_mail(ORGANIZER, 3)[-1]
    assert bounce["Return-Path"] == "<>"
    assert bounce.get_content_type() == "multipart/report"
    assert [call.status for call in relay.calls] == [0, 0, 67]
