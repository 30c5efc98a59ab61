"""What a daemon runs, and how: programs, flag files, variables, wishes that nobody can fulfil."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from horarium.store.firings import Firing
from tests.daemon.site import Place, inherited, until

LOOK = r"""#!/bin/sh
cd -P "$PWD"
{
    env | sed 's/=.*//' | sort | tr '\n' ' '; echo
    pwd
    umask
    ls /proc/self/fd | tr '\n' ' '; echo
    cat | wc -c
    cut -d' ' -f5,6 /proc/self/stat
    echo "$HORARIUM_TASK $TZ $SITE_NAME"
} > seen
"""
ARGUMENTS = '#!/bin/sh\nfor one in "$@"; do printf "<%s>" "$one"; done > arguments.seen\n'
FLOOD = "#!/bin/sh\necho beginning\nhead -c 3000000 /dev/zero | tr '\\0' x\necho the-end\n"
STRAY = """#!/bin/sh
setsid sh -c 'echo $$ > stray; sleep 60' &
sh -c 'trap "" TERM; echo $$ > deaf; sleep 60 & wait; sleep 60' &
while [ ! -s stray ] || [ ! -s deaf ]; do sleep 0.05; done
sleep 60
"""
CONTROL = """\
Exec look
Exec arguments "a b" $(touch${IFS}pwned) a;id `id` *
Exec flood
Exec fails
Exec nowhere 1
Exec open
Exec !echo $0 "| x" | tr a-z A-Z >shell
Set done.flag
Set there.flag
Set link.flag
Set ../outside.flag
Set sub/../../outside.flag
Set DOOR=open
Set WINDOW=open
Poll 2:5030/7
Repack
[3]Exec note three
"""
SHELL = 'exec_shell = "bang"\n'
SETTINGS = """\
[directives]
address = "2:5030/15"
variables = ["DOOR"]
environment = { SITE_NAME = "hq" }
"""
# Only root may let a control file reach a shell.
ROOT = os.geteuid() == 0
STRAYS = """\
[directive.strays]
run = ["strays"]
schedule = "immediately every 24h"
timeout = "2s"
task = 2
"""


def lines() -> str:
    """Every line at every minute: the first moment is that of the activation."""
    return "".join(f"{line} P.01:00\n" for line in CONTROL.splitlines())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A site whose daemon has run each line once."""
    made = Place(tmp_path_factory.mktemp("programs") / "site", lines(), SETTINGS + SHELL * ROOT)
    made.program("look", LOOK)
    made.program("arguments", ARGUMENTS)
    made.program("flood", FLOOD)
    made.program("fails", "#!/bin/sh\necho why\nexit 3\n")
    made.program("open", "#!/bin/sh\n").chmod(0o777)
    made.program("strays", STRAY)
    flags = made.folder / "state" / "flags"
    flags.mkdir(parents=True, mode=0o700)
    (flags / "there.flag").write_text("kept")
    (flags / "link.flag").symlink_to(made.folder / "elsewhere")
    made.declare(STRAYS)
    descriptor = inherited()
    options = {"pass_fds": (descriptor,), "cwd": "/", "env": {**os.environ, "SECRET": "s"}}
    with made.serve(**options) as daemon:
        assert daemon.process.poll() is None, daemon.said
        until(lambda: sum(row.ended is not None for row in made.rows()) >= 18, "not all ended")
        assert daemon.stop() == 0
    os.close(descriptor)
    return made


def row(place: Place, start: str) -> Firing:
    (text,) = (text for text in place.timers() if text.startswith(start))
    return place.row(text)


def ending(place: Place, start: str) -> tuple[str, str, int | None]:
    found = row(place, start)
    return found.state, found.reason, found.status


def test_a_program_gets_what_is_documented_and_nothing_else(place: Place) -> None:
    names, folder, mask, descriptors, octets, group, told = (
        (place.folder / "seen").read_text().splitlines()
    )
    documented = "HORARIUM_DUE HORARIUM_ENTRY HORARIUM_RUN_ID HORARIUM_TASK LANG PATH SITE_NAME TZ"
    # `PWD`, `OLDPWD` and `_` are the shell's own.
    assert set(names.split()) - {"PWD", "OLDPWD", "_", "SHLVL"} == set(documented.split())
    assert folder == str(place.folder)
    assert mask == "0077"
    # The fourth is that of the folder that `ls` lists.
    assert descriptors.split() == ["0", "1", "2", "3"]
    assert octets == "0"
    assert told == "1 UTC hq"
    group_number, session = group.split()
    assert group_number == session
    assert session != str(os.getsid(0))


def test_arguments_reach_the_program_letter_by_letter(place: Place) -> None:
    seen = (place.folder / "arguments.seen").read_text()
    assert seen == "<a b><$(touch${IFS}pwned)><a;id><`id`><*>"
    assert ending(place, "Exec arguments") == ("finished", "on_time", 0)
    assert not (place.folder / "pwned").exists()


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_a_shell_reads_what_stands_after_the_mark_where_root_allows_it(place: Place) -> None:
    assert ending(place, "Exec !echo")[0] == "finished"
    assert (place.folder / "shell").read_text() == "/BIN/SH | X\n"


def test_output_is_cut_in_the_middle_and_counted(place: Place) -> None:
    flood = row(place, "Exec flood")
    assert flood.output_octets == 3_000_000 + len("beginning\nthe-end\n")
    assert flood.output.startswith(b"beginning\nxxx")
    assert flood.output.endswith(b"xxxthe-end\n")
    assert len(flood.output) < 9_000


def test_how_programs_ended(place: Place) -> None:
    assert ending(place, "Exec fails") == ("failed", "status 3", 3)
    assert row(place, "Exec fails").output == b"why\n"
    assert row(place, "Exec fails").attempts == 1
    assert ending(place, "Exec nowhere") == ("failed", "not found", None)
    state, reason, _ = ending(place, "Exec open")
    assert (state, reason) == ("failed", f"{place.folder / 'open'} can be written by others")


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(place: Place) -> None:
    assert ending(place, "strays")[:2] == ("failed", "timeout")
    for name in ("stray", "deaf"):
        process = int((place.folder / name).read_text())
        until(lambda p=process: not lives(p), f"{name} lives on", 2)  # type: ignore[misc]


def test_flag_files_are_made_once_and_nowhere_else(place: Place) -> None:
    flags = place.folder / "state" / "flags"
    assert ending(place, "Set done.flag")[0] == "finished"
    assert (flags / "done.flag").read_text() == ""
    assert ending(place, "Set there.flag")[:2] == ("finished", "it was there")
    assert (flags / "there.flag").read_text() == "kept"
    assert ending(place, "Set link.flag")[0] == "failed"
    assert not (place.folder / "elsewhere").exists()
    for text in ("Set ../outside.flag", "Set sub/../../outside.flag"):
        state, reason, _ = ending(place, text)
        assert state == "failed"
        assert f"leads out of {flags}" in reason
    assert not (flags.parent / "outside.flag").exists()


def test_only_declared_variables_are_set(place: Place) -> None:
    assert ending(place, "Set DOOR")[0] == "finished"
    assert ending(place, "Set WINDOW")[:2] == ("failed", "WINDOW is not a declared variable")
    assert place.read(lambda tx: tx.firings.variables()) == {"DOOR": "open"}


def test_what_needs_a_mailer_fails_and_is_kept_as_a_wish(place: Place) -> None:
    for start in ("Poll", "Repack"):
        assert ending(place, start)[:2] == ("failed", "unavailable: no mailer")
    with closing(sqlite3.connect(place.folder / "state" / "horarium.db")) as database:
        wishes = database.execute(
            "SELECT keyword, text, state FROM wish ORDER BY keyword"
        ).fetchall()
    assert wishes == [
        ("Poll", "Poll 2:5030/7 P.01:00", "unavailable"),
        ("Repack", "Repack P.01:00", "unavailable"),
    ]


def test_each_task_knows_its_number(place: Place) -> None:
    assert place.notes == ["3 three"]


def lives(process: int) -> bool:
    """Whether a process goes on."""
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
