"""Preferences: typed, layered, refused when unknown."""

import pytest

from horarium.booking.preference_table import PREFERENCES, SPELLINGS
from horarium.booking.preferences import (
    InvalidPreference,
    Layer,
    Preferences,
    check_preferences,
    read_preferences,
)

DAY = 86_400


def read(**own: object) -> Preferences:
    return read_preferences(own, {})


def test_nothing_set_gives_the_defaults() -> None:
    found = read_preferences({}, {}, site_zone="Europe/Oslo")
    assert [str(call) for call in found.scheduling_function] == ["schedule_in_freebusy"]
    assert found.participating == "participate"
    assert found.zone == "Europe/Oslo"
    assert found.window_size == 100
    assert found.horizon == 730 * DAY
    assert found.acl is None
    assert found.sent_by == "same_domain"
    assert found.declined_update == "release"
    assert found.alternatives == 3
    assert found.alternatives_range == 14 * DAY
    assert found.allow_recurring is True
    assert found.body_kept is False
    assert found.private_kept is True
    assert found.answer_rsvp_false == "declines"
    assert found.allowed_frequencies == {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
    assert set(found.layers.values()) == {Layer.DEFAULT}


@pytest.mark.parametrize("name", sorted(PREFERENCES))
def test_every_default_can_be_written(name: str) -> None:
    default = PREFERENCES[name].default
    if default:
        found = read_preferences({name: default}, {})
        assert found.layers[name] is Layer.OWN
        assert {n: v for n, v in found.layers.items() if n != name} == {
            n: Layer.DEFAULT for n in PREFERENCES if n != name
        }


def test_own_over_site_over_default() -> None:
    found = read_preferences(
        {"window_size": 7, "name": "Room", "acl": " \n"},
        {"window_size": 14, "horizon": "P30D", "acl": "accept"},
    )
    assert (found.window_size, found.layers["window_size"]) == (7, Layer.OWN)
    assert (found.horizon, found.layers["horizon"]) == (30 * DAY, Layer.SITE)
    assert (found.name, found.layers["CN"]) == ("Room", Layer.OWN)
    assert found.acl is not None
    assert found.layers["acl"] is Layer.SITE


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("buffer_before", "PT5M", "buffer_before", 300),
        ("buffer_after", "10m", "buffer_after", 600),
        ("min_notice", 3600, "min_notice", 3600),
        ("max_duration", "PT2H", "max_duration", 7200),
        ("booking_window", 0, "booking_window", 0),
        ("max_attendees", "12", "max_attendees", 12),
        ("TZID", "Europe/Oslo", "zone", "Europe/Oslo"),
        ("zone", "Europe/Oslo", "zone", "Europe/Oslo"),
        ("LANG", "nb", "language", "nb"),
        ("reply_details", False, "reply_details", False),
        ("reply_details", "no", "reply_details", False),
        ("allow_recurring", "yes", "allow_recurring", True),
        ("subject_kept", "organizer", "subject_kept", "organizer"),
        ("subject_kept", True, "subject_kept", "yes"),
        ("participating", "no", "participating", "no"),
        (
            "aliases",
            ["Room@Example.com", "mailto:b@example.com"],
            "aliases",
            ("room@example.com", "b@example.com"),
        ),
        (
            "allowed_frequencies",
            ["daily", "HOURLY"],
            "allowed_frequencies",
            frozenset({"DAILY", "HOURLY"}),
        ),
        ("organizer_replacement", "any", "organiser_replacement", "any"),
    ],
)
def test_values(name: str, value: object, attribute: str, expected: object) -> None:
    assert getattr(read(**{name: value}), attribute) == expected


def test_functions_may_be_lines_or_a_list() -> None:
    text = read(scheduling_function="schedule_in_freebusy 5\nsame_domain_only\n")
    listed = read(scheduling_function=["schedule_in_freebusy 5", "same_domain_only"])
    assert text.scheduling_function == listed.scheduling_function
    assert text.scheduling_function[0].arguments == ("5",)


def test_pairs_of_sent_by() -> None:
    pairs = read(sent_by_pairs="a@example.com boss@example.org\nb@example.com @example.net")
    assert pairs.sent_by_pairs is not None
    first, second = pairs.sent_by_pairs
    assert first.admits("a@example.com", "boss@example.org")
    assert not first.admits("a@example.com", "other@example.org")
    assert second.admits("b@example.com", "anyone@example.net")
    assert not second.admits("a@example.com", "anyone@example.net")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("window_sise", 3, 'there is no such preference; did you mean "window_size"?'),
        ("window_size", 0, "expected a whole number from 1 to 3660, not 0"),
        ("window_size", True, "expected a whole number from 1 to 3660, not True"),
        ("past", "maybe", 'expected "accept" or "decline", not "maybe"'),
        ("horizon", "soon", "expected a duration"),
        ("buffer_before", "-PT5M", "expected a duration"),
        ("TZID", "../etc/passwd", "expected a zone"),
        ("aliases", ["nobody"], "is not an address"),
        ("aliases", ["a@example.com", "A@example.com"], "listed twice"),
        ("allowed_frequencies", "SECONDLY", "expected some of HOURLY"),
        ("acl", "accept\nallow", "acl line 2:"),
        ("working_hours", "mun 08:00-09:00", "working_hours line 1:"),
        ("sent_by_pairs", "a@example.com", "sent_by_pairs line 1:"),
        ("scheduling_function", "# nothing", "at least one scheduling function"),
        ("name", "two\nlines", "expected text on one line"),
        ("unauthenticated", "perhaps", 'expected "refuse" or "ask"'),
        ("waiting_list", "long", "expected yes or no"),
        ("approvers", ["a@example.com", "a@example.com"], "a@example.com is listed twice"),
        ("bookable", "maybe", "expected yes or no"),
        ("permitted_times", "10,5", "minutes are ascending numbers, 0 to 59"),
        ("permitted_times", "25:0", "hours are ascending numbers, 0 to 23"),
        ("permitted_times", "1:2:3:4", "expected MINUTES, HOURS:MINUTES or HOURS:MINUTES:SECONDS"),
        ("permitted_times", "x", "minutes are numbers with commas between them"),
        ("tier_in_policy", "maybe", "a rule begins with auto, ask or refuse"),
        ("max_conflict_percent", 101, "expected a whole number from 0 to 100"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(name: str, value: object, said: str) -> None:
    with pytest.raises(InvalidPreference) as caught:
        read(**{name: value})
    assert said in str(caught.value)
    assert caught.value.part in (name, SPELLINGS.get(name))
    assert check_preferences({name: value})


def test_all_faults_are_found_and_two_spellings_are_one_preference() -> None:
    faults = check_preferences({"name": "a", "CN": "b", "past": "x", "horizon": "P1D", "q": 1})
    assert [fault.part for fault in faults] == ["CN", "past", "q"]
