"""A live run: a daemon of directives with periodic programs, killed again and again.

`python -m tests.crash.live --minutes 5` plays it for so long and prints what the checker says of
what the programs wrote. The test plays it for less.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.world import World

# Writes a line as it begins and one as it ends, each durable, to a file of its own.
WITNESS = """#!{python} -SE
import os, sys, time
file = os.open("evidence", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
boot = open("/proc/sys/kernel/random/boot_id").read().strip()
start = "%.6f" % time.time()
def say(end):
    run, entry = os.environ["HORARIUM_RUN_ID"], os.environ["HORARIUM_ENTRY"]
    os.write(file, f"{{run}} {{entry}} {{start}} {{end}} {{os.getpid()}} {{boot}}\\n".encode())
    os.fsync(file)
say("-")
time.sleep(float(sys.argv[1]))
say("%.6f" % time.time())
"""
LINES = """\
Exec witness 0.1 P.00:01
[2]Exec witness 0.5 P.00:01
[2]Exec witness 3 P.00:01
Exec witness 9 P.00:02
[3]Exec witness 0 P.00:01
"""
DECLARED = """\
[directive."often"]
run = ["witness", "0.3"]
schedule = { type = "interval", every = "1s", overlap = "queue_one" }
[directive."slow"]
run = ["witness", "1.5"]
schedule = { type = "interval", every = "2s" }
task = 4
[directive."again"]
run = ["witness", "1"]
schedule = { type = "interval", every = "5s", on_crash = "rerun" }
task = 3
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a live run: how often the daemon was killed, how many runs began by the
    programs' own word, the numbers of those, and what was wrong."""

    kills: int
    runs: int
    heard: frozenset[str]
    verdicts: list[dict[str, Any]]


def make(folder: Path, lines: str = LINES) -> World:
    """A site whose programs testify; `lines` are those of its control file."""
    world = World(folder)
    witness = folder / "witness"
    witness.write_text(WITNESS.format(python=sys.executable))
    witness.chmod(0o755)
    (folder / "events.ctl").write_text(lines)
    objects = folder / "objects" / "directives.toml"
    objects.write_text(DECLARED)
    for path in (folder / "events.ctl", objects):
        path.chmod(0o644)
    applied = world.run("apply", str(objects))
    assert applied.returncode == 0, applied.stderr
    return world


def play(world: World, seconds: float, seed: int) -> Judged:
    """Kills the daemon at random for so many seconds, lets it rest, and judges."""
    dice = random.Random(seed)
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < end:
        with world.serve("", "--only", "directives"):
            time.sleep(dice.choice((0.05, 0.3, 1.0, 2.5, dice.uniform(0, 12))))
        kills += 1
        time.sleep(dice.choice((0, 0, 0.2, 1.5, dice.uniform(0, 6))))
    with world.serve("", "--only", "directives") as daemon:
        time.sleep(5)
        daemon.stop()
    return judge(world, kills)


def judge(world: World, kills: int) -> Judged:
    """What the checker says, over what the programs wrote."""
    evidence = world.site / "evidence"
    said = world.run("--json", "verify-firings", "--evidence", str(evidence))
    assert said.returncode in (0, 1), said.stderr
    found = json.loads(said.stdout)["verdicts"]
    began = [line for line in evidence.read_text().splitlines() if line.split()[3] == "-"]
    heard = frozenset(line.split()[0].rpartition("-")[2] for line in began)
    return Judged(kills, len(began), heard, found)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a new folder for the site, left there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        world = make(asked.keep if asked.keep is not None else Path(scratch) / "site")
        judged = play(world, asked.minutes * 60, asked.seed)
        print(f"{judged.kills} kills, {judged.runs} runs by the programs' own word")
        for verdict in judged.verdicts:
            print(json.dumps(verdict))
        print(f"{len(judged.verdicts)} wrong")
    return 1 if judged.verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
