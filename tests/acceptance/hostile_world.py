"""Takes every hostile mail through the whole agent, in a process that may grow by 256 MB only.

Run by its test; prints one JSON document.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from base64 import b64decode
from pathlib import Path

from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.settings import default_settings
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store
from tests.growth import one_pass

ROOM = "resource-room-confroom@example.com"
SENDER = "paul.boddie@example.com"
NOW = parse_instant("2026-11-21T08:00:00Z")
GROWTH = 256 << 20


def ordinary(number: int) -> bytes:
    """An invitation like any other, an hour of its own."""
    start = format_instant(Instant(NOW + 86_400 + number * 3_600))
    start = start.replace("-", "").replace(":", "")
    lines = [
        f"From: Paul <{SENDER}>", f"To: {ROOM}", f"Message-ID: <plain{number}@client.example>",
        "Subject: Meeting", "MIME-Version: 1.0",
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8", "",
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//EN", "METHOD:REQUEST",
        "BEGIN:VEVENT", f"UID:plain-{number}", "DTSTAMP:20261120T080000Z", f"DTSTART:{start}",
        "DURATION:PT1H", f"ORGANIZER:mailto:{SENDER}", f"ATTENDEE:mailto:{ROOM}", "END:VEVENT",
        "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def limit_growth() -> None:
    """From here on the address space may grow by no more than the bound."""
    with open("/proc/self/statm") as statm:
        size = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + GROWTH, size + GROWTH))


def main(database: Path) -> None:
    mails = {name: b64decode(data) for name, data in json.load(sys.stdin).items()}
    engine = EmbeddedEngine(database)
    engine.migrate(NOW)
    store = Store(engine)
    declared = DeclaredObjects(resources={ROOM: {"TZID": "Europe/Oslo"}})
    apply_objects(store, declared, NOW, prune=False, dry_run=False)
    agent = MailAgent(store, default_settings())
    yardstick = one_pass()
    agent.deliver(SENDER, ROOM, ordinary(0), NOW)
    limit_growth()
    found = []
    for number, (name, data) in enumerate(mails.items(), 1):
        before, began = rows(store), time.process_time()
        delivery = agent.deliver(SENDER, ROOM, data, NOW)
        spent = time.process_time() - began
        kept = rows(store) - before
        after = agent.deliver(SENDER, ROOM, ordinary(number), NOW)
        last = store.read(lambda tx: tx.mail.ledger(Instant(0), 1000))
        entry = [row for row in last if not row.uid.startswith("plain-")]
        found.append({
            "name": name, "status": delivery.status.value, "text": delivery.text,
            "passes": spent / yardstick, "rows": kept, "after": after.text,
            "mails": len(delivery.mails), "entries": len(entry),
        })  # fmt: skip
    counts = store.read(lambda tx: tx.mail.ledger_counts())
    print(json.dumps({"found": found, "counts": counts}))


def rows(store: Store) -> int:
    """How many messages the ledger has."""
    return sum(store.read(lambda tx: tx.mail.ledger_counts()).values())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
