"""A site written as imip-agent keeps one, and taken over again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.office import Office, request, vevent
from tests.runtime.test_imip_agent import CADILLAC, PAUL, VOLE, put, site

from horarium.cli.entry import main
from horarium.runtime.imip_agent import import_imip_agent
from horarium.runtime.imip_agent_export import export_imip_agent
from horarium.runtime.imip_agent_source import Weight, folders_in, read_source

ROOM = "resource-room-confroom@example.com"
SKUNK = "simon.skunk@example.com"
CAR = f"mailto:{CADILLAC}"


def take(office: Office, top: Path, weight: Weight) -> list[str]:
    source = read_source(folders_in(top))
    found = import_imip_agent(office.store, office.settings, source, office.now, dry_run=False)
    return [str(item).replace(f"{top}/", "") for item in found if item.weight is weight]


def write(office: Office, top: Path, weight: Weight) -> list[str]:
    found = export_imip_agent(office.store, office.settings, top, office.now)
    return [str(item).replace(f"{top}/", "") for item in found if item.weight is weight]


def all_of(office: Office) -> dict[str, object]:
    """Everything that a site decides by and holds, without the numbers it has in its store."""

    directory = office.agent.directory

    def work(tx):  # type: ignore[no-untyped-def]
        found: dict[str, object] = {}
        for user in directory.users:
            reservations = tx.reservations(user.id, user.uri, office.now)
            uids = [uid for uid, _ in tx.kept.events_of(user.id)]
            found[user.uri] = {
                "kind": user.kind,
                "preferences": user.resource.preferences,
                "entries": {
                    (uid, e.key, e.this_and_future, e.stamp, e.state, e.organizer)
                    for uid in uids
                    for e in reservations.event(uid).entries
                },
                "held": [item for uid in sorted(uids) for item in reservations.of_event(uid)],
                "charges": [item for uid in sorted(uids) for item in reservations.charges(uid)],
                "offers": [item for uid in sorted(uids) for item in reservations.provisional(uid)],
            }
        for name in directory.quotas:
            quota = directory.quotas[name]
            usage = tx.quotas.usage(name)
            found[name] = (quota.limits, quota.groups, quota.delegates, usage)
        return found

    return office.store.read(work)


def lived_in() -> Office:
    """A site with bookings of many kinds, made by mail."""
    office = Office(
        {
            CADILLAC: {
                "scheduling_function": "schedule_in_freebusy\ncheck_quota cars\n",
                "buffer_before": 900,
                "features": ["diesel", "hitch"],
                "allow_recurring": True,
            },
            ROOM: {"name": "Conference room"},
        },
        persons={PAUL: {"incoming": "summary-only"}},
        groups={"testers": (SKUNK, VOLE)},
        quotas={
            "cars": {
                "limits": [[f"mailto:{VOLE}", "PT10H"], ["qa", "PT99H"], ["*", "PT1H"]],
                "groups": [["testers", "qa"]],
                "delegates": [CAR],
            }
        },
    )
    events = [
        vevent("one", "2026-12-01 09:00", "2026-12-01 11:00", to=(CADILLAC,)),
        vevent(
            "s", "2026-12-07 09:00", "2026-12-07 10:00", to=(CADILLAC,),
            extra="RRULE:FREQ=DAILY;COUNT=4",
        ),
        vevent("gone", "2026-12-02 09:00", "2026-12-02 10:00", to=(CADILLAC,)),
        vevent("clash", "2026-12-01 10:00", "2026-12-01 12:00", to=(CADILLAC,)),
        vevent("weekly", "2026-12-05 12:00", "2026-12-05 13:00", to=(ROOM,),
               extra="RRULE:FREQ=WEEKLY"),
    ]  # fmt: skip
    for event in events:
        to = ROOM if ROOM in event else CADILLAC
        office.send(request(event), by=VOLE, to=to)
    moved = vevent(
        "s", "2026-12-08 14:00", "2026-12-08 15:00", to=(CADILLAC,), sequence=1,
        extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T090000",
    )  # fmt: skip
    office.send(request(moved), by=VOLE, to=CADILLAC)
    for uid, at, which in (
        ("gone", "2026-12-02", ""),
        ("s", "2026-12-09", "RECURRENCE-ID;TZID=Europe/Oslo:20261209T090000"),
    ):
        off = vevent(uid, f"{at} 09:00", f"{at} 10:00", to=(CADILLAC,), sequence=2, extra=which)
        office.send(request(off, method="CANCEL"), by=VOLE, to=CADILLAC)
    return office


def test_what_is_written_becomes_the_same_site_elsewhere(tmp_path: Path) -> None:
    office = lived_in()
    assert write(office, tmp_path / "out", Weight.FAULT) == []
    other = Office({})
    assert take(other, tmp_path / "out", Weight.FAULT) == []
    ours, theirs = all_of(office), all_of(other)
    assert list(ours) == list(theirs)
    for name in ours:
        assert ours[name] == theirs[name], name


def test_what_was_taken_over_is_written_and_taken_over_again(tmp_path: Path) -> None:
    office = Office({})
    take(office, site(tmp_path / "there"), Weight.TAKEN)
    write(office, tmp_path / "out", Weight.FAULT)
    other = Office({})
    assert take(other, tmp_path / "out", Weight.FAULT) == []
    assert take(other, tmp_path / "out", Weight.DIFFERENCE) == []
    assert take(other, tmp_path / "out", Weight.TAKEN) == []
    assert all_of(office) == all_of(other)


def test_the_files_are_those_of_imip_agent(tmp_path: Path) -> None:
    write(lived_in(), tmp_path, Weight.TAKEN)
    found = sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()
    )
    car, room, paul = CAR, f"mailto:{ROOM}", f"mailto:{PAUL}"
    assert found == sorted([
        "journal/cars/delegates",
        "journal/cars/groups",
        "journal/cars/journal/qa",
        "journal/cars/limits",
        f"preferences/{car}/TZID",
        f"preferences/{car}/allow_recurring",
        f"preferences/{car}/buffer_before",
        f"preferences/{car}/features",
        f"preferences/{car}/scheduling_function",
        f"preferences/{paul}/TZID",
        f"preferences/{paul}/incoming",
        f"preferences/{room}/CN",
        f"preferences/{room}/TZID",
        f"store/{car}/cancellations/objects/gone",
        f"store/{car}/cancellations/recurrences/s/20261209T080000Z",
        f"store/{car}/freebusy",
        f"store/{car}/objects/clash",
        f"store/{car}/objects/one",
        f"store/{car}/objects/s",
        f"store/{car}/recurrences/s/20261208T080000Z",
        f"store/{room}/freebusy",
        f"store/{room}/freebusy-providers",
        f"store/{room}/objects/weekly",
    ])  # fmt: skip
    by = f"mailto:{VOLE}"
    assert (tmp_path / f"store/{car}/freebusy").read_text().splitlines() == [
        f"20261201T080000Z\t20261201T100000Z\tone\tOPAQUE\t\tMeeting\t{by}",
        f"20261207T080000Z\t20261207T090000Z\ts\tOPAQUE\t\tMeeting\t{by}",
        f"20261208T130000Z\t20261208T140000Z\ts\tOPAQUE\t20261208T080000Z\tMeeting\t{by}",
        f"20261210T080000Z\t20261210T090000Z\ts\tOPAQUE\t\tMeeting\t{by}",
    ]
    assert (tmp_path / "journal/cars/journal/qa").read_text().splitlines()[0] == (
        f"20261201T080000Z\t20261201T100000Z\tone\tOPAQUE\t\t\t{by}\t{car}"
    )
    assert (tmp_path / "journal/cars/groups").read_text().splitlines() == [
        f"mailto:{SKUNK}\tqa", f"mailto:{VOLE}\tqa",
    ]  # fmt: skip
    assert (tmp_path / f"store/{room}/freebusy-providers").read_text().splitlines()[1:] == [
        "weekly\t"
    ]


def test_what_parts_columns_becomes_a_blank_and_the_loss_is_told(tmp_path: Path) -> None:
    office = Office({ROOM: {}})
    event = vevent("back\\slash", "2026-12-01 09:00", "2026-12-01 10:00", to=(ROOM,))
    event = event.replace("SUMMARY:Meeting", "SUMMARY:C:\\\\plans\\nand a\tcup")
    office.send(request(event), by=VOLE, to=ROOM)
    told = write(office, tmp_path, Weight.DIFFERENCE)
    place = f"store/mailto:{ROOM}/freebusy"
    assert told == [f"{place}:1: a tab, line break or backslash became a blank"]
    (line,) = (tmp_path / place).read_text().splitlines()
    assert line.split("\t")[5] == "C: plans and a cup"


def test_names_that_lead_elsewhere_are_not_written(tmp_path: Path) -> None:
    office = Office({ROOM: {}})
    for day, uid in ((1, "../../../../away"), (2, "/etc/away"), (3, "x" * 300), (4, "a/b")):
        at = f"2026-12-0{day}"
        event = vevent(uid, f"{at} 09:00", f"{at} 10:00", to=(ROOM,))
        office.send(request(event), by=VOLE, to=ROOM)
    top = tmp_path / "in" / "out"
    faults = write(office, top, Weight.FAULT)
    objects = f"store/mailto:{ROOM}/objects"
    assert faults == [
        f"{objects}/../../../../away: its name cannot be that of a file",
        f"{objects}//etc/away: its name cannot be that of a file",
        f"{objects}/{'x' * 300}: file name too long",
    ]
    assert [path.name for path in (top / objects).rglob("*")] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_value_that_no_text_means_is_told(tmp_path: Path) -> None:
    office = Office({ROOM: {"features": ["video conference"]}})
    told = write(office, tmp_path, Weight.DIFFERENCE)
    assert told == [f"mailto:{ROOM}: features: no text means what is set here; left out"]


def test_functions_that_cannot_be_read_are_written_as_they_are(tmp_path: Path) -> None:
    office = Office({})
    place = f"preferences/mailto:{ROOM}/scheduling_function"
    put(tmp_path, f"there/{place}", "schedule_by_magic now\nschedule_in_freebusy 'x")
    take(office, tmp_path / "there", Weight.TAKEN)
    write(office, tmp_path / "out", Weight.TAKEN)
    assert (tmp_path / "out" / place).read_text() == (
        "schedule_by_magic now\nschedule_in_freebusy 'x"
    )


def test_a_person_keeps_the_answer_and_what_waits(tmp_path: Path) -> None:
    office = Office({}, persons={PAUL: {"incoming": "summary-only"}})
    event = vevent("lunch", "2026-12-01 12:00", "2026-12-01 13:00", to=(PAUL,))
    office.send(request(event), by=VOLE, to=PAUL)
    write(office, tmp_path, Weight.TAKEN)
    assert (tmp_path / f"store/mailto:{PAUL}/requests").read_text() == "lunch\t\t\n"
    text = (tmp_path / f"store/mailto:{PAUL}/objects/lunch").read_text()
    assert "PARTSTAT=NEEDS-ACTION" in text.replace("\r\n ", "")


def test_the_command_writes_into_a_new_folder_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    common = ["--site", str(tmp_path), "--now", "2026-11-21T08:00:00Z"]
    there, out = site(tmp_path / "there"), tmp_path / "out"
    assert main(["import", "imip-agent", *common, str(there)]) == 0
    capsys.readouterr()
    assert main(["export", "imip-agent", str(out), *common]) == 0
    assert f"written: {CAR}: " in capsys.readouterr().out
    assert (out / f"store/{CAR}/objects/one").stat().st_mode & 0o077 == 0
    assert main(["export", "imip-agent", str(out), *common]) == 73
    assert main(["export", "imip-agent", *common]) == 64
