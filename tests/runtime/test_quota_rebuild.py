"""A quota compared with what is booked, and mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.office import NOW, ROOM, Office

from horarium.booking.quota import Charge
from horarium.cli.entry import main
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.changing import set_preference
from horarium.runtime.quota_answers import expire_quotas
from horarium.runtime.quota_rebuild import EntryDifference, rebuild_quota

BY = "vincent.vole@example.com"
FUNCTIONS = "schedule_in_freebusy\ncheck_quota cars\nschedule_across_quota cars"
HOUR = 3_600


def office() -> Office:
    made = Office(
        {ROOM: {"scheduling_function": FUNCTIONS}}, quotas={"cars": {"limits": [["*", "PT9H"]]}}
    )
    assert made.invite("2026-12-01 09:00", "2026-12-01 11:00", uid="one") == "ACCEPTED"
    return made


def rebuild(of: Office, *, apply: bool = False) -> list[tuple[str, int, int]]:
    found: list[EntryDifference] = rebuild_quota(of.store, of.settings, "cars", of.now, apply=apply)
    return [(item.uid, len(item.missing), len(item.surplus)) for item in found]


def usage(of: Office) -> list[tuple[str, int]]:
    return of.store.read(lambda tx: tx.quotas.usage("cars"))


def test_what_decisions_entered_is_found_right() -> None:
    made = office()
    made.invite("2026-12-07 09:00", "2026-12-07 10:00", uid="s", extra="RRULE:FREQ=WEEKLY;COUNT=3")
    assert rebuild(made) == []


def test_what_is_missing_and_what_is_too_much_is_told_and_mended() -> None:
    made = office()
    span = Period(Instant(NOW + HOUR), Instant(NOW + 2 * HOUR))
    stray = Charge("cars", BY, BY, span.start, span)

    def spoil(tx):  # type: ignore[no-untyped-def]
        tx.quotas.restate(1, "one", [])
        tx.quotas.restate_claims(1, "one", [])
        tx.quotas.restate(1, "cancelled", [stray])

    made.store.transact([], spoil)
    told = [("cancelled", 0, 1), ("one", 2, 0)]
    assert rebuild(made) == told
    assert usage(made) == [(BY, HOUR)]
    assert rebuild(made, apply=True) == told
    assert usage(made) == [(BY, 2 * HOUR)]
    assert rebuild(made) == []


def test_what_was_booked_before_the_functions_named_the_quota_is_entered() -> None:
    made = Office(quotas={"cars": {"limits": [["*", "PT9H"]]}})
    made.invite("2026-12-01 09:00", "2026-12-01 11:00", uid="one")
    set_preference(made.store, made.settings, ROOM, "scheduling_function", FUNCTIONS, made.now)
    assert rebuild(made, apply=True) == [("one", 2, 0)]
    assert usage(made) == [(BY, 2 * HOUR)]


def test_what_has_expired_stays_as_it_is() -> None:
    made = office()
    made.now = Instant(made.now + 30 * 86_400)
    expire_quotas(made.store, made.settings, [], made.now)
    made.store.transact([], lambda tx: tx.quotas.restate(1, "one", []))
    assert rebuild(made, apply=True) == []


def test_charges_to_other_quotas_stay() -> None:
    made = office()
    span = Period(Instant(NOW + HOUR), Instant(NOW + 2 * HOUR))
    other = Charge("bikes", BY, BY, span.start, span)
    made.store.transact([], lambda tx: tx.quotas.restate(1, "one", [other]))
    assert rebuild(made, apply=True) == [("one", 1, 0)]
    charged = made.store.read(lambda tx: tx.quotas.of_event(1, "one"))
    assert {charge.quota for charge in charged} == {"bikes", "cars"}


def test_an_unknown_quota_is_refused() -> None:
    made = office()
    with pytest.raises(NotFound, match="there is no quota carts; did you mean"):
        rebuild_quota(made.store, made.settings, "carts", made.now, apply=False)


def test_the_command_tells_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    objects = tmp_path / "objects.toml"
    objects.write_text(f'[resource."{ROOM}"]\n[quota."cars"]\nlimits = {{ "*" = "PT9H" }}\n')
    there = ["--site", str(tmp_path), "--now", "2026-11-21T08:00:00Z"]
    assert main(["apply", str(objects), *there]) == 0
    assert main(["freebusy", "rebuild", "--quota", "cars", *there]) == 0
    assert "no differences" in capsys.readouterr().out
    assert main(["freebusy", "rebuild", "--quota", "carts", *there]) == 1
    assert main(["freebusy", "rebuild", "--quota", "cars", "--all", *there]) == 64
