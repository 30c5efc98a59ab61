"""A site of imip-agent taken over from its folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.office import Office, local, request, vevent

from horarium.booking.quota_table import TableKind
from horarium.cli.entry import main
from horarium.runtime.changing import set_preference
from horarium.runtime.guarded_file import NoSuchFile
from horarium.runtime.imip_agent import import_imip_agent
from horarium.runtime.imip_agent_source import Weight, folders_in, read_source
from horarium.runtime.quotas import table_of
from horarium.store.engine import MAXIMUM_KEYS

CADILLAC = "resource-car-cadillac@example.com"
PAUL = "paul.boddie@example.com"
VOLE = "vincent.vole@example.com"
FUNCTIONS = "schedule_in_freebusy\ncheck_quota cars\n"


def put(top: Path, name: str, text: str | bytes) -> Path:
    """A file below `top`, with the folders that lead to it."""
    place = top / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    return place


def held(
    uid: str,
    start: str,
    end: str,
    *,
    partstat: str = "ACCEPTED",
    sequence: int = 0,
    extra: str = "",
) -> str:
    """An event as it is stored there: one component without a calendar, answered."""
    event = vevent(uid, start, end, to=(), sequence=sequence, extra=extra)
    own = f"ATTENDEE;PARTSTAT={partstat}:mailto:{CADILLAC}\nEND:VEVENT"
    return event.replace("END:VEVENT", own)


def row(uid: str, start: str, end: str, *more: str, summary: str = "Meeting") -> str:
    """A record; its times are UTC."""
    return "\t".join((start, end, uid, "OPAQUE", "", summary, f"mailto:{VOLE}", *more)) + "\n"


def site(top: Path) -> Path:
    """A small site: a car with a quota, and a person."""
    car, person = f"mailto:{CADILLAC}", f"mailto:{PAUL}"
    put(top, f"preferences/{car}/scheduling_function", FUNCTIONS)
    put(top, f"preferences/{car}/TZID", "Europe/Oslo\n")
    put(top, f"preferences/{car}/window_size", "0")
    put(top, f"preferences/{person}/incoming", "summary-only\n")
    objects = f"store/{car}/objects"
    put(top, f"{objects}/one", held("one", "2026-12-01 09:00", "2026-12-01 11:00"))
    daily = held("s", "2026-12-07 09:00", "2026-12-07 10:00", extra="RRULE:FREQ=DAILY;COUNT=4")
    put(top, f"{objects}/s", daily)
    no = held("no", "2026-12-02 09:00", "2026-12-02 10:00", partstat="DECLINED")
    put(top, f"{objects}/no", no)
    moved = held(
        "s", "2026-12-08 14:00", "2026-12-08 15:00",
        extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T090000",
    )  # fmt: skip
    put(top, f"store/{car}/recurrences/s/20261208T080000Z", moved)
    gone = held("s", "2026-12-09 09:00", "2026-12-09 10:00")
    put(top, f"store/{car}/cancellations/recurrences/s/20261209T080000Z", gone)
    left = held("left", "2026-12-03 09:00", "2026-12-03 10:00", sequence=2)
    put(top, f"store/{car}/cancellations/objects/left", left)
    put(top, f"store/{car}/freebusy", FREEBUSY)
    put(top, f"store/{car}/freebusy-offers", OFFERS)
    put(top, "journal/cars/limits", f"mailto:{VOLE}\tPT4H\n")
    put(top, "journal/cars/groups", "mailto:simon.skunk@example.com\ttesters\n")
    put(top, "journal/cars/journal/x", row("one", *ONE, car) + row("left", *LEFT, car))
    return top


ONE = ("20261201T080000Z", "20261201T100000Z")
LEFT = ("20261203T080000Z", "20261203T090000Z")
FREEBUSY = row("one", *ONE) + row("left", *LEFT) + row("s", "20261210T080000Z", "20261210T090000Z")
OFFERS = (
    row("later", "20261204T080000Z", "20261204T090000Z", "20261125T000000Z")
    + row("over", "20261205T080000Z", "20261205T090000Z", "20261101T000000Z")
)  # fmt: skip


def take(office: Office, top: Path, weight: Weight | None, *, dry_run: bool = False) -> list[str]:
    source = read_source(folders_in(top))
    found = import_imip_agent(office.store, office.settings, source, office.now, dry_run=dry_run)
    return [str(item).replace(f"{top}/", "") for item in found if weight in (None, item.weight)]


def bookings(office: Office) -> list[tuple[str, str]]:
    user = office.agent.directory.find(CADILLAC)
    if user is None:
        return []

    def work(tx):  # type: ignore[no-untyped-def]
        reservations = tx.reservations(user.id, user.uri, office.now)
        return [
            (local(item.event.start), uid)
            for uid in ("one", "s", "no", "left")
            for item in reservations.of_event(uid)
        ]

    return office.store.read(work)


def test_users_preferences_quotas_and_bookings_are_taken_over(tmp_path: Path) -> None:
    office = Office({})
    taken = take(office, site(tmp_path), Weight.TAKEN)
    directory = office.agent.directory
    car, person = directory.find(CADILLAC), directory.find(PAUL)
    assert car is not None
    assert person is not None
    assert (car.kind, person.kind) == ("resource", "person")
    assert [str(call) for call in car.resource.preferences.scheduling_function] == [
        "schedule_in_freebusy", "check_quota cars",
    ]  # fmt: skip
    assert car.resource.preferences.window_size == 100
    assert person.resource.preferences.incoming == "summary-only"
    assert bookings(office) == [
        ("2026-12-01 09:00", "one"),
        ("2026-12-07 09:00", "s"), ("2026-12-08 14:00", "s"), ("2026-12-10 09:00", "s"),
    ]  # fmt: skip
    assert f"mailto:{CADILLAC}: s: 3 reservations" in taken
    cars = directory.quotas["cars"]
    assert dict(cars.limits) == {VOLE: 4 * 3_600}
    assert dict(cars.groups) == {"simon.skunk@example.com": "testers"}


def test_charges_are_entered_from_the_bookings_whatever_the_limit(tmp_path: Path) -> None:
    office = Office({})
    take(office, site(tmp_path), None)
    assert office.store.read(lambda tx: tx.quotas.usage("cars")) == [(VOLE, 5 * 3_600)]
    asked = office.invite("2026-12-20 09:00", "2026-12-20 09:01", to=CADILLAC)
    assert asked == "DECLINED"


def test_updates_and_cancellations_of_what_was_taken_over_apply(tmp_path: Path) -> None:
    office = Office({})
    take(office, site(tmp_path), None)
    late = vevent("left", "2026-12-03 09:00", "2026-12-03 10:00", to=(CADILLAC,), sequence=1)
    assert office.send(request(late), by=VOLE, to=CADILLAC) == []
    gone = vevent("one", "2026-12-01 09:00", "2026-12-01 11:00", to=(CADILLAC,), sequence=1)
    office.send(request(gone, method="CANCEL"), by=VOLE, to=CADILLAC)
    assert ("2026-12-01 09:00", "one") not in bookings(office)


def test_stored_events_win_over_free_busy_and_journal_and_differences_are_told(
    tmp_path: Path,
) -> None:
    office = Office({})
    told = take(office, site(tmp_path), Weight.DIFFERENCE)
    car = f"mailto:{CADILLAC}"
    assert told == [
        f'preferences/{car}/window_size:1: window_size: "0" is no number of days; 100 is taken',
        f"store/{car}/freebusy:2: left: no stored event is at 2026-12-03T08:00:00Z; left out",
        f"store/{car}/freebusy: s: held at 2026-12-07T08:00:00Z, and not there",
        f"store/{car}/freebusy: s: held at 2026-12-08T13:00:00Z, and not there",
        "journal/cars/journal/x:2: left: nothing booked is charged at 2026-12-03T08:00:00Z; "
        "left out",
        "journal/cars/journal/x: s: charged at 2026-12-07T08:00:00Z, and not there",
        "journal/cars/journal/x: s: charged at 2026-12-08T13:00:00Z, and not there",
        "journal/cars/journal/x: s: charged at 2026-12-10T08:00:00Z, and not there",
    ]


def test_offers_that_still_hold_are_held(tmp_path: Path) -> None:
    office = Office({})
    taken = take(office, site(tmp_path), Weight.TAKEN)
    assert [line for line in taken if "offer" in line] == [f"mailto:{CADILLAC}: later: 1 offer"]
    functions = "schedule_in_freebusy"
    set_preference(
        office.store, office.settings, CADILLAC, "scheduling_function", functions, office.now
    )
    assert office.invite("2026-12-04 09:00", "2026-12-04 10:00", to=CADILLAC) == "DECLINED"
    assert office.invite("2026-12-05 09:00", "2026-12-05 10:00", to=CADILLAC) == "ACCEPTED"


def test_a_dry_run_foretells_the_real_one_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    office, top = Office({}), site(tmp_path)
    foretold = take(office, top, None, dry_run=True)
    assert office.agent.directory.find(CADILLAC) is None
    assert bookings(office) == []
    assert take(office, top, None) == foretold
    before = [bookings(office), office.store.read(lambda tx: tx.directory.settings())]
    version = office.store.read(lambda tx: tx.directory.version())
    assert take(office, top, Weight.TAKEN) == []
    assert [bookings(office), office.store.read(lambda tx: tx.directory.settings())] == before
    assert office.store.read(lambda tx: tx.directory.version()) == version


def test_a_site_with_a_quota_for_each_of_many_rooms_is_taken_over(tmp_path: Path) -> None:
    names = [f"room{number:03}" for number in range(MAXIMUM_KEYS + 1)]
    for name in names:
        put(tmp_path, f"journal/{name}/limits", "* PT1H\n")
    office = Office({})
    assert take(office, tmp_path, Weight.FAULT) == []
    assert sorted(office.agent.directory.quotas) == names


def test_what_was_set_here_since_stays(tmp_path: Path) -> None:
    office, top = Office({CADILLAC: {"window_size": "30"}}), site(tmp_path)
    told = take(office, top, Weight.DIFFERENCE)
    where = f"preferences/mailto:{CADILLAC}/window_size"
    assert f'{where}: window_size is "30" here, and stays' in told
    put(top, "journal/cars/limits", "* PT9H\n")
    take(office, top, None)
    assert office.store.read(lambda tx: table_of(tx, "cars", TableKind.LIMITS)) == (
        (f"mailto:{VOLE}", "PT4H"),
    )


def test_faulty_files_and_lines_are_told_with_their_place_and_the_rest_is_taken(
    tmp_path: Path,
) -> None:
    office, top = Office({}), site(tmp_path)
    car = f"mailto:{CADILLAC}"
    put(top, f"preferences/{car}/fast_cars", "yes")
    put(top, f"preferences/{car}/freebusy_sharing", "perhaps")
    put(top, f"store/{car}/objects/junk", b"\x00\xff\x00BEGIN")
    bad = held("bad", "2026-12-01 09:00", "2026-12-01 09:00")
    put(top, f"store/{car}/objects/bad", "BEGIN:VCALENDAR\n" + bad + "END:VCALENDAR\n")
    put(
        top,
        f"store/{car}/recurrences/one/tomorrow",
        held("one", "2026-12-01 09:00", "2026-12-01 10:00"),
    )
    tabbed = row("t", *LEFT, summary="a\tb") + "20261203T080000\t20261203T090000Z\tlocal\n"
    put(top, f"store/{car}/freebusy", FREEBUSY + tabbed)
    put(top, "journal/cars/limits", f"# one\nmailto:{VOLE}\tPT4H\n*\tPT\n")
    put(top, "store/elsewhere/objects/x", "x")
    put(top, f"store/{car}/notes", "x")
    faults = take(office, top, Weight.FAULT)
    places = [line.partition(": ")[0] for line in faults]
    assert places == [
        "store/elsewhere/objects/x",
        f"store/{car}/notes",
        f"preferences/{car}/fast_cars:1",
        f"preferences/{car}/freebusy_sharing:1",
        "journal/cars/limits:3",
        f"store/{car}/objects/bad:2",
        f"store/{car}/objects/junk:1",
        f"store/{car}/recurrences/one/tomorrow:1",
        f"store/{car}/freebusy:4",
        f"store/{car}/freebusy:5",
    ]
    assert len(bookings(office)) == 4
    assert office.agent.directory.quotas["cars"].limits == {VOLE: 4 * 3_600}


def test_links_are_not_followed_and_names_are_no_paths(tmp_path: Path) -> None:
    top = site(tmp_path / "site")
    secret = put(tmp_path, "secret/objects/x", held("x", "2026-12-30 09:00", "2026-12-30 10:00"))
    car = top / f"store/mailto:{CADILLAC}"
    (car / "objects" / "x").symlink_to(secret)
    (top / "store" / "mailto:simon.skunk@example.com").symlink_to(tmp_path / "secret")
    os.mkfifo(car / "objects" / "pipe")
    (car / "objects" / "a\nb").write_text("x")
    away = "../" * 6 + "away"
    put(car, "objects/..away", held(away, "2026-12-28 09:00", "2026-12-28 10:00"))
    office = Office({})
    faults = take(office, top, Weight.FAULT)
    assert [line.rpartition("/")[2] for line in faults] == [
        "a\\nb: its name is not readable text",
        "pipe: is no regular file",
        "x: is a link, and not followed",
        "mailto:simon.skunk@example.com: is a link, and not followed",
    ]
    assert office.agent.directory.find("simon.skunk@example.com") is None
    assert not (tmp_path / "away").exists()
    user = office.agent.directory.find(CADILLAC)
    assert user is not None
    kept = office.store.read(
        lambda tx: tx.reservations(user.id, user.uri, office.now).of_event(away)
    )
    assert len(kept) == 1


def test_unknown_functions_and_unreadable_ones_are_kept_and_decline(tmp_path: Path) -> None:
    office = Office({})
    first, second = "one@example.com", "two@example.com"
    text = "\n# a site of ours\nschedule_in_freebusy\nschedule_by_magic now\n"
    put(tmp_path, f"preferences/mailto:{first}/scheduling_function", text)
    put(tmp_path, f"preferences/mailto:{second}/scheduling_function", "schedule_in_freebusy 'x\n")
    told = take(office, tmp_path, None)
    place = f"preferences/mailto:{first}/scheduling_function:4"
    assert (
        f"{place}: scheduling_function: there is no function schedule_by_magic; "
        "all is declined" in told
    )
    place = f"preferences/mailto:{second}/acl"
    put(tmp_path, place, "accept\nalow simon.skunk@example.com\n")
    assert any(line.startswith(f"{place}:2: acl: ") for line in take(office, tmp_path, None))
    for number, room in enumerate((first, second)):
        found = office.agent.directory.find(room)
        assert found is not None
        day = f"2026-12-0{number + 1}"
        assert office.invite(f"{day} 09:00", f"{day} 10:00", to=room) == "DECLINED"


def test_overlaps_are_kept_and_told(tmp_path: Path) -> None:
    office, top = Office({}), site(tmp_path)
    two = held("two", "2026-12-01 10:00", "2026-12-01 12:00")
    put(top, f"store/mailto:{CADILLAC}/objects/two", two)
    told = take(office, top, Weight.DIFFERENCE)
    assert any("above the capacity at 2026-12-01T09:00:00Z, kept" in line for line in told)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"store/{}/objects/one": held("one", "2026-12-01 09:00", "2026-12-01 11:00")}, "resource"),
        (
            {
                "store/{}/objects/one": held("one", "2026-12-01 09:00", "2026-12-01 11:00"),
                "store/{}/requests": "one\t\t\n",
            },
            "person",
        ),
        ({"preferences/{}/acl": "accept"}, "resource"),
        ({"preferences/{}/CN": "Somebody"}, "person"),
    ],
)
def test_whether_it_is_a_resource_is_told_by_what_it_has(
    tmp_path: Path, files: dict[str, str], kind: str
) -> None:
    office = Office({})
    for name, text in files.items():
        put(tmp_path, name.format(f"mailto:{CADILLAC}"), text)
    take(office, tmp_path, None)
    found = office.agent.directory.find(CADILLAC)
    assert found is not None
    assert found.kind == kind


def test_the_defaults_of_its_site_become_those_of_this_one(tmp_path: Path) -> None:
    office, top = Office({}), site(tmp_path)
    put(top, "config.txt", '# x\nSHARING_DEFAULT = "share"\nINCOMING_DEFAULT = "message-only"\n')
    take(office, top, None)
    car, person = office.agent.directory.find(CADILLAC), office.agent.directory.find(PAUL)
    assert car is not None
    assert person is not None
    assert car.resource.preferences.freebusy_sharing == "share"
    assert person.resource.preferences.freebusy_sharing == "share"
    assert person.resource.preferences.incoming == "summary-only"


def test_a_folder_without_any_of_its_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile, match="no preferences, store or journal"):
        folders_in(tmp_path)


def test_the_command_ends_with_one_when_something_was_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    top = site(tmp_path / "there")
    arguments = ["import", "imip-agent", "--site", str(tmp_path), "--now", "2026-11-21T08:00:00Z"]
    assert main([*arguments, "--dry-run", str(top)]) == 0
    assert "s: 3 reservations" in capsys.readouterr().out
    parts = [f"--{name}={top / name}" for name in ("preferences", "store", "journal")]
    put(top, "store/x", "x")
    assert main([*arguments, *parts]) == 1
    assert f"fault: {top}/store/x: " in capsys.readouterr().out
    assert main(["import", "imip-agent", "--site", str(tmp_path)]) == 64
    assert main([*arguments, "--store", str(top / "absent")]) == 66
