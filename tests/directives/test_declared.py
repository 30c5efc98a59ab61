"""Declared directives: what they mean, what is refused and where, what their identity rests on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.directives.declared import (
    FIRST_POSITION,
    SIGNALS,
    declared_entries,
    faults,
    read_declared,
    read_schedule,
)
from horarium.directives.entry import Entry, Execute
from horarium.kernel.errors import InvalidInput
from horarium.kernel.schedule import CatchUp, CatchUpKind, OnCrash, Overlap, Type

OSLO = "Europe/Oslo"
DAILY = {"type": "daily", "start": "02:30"}
BACKUP: dict[str, object] = {"run": ["/usr/local/bin/backup", "--full"], "schedule": DAILY}


def read(keys: dict[str, object], name: str = "backup") -> Entry:
    return read_declared(name, keys, OSLO, master=1)


def wrong(**changes: object) -> list[tuple[str, str]]:
    return list(faults("backup", BACKUP | changes))


def test_the_example_of_the_interface() -> None:
    entry = read(BACKUP | {"schedule": DAILY | {"zone": "Europe/Moscow"}, "timeout": "2h"})
    assert entry.action == Execute(("/usr/local/bin/backup", "--full"), timeout=7_200)
    assert entry.schedule.zone == "Europe/Moscow"
    assert (entry.schedule.type, entry.schedule.start) == (Type.DAILY, 2 * 3600 + 30 * 60)
    assert entry.text == "/usr/local/bin/backup --full daily start 02:30 zone Europe/Moscow"
    assert (entry.task, entry.name, entry.line, entry.shown) == (1, "backup", None, "backup")


def test_a_directive_that_waits_for_a_signal() -> None:
    entry = read(
        {
            "run": ["print-badge", "--desk", "2 left"],
            "schedule": {"type": "on", "signal": "slot.confirmed"},
            "task": 2,
            "timeout": "10m",
            "catch_up": "once",
        }
    )
    assert (entry.task, entry.schedule.signal) == (2, "slot.confirmed")
    assert entry.action == Execute(("print-badge", "--desk", "2 left"), timeout=600)
    assert entry.text == "print-badge --desk '2 left' on slot.confirmed"
    assert entry.schedule.zone == OSLO


def test_what_is_not_written_is_the_default() -> None:
    entry = read_declared("backup", BACKUP, OSLO, master=7)
    schedule = entry.schedule
    assert (entry.task, schedule.zone, schedule.enabled) == (7, OSLO, True)
    assert (schedule.catch_up, schedule.overlap) == (CatchUp(), Overlap.SKIP)
    assert (schedule.grace, schedule.deadline, schedule.on_crash) == (60, None, OnCrash.SKIP)
    assert entry.action == Execute(("/usr/local/bin/backup", "--full"), timeout=3_600)


POLICIES: dict[str, object] = {
    "catch_up": {"all": 5, "within": "2d"},
    "overlap": "queue_one",
    "deadline": "3h",
    "grace": 120,
    "on_crash": "rerun",
    "late_outside_window": True,
    "enabled": False,
}


def test_policies_stand_beside_the_schedule_or_inside() -> None:
    beside = read(BACKUP | POLICIES)
    assert beside == read(BACKUP | {"schedule": DAILY | POLICIES})
    text = "daily start 02:30"
    assert beside == read(BACKUP | POLICIES | {"schedule": text})
    said = (
        "disabled late_outside_window on_crash rerun grace 2m deadline 3h "
        "overlap queue_one catch_up all 5 within 2d"
    )
    assert beside == read(BACKUP | {"schedule": f"{text} {said}"})
    schedule = beside.schedule
    assert schedule.catch_up == CatchUp(CatchUpKind.ALL, 5, 172_800)
    assert (schedule.deadline, schedule.on_crash) == (10_800, OnCrash.RERUN)
    assert not schedule.enabled


SAID = {
    "catch_up": "catch_up all 5 within 2d",
    "overlap": "overlap skip",
    "deadline": "deadline 3h",
    "grace": "grace 60s",
    "on_crash": "on_crash skip",
    "late_outside_window": "late_outside_window",
    "enabled": "disabled",
}


@pytest.mark.parametrize("key", POLICIES)
def test_a_policy_stands_in_one_place(key: str) -> None:
    message = "stands here and inside the schedule; one place is enough"
    value = POLICIES[key]
    assert wrong(**{key: value, "schedule": DAILY | {key: value}}) == [(key, message)]
    assert wrong(**{key: value, "schedule": f"daily start 02:30 {SAID[key]}"}) == [(key, message)]
    assert wrong(**{key: value, "schedule": f"daily start 02:30 seed {key}"}) == []


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"run": []}, "run", "names no program"),
        ({"run": [""]}, "run", "names no program"),
        ({"run": "backup --full"}, "run", "expected a program and its arguments, each a text"),
        ({"run": ["a", 5]}, "run", "each a text of its own"),
        ({"run": ["a", "b\nc"]}, "run", "the control character U+000A stands in word 2"),
        ({"run": ["a\x1b[2J"]}, "run", "the control character U+001B stands in word 1"),
        ({"run": ["a\x85"]}, "run", "the control character U+0085 stands in word 1"),
        ({"run": ["a"] * 257}, "run", "is longer than 256 words and 32768 characters"),
        ({"run": ["a" * 32_769]}, "run", "is longer than 256 words and 32768 characters"),
        ({"task": 256}, "task", "expected a task number from 0 to 255, not 256"),
        ({"task": -1}, "task", "expected a task number from 0 to 255, not -1"),
        ({"task": True}, "task", "expected a task number from 0 to 255, not True"),
        ({"task": "2"}, "task", "expected a task number from 0 to 255, not 2"),
        ({"timeout": 0}, "timeout", "must be at least one second and at most 400 days, not 0"),
        ({"timeout": "401d"}, "timeout", "at most 400 days, not 401d"),
        ({"timeout": "soon"}, "timeout", "expected a duration such as 10m or PT1H, not soon"),
        ({"timeout": 1.5}, "timeout", "expected a duration such as 10m or PT1H, not 1.5"),
        ({"overlap": "allow"}, "overlap", "two runs of a directive never overlap"),
        ({"schedule": DAILY | {"overlap": "allow"}}, "schedule.overlap", "never overlap"),
        ({"schedule": "daily overlap allow"}, "schedule.overlap", "never overlap"),
        ({"schedule": 5}, "schedule", "expected a table, or one line of text"),
        ({"schedule": "dialy 02:30"}, "schedule", "line 1, column 1: found 'dialy', expected a"),
        ({"schedule": {"start": "02:30"}}, "schedule", "type: a schedule needs it"),
        ({"schedule": {"type": "daily", "strat": "2:30"}}, "schedule.strat", "mean 'start'?"),
        ({"schedule": {"type": "monthly", "day": 32}}, "schedule.day", "1 to 31"),
        ({"schedule": {"type": "cron", "cron": "99 * * * *"}}, "schedule", "'99' is not a"),
        ({"schedule": DAILY | {"zone": "owner"}}, "schedule.zone", "owner means nothing here"),
        ({"schedule": DAILY | {"except": "feasts"}}, "schedule.except", "'feasts' is not known"),
        ({"grace": "soon"}, "grace", "a duration like"),
        ({"enabled": "yes"}, "enabled", "true or false"),
        ({"on_crash": "retry"}, "on_crash", "skip, rerun"),
        (
            {"schedule": "on slot.confirmd"},
            "schedule.signal",
            'there is no signal slot.confirmd; did you mean "slot.confirmed"?',
        ),
        ({"comand": "x"}, "comand", "there is no such key"),
        ({"timout": "1h"}, "timout", 'there is no such key; did you mean "timeout"?'),
    ],
)
def test_what_is_refused(changes: dict[str, object], key: str, said: str) -> None:
    ((found, message),) = wrong(**changes)
    assert found == key
    assert said in message
    with pytest.raises(InvalidInput) as caught:
        read(BACKUP | changes)
    assert (caught.value.part, str(caught.value)) == (key, f"{key}: {message}")


def test_all_faults_are_told_at_once() -> None:
    found = list(faults("a b", {"task": 300, "timeout": "x", "shell": True}))
    assert [key for key, _ in found] == ["", "shell", "", "", "task", "timeout"]
    assert found[0][1] == "a directive's name is letters, digits, dots, - and _"
    assert found[2][1].startswith("needs run")
    assert found[3][1].startswith("needs a schedule")


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_is_known(signal: str) -> None:
    assert read(BACKUP | {"schedule": f"on {signal}"}).schedule.signal == signal


# --- identity and order ---------------------------------------------------------------

SPELLINGS: list[list[dict[str, object]]] = [
    [
        BACKUP,
        BACKUP | {"schedule": "daily start 2:30"},
        BACKUP | {"schedule": "DAILY mon-sun start 02:30:00 grace 60s"},
        BACKUP | {"schedule": DAILY | {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}},
        BACKUP | {"timeout": "PT1H", "overlap": "skip", "enabled": True},
        BACKUP | {"timeout": 3600, "catch_up": "once"},
    ],
    [
        BACKUP | {"schedule": "interval 90m deadline 1d"},
        BACKUP | {"schedule": {"type": "interval", "every": 5400}, "deadline": "PT24H"},
    ],
]


@pytest.mark.parametrize("same", SPELLINGS)
def test_a_spelling_does_not_change_the_identity(same: list[dict[str, object]]) -> None:
    assert len({read(keys).key for keys in same}) == 1
    assert len({read(dict(reversed(keys.items()))).key for keys in same}) == 1


def test_the_zone_and_the_master_of_the_site_do_not_change_the_identity() -> None:
    one = read_declared("backup", BACKUP, OSLO, master=1)
    other = read_declared("backup", BACKUP, "Asia/Tokyo", master=3)
    assert one.key == other.key
    assert one.key.startswith("directive:")
    assert len(one.key) == len("directive:") + 40


def test_any_other_change_is_another_directive() -> None:
    changed: list[dict[str, object]] = [
        BACKUP,
        BACKUP | {"run": ["/usr/local/bin/backup"]},
        BACKUP | {"run": ["/usr/local/bin/backup --full"]},
        BACKUP | {"schedule": DAILY | {"start": "02:31"}},
        BACKUP | {"schedule": DAILY | {"zone": OSLO}},
        BACKUP | {"task": 1},
        BACKUP | {"timeout": 3601},
        *(BACKUP | {key: value} for key, value in POLICIES.items()),
    ]
    keys = [read(item).key for item in changed] + [read(BACKUP, "backup2").key]
    assert len(set(keys)) == len(keys)


def test_directives_stand_after_the_lines_by_name() -> None:
    names = ["b", "a.2", "a", "B", "a-1"]
    found = declared_entries(dict.fromkeys(names, BACKUP), OSLO, master=1)
    assert [entry.name for entry in found] == sorted(names)
    assert [entry.position - FIRST_POSITION for entry in found] == [0, 1, 2, 3, 4]


WORDS = st.lists(
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20), max_size=6
).filter(lambda words: bool(words and words[0]))


@given(WORDS, st.sampled_from([keys["schedule"] for group in SPELLINGS for keys in group]))
def test_what_was_kept_as_json_is_the_same_directive(words: list[str], schedule: object) -> None:
    keys = BACKUP | {"run": words, "schedule": schedule}
    if isinstance(schedule, str) and "deadline" in schedule:
        keys["grace"] = "5m"
    again = json.loads(json.dumps(keys))
    assert read(again) == read(keys)
    assert read(keys).action == Execute(tuple(words))


@given(
    st.dictionaries(
        st.sampled_from(["run", "schedule", "task", "timeout", *POLICIES, "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["type", "start", "every", "days", "all"]), inner)
            ),
            max_leaves=8,
        ),
    )
)
def test_whatever_is_written_is_read_or_refused(keys: dict[str, object]) -> None:
    found = list(faults("any", keys))
    if found:
        with pytest.raises(InvalidInput):
            read(keys, "any")
    else:
        assert read(keys, "any").name == "any"


def test_a_schedule_that_does_not_fit_on_a_line_is_refused() -> None:
    dates = ",".join(
        f"2026{month:02}{day:02}T120000" for month in range(1, 11) for day in range(1, 29)
    )
    series = {"type": "rrule", "rrule": f"DTSTART:20260101T120000\nRDATE:{dates}"}
    assert wrong(schedule=series) == [("schedule", "is longer than 4000 characters")]
    few = {
        "type": "rrule",
        "rrule": f"DTSTART:20260101T120000\nRDATE:{dates[:3000].rpartition(',')[0]}",
    }
    assert wrong(schedule=few) == []


def test_a_schedule_alone_is_read_like_that_of_a_directive() -> None:
    assert read_schedule("daily start 2:30") == read_schedule(DAILY)
    for written, part, message in (
        ({"type": "daily", "start": "25:00"}, "start", "start: "),
        ("daily zone owner", "zone", "zone: owner means nothing here"),
        ("daily overlap allow", "overlap", "overlap: two runs"),
        (None, "", "expected a table, or one line of text"),
    ):
        with pytest.raises(InvalidInput) as caught:
            read_schedule(written)
        assert caught.value.part == part
        assert str(caught.value).startswith(message)
