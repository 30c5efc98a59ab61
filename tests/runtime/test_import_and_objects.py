"""Taking bookings over, applying and exporting objects, drift, rebuilding."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.office import NOW, ROOM, Office, request, vevent

from horarium.booking.importing import event_lines, read_exports
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.bookings import rebuild
from horarium.runtime.changing import add_resource, remove_resource, set_preference
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.importing import import_into
from horarium.runtime.objects import DeclaredObjects, read_objects

BY = "vincent.vole@example.com"


def take_over(office: Office, *components: str, dry_run: bool = False):  # type: ignore[no-untyped-def]
    text = request(*components, method="PUBLISH").replace("METHOD:PUBLISH\n", "")
    events = list(read_exports(text.encode()))
    return import_into(office.store, office.settings, ROOM, events, office.now, dry_run=dry_run)


def test_imported_events_keep_their_identity_so_that_updates_apply() -> None:
    office = Office()
    event = vevent("old", "2026-12-01 09:00", "2026-12-01 10:00", sequence=4)
    (found,) = take_over(office, event)
    assert found.change is not None
    stale = vevent("old", "2026-12-01 11:00", "2026-12-01 12:00", sequence=3)
    assert office.send(request(stale), by=BY) == []
    moved = vevent("old", "2026-12-01 11:00", "2026-12-01 12:00", sequence=5)
    assert office.send(request(moved), by=BY)[0].partstats == ["ACCEPTED"]
    gone = vevent("old", "2026-12-01 11:00", "2026-12-01 12:00", sequence=6)
    office.send(request(gone, method="CANCEL"), by=BY)
    assert office.everything() == []


def test_overlaps_are_listed_and_kept_and_count_for_everybody_after() -> None:
    office = Office()
    one = vevent("one", "2026-12-01 09:00", "2026-12-01 10:00")
    two = vevent("two", "2026-12-01 09:30", "2026-12-01 10:30")
    found = take_over(office, one, two)
    assert [item.overlaps for item in found] == [[], ["2026-12-01T08:30:00Z"]]
    assert len(office.everything()) == 2
    assert office.invite("2026-12-01 10:15", "2026-12-01 11:00") == "DECLINED"
    assert office.invite("2026-12-01 10:30", "2026-12-01 11:00") == "ACCEPTED"


def test_a_second_import_changes_nothing_and_a_dry_one_never_does() -> None:
    office = Office()
    event = vevent("one", "2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=WEEKLY")
    assert take_over(office, event, dry_run=True)[0].change is not None
    assert office.everything() == []
    take_over(office, event)
    before = office.everything()
    assert take_over(office, event)[0].known
    assert office.everything() == before


def test_a_faulty_event_is_reported_and_the_rest_taken() -> None:
    office = Office()
    good = vevent("good", "2026-12-01 09:00", "2026-12-01 10:00")
    bad = vevent("bad", "2026-12-01 09:00", "2026-12-01 09:00")
    found = take_over(office, bad, good)
    assert [bool(item.problem) for item in found] == [True, False]
    assert [uid for uid, _, _ in office.everything()] == ["good"]


def test_what_a_series_exports_is_kept_part_by_part_and_each_part_can_be_changed() -> None:
    office = Office()
    series = vevent("s", "2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=DAILY;COUNT=3")
    moved = vevent(
        "s", "2026-12-02 14:00", "2026-12-02 15:00", sequence=2,
        extra="RECURRENCE-ID;TZID=Europe/Oslo:20261202T090000",
    )  # fmt: skip
    take_over(office, series, moved)
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 09:00", "2026-12-02 14:00", "2026-12-03 09:00",
    ]  # fmt: skip
    old = moved.replace("T140000", "T160000").replace("T150000", "T170000")
    assert office.send(request(old.replace("SEQUENCE:2", "SEQUENCE:1")), by=BY) == []
    office.send(request(moved.replace("SEQUENCE:2", "SEQUENCE:3"), method="CANCEL"), by=BY)
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 09:00", "2026-12-03 09:00",
    ]  # fmt: skip


def test_a_part_that_names_no_occurrence_is_reported_and_the_rest_kept() -> None:
    office = Office()
    series = vevent("s", "2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=HOURLY;COUNT=6")
    odd = vevent(
        "s", "2026-12-02 14:00", "2026-12-02 15:00", extra="RECURRENCE-ID;VALUE=DATE:20261201"
    )
    (found,) = take_over(office, series, odd)
    assert "20261201" in found.problem
    assert len(office.everything()) == 6
    (again,) = take_over(office, series, odd)
    assert again.change is None
    assert again.problem


def test_a_dry_run_sees_the_overlaps_of_the_real_one_however_long_the_list() -> None:
    office = Office()
    events = [vevent(f"e{n}", "2026-12-01 09:00", "2026-12-01 10:00") for n in range(60)]
    dry = take_over(office, *events, dry_run=True)
    assert office.everything() == []
    real = take_over(office, *events)
    assert [item.overlaps for item in dry] == [item.overlaps for item in real]
    assert sum(bool(item.overlaps) for item in real) == 59


def test_where_an_event_begins_is_known_by_its_line() -> None:
    good = vevent("good", "2026-12-01 09:00", "2026-12-01 10:00")
    folded = vevent("bad", "2026-12-01 09:00", "2026-12-01 09:00").replace("UID:bad", "UID:b\n ad")
    nameless = vevent("x", "2026-12-01 09:00", "2026-12-01 09:00").replace("UID:x\n", "")
    text = request(good, folded, nameless)
    begins = [n for n, line in enumerate(text.split("\n"), 1) if line == "BEGIN:VEVENT"]
    found = event_lines(text.replace("\n", "\r\n").encode())
    assert (found["good"], found["bad"], found[""]) == tuple(begins)


def test_events_without_an_organizer_are_taken_and_answer_to_the_one_who_writes_first() -> None:
    office = Office()
    event = vevent("one", "2026-12-01 09:00", "2026-12-01 10:00")
    event = event.replace(f"ORGANIZER:mailto:{BY}\n", "")
    assert take_over(office, event)[0].problem == ""
    moved = vevent("one", "2026-12-01 11:00", "2026-12-01 12:00", sequence=1)
    assert office.send(request(moved), by=BY)[0].partstats == ["ACCEPTED"]


def test_what_is_imported_is_charged_without_a_limit_refusing_it() -> None:
    functions = "schedule_in_freebusy\ncheck_quota cars\nschedule_across_quota fleet"
    office = Office(
        {ROOM: {"scheduling_function": functions, "redecide_window": "PT0S"}},
        quotas={"cars": {"limits": [["*", "PT1H"]]}},
    )
    long = vevent("long", "2026-12-01 09:00", "2026-12-01 15:00")
    ownerless = vevent("own", "2026-12-03 09:00", "2026-12-03 15:00")
    ownerless = ownerless.replace(f"ORGANIZER:mailto:{BY}\n", "")
    take_over(office, long, ownerless, dry_run=True)
    assert office.store.read(lambda tx: tx.quotas.usage("cars")) == []
    for _ in range(2):
        take_over(office, long, ownerless)
        assert office.store.read(lambda tx: tx.quotas.usage("cars")) == [(BY, 6 * 3_600)]
        assert len(office.store.read(lambda tx: tx.quotas.claims_of_event(1, "long"))) == 1
    assert office.invite("2026-12-02 09:00", "2026-12-02 09:01") == "DECLINED"
    gone = vevent("long", "2026-12-01 09:00", "2026-12-01 15:00", sequence=1)
    office.send(request(gone, method="CANCEL"), by=BY)
    assert office.store.read(lambda tx: tx.quotas.usage("cars")) == []
    assert office.invite("2026-12-02 09:00", "2026-12-02 10:00") == "ACCEPTED"


# --- objects ---------------------------------------------------------------------


def write(path: Path, text: str) -> list[Path]:
    path.write_text(text)
    path.chmod(0o600)
    return [path]


ROOMS = f"""
[resource."{ROOM}"]
name = "Room"
max_duration = "PT2H"
[group."g"]
members = ["a@e.org"]
"""


def apply(office: Office, declared: DeclaredObjects, **options: bool) -> list[str]:
    merged = {"prune": False, "dry_run": False, **options}
    changes = apply_objects(office.store, declared, office.now, **merged)
    return [str(change) for change in changes]


def test_apply_is_idempotent_and_says_what_changed(tmp_path: Path) -> None:
    office = Office({})
    declared = read_objects(write(tmp_path / "a.toml", ROOMS))
    assert len(apply(office, declared)) == 4
    assert apply(office, declared) == []
    changed = read_objects(write(tmp_path / "a.toml", ROOMS.replace("PT2H", "PT3H")))
    assert apply(office, changed, dry_run=True) == [
        f'resource {ROOM}: max_duration = "PT3H" (was "PT2H")'
    ]
    assert len(apply(office, changed)) == 1


def test_a_commands_change_stands_until_the_file_changes(tmp_path: Path) -> None:
    office = Office({})
    declared = read_objects(write(tmp_path / "a.toml", ROOMS))
    apply(office, declared)
    set_preference(office.store, office.settings, ROOM, "max_duration", "PT1H", office.now)
    assert apply(office, declared) == []
    assert _max_duration(office) == 3_600
    settings = office.store.read(lambda tx: [s for s in tx.directory.settings() if s.drifts])
    assert [s.name for s in settings] == ["max_duration"]
    apply(office, read_objects(write(tmp_path / "a.toml", ROOMS.replace("PT2H", "PT3H"))))
    assert _max_duration(office) == 10_800


def _max_duration(office: Office) -> int | None:
    found = office.agent.directory.find(ROOM)
    assert found is not None
    return found.resource.preferences.max_duration


def test_a_key_that_leaves_its_file_leaves_the_resource(tmp_path: Path) -> None:
    office = Office({})
    apply(office, read_objects(write(tmp_path / "a.toml", ROOMS)))
    without = ROOMS.replace('max_duration = "PT2H"\n', "")
    apply(office, read_objects(write(tmp_path / "a.toml", without)))
    assert _max_duration(office) is None


def test_what_is_applied_reaches_a_running_agent() -> None:
    office = Office()
    assert office.invite("2026-12-01 09:00", "2026-12-01 11:00") == "ACCEPTED"
    set_preference(office.store, office.settings, ROOM, "max_duration", "PT1H", office.now)
    assert office.invite("2026-12-02 09:00", "2026-12-02 11:00") == "DECLINED"


def test_prune_removes_what_no_file_declares_unless_it_has_bookings(tmp_path: Path) -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 11:00")
    other = read_objects(write(tmp_path / "a.toml", '[resource."other@example.com"]\n'))
    with pytest.raises(Conflict, match="still has 1 bookings"):
        apply(office, other, prune=True)
    assert office.agent.knows(ROOM)
    assert not office.agent.knows("other@example.com")
    office.now = Instant(office.now + 30 * 86_400)
    apply(office, other, prune=True)
    assert not office.agent.knows(ROOM)


def test_an_export_applied_changes_nothing(tmp_path: Path) -> None:
    office = Office({ROOM: {"acl": 'accept\ndecline attendee "x@e.org"\n', "max_attendees": 4}})
    text = as_toml(export_objects(office.store, None, None))
    assert apply(office, read_objects(write(tmp_path / "a.toml", text))) == []


def test_a_preference_is_refused_by_name_and_value() -> None:
    office = Office()
    with pytest.raises(InvalidInput, match=r"max_duratoin.*max_duration"):
        set_preference(office.store, office.settings, ROOM, "max_duratoin", "PT1H", office.now)
    with pytest.raises(InvalidInput, match="max_duration"):
        set_preference(office.store, office.settings, ROOM, "max_duration", "long", office.now)


def test_resources_come_and_go_by_command() -> None:
    office = Office()
    assert add_resource(office.store, "new@example.com", office.now)
    assert not add_resource(office.store, "mailto:NEW@example.com", office.now)
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00", to="new@example.com") == "ACCEPTED"
    with pytest.raises(Conflict):
        remove_resource(office.store, office.settings, "new@example.com", office.now)


def test_rebuild_finds_and_mends_what_was_laid_down_wrongly() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra="RRULE:FREQ=WEEKLY")
    before = office.everything()
    assert rebuild(office.store, office.settings, None, office.now, apply=False) == []
    gone = {"tenant": "default", "resource": 1, "uid": "s", "original_s": _first(office)}
    office.engine.transact([], lambda session: session.run("drop_period", gone))
    (found,) = rebuild(office.store, office.settings, ROOM, office.now, apply=True)
    assert (len(found.missing), len(found.surplus)) == (1, 0)
    assert office.everything() == before


def _first(office: Office) -> int:
    found = office.store.read(lambda tx: tx.reservations(1, f"mailto:{ROOM}", NOW).of_event("s"))
    return found[0].original
