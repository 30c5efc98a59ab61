"""The shell of the commands: options anywhere, statuses, errors, and the time it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from horarium.cli.commands import COMMANDS
from horarium.cli.entry import main
from horarium.cli.exits import TABLE, Exit, classify
from horarium.cli.options import MissingValue, Options, split_options
from horarium.cli.output import safe
from horarium.kernel import errors


@pytest.mark.parametrize(
    ("arguments", "options", "rest"),
    [
        ([], Options(), []),
        (["--site", "x", "check"], Options(site="x"), ["check"]),
        (["check", "--site=x", "--json"], Options(site="x", json=True), ["check"]),
        (["check", "--strict", "--now", "t"], Options(now="t"), ["check", "--strict"]),
        (["a", "--quiet", "--", "--json"], Options(quiet=True), ["a", "--", "--json"]),
        (["--site", "--json", "a"], Options(site="--json"), ["a"]),
    ],
)
def test_common_options_stand_anywhere(
    arguments: list[str], options: Options, rest: list[str]
) -> None:
    assert split_options(arguments) == (options, rest)


def test_an_option_without_its_value() -> None:
    with pytest.raises(MissingValue):
        split_options(["check", "--site"])
    assert main(["check", "--site"]) == 64


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        ([], 0),
        (["--version"], 0),
        (["nonsense"], 64),
        (["check", "--nonsense"], 64),
        (["mail", "snippet", "sendmail"], 64),
    ],
)
def test_statuses(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == status
    said = capsys.readouterr()
    assert bool(said.out) is (status == 0)
    if status:
        assert said.err.startswith("horarium: ")
        assert said.err.count("\n") == 1


def test_errors_in_json_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "horarium.toml").write_text('zone = "Nowhere"\n[mail]\nx = 1\n')
    assert main(["mail", "snippet", "postfix", "--site", str(tmp_path), "--json"]) == 78
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert error["kind"] == "settings"
    assert error["file"] == f"{tmp_path}/horarium.toml"
    assert error["line"] == 1
    assert [item["line"] for item in error["errors"]] == [1, 3]
    assert said.err.splitlines()[1].startswith(f"{tmp_path}/horarium.toml:3:1: mail.x: ")


def test_every_error_of_the_kernel_has_its_status() -> None:
    for name, kind in vars(errors).items():
        wanted = isinstance(kind, type) and issubclass(kind, errors.HorariumError)
        if wanted and kind is not errors.HorariumError:
            assert any(issubclass(kind, row[0]) for row in TABLE), name
    assert classify(errors.Unavailable("x")) == (Exit.TRY_AGAIN, "unavailable")
    assert classify(ZeroDivisionError()) == (Exit.SOFTWARE, "internal")
    assert classify(click.BadParameter("x")) == (Exit.USAGE, "usage")
    assert classify(KeyboardInterrupt()) == (Exit.INTERRUPTED, "interrupted")


def test_rows_of_the_table_are_not_hidden_by_earlier_ones() -> None:
    for index, (kind, status, _) in enumerate(TABLE):
        for earlier, other, _ in TABLE[:index]:
            assert not issubclass(kind, earlier) or status is other


def test_terminals_are_not_commanded() -> None:
    assert safe("a\x1b[31m\u202eb\r\nc\td") == "a�[31m�b�\nc\td"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Example" in said or "Commands:" in said


def test_a_reader_that_goes_away_is_no_fault() -> None:
    program = f"{sys.executable} -m horarium.cli.entry --help"
    found = subprocess.run(
        ["bash", "-c", f"{program} | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert found.returncode in (0, 74)
    assert "Traceback" not in found.stderr


def test_the_entry_imports_next_to_nothing() -> None:
    script = (
        "import sys; import horarium.cli.entry; "
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "('asyncio', 'msgspec', 'apsw', 'click', 'rich', 'aiosmtplib', 'email', 'dataclasses')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []
