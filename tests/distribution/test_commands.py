"""The commands that read and change objects of distribution."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import OBJECTS, Shell
from .way import Way


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def test_the_precedence_of_a_policy_is_shown_with_its_origin(shell: Shell) -> None:
    assert shell.json("subscriber", "show", "s2")["fields"]["extract"] == {
        "value": "daily window 02:00-04:00", "origin": "policy branches", "dormant": None,
    }  # fmt: skip
    own = shell.json("subscriber", "show", "s1")
    assert own["fields"]["extract"]["origin"] == "own"
    assert own["use_policy"] == {"settings": True, "schedule": False}
    shell.said("subscriber", "set", "s1", "--extract", "policy")
    assert shell.json("subscriber", "show", "s1")["fields"]["extract"] == {
        "value": "daily window 02:00-04:00", "origin": "policy branches", "dormant": "immediately",
    }  # fmt: skip
    text = shell.said("subscriber", "show", "s1", "--origin")
    assert "extract = daily window 02:00-04:00  (policy branches), dormant: immediately" in text
    assert "timeout = 300  (default)" in text
    assert "use_policy" not in shell.json("subscriber", "show", "p1")


def test_one_switch_leaves_the_other_as_it_was(shell: Shell) -> None:
    shell.said("subscriber", "set", "s1", "--use-policy", "false")
    shell.said("subscriber", "set", "s1", "--extract", "policy")
    assert shell.json("subscriber", "show", "s1")["use_policy"] == {
        "settings": False, "schedule": True,
    }  # fmt: skip


def test_a_subscriber_left_without_a_schedule_is_told(shell: Shell) -> None:
    status, _, err = shell.run("subscriber", "set", "s2", "--use-policy", "{ schedule = false }")
    assert status == 0
    assert "s2 has no extract schedule: it behaves as never" in err


def test_what_a_command_changes_stands_until_the_file_changes(shell: Shell) -> None:
    changed = shell.json("channel", "set", "night", "--send", "daily window 20:00-21:00")
    assert changed["changes"] == [
        {
            "kind": "channel",
            "id": "night",
            "what": 'send = "daily window 20:00-21:00" (was "daily window 22:00-02:00")',
        }
    ]
    assert shell.json("channel", "show", "night")["drifts"] == ["send"]
    assert shell.declare(OBJECTS) == "nothing to change\n"
    assert shell.json("channel", "show", "night")["keys"]["send"] == "daily window 20:00-21:00"
    shell.declare(OBJECTS.replace("22:00-02:00", "22:00-03:00"))
    assert shell.json("channel", "show", "night")["keys"]["send"] == "daily window 22:00-03:00"


def test_objects_are_made_and_removed_by_command(shell: Shell) -> None:
    shell.said("subscriber", "add", "s3", "--parents", "p1,lab1", "--timeout", "60",
               "--output-rate", "{ high = '2Mbit' }", "--zone", "Asia/Tokyo")  # fmt: skip
    shown = shell.json("subscriber", "show", "s3")
    assert shown["keys"] == {
        "output_rate": {"high": "2Mbit"}, "parents": ["p1", "lab1"], "timeout": 60,
        "zone": "Asia/Tokyo",
    }  # fmt: skip
    assert shown["fields"]["output_rate.high"]["value"] == "2Mbit"
    ids = [one["id"] for one in shell.json("subscriber", "list")["subscribers"]]
    assert ids == ["lab1", "p1", "s1", "s2", "s3"]
    assert shell.json("subscriber", "remove", "s3", "--dry-run")["dry_run"]
    shell.said("subscriber", "remove", "s3")
    shell.run("subscriber", "show", "s3")
    _, _, err = shell.run("subscriber", "remove", "p1")
    assert "subscriber p1 is not removed: it is needed by subscriber s1, subscriber s2" in err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("channel", "set", "nihgt", "--send", "never"), 1, 'did you mean "night"'),
        (("channel", "add", "night"), 1, "there is a channel night already"),
        (("channel", "add", "Night"), 65, "is no name: a name is 1 to 63 of a-z"),
        (("channel", "set", "night", "--send", "periodic 01:00"), 64, "it needs for"),
        (("channel", "set", "night", "--distributions", "other"), 64, "no distribution other"),
        (("distributor", "set", "hq", "--refresh", "interval 1m"), 64, "two refreshes lie 60 s"),
        (("subscriber", "set", "p1", "--parents", "s1"), 64, "circle"),
        (("distribution", "remove", "intranet"), 1, "it is needed by channel night"),
        (("distributor", "remove", "hq"), 1, "it is needed by distribution intranet"),
        (("channel", "set", "night", "--unset", "sent"), 64, "a channel has no key sent"),
        (("channel", "unsubscribe", "night", "s1"), 1, "s1 is not subscribed to night"),
        (("channel", "activate", "night", "s1"), 1, "s1 is not subscribed to night"),
        (("distribution", "set", "intranet", "--type", "http"), 64, "goes with the type file"),
    ],
)
def test_what_can_not_be_is_refused(
    shell: Shell, arguments: tuple[str, ...], status: int, message: str
) -> None:
    before = shell.said("distribution", "export")
    done, out, err = shell.run(*arguments)
    assert (done, message in out + err) == (status, True), err
    assert shell.said("distribution", "export") == before


MENTIONS = """
[distributor.hq]
routes = { far = "near", near = "" }
[distribution.intranet]
distributor = "hq"
source = "/srv/intranet"
[channel.night]
distributions = ["intranet"]
subscribers = ["one", "@lab"]
[channel.noon]
inactive = ["one", "@field"]
rings = [{ group = "lab", soak = "1d" }]
[channel.dawn]
[subscriber.one]
channels = ["noon"]
[subscriber.two]
channels = ["dawn"]
parents = ["one"]
[subscriber.near]
[subscriber.far]
[subscriber_group.lab]
members = ["one"]
[subscriber_group.field]
channels = ["noon", "dawn"]
inactive = ["dawn"]
members = []
[policy.mine]
applies_to = "one"
[policy.labs]
applies_to = "@lab"
[policy.theirs]
applies_to = "hq"
"""


@pytest.mark.parametrize(
    ("what", "needing"),
    [
        ("subscriber one", "channel night, channel noon, policy mine, subscriber two, "
                           "subscriber_group lab"),
        ("subscriber near", "distributor hq"),
        ("subscriber far", "distributor hq"),
        ("subscriber group lab", "channel night, channel noon, policy labs"),
        ("subscriber group field", "channel noon"),
        ("channel noon", "subscriber one, subscriber_group field"),
        ("channel dawn", "subscriber two, subscriber_group field"),
        ("distribution intranet", "channel night"),
        ("distributor hq", "distribution intranet, policy theirs"),
    ],
)  # fmt: skip
def test_what_is_named_anywhere_is_not_removed_and_all_that_names_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, needing: str
) -> None:
    shell = Shell(tmp_path, capsys, MENTIONS)
    *kind, name = what.split()
    status, _, err = shell.run(*kind, "remove", name)
    assert (status, err.strip().rpartition("it is needed by ")[2]) == (1, needing), err
    shown = shell.json(*kind, "show", name)["needed_by"]
    assert shown == [one.replace(" ", ":") for one in needing.split(", ")]


def test_subscriptions_change_on_whichever_side_they_stand(shell: Shell) -> None:
    shell.said("channel", "subscribe", "night", "p1", "--inactive")
    assert shell.json("channel", "show", "night")["entries"]["p1"] is False
    shell.said("channel", "activate", "night", "p1")
    shell.said("channel", "activate", "night", "lab1")
    assert shell.json("distribution", "show", "intranet")["receivers"].keys() == {
        "lab1", "p1", "s1", "s2",
    }  # fmt: skip
    shell.said("subscriber", "set", "p1", "--channels", "night")
    shell.said("channel", "unsubscribe", "night", "p1")
    assert "p1" not in shell.json("channel", "show", "night")["entries"]
    shell.said("channel", "deactivate", "night")
    assert shell.json("distribution", "show", "intranet")["receivers"] == {}
    shell.said("channel", "activate", "night")
    shell.said("channel", "unsubscribe", "night", "@branches")
    assert list(shell.json("distribution", "show", "intranet")["receivers"]) == ["lab1"]


def test_a_window_of_what_sends_nothing_is_not_opened(shell: Shell) -> None:
    def opened() -> int:
        return len(Way.at(shell.path).store.read(lambda tx: tx.releases.open_windows()))

    shell.said("channel", "deactivate", "night")
    status, _, err = shell.run("channel", "send", "night")
    assert (status, "channel night is inactive" in err, opened()) == (1, True, 0)
    shell.said("channel", "activate", "night")
    shell.said("distribution", "set", "intranet", "--active", "false")
    status, _, err = shell.run("channel", "send", "night")
    assert (status, "only inactive ones: intranet" in err, opened()) == (1, True, 0)
    shell.said("channel", "add", "empty")
    status, _, err = shell.run("channel", "send", "empty")
    assert (status, "has no distribution that is sent, none" in err) == (1, True)
    shell.said("distribution", "set", "intranet", "--active", "true")
    assert "open until all is sent" in shell.said("channel", "send", "night")
    assert opened() == 1


def test_a_route_says_why(shell: Shell) -> None:
    one = shell.json("distributor", "route", "hq", "s1")
    assert [(hop["node"], hop["reason"]) for hop in one["hops"]] == [
        ("p1", "no parent: served by the distributor itself"),
        ("s1", "the first of its parents"),
    ]
    tree = shell.json("distributor", "route", "hq")["tree"]
    assert [branch["node"] for branch in tree] == ["p1"]
    assert [branch["node"] for branch in tree[0]["children"]] == ["s1", "s2"]
    assert "p1: passes on only" in shell.said("distributor", "route", "hq")


def test_a_preview_explains_a_random_beginning(shell: Shell) -> None:
    shell.said("subscriber", "set", "p1", "--extract", "daily window 01:00-05:00 random window")
    shown = shell.json("subscriber", "preview", "p1", "--to", "+2d")
    assert len(shown["firings"]) == 2
    assert shown["firings"][0]["window"] == {
        "start": "2026-03-03T00:00:00Z", "end": "2026-03-03T04:00:00Z",
    }  # fmt: skip
    assert shown["firings"][0]["notes"] == ["random"]
    assert "random start 2026-03-03 0" in shell.said("subscriber", "preview", "p1", "--to", "+2d")


def test_a_preview_shows_what_is_meant_by_what_is_written(shell: Shell) -> None:
    shell.said("distributor", "set", "hq", "--refresh", "daily start 18:00")
    shell.said("distribution", "set", "intranet", "--build", "immediately")
    shown = shell.json("distribution", "preview", "intranet", "--to", "+2d")
    assert (shown["written"], shown["meant"]) == (
        "immediately", "on refresh zone Europe/Berlin on_crash rerun",
    )  # fmt: skip
    assert [one["at"] for one in shown["firings"]] == [
        "2026-03-02T17:00:00Z", "2026-03-03T17:00:00Z",
    ]  # fmt: skip


def test_the_preview_of_a_channel_has_a_window_for_each_zone(shell: Shell) -> None:
    shell.said("subscriber", "set", "lab1", "--zone", "Asia/Tokyo")
    shell.said("channel", "activate", "night", "lab1")
    shell.said("channel", "set", "night", "--send", "daily window 22:00-02:00 zone receiver")
    shown = shell.json("channel", "preview", "night", "--to", "+1d")
    opened = {tuple(one["receivers"]): one["open"] for one in shown["windows"]}
    assert opened == {
        ("lab1",): [{"start": "2026-03-02T13:00:00Z", "end": "2026-03-02T17:00:00Z"}],
        ("p1",): [{"start": "2026-03-02T21:00:00Z", "end": "2026-03-03T01:00:00Z"}],
    }
    assert "open 2026-03-02 22:00" in shell.said("channel", "preview", "night", "--to", "+1d")


def test_the_realm_goes_out_and_comes_in_again(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shell.said("distribution", "export")
    other = Shell(tmp_path_factory.mktemp("other"), capsys, "")
    (other.path / "realm.toml").write_text(text)
    other.said("distribution", "import", str(other.path / "realm.toml"))
    assert other.said("distribution", "export") == text
    (other.path / "realm.toml").write_text('[group.x]\nmembers = ["a@example.com"]\n')
    status, _, err = other.run("distribution", "import", str(other.path / "realm.toml"))
    assert (status, "use horarium apply" in err) == (64, True)


def test_the_first_distributor_comes_with_a_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path, capsys, "")
    shell.said("distributor", "init", "hq")
    assert shell.json("distributor", "show", "hq")["fields"]["max_concurrent"] == {
        "value": 10, "origin": "policy default", "dormant": None,
    }  # fmt: skip


def test_another_seed_moves_random_moments_and_nothing_else(shell: Shell) -> None:
    assert shell.json("distributor", "seed", "--dry-run")["moved"] == 0
    shell.said("subscriber", "set", "p1", "--extract", "daily window 01:00-05:00 random window")
    before = shell.json("subscriber", "preview", "p1")
    moved = shell.json("distributor", "seed")["moved"]
    assert moved in (6, 7)
    assert shell.json("subscriber", "preview", "p1") != before


def test_variables_have_origins(shell: Shell) -> None:
    shell.said("distributor", "policy", "set", "branches", "--variables", '{ A = "1", B = "2" }')
    shell.said("subscriber", "set", "s1", "--variables", '{ B = "3" }')
    assert shell.json("subscriber", "variables", "s1")["variables"] == {
        "A": {"value": "1", "origin": "policy branches"}, "B": {"value": "3", "origin": "own"},
    }  # fmt: skip
    assert shell.json("subscriber", "variables", "p1", status=1)["variables"] == {}


def test_each_kind_lists_what_tells_its_objects_apart(shell: Shell) -> None:
    assert "send daily window 22:00-02:00" in shell.said("channel", "list")
    assert "receivers 2" in shell.said("distribution", "list")
    assert "members s1, s2" in shell.said("subscriber", "group", "list")
    assert "applies_to @branches" in shell.said("distributor", "policy", "list")
    assert "distributions intranet" in shell.said("distributor", "list")


def test_the_lint_says_what_never_acts_and_the_status_shows_it(shell: Shell) -> None:
    found = shell.json("distribution", "check", status=1)["findings"]
    assert {(one["level"], one["code"], one["name"]) for one in found} >= {
        ("error", "no-schedule", "hq"), ("warning", "orphan", "lab1"),
    }  # fmt: skip
    assert "error: no-schedule: distributor.hq.refresh: has no refresh schedule" in shell.said(
        "distribution", "check", status=1
    )
    shell.said("distributor", "set", "hq", "--refresh", "daily start 18:00")
    shell.said("channel", "activate", "night", "lab1")
    shell.said("subscriber", "set", "lab1", "--extract", "immediately")
    assert shell.json("distribution", "check")["findings"] == []
    shell.said("distribution", "set", "intranet", "--build", "immediately")
    shell.said("distribution", "check")
    shell.said("distribution", "check", "--strict", status=1)


def test_a_simulation_finishes_60_mb_in_the_second_night(shell: Shell) -> None:
    shell.said("channel", "set", "night", "--send", "daily window 22:00-22:03")
    shell.said("distributor", "set", "hq", "--output-rate", "2Mbit")
    shell.said("channel", "unsubscribe", "night", "@branches")
    shell.said("channel", "activate", "night", "lab1")
    shell.said("distribution", "set", "intranet", "--build", "never")
    size = ("--size", "intranet=60MB")
    found = shell.json("distribution", "simulate", "--days", "3", *size)
    assert found["arrivals"] == [
        {
            "distribution": "intranet", "subscriber": "lab1", "octets": 60_000_000,
            "built": "2026-03-02T12:00:00Z", "begun": "2026-03-02T21:00:00Z",
            "received": "2026-03-03T21:01:00Z", "extracted": None, "stops": 1,
        }
    ]  # fmt: skip
    shell.said("distribution", "simulate", "--days", "1", *size, status=1)
    assert shell.json("distribution", "simulate", status=1)["arrivals"] == []


def test_what_was_never_built_is_estimated_by_its_source(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a").write_bytes(bytes(5_000))
    shell.said("distribution", "set", "intranet", "--source", str(tmp_path / "files"))
    found = shell.json("distribution", "simulate")
    assert (found["octets"], found["estimated"]) == ({"intranet": 5_000}, ["intranet"])


def test_check_shows_what_a_command_changed_and_what_does_not_fit(shell: Shell) -> None:
    (shell.path / "objects").mkdir()
    (shell.path / "objects" / "realm.toml").write_text(OBJECTS)
    shell.said("apply", str(shell.path / "objects"))
    shell.said("channel", "set", "night", "--send", "never")
    (drift,) = shell.json("check")["warnings"]
    assert 'channel:night.send: a command changed it to "never"' in drift
    (shell.path / "objects" / "realm.toml").write_text(OBJECTS.replace('"hq"\n', '"hp"\n'))
    (error,) = shell.json("check", status=65)["errors"]
    assert (error["path"], error["message"]) == (
        "distribution.intranet.distributor", "there is no distributor hp",
    )  # fmt: skip


def test_a_build_that_fails_says_so_by_its_status(shell: Shell) -> None:
    status, _, err = shell.run("distribution", "build", "intranet")
    assert (status, err) == (65, "horarium: missing: /srv/intranet: no such file or directory\n")


def test_what_is_not_active_is_not_built(shell: Shell) -> None:
    shell.said("distribution", "set", "intranet", "--active", "false")
    status, _, err = shell.run("distribution", "build", "intranet")
    assert (status, err) == (1, "horarium: distribution intranet is not active: it is not built\n")


def test_lists_are_given_by_commas_or_one_by_one(shell: Shell) -> None:
    for name, given in (("s3", ["p1,lab1"]), ("s4", ["p1", "lab1"])):
        options = [word for value in given for word in ("--parents", value)]
        shell.said("subscriber", "add", name, *options)
        assert shell.json("subscriber", "show", name)["keys"]["parents"] == ["p1", "lab1"]
    grid = ("Mon-Fri 22:00-23:00 2Mbit", "Sat,Sun 00:00-24:00 unlimited")
    shell.said("channel", "set", "night", "--rate-grid", grid[0], "--rate-grid", grid[1])
    assert shell.json("channel", "show", "night")["keys"]["rate_grid"] == list(grid)
    status, _, err = shell.run("subscriber", "set", "s3", "--timeout", "60", "--timeout", "70")
    assert (status, "timeout: takes one value, and has 2" in err) == (64, True)
    shell.said("subscriber", "set", "s3", "--timeout", "60", "--title", "Third")
    shell.said("subscriber", "set", "s3", "--unset", "timeout,title", "--unset", "parents")
    assert shell.json("subscriber", "show", "s3")["keys"] == {"title": ""}


def test_a_channel_takes_several_at_once_or_none_of_them(shell: Shell) -> None:
    def keys() -> dict[str, object]:
        return dict(shell.json("channel", "show", "night")["keys"])

    before = keys()
    shell.said("distribution", "add", "more", "--distributor", "hq", "--source", "/srv/more")
    shell.said("distribution", "add", "less", "--distributor", "hq", "--source", "/srv/less")
    shell.said("channel", "add-distribution", "night", "more,less")
    assert keys()["distributions"] == ["intranet", "more", "less"]
    shell.said("channel", "remove-distribution", "night", "more", "less")
    shell.said("channel", "subscribe", "night", "p1", "s2")
    assert keys()["subscribers"] == ["@branches", "lab1", "p1", "s2"]
    shell.said("channel", "deactivate", "night", "p1,s2")
    assert keys()["inactive"] == ["lab1", "p1", "s2"]
    assert shell.run("channel", "unsubscribe", "night", "p1", "s9")[0] == 1
    assert keys()["subscribers"] == ["@branches", "lab1", "p1", "s2"]
    shell.said("channel", "unsubscribe", "night", "p1", "s2")
    assert keys() == before
