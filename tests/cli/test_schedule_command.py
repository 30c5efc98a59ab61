"""``horarium schedule``: a schedule from standard input, foreseen and explained."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from horarium.cli.entry import main


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> object:
    """Run ``horarium schedule`` with a text on standard input, in a folder without a site."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HORARIUM_SITE", "")

    def run(given: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        status = main(["schedule", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


MONTHLY = "monthly 31 window 02:30-03:00 zone Europe/Paris"
SHOWN = """\
2027-01-31 Sun 02:30+01:00  01:30Z
2027-02     -               no such day (31)
2027-03-31 Wed 02:30+02:00  00:30Z
2027-04     -               no such day (31)
"""


def test_the_transcript_of_the_manual(ask) -> None:  # type: ignore[no-untyped-def]
    arguments = ("next", "--from", "2027-01-01", "--to", "2027-04-30", "--quiet")
    assert ask(MONTHLY, *arguments) == (0, SHOWN, "")
    manual = Path(__file__).parents[2] / "docs" / "guide" / "commands.md"
    assert SHOWN in manual.read_text("utf-8")


@pytest.mark.parametrize(
    "given",
    [
        MONTHLY,
        'type = "monthly"\nday = 31\nstart = "02:30"\nend = "03:00"\nzone = "Europe/Paris"\n',
        '# a comment\ntype = "monthly"\nday = 31\nstart = 02:30:00\nend = "03:00"\n'
        'zone = "Europe/Paris"\n',
        '{"type": "monthly", "day": 31, "start": "02:30", "end": "03:00", "zone": "Europe/Paris"}',
    ],
)
def test_text_toml_and_json_are_one(ask, given: str) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = ask(
        given, "next", "--json", "--from", "2027-01-01T00:00:00Z", "--to", "2027-04-30T00:00:00Z"
    )
    assert status == 0
    found = json.loads(out)
    assert [(item["at"], item["end"]) for item in found["next"]] == [
        ("2027-01-31T01:30:00Z", "2027-01-31T02:00:00Z"),
        ("2027-03-31T00:30:00Z", "2027-03-31T01:00:00Z"),
    ]
    assert [(item["date"], item["reason"]) for item in found["skipped"]] == [
        ("2027-02", "no_such_day"),
        ("2027-04", "no_such_day"),
    ]


def test_from_is_included_and_is_the_activation(ask) -> None:  # type: ignore[no-untyped-def]
    start = "2026-03-02T09:00:00Z"
    for text, first in (
        ("immediately", start),
        ("daily start 09:00", start),
        ("at +1h", "2026-03-02T10:00:00Z"),
        ("interval 2h", "2026-03-02T11:00:00Z"),
        ("daily window 08:00-10:00", start),
    ):
        status, out, _ = ask(text, "next", "--json", "--from", start, "--count", "1")
        assert status == 0
        assert [item["at"] for item in json.loads(out)["next"]] == [first], text


def test_ten_unless_told_otherwise(ask) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = ask("daily", "next", "--json", "--now", "2026-03-02T09:00:00Z")
    assert len(json.loads(out)["next"]) == 10
    assert json.loads(out)["next"][0] == {
        "at": "2026-03-03T00:00:00Z",
        "end": None,
        "window": None,
        "notes": [],
    }


def test_the_random_choice_of_an_object(ask) -> None:  # type: ignore[no-untyped-def]
    text = "daily window 01:00-03:00 random window seed house"
    for name, expected in (
        ("channel:nightly", "2026-03-02T02:25:34Z"),
        ("channel:weekly", "2026-03-02T01:45:13Z"),
    ):
        arguments = ("--from", "2026-03-02T00:00:00Z", "--count", "1", "--object", name)
        _, out, _ = ask(text, "next", "--json", *arguments)
        assert json.loads(out)["next"][0]["at"] == expected
        _, out, _ = ask(text, "next", *arguments)
        assert "random in 01:00-03:00" in out


def test_the_zone_of_the_site(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    site = tmp_path / "site"
    site.mkdir()
    (site / "horarium.toml").write_text('zone = "Asia/Tokyo"\n')
    (site / "horarium.toml").chmod(0o600)
    _, out, _ = ask("daily start 09:00", "next", "--from", "2026-03-02", "--count", "1")
    assert out == "2026-03-02 Mon 09:00+09:00  00:00Z\n"
    status, _, err = ask("daily", "next", "--site", str(tmp_path / "elsewhere"))
    assert (status, "no such file" in err) == (78, True)


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ("daily window 25:00-26:00", "1:14", "a time of day"),
        ('type = "daily"\nzon = "UTC"\n', "2:1", "did you mean 'zone'"),
        ('type = "daily"\nstart = \n', "2:9", ""),
        ('{"type": "daily",}', "1:", ""),
        ("daily except holidays", "", "holidays"),
        ("daily zone owner", "", "owner"),
        ("", "1:1", "found the end"),
    ],
)
def test_what_is_no_schedule(ask, given: str, place: str, said: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = ask(given, "next")
    assert (status, out) == (65, "")
    assert err.startswith(f"standard input:{place}")
    assert said in err


def test_wrong_usage(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("daily", "next", "--count", "0")[0] == 64
    assert ask("daily", "next", "--from", "2026-03-02", "--to", "2026-03-01")[0] == 64
    assert ask("daily", "next", "--from", "soon")[0] == 64


def test_explain(ask) -> None:  # type: ignore[no-untyped-def]
    text = "daily window 22:00-06:00 zone Europe/Oslo"
    status, out, _ = ask(text, "explain", "--at", "2027-01-01T01:00:00Z")
    assert status == 0
    assert out == (
        "open    2027-01-01 Fri 02:00+01:00\n"
        "window  2026-12-31 Thu 22:00+01:00 to 2027-01-01 Fri 06:00+01:00\n"
        "last    2026-12-31 Thu 22:00+01:00  21:00Z\n"
        "next    2027-01-01 Fri 22:00+01:00  21:00Z\n"
        "policy  catch_up once, overlap skip\n"
    )
    _, out, _ = ask(text, "explain", "--at", "2027-01-01T12:00:00Z", "--json")
    found = json.loads(out)
    assert (found["open"], found["window"]) == (False, None)
    assert found["next"]["at"] == "2027-01-01T21:00:00Z"
