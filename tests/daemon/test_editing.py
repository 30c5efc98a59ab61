"""Edits of the control file, its lists and the declared directives while a daemon serves them."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.daemon.site import Imagined, Place, led, until

FIRST = """\
Exec note one P.01:00
Exec note two P.02:00
[2]Exec note three P.01:00
"""
# Moved, spelt otherwise, with a comment: none of them is another line. The second is.
SECOND = """\
; a new order
[2]Exec  note   three  P.01:00 ; a comment
EXEC note one P.01:00
Exec note two P.03:00
"""
BROKEN = "Exec note one P.01:00\nExec note two P.1:75\n"
EXTRA = '[directive.extra]\nrun = ["note", "extra"]\nschedule = "immediately every 24h"\n'
SAID = "events.ctl:2:15: "


def test_edits_of_a_file_that_is_served(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", FIRST)
    with place.serve() as daemon:
        until(lambda: len(place.notes) == 3, "not all ran")
        before = {text.split()[2]: timer for text, timer in place.timers().items()}
        time.sleep(1.1)

        place.write(SECOND)
        assert place.run("reload", "--wait").returncode == 0
        until(lambda: len(place.notes) == 4, "the changed line did not run")
        until(lambda: all(row.ended for row in place.rows()), "not all ended")
        after = {text.split()[2]: timer for text, timer in place.timers().items()}
        for name in ("one", "three"):
            assert (after[name].id, after[name].anchor) == (before[name].id, before[name].anchor)
        assert after["two"].anchor > before["two"].anchor
        assert [after[name].line for name in ("three", "one", "two")] == [2, 3, 4]

        place.write(BROKEN)
        refused = place.run("reload", "--wait")
        assert refused.returncode == 65
        assert SAID in refused.stderr
        assert SAID in daemon.said
        assert "P.1:75" in json.dumps(
            json.loads(place.run("--json", "directives", "status").stdout)
        )
        assert {t.split()[2]: timer for t, timer in place.timers().items()} == after

        began = time.monotonic()
        place.declare(EXTRA)
        until(lambda: "1 extra" in place.notes, "a declared directive waits for the file", 4)
        assert time.monotonic() - began < 4

        place.write(SECOND + "Exec note four P.01:00\n")
        assert place.run("reload", "--wait").returncode == 0
        until(lambda: "1 four" in place.notes, "the mended file is not in force")
        assert daemon.stop() == 0
    assert sorted(place.notes) == sorted(
        ["1 one", "1 two", "2 three", "1 two", "1 extra", "1 four"]
    )


def test_a_start_on_a_broken_file(tmp_path: Path) -> None:
    """Ends with its place when no earlier one is known, else serves that."""
    place = Place(tmp_path / "site", BROKEN)
    with place.serve() as daemon:
        assert daemon.ended() == 65
    assert SAID in daemon.said
    place.write("Exec note one P.01:00\n")
    with place.serve() as daemon:
        until(lambda: place.notes, "it never ran")
        assert daemon.stop() == 0
    place.write(BROKEN)
    with place.serve() as daemon:
        assert SAID in daemon.said
        assert list(place.timers()) == ["Exec note one P.01:00"]
        assert daemon.stop() == 0


def test_a_start_without_a_file_and_with_one_that_others_may_write(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    with place.serve() as daemon:
        place.declare(EXTRA)
        until(lambda: place.notes == ["1 extra"], "it never ran")
        assert daemon.stop() == 0
    other = Place(tmp_path / "other", FIRST)
    (other.folder / "events.ctl").chmod(0o666)
    with other.serve() as daemon:
        assert daemon.ended() == 65
    assert "can be written by others (mode 0666)" in daemon.said


# --- what is noticed without a word, on an imagined clock --------------------------


RULES = "Hold @held.txt 8:00-9:00\n"
SETTINGS = '[directives]\naddress = "2:5030/15"\n'


def kept(place: Place) -> dict[str, list[str]]:
    found = place.read(lambda tx: tx.workers.control_file())
    return dict(found.lists)


def test_changes_of_file_and_lists_are_noticed(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", RULES, SETTINGS)
    path, held = place.folder / "events.ctl", place.folder / "HELD.TXT"
    held.write_text("5030/1\n")
    held.chmod(0o644)

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock):
            assert kept(place) == {"held.txt": ["5030/1"]}
            held.write_text("5030/2\n")
            await clock.passes(11)
            assert kept(place) == {"held.txt": ["5030/2"]}

            held.unlink()
            await clock.passes(11)
            assert "there is no file held.txt" in refusal(place)
            held.write_text("5030/3\n")
            await clock.passes(11)
            assert (refusal(place), kept(place)) == ("", {"held.txt": ["5030/3"]})

            path.chmod(0o666)
            await clock.passes(11)
            assert "can be written by others" in refusal(place)
            path.chmod(0o644)
            await clock.passes(11)
            assert refusal(place) == ""

            place.write("Exec note one P.01:00\n")
            await clock.passes(11)
            assert list(place.timers()) == ["Exec note one P.01:00"]
            path.unlink()
            await clock.passes(11)
            assert place.timers() == {}

    led(work())


def refusal(place: Place) -> str:
    found: str | None = place.read(lambda tx: tx.meta("control_refused"))
    return found or ""


@pytest.mark.parametrize("watch", [True, False])
def test_a_file_that_is_not_watched_waits_for_a_word(tmp_path: Path, watch: bool) -> None:
    settings = f"[directives]\nwatch = {str(watch).lower()}\n"
    place = Place(tmp_path / "site", "Exec note one P.01:00\n", settings)

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock) as service:
            await clock.passes(2)
            place.write("Exec note two P.01:00\n")
            place.declare(EXTRA)
            await clock.passes(2)
            # What is declared does not wait; the file is not looked at with it.
            assert set(place.timers()) == {
                "Exec note one P.01:00", "note extra immediately every 1d"
            }  # fmt: skip
            await clock.passes(12)
            assert ("Exec note two P.01:00" in place.timers()) is watch
            await service.reload()
            assert "Exec note two P.01:00" in place.timers()

    led(work())


def test_settings_of_programs_hold_from_the_next_run_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exec printer 12:00\nExec printer 12:01\n")
    with_program = f'[directives.programs]\nprinter = "{place.folder / "note"}"\n'
    first, second = "Exec printer 12:00", "Exec printer 12:01"

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock) as service:
            await clock.sees(lambda: [row.reason for row in place.rows(first)] == ["not found"],
                             "it was not tried")  # fmt: skip
            (place.folder / "horarium.toml").write_text('zone = "UTC"\n' + with_program)
            service.settings = place.settings()
            await service.reload()
            await clock.sees(lambda: place.rows(second), "it never ran")

    led(work())
    assert [place.row(text).reason for text in (first, second)] == ["not found", "on_time"]


def test_tasks_that_the_settings_no_longer_name_are_left(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "[2]Exec note two P.01:00\n", "[directives]\ntasks = [1, 2]\n")
    with place.serve() as daemon:
        until(lambda: place.notes, "it never ran")
        (place.folder / "horarium.toml").write_text('zone = "UTC"\n[directives]\ntasks = [1, 3]\n')
        daemon.tell(signal.SIGHUP)
        until(lambda: place.lives(2)[-1].stopped is not None, "it was not left")
        until(lambda: place.lives(3), "it was not begun")
        with place.serve_task(2) as other:
            assert other.stop() == 0
        assert daemon.stop() == 0
