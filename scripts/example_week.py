#!/usr/bin/env python3
"""Something in the agenda of a new example site: bookings and appointments of the coming days."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from first_minute import ROOM, invitation

MEETINGS = (
    ("Paul Boddie", "Design review", "T130000", "T143000"),
    ("Vincent Vole", "Budget", "T100000", "T113000"),
    ("Harvey Horse", "Workshop", "T090000", "T120000"),
)


def horarium(site: str, *arguments: str, data: bytes = b"") -> None:
    """Runs one command on the site."""
    command = [sys.executable, "-m", "horarium.cli.entry", "--quiet", "--site", site, *arguments]
    subprocess.run(command, input=data, check=True, stdout=subprocess.DEVNULL)


def main(site: str) -> None:
    """Books what there is to see."""
    day = date.today()
    for number, (who, title, start, end) in enumerate(MEETINGS):
        day += timedelta(days=1 if day.weekday() < 4 else 7 - day.weekday())
        on = f"{day:%Y%m%d}"
        mail = invitation(f"example-{number}", who, title, on + start, on + end)
        horarium(site, "deliver", "-r", ROOM, data=mail)
    for _ in range(4):
        horarium(site, "assistant", "get", "reception", "--duration", "1h")


if __name__ == "__main__":
    main(sys.argv[1])
