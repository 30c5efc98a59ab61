"""A control file on disk: its lists, its programs, and who could have written it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.directives.address import parse_main
from horarium.runtime.control import ControlReading, read_control
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile

SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"
MAIN = parse_main("2:5030/15")


def read(folder: Path, text: str, **options: bool) -> ControlReading:
    path = folder / "events.ctl"
    path.write_text(text)
    path.chmod(0o600)
    return read_control(path, main=MAIN, programs={"load.bat": "/usr/local/bin/load"}, **options)


def test_lists_are_found_in_dos_spelling_and_any_case(tmp_path: Path) -> None:
    (tmp_path / "NodeList").mkdir()
    (tmp_path / "NodeList" / "R50.NET").write_text("5030/1\n; nobody else\n/2.*\n")
    reading = read(tmp_path, "Mail @nodelist\\r50.net 5030/3\n")
    assert reading.file.errors == ()
    addresses = reading.file.directives[0].arguments.addresses
    assert addresses is not None
    assert addresses.matches(parse_main("2:5030/2.7"))
    assert not addresses.matches(parse_main("2:5030/3"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.net", "there is no file gone.net"),
        ("../outside.net", "leads out of"),
        ("bad.net", "bad.net:2: expected an address"),
        ("nested.net", "nested.net:1: a list names no other list"),
        ("link.net", "is a symbolic link"),
    ],
)
def test_a_list_that_can_not_be_had_is_an_error_of_its_line(
    tmp_path: Path, name: str, message: str
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "outside.net").write_text("5030/1\n")
    (folder / "bad.net").write_text("5030/1\nnonsense\n")
    (folder / "nested.net").write_text("@bad.net\n")
    (folder / "link.net").symlink_to(folder / "bad.net")
    (error,) = read(folder, f"Exec load.bat 8:00\nMail @{name} 5030/3\n").file.errors
    assert (error.line, error.column) == (2, 6)
    assert message in error.message


def test_programs_that_are_not_there_are_warned_of(tmp_path: Path) -> None:
    reading = read(tmp_path, "Exec load.bat 8:00\nExec gone 8:00\nExec /bin/sh 8:00\n")
    assert [(w.line, w.message) for w in reading.file.warnings] == [
        (1, "the program that load.bat stands for: not found"),
        (2, "the program gone: not found; directives.programs may say what it is"),
    ]


def test_a_file_that_others_could_have_changed(tmp_path: Path) -> None:
    read(tmp_path, "Exec load.bat 8:00\n")
    (tmp_path / "events.ctl").chmod(0o666)
    reading = read_control(tmp_path / "events.ctl", main=MAIN, programs={})
    assert "mode 0666" in reading.complaints[0]
    with pytest.raises(UnsafeFile):
        read_control(tmp_path / "events.ctl", main=MAIN, programs={}, strict=True)
    with pytest.raises(NoSuchFile):
        read_control(tmp_path / "none.ctl", main=MAIN, programs={})


def check(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "horarium.cli.entry", "directives", "check", *words],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip


def test_the_command_ends_as_the_file_deserves(tmp_path: Path) -> None:
    sample = str(SAMPLE)
    assert check(sample, "--address", "2:5030/15", cwd=tmp_path).returncode == 0
    assert check(sample, "--address", "2:5030/15", "--strict", cwd=tmp_path).returncode == 1
    assert check(sample, "--address", "nowhere", cwd=tmp_path).returncode == 64
    assert check("gone.ctl", cwd=tmp_path).returncode == 66
    bad = tmp_path / "bad.ctl"
    bad.write_text("Hold All P.01:00\n")
    done = check(str(bad), "--json", cwd=tmp_path)
    assert done.returncode == 65
    assert done.stderr.startswith(f"{bad}:1:10: ")
    assert json.loads(done.stdout)["errors"][0]["line"] == 1
