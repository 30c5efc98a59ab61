"""Bookings whose instants were computed with other zone data than today's."""

from __future__ import annotations

from tests.office import Office

from horarium.store.store import Transaction


def computed_with_other_data(office: Office) -> None:
    """Puts what is stored an hour away and under other zone data, as an older machine left it."""

    def work(tx: Transaction) -> None:
        connection = tx.mail.session._connection  # type: ignore[attr-defined]
        connection.execute("UPDATE calendar_object SET zone_data = 'an older one'")
        connection.execute(
            "UPDATE booking_period SET original_s = original_s + 3600, start_s = start_s + 3600,"
            " end_s = end_s + 3600, event_start_s = event_start_s + 3600,"
            " event_end_s = event_end_s + 3600"
        )

    office.store.transact([], work)


def audited(office: Office) -> list[tuple[str, str]]:
    def work(tx: Transaction) -> list[tuple[str, str]]:
        connection = tx.mail.session._connection  # type: ignore[attr-defined]
        return list(connection.execute("SELECT action, subject FROM audit WHERE actor = 'upkeep'"))

    return office.store.transact([], work)


def test_the_daily_pass_puts_them_where_todays_data_say_and_notes_each() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="single")
    office.invite("2026-12-02 09:00", "2026-12-02 10:00", uid="weekly", extra="RRULE:FREQ=WEEKLY")
    office.invite(
        "2026-12-01 15:00", "2026-12-01 16:00", uid="finite", extra="RRULE:FREQ=DAILY;COUNT=3"
    )
    before = office.everything()
    computed_with_other_data(office)
    assert office.everything() != before
    report = office.upkeep()
    assert report.failures == []
    assert report.recomputed == 3
    assert office.everything() == before
    assert sorted(subject.split()[-1] for _, subject in audited(office)) == [
        "finite", "single", "weekly",
    ]  # fmt: skip
    assert office.upkeep().recomputed == 0
    assert len(audited(office)) == 3


def test_what_did_not_move_is_recomputed_without_a_note() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00")

    def work(tx: Transaction) -> None:
        connection = tx.mail.session._connection  # type: ignore[attr-defined]
        connection.execute("UPDATE calendar_object SET zone_data = 'an older one'")

    office.store.transact([], work)
    assert office.upkeep().recomputed == 1
    assert audited(office) == []
    assert office.upkeep().recomputed == 0
