"""What is open, what is next and why, of objects of distribution; and their place in the agenda."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import OBJECTS, Shell

TIMED = OBJECTS.replace(
    '[distributor."hq"]', '[distributor."hq"]\nrefresh = "daily start 18:00"'
)  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys, TIMED)


NIGHT = {"start": "2026-03-02T21:00:00Z", "end": "2026-03-03T01:00:00Z"}


@pytest.mark.parametrize("name", ["night", "channel:night", "intranet", "hq", "p1"])
def test_what_is_open_is_the_window_between_it_and_the_first_tier(shell: Shell, name: str) -> None:
    found = shell.json("open", name, "--to", "+1d")
    assert found["open"] == [NIGHT]
    assert found["kind"] == {"night": "channel", "intranet": "distribution", "hq": "distributor",
                             "p1": "subscriber"}[name.removeprefix("channel:")]  # fmt: skip


def test_below_the_first_tier_the_link_is_open_at_any_hour(shell: Shell) -> None:
    assert shell.json("open", "s1", "--to", "+1d")["open"] == [
        {"start": "2026-03-02T12:00:00Z", "end": "2026-03-03T12:00:00Z"}
    ]


def test_what_is_next_are_openings_and_firings(shell: Shell) -> None:
    assert shell.json("next", "night", "--count", "1")["next"] == [
        {"at": NIGHT["start"], "end": NIGHT["end"], "what": "send window"}
    ]
    assert shell.json("next", "intranet", "--count", "2")["next"] == [
        {"at": "2026-03-02T17:30:00Z", "end": None, "what": "build"},
        {"at": NIGHT["start"], "end": NIGHT["end"], "what": "send window"},
    ]
    assert shell.json("next", "hq", "--count", "1")["next"][0]["what"] == "refresh"
    assert shell.json("next", "s2", "--count", "1")["next"] == [
        {"at": "2026-03-03T01:00:00Z", "end": None, "what": "extract"}
    ]


def test_why_it_is_closed_names_the_gate_and_the_next_opening(shell: Shell) -> None:
    found = shell.json("why", "night")
    assert found["verdict"] == "closed"
    assert found["steps"][-1] == {
        "gate": "hq to p1", "verdict": "closed", "reason": "window_closed",
        "evidence": {"channels": ["night"], "until": NIGHT["start"]},
    }  # fmt: skip
    assert shell.json("why", "night", "--at", "2026-03-02T22:00:00Z")["verdict"] == "open"
    shell.said("channel", "deactivate", "night")
    found = shell.json("why", "night", "--at", "2026-03-02T22:00:00Z")
    assert (found["verdict"], found["steps"][0]["reason"]) == ("closed", "inactive")
    assert shell.json("why", "s1")["steps"][-1]["reason"] == "nothing_is_sent_to_it"
    shell.said("channel", "activate", "night")
    assert shell.json("why", "s1")["steps"][-2]["reason"] == "below_first_tier"
    assert shell.json("why", "hq")["steps"][-1]["reason"] == "window_closed"
    assert shell.json("why", "intranet")["steps"][-1]["gate"] == "p1"


def test_a_reservation_of_the_link_closes_it_and_is_named_by_its_time(shell: Shell) -> None:
    line = "resource-uplink@example.com"
    shell.declare(f'[resource."{line}"]\n' + TIMED)
    shell.said("channel", "set", "night", "--calendar", line, "--open-when", "reserved")
    found = shell.json("why", "night", "--at", "2026-03-02T22:00:00Z")
    assert found["steps"][-1]["reason"] == "link_not_reserved"
    assert shell.json("open", "night", "--to", "+1d")["open"] == []
    shell.said("channel", "set", "night", "--open-when", "free")
    assert shell.json("open", "night", "--to", "+1d")["open"] == [NIGHT]
    status, _, err = shell.run("channel", "set", "night", "--calendar", "no@example.com")
    assert (status, "there is no resource no@example.com" in err) == (64, True)


def test_the_agenda_has_windows_with_their_ends_and_firings(shell: Shell) -> None:
    found = shell.json("agenda", "--to", "+1d", "--kind", "distribution")["entries"]
    assert [(one["start"][11:16], one["id"], one["what"]) for one in found] == [
        ("17:00", "hq", "refresh"),
        ("17:30", "intranet", "build"),
        ("21:00", "night", "send window, hq to 1"),
        ("01:00", "s2", "extract"),
    ]
    assert found[2]["end"] == NIGHT["end"]
    shell.said("distributor", "set", "hq", "--refresh", "interval 5m")
    many = shell.json("agenda", "--to", "+1d", "--kind", "distribution")["entries"]
    assert [one["what"] for one in many if one["id"] == "hq"] == [
        "refresh: 131 times", "refresh: 156 times",
    ]  # fmt: skip


def test_a_name_that_nobody_has_is_told_with_the_nearest(shell: Shell) -> None:
    status, _, err = shell.run("open", "intranot")
    assert (status, 'did you mean "intranet"' in err) == (1, True)
