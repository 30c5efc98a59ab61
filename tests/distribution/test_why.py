"""Why a receiver does not have a version in use, and how far everybody is, as commands tell it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from horarium.distribution.causes import read_reason
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.store.acts import Logged
from horarium.store.releases import ExtraWindow, ReleaseRepository
from horarium.store.store import Transaction
from horarium.store.versions import Passage

from .commands import OBJECTS, Shell
from .way import Way

BUILT, NOW = "2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z"
OPENS = "2026-03-02T21:00:00Z"


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def way(shell: Shell) -> Way:
    """Version 1, which p1 passes on to s1 and s2."""
    made = Way.at(shell.path)
    made.version(1, BUILT, "s1", "s2")
    made.joined("p1", "s1", "s2", seen=NOW)
    return made


def why(shell: Shell, node: str, *more: str) -> dict[str, Any]:
    return shell.json("distribution", "why", "intranet", node, *more)


def node_of(shell: Shell, name: str) -> dict[str, Any]:
    [version] = shell.json("distribution", "status", "intranet")["versions"]
    found: dict[str, Any] = next(one for one in version["nodes"] if one["node"] == name)
    return found


def test_the_chain_goes_over_the_parents_to_the_window_and_names_the_next_opening(
    shell: Shell, way: Way
) -> None:
    shell.said("channel", "subscribe", "night", "p1")
    way.store.transact(
        [], lambda tx: tx.versions.expect("intranet", 1, ["p1"], parse_instant(BUILT))
    )
    way.told(1, "p1", "suspended", BUILT, "window", 63)
    way.told(1, "s1", "suspended", BUILT, "upstream", 63)
    found = why(shell, "s1")
    assert found["said"] == (
        "not extracted: received 63 % at parent p1; p1 waits for Send window "
        "of channel night, opens 2026-03-02 22:00+01:00 Europe/Berlin"
    )
    assert (found["id"], found["subscriber"], found["version"]) == ("intranet", "s1", 1)
    assert (found["verdict"], found["next"]) == ("suspended", OPENS)
    assert [step["gate"] for step in found["steps"]] == ["s1", "p1"]
    assert found["steps"][0]["reason"] == "parent_incomplete(p1, 63 %)"
    assert found["steps"][1]["reason"] == f"window_closed({OPENS})"


def test_a_parent_that_only_passes_it_on_is_a_link_of_the_chain_too(shell: Shell, way: Way) -> None:
    found = why(shell, "s2")
    assert [step["verdict"] for step in found["steps"]] == ["pending", "forward_only"]
    assert found["next"] == OPENS


def test_who_has_received_waits_for_the_firing_of_its_extract_schedule(
    shell: Shell, way: Way
) -> None:
    way.told(1, "s2", "received", BUILT)
    found = why(shell, "s2")
    assert found["next"] == "2026-03-03T01:00:00Z"
    assert "waits for the Extract schedule of s2, which fires 2026-03-03 02:00" in found["said"]
    way.told(1, "s1", "received", BUILT)
    assert why(shell, "s1")["next"] is None
    assert node_of(shell, "s2")["reason"] == "extract_wait(2026-03-03T01:00:00Z)"


@pytest.mark.parametrize(
    ("schedule", "now", "following"),
    [
        ("daily window 02:00-04:00", "2026-03-03T00:59:59Z", "2026-03-03T01:00:00Z"),
        ("daily window 02:00-04:00", "2026-03-03T01:30:00Z", "2026-03-04T01:00:00Z"),
        ("daily start 02:00", "2026-03-03T20:00:00Z", "2026-03-04T01:00:00Z"),
        ("daily window 02:00-04:00 every 1h", "2026-03-03T01:30:00Z", "2026-03-03T02:00:00Z"),
        ("daily window 02:00-04:00 every 1h", "2026-03-03T02:30:00Z", "2026-03-04T01:00:00Z"),
        ("weekly TU 02:00 - WE 04:00", "2026-03-03T12:00:00Z", "2026-03-10T01:00:00Z"),
        ("periodic 01:00", "2026-03-03T01:30:00Z", "2026-03-03T02:30:00Z"),
    ],
)
def test_a_firing_whose_instant_has_passed_was_made_and_does_not_move_along(
    shell: Shell, way: Way, schedule: str, now: str, following: str
) -> None:
    shell.said("subscriber", "set", "s2", "--extract", schedule)
    shell.now = now
    way.seen("p1", now)
    way.told(1, "s2", "received", now)
    assert why(shell, "s2")["next"] == following
    assert node_of(shell, "s2")["reason"] == f"extract_wait({following})"
    if not schedule.startswith("periodic"):
        assert shell.json("next", "s2", "--count", "1")["next"][0]["at"] == following
        agenda = shell.json("agenda", "--to", "+9d", "--kind", "distribution")["entries"]
        assert next(one for one in agenda if one["id"] == "s2")["start"] == following


def test_a_random_instant_that_has_passed_is_over_too(shell: Shell, way: Way) -> None:
    shell.said("subscriber", "set", "s2", "--extract", "daily window 02:00-04:00 random window")
    way.told(1, "s2", "received", BUILT)
    today, tomorrow = (one["at"] for one in shell.json("next", "s2", "--count", "2")["next"])
    assert why(shell, "s2")["next"] == today
    shell.now = format_instant(Instant(parse_instant(today) + 1))
    assert why(shell, "s2")["next"] == tomorrow
    assert shell.json("subscriber", "preview", "s2")["firings"][0]["at"] == tomorrow


@pytest.mark.parametrize(
    ("schedule", "again", "said"),
    [
        ("daily window 02:00-04:00", ", 2026-03-03T01:00:00Z",
         "tries again at its next Extract firing, 2026-03-03 02:00+01:00 Europe/Berlin"),
        ("immediately", "",
         "tries again at its next Extract firing, when another version has arrived"),
        ("never", "", "tries again at its next Extract firing, and no schedule brings one; "
         "horarium subscriber extract s2 does"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["bin/prog", "a, b (c)"])
def test_a_deferred_version_names_the_file_in_use_and_the_next_firing(
    shell: Shell, way: Way, path: str, schedule: str, again: str, said: str
) -> None:
    shell.said("subscriber", "set", "s2", "--extract", schedule)
    way.told(1, "s2", "extract_wait", BUILT, f"locked({path})")
    found = why(shell, "s2")
    assert found["said"] == f"not extracted: received, but {path} is in use at s2, which {said}"
    assert found["next"] == (again.removeprefix(", ") or None)
    assert found["steps"][0]["evidence"]["path"] == path
    assert node_of(shell, "s2")["reason"] == f"locked({path}{again})"
    assert f"locked({path}{again})" in shell.said("distribution", "status", "intranet")
    shell.now = "2026-03-04T12:00:00Z"
    [late] = [one for one in shell.json("distribution", "report", "intranet", "late")["rows"]
              if one["subscriber"] == "s2"]  # fmt: skip
    assert late["reason"].startswith(f"locked({path}")


def test_a_version_that_is_unpacked_again_is_not_said_to_be_deferred(
    shell: Shell, way: Way
) -> None:
    way.told(1, "s2", "extract_wait", BUILT, "locked(prog)")
    way.told(1, "s2", "staging", NOW)
    assert node_of(shell, "s2")["reason"] is None


@pytest.mark.parametrize(
    ("text", "facts", "until"),
    [
        ("locked(prog)", {"path": "prog"}, None),
        ("locked(a, b)", {"path": "a, b"}, None),
        (f"locked(a, b, {NOW})", {"path": "a, b"}, NOW),
        ("parent_incomplete(p1, 63 %)", {"parent": "p1", "percent": "63 %"}, None),
        (f"ring_waits(1, {NOW})", {"ring": "1"}, NOW),
    ],
)
def test_a_reason_is_read_as_it_was_written(
    text: str, facts: dict[str, str], until: str | None
) -> None:
    found = read_reason(text)
    assert (found.facts, str(found)) == (facts, text)
    assert found.until == (parse_instant(until) if until else None)


def test_who_never_joined_or_is_silent_is_told_so(shell: Shell, way: Way) -> None:
    shell.said("subscriber", "add", "s9", "--parents", "p1")
    shell.said("channel", "subscribe", "night", "s9")
    way.version(2, BUILT, "s1", "s2", "s9")
    assert node_of(shell, "s9")["reason"] == "never_contacted"
    assert "s9 has never joined" in why(shell, "s9")["said"]
    way.seen("p1", "2026-03-02T10:00:00Z")
    assert node_of(shell, "s1")["reason"] == "parent_down(p1, 2026-03-02T10:00:00Z)"
    assert why(shell, "s1")["steps"][1]["reason"] == "unreachable(2026-03-02T10:00:00Z)"
    assert "p1 has not been heard of since" in why(shell, "s1")["said"]


def test_a_revoked_node_is_refused(shell: Shell, way: Way) -> None:
    way.joined("s1", seen=NOW, revoked=True)
    assert node_of(shell, "s1")["reason"] == "refused(revoked)"


@pytest.mark.parametrize(
    ("commands", "node", "what"),
    [
        ([("distribution", "set", "intranet", "--active", "false")], "s1", "distribution intranet"),
        ([("channel", "deactivate", "night")], "s1", "channel night"),
        ([("channel", "deactivate", "night", "@branches")], "s1",
         "subscription of @branches to night"),
        ([], "lab1", "subscription of lab1 to night"),
        ([("channel", "deactivate", "night")], "lab1",
         "channel night, subscription of lab1 to night"),
    ],
)  # fmt: skip
def test_what_is_inactive_is_named(
    shell: Shell, way: Way, commands: list[tuple[str, ...]], node: str, what: str
) -> None:
    way.joined("lab1", seen=NOW)
    for command in commands:
        shell.said(*command)
    found = why(shell, node)
    said = f"nothing is sent to {node}; inactive: {what}"
    assert found["said"] == f"not extracted: {said}"
    assert (found["steps"][0]["reason"], found["next"]) == ("inactive", None)
    # A refresh ends the subscription of whoever gets it no more.
    way.told(1, node, "extracted", BUILT)
    way.store.transact(
        [], lambda tx: tx.versions.unsubscribe("intranet", [node], parse_instant(NOW))
    )
    assert why(shell, node)["said"] == f"unsubscribed: {said}"


def test_who_is_not_subscribed_is_told_so(shell: Shell, way: Way) -> None:
    shell.said("subscriber", "add", "s9")
    way.joined("s9", seen=NOW)
    assert why(shell, "s9")["said"] == "not extracted: no way leads to s9: not subscribed"


RINGED = (
    OBJECTS.replace(
        'send = "daily window 22:00-02:00"',
        'send = "immediately"\nrings = [{ group = "branches", soak = "2d" }]',
    )
    .replace('members = ["s1", "s2"]', 'members = ["s1"]')
    .replace('["@branches", "lab1"]', '["@branches", "s2"]')
    .replace('inactive = ["lab1"]', "")
)


@pytest.mark.parametrize(
    ("state", "reason", "code", "said"),
    [
        ("going", "ring_waits(1, 2026-03-04T11:00:00Z)", "ring_waits(1, 2026-03-04T11:00:00Z)",
         "s2 is in ring 2 of channel night; the version soaks in ring 1 until 2026-03-04 12:00"),
        ("going", "ring_unproven(1)", "ring_unproven(1)", "has not proven the version yet"),
        ("paused", "", f"release_paused(ann, {BUILT})", "channel night is paused by ann since"),
        ("halted", "2 failed", f"release_halted(2 failed, {BUILT})", "halted at"),
        ("returned", "", "withdrawn(2)", "version 2 takes its place"),
    ],
)  # fmt: skip
def test_rings_hold_a_version_back(
    shell: Shell, way: Way, state: str, reason: str, code: str, said: str
) -> None:
    shell.declare(RINGED)
    way.release(1, 1, state, BUILT, reason)
    if state == "returned":
        returned = way.version(2, BUILT, "s1", "s2")
        way.store.transact([], lambda tx: tx.versions.save(replace(returned, returns=1)))
    found = why(shell, "s2", "--version", "1")
    assert found["steps"][0]["reason"] == code
    assert said in found["said"]


def test_an_extracted_version_is_in_use_and_a_failed_one_says_why(shell: Shell, way: Way) -> None:
    way.told(1, "s1", "extracted", BUILT)
    way.told(1, "s2", "extract_failed", BUILT, "staging, www/a: no space")
    assert why(shell, "s1")["said"].startswith("extracted since 2026-03-02 12:00")
    assert "s2 could not unpack it: staging, www/a: no space" in why(shell, "s2")["said"]


def test_without_a_version_the_build_is_the_cause(shell: Shell) -> None:
    found = why(shell, "s1")
    assert (found["verdict"], found["next"]) == ("no_version", "2026-03-02T17:30:00Z")
    assert found["said"].startswith("there is no version: it was never built; the next build fires")
    store = Way.at(shell.path).store
    at = parse_instant(BUILT)

    def fail(tx: Transaction) -> None:
        tx.versions.end_build(tx.versions.begin_build("intranet", "s", at), "failed", at,
                              reason="source_gone: /srv/intranet")  # fmt: skip

    store.transact([], fail)
    assert "failed: source_gone: /srv/intranet" in why(shell, "s1")["said"]


@pytest.mark.parametrize("names", [("nothing", "s1"), ("intranet", "nobody")])
def test_names_that_are_not_there_are_refused(shell: Shell, names: tuple[str, str]) -> None:
    assert shell.run("distribution", "why", *names)[0] == 1


def test_a_window_opened_by_hand_is_no_reason_to_wait(shell: Shell, way: Way) -> None:
    way.store.transact([], lambda tx: tx.releases.open_window("night", parse_instant(BUILT), "ann"))
    assert why(shell, "s1")["steps"][-1]["reason"] is None


def opened(way: Way) -> None:
    way.store.transact([], lambda tx: tx.releases.open_window("night", parse_instant(BUILT), "ann"))


BY_HAND = {"channel": "night", "opened": BUILT, "closed": None, "by": "ann"}


def test_a_window_opened_by_hand_is_one_of_its_own_in_preview_status_and_report(
    shell: Shell, way: Way
) -> None:
    shell.said("channel", "set", "night", "--send", "never")
    assert shell.json("channel", "preview", "night", status=1)["by_hand"] == []
    opened(way)
    shown = shell.json("channel", "preview", "night")
    assert (shown["by_hand"], [one["open"] for one in shown["windows"]]) == ([BY_HAND], [[]])
    text = shell.said("channel", "preview", "night")
    assert "opened by hand 2026-03-02 12:00" in text
    assert "(ann), until all is sent" in text
    assert "never open by its schedule in that time" in text
    assert shell.json("distribution", "status", "intranet")["opened_by_hand"] == [BY_HAND]
    said = f"channel night is open by hand since {BUILT} (ann), until all is sent"
    assert said in shell.said("distribution", "status", "intranet")
    assert shell.json("distribution", "report", "intranet", "windows")["rows"] == [BY_HAND]
    before = ("report", "intranet", "windows", "--to", "2026-03-02T10:00:00Z")
    assert shell.json("distribution", *before, status=1)["rows"] == []
    shell.said("channel", "add", "noon")
    assert shell.json("channel", "preview", "noon", status=1)["by_hand"] == []


@pytest.mark.parametrize("name", ["channel:night", "intranet"])
def test_a_window_opened_by_hand_is_next_without_an_end(shell: Shell, way: Way, name: str) -> None:
    opened(way)
    found = shell.json("next", name, "--count", "3")["next"]
    windows = [one for one in found if "window" in one["what"]]
    assert windows[:2] == [
        {"at": BUILT, "end": None, "what": "send window of night by hand (ann), until all is sent"},
        {"at": OPENS, "end": "2026-03-03T01:00:00Z", "what": "send window"},
    ]
    shell.said("channel", "deactivate", "night")
    left = shell.json("next", name)["next"]
    assert [one for one in left if "window" in one["what"]] == []
    assert shell.json("distribution", "status", "intranet")["opened_by_hand"] == []


def test_a_window_by_hand_that_is_closed_tells_its_end(
    shell: Shell, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ExtraWindow(1, "night", parse_instant(BUILT), "ann", parse_instant(NOW))
    monkeypatch.setattr(ReleaseRepository, "windows", lambda self, since: [one])
    shown = shell.json("channel", "preview", "night", "--from", BUILT)
    assert shown["by_hand"] == [{**BY_HAND, "closed": NOW}]
    assert "until 2026-03-02 13:00" in shell.said("channel", "preview", "night", "--from", BUILT)
    text = shell.said("distribution", "report", "intranet", "windows")
    assert text.splitlines()[1].split() == ["night", BUILT, NOW, "ann"]
    assert shell.json("distribution", "status", "intranet")["opened_by_hand"] == []


# --- status and reports -----------------------------------------------------------


def test_status_draws_the_tree_with_marks_and_bars(shell: Shell, way: Way) -> None:
    way.told(1, "s1", "receiving", BUILT, "", 50)
    way.told(1, "s2", "extracted", BUILT)
    said = shell.said("distribution", "status", "intranet")
    assert "→ p1   forward_only" in said
    assert "    ▸ s1 receiving ██████████░░░░░░░░░░ 50 %" in said
    assert "    ✓ s2 extracted" in said


def test_status_tells_moments_that_were_not_made(shell: Shell, way: Way) -> None:
    entry = Logged(
        "distribution:intranet/build",
        parse_instant(BUILT),
        parse_instant(NOW),
        "skipped",
        "missed",
        3,
    )
    way.store.transact([], lambda tx: tx.acts.log(entry))
    assert shell.json("distribution", "status", "intranet")["not_made"] == [
        {"what": "distribution:intranet/build", "due": BUILT, "reason": "missed", "times": 3}
    ]
    said = shell.said("distribution", "status", "intranet")
    assert f"not made: distribution:intranet/build of {BUILT}: missed (3 times)" in said


def test_a_subscriber_is_told_with_all_it_gets(shell: Shell, way: Way) -> None:
    way.told(1, "s1", "receiving", BUILT, "", 50)
    found = shell.json("subscriber", "status", "s1")
    assert [(one["distribution"], one["state"]) for one in found["distributions"]] == [
        ("intranet", "receiving")
    ]
    assert "▸ intranet 1 receiving" in shell.said("subscriber", "status", "s1")


def test_a_watch_list_tells_of_several_subscribers_at_once(
    shell: Shell, way: Way, tmp_path: Path
) -> None:
    way.told(1, "s1", "receiving", BUILT, "", 50)
    watched = tmp_path / "watched"
    watched.write_text("s1\n\np1\n")
    for given in (["s2", "s1", "p1"], ["s2,s1", "p1"], ["s2", "--file", str(watched)]):
        found = shell.json("subscriber", "status", *given)["subscribers"]
        assert [one["subscriber"] for one in found] == ["s2", "s1", "p1"]
    found = shell.json("subscriber", "status", "@branches", "s1")["subscribers"]
    assert [one["subscriber"] for one in found] == ["s1", "s2"]
    said = shell.said("subscriber", "status", "s2", "s1")
    assert said.index("s2:") < said.index("s1:") < said.index("▸ intranet 1 receiving")
    assert shell.run("subscriber", "status")[0] == 64
    for strange in ("s9", "@nobody"):
        assert shell.run("subscriber", "status", "s1", strange)[0] == 1
    assert shell.run("subscriber", "status", "--file", str(tmp_path / "none"))[0] == 66


def test_a_report_is_kept_to_some_receivers(shell: Shell, way: Way) -> None:
    shell.now = "2026-03-20T12:00:00Z"

    def late(*given: str) -> list[str]:
        rows = shell.json("distribution", "report", "intranet", "late", *given)["rows"]
        return [row["subscriber"] for row in rows]

    assert late() == ["s1", "s2"]
    assert late("--subscriber", "s2") == ["s2"]
    assert late("--subscriber", "s2", "--subscriber", "s1") == ["s1", "s2"]
    assert late("--subscriber", "s1,s2") == ["s1", "s2"]


def test_watching_ends_when_nothing_is_awaited(shell: Shell, way: Way) -> None:
    way.told(1, "s1", "extracted", BUILT)
    way.told(1, "s2", "extracted", BUILT)
    assert "✓ s1" in shell.said("distribution", "status", "intranet", "--watch")


def test_who_is_late_is_reported_and_who_never_joined_too(shell: Shell, way: Way) -> None:
    way.told(1, "s1", "extracted", BUILT)
    shell.now = "2026-03-05T12:00:00Z"
    rows = shell.json("distribution", "report", "intranet", "late")["rows"]
    assert [(row["subscriber"], row["state"]) for row in rows] == [("s2", "pending")]
    shell.now = NOW
    assert shell.json("distribution", "report", "intranet", "late", status=1)["rows"] == []


def _noted(note: Passage, tx: Transaction) -> None:
    tx.versions.note(note)


def test_reports_are_text_csv_and_json(shell: Shell, way: Way) -> None:
    steps = [("receiving", 0), ("received", 5), ("staging", 5), ("extracted", 5)]
    for hour, (what, octets) in enumerate(steps, start=10):
        at = parse_instant(f"2026-03-02T{hour:02}:30:00Z")
        note = Passage("intranet", 1, "s1", what, at, octets, "=1+1" if octets == 0 else "")
        way.store.transact([], partial(_noted, note))
    shell.now = "2026-03-03T12:00:00Z"
    [row] = shell.json("distribution", "report", "intranet", "detail")["rows"]
    assert row == {
        "distribution": "intranet", "version": 1, "subscriber": "s1", "bytes": 5,
        "receive_start": "2026-03-02T10:30:00Z", "receive_end": "2026-03-02T11:30:00Z",
        "extract_start": "2026-03-02T12:30:00Z", "extract_end": "2026-03-02T13:30:00Z",
        "state": "extracted", "reason": None,
    }  # fmt: skip
    read = shell.json("distribution", "report", "s1", "subscriber", "--format", "json")["rows"]
    assert read == [row]
    early = ("--to", "2026-03-02T11:00:00Z", "--format", "csv")
    [line] = csv.DictReader(
        io.StringIO(shell.said("distribution", "report", "intranet", "detail", *early))
    )
    assert (line["state"], line["reason"]) == ("receiving", "'=1+1")
    text = shell.said("distribution", "report", "intranet", "history")
    names = ["version", "built", "files", "bytes", "delta_bytes", "cause"]
    assert text.splitlines()[0].split() == names
    assert shell.said("distribution", "report", "intranet", "failures", status=1) == "nothing\n"


def test_a_link_below_the_first_tier_that_obeys_the_window_waits_for_it(
    shell: Shell, way: Way
) -> None:
    shell.said("channel", "subscribe", "night", "p1")
    way.store.transact(
        [], lambda tx: tx.versions.expect("intranet", 1, ["p1"], parse_instant(BUILT))
    )
    way.told(1, "p1", "extracted", BUILT)
    way.seen("p1", NOW)
    assert node_of(shell, "s1")["reason"] is None
    shell.said("channel", "set", "night", "--obey-send-window", "true")
    assert node_of(shell, "s1")["reason"] == f"window_closed({OPENS})"
    found = why(shell, "s1")
    assert (found["next"], [step["gate"] for step in found["steps"]]) == (OPENS, ["s1"])


def test_what_is_fetched_whole_says_which_files_and_why(shell: Shell, way: Way) -> None:
    way.told(1, "s2", "extract_wait", BUILT, "fetches_whole(part0/a, b (old) and 2 more)")
    assert node_of(shell, "s2")["reason"] == "fetches_whole(part0/a, b (old) and 2 more)"
    assert "changed at s2, which fetches whole: part0/a, b (old) and 2 more" in (
        why(shell, "s2")["said"]
    )  # fmt: skip
