"""The page on directives is true: its files are written and its commands run, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from horarium.directives.declared import read_declared
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.timetable import Circumstances, Timetable

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "directives.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
STATUS = re.compile(r"# status (\d+)$")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")
USED = re.compile(r"\b(cpu|late) \d+(\.\d+)? s")


def shown(text: str, command: str) -> str:
    """What is compared: all of it where the command names its time, else all but the times."""
    if "2026-" in command:
        return text
    return USED.sub("some time", MOMENT.sub("some moment", text))


def test_the_page_is_what_its_commands_print(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    shim = programs / "horarium"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m horarium.cli.entry "$@"\n')
    shim.chmod(0o755)
    environment = {"PATH": f"{programs}:{os.defpath}", "HORARIUM_SITE": "demo"}
    work = tmp_path / "work"
    played = 0
    for kind, name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if name:
            file = work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for command, printed in COMMAND.findall(text) if kind == "console" else ():
            done = subprocess.run(
                ["/bin/sh", "-c", f"umask 022; {command}"], cwd=work, env=environment,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            status = STATUS.search(command)
            assert done.returncode == int(status[1] if status else 0), f"{command}\n{done.stderr}"
            said = done.stderr if status else done.stdout
            assert shown(said, command) == shown(printed, command), command
            played += 1
    assert played >= 10


def moments(schedule: object) -> list[Instant]:
    """When a declared directive with this schedule is due in two months of 2026."""
    entry = read_declared("x", {"run": ["x"], "schedule": schedule}, "Europe/Paris", master=1)
    start, end = parse_instant("2026-02-01T00:00:00Z"), parse_instant("2026-04-01T00:00:00Z")
    timetable = Timetable(entry.schedule, Circumstances(activation=start))
    return [opening.due for opening in timetable.moments(start, end).openings]


def test_the_table_for_who_comes_from_cron_says_the_same() -> None:
    text = PAGE.read_text("utf-8").partition("## Coming from cron")[2].partition("What is")[0]
    rows = [row.strip("|").split(" | ") for row in text.splitlines() if row.startswith("|")]
    compared = 0
    for row in rows[2:]:
        written = re.search(r"""`(["'{].*?["'}])`""", row[2])
        if written is None:
            continue
        found = moments(tomllib.loads(f"it = {written[1]}")["it"])
        cron = re.search(r"`([\d*/]+( [\d*/-]+){4})`", row[0])
        if cron is not None:
            assert found == moments({"type": "cron", "cron": cron[1]}), row
            compared += 1
    assert compared == 5
