"""Every preference there is: its default, how a written value is read, and what it means.

Names and values are those of seed 001's system where it has them. A preference whose effect this
version does not have is listed all the same, so that a value other than its default is refused
instead of silently ignored: a policy without effect would be an open door.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from horarium.booking.acl import parse_acl
from horarium.booking.calls import parse_calls
from horarium.booking.hours import parse_hours
from horarium.booking.policy_preferences import POLICY_PREFERENCES
from horarium.booking.preference import Preference
from horarium.booking.sent_by import parse_sent_by_pairs
from horarium.booking.written import (
    address_keys,
    choice,
    line,
    lines,
    seconds,
    text,
    whole_number,
    words,
    yes_no,
    zone_name,
)
from horarium.kernel.errors import InvalidInput

FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAY = 86_400
# Nothing about a resource reaches further than this; an event longer than 400 days is refused.
_LONGEST = 400 * _DAY


def _functions(value: object) -> object:
    calls = parse_calls(lines(value))
    if not calls:
        raise InvalidInput("expected at least one scheduling function", value=str(value))
    return calls


def _frequencies(value: object) -> frozenset[str]:
    names = frozenset(word.upper() for word in words(value))
    unknown = sorted(names - set(FREQUENCIES))
    if unknown or not names:
        allowed = ", ".join(FREQUENCIES)
        raise InvalidInput(f"expected some of {allowed}", value=", ".join(unknown))
    return names


def _features(value: object) -> frozenset[str]:
    return frozenset(feature_key(line(word)) for word in words(value))


def feature_key(word: str) -> str:
    """A feature as it is compared: small letters, single blanks."""
    return " ".join(word.casefold().split())


def _language(value: object) -> str:
    tag = line(value)
    if not tag.replace("-", "").isalnum() or not tag.isascii() or len(tag) > 35:
        raise InvalidInput('expected a language such as "en" or "nb"', value=tag)
    return tag


def _only(
    default: str, why: str = "is not available in this version"
) -> Callable[[object], object]:
    """The reader of a preference without effect here: its default passes."""

    def read(value: object) -> object:
        if str(value).strip().lower() == default or value is (default == "yes"):
            return None
        raise InvalidInput(why, value=str(value))

    return read


def _of_persons(default: str) -> Callable[[object], object]:
    """The reader, at a resource, of a preference that concerns persons."""
    plain = _only(default, "concerns persons only")

    def read(value: object) -> object:
        plain(value)
        return default

    return read


_ACCEPT = ("accept", "decline")

_FROM_SEED = (
    Preference(
        "participating",
        "participate",
        choice("participate", "no"),
        "`participate` or `no`",
        "Whether the resource decides at all; with `no` its mail is passed on untouched.",
    ),
    Preference("CN", "", line, "text", "The name put on the resource's own address.", "name"),
    Preference(
        "LANG",
        "en",
        _language,
        "language",
        "The language of texts when the organizer's is not known.",
        "language",
    ),
    Preference(
        "TZID",
        None,
        zone_name,
        "zone name; the site's zone",
        "The zone in which floating times, whole days and working hours are read.",
        "zone",
    ),
    Preference(
        "scheduling_function",
        "schedule_in_freebusy",
        _functions,
        "lines: a function and its arguments",
        "The functions that decide, evaluated from first to last.",
    ),
    Preference(
        "acl",
        None,
        lambda value: parse_acl(lines(value)),
        "lines: `accept` or `decline`, alone or with a role and addresses",
        "Who may book, for the function `access_control_list`; the last match wins.",
    ),
    Preference(
        "window_size",
        100,
        whole_number(1, 3660),
        "days, from 1",
        "For how many days ahead endless series are written into free/busy.",
    ),
    Preference(
        "add_method_response",
        "add",
        choice("add", "refresh", "ignore"),
        "`add`, `refresh` or `ignore`",
        "What the method ADD does: add the occurrences, ask for the whole event, or nothing.",
    ),
    Preference(
        "organiser_replacement",
        "never",
        choice("any", "attendee", "never"),
        "`any`, `attendee` or `never`",
        "Who may take over a known event as its organizer.",
    ),
    Preference(
        "freebusy_sharing",
        "no",
        choice("share", "no"),
        "`share` or `no`",
        "Whether free/busy is given to others: bundled, published and, of a person, answered.",
    ),
    Preference(
        "freebusy_bundling",
        "never",
        choice("never", "always"),
        "`never` or `always`",
        "Whether the free/busy that is shared goes along with replies.",
    ),
    Preference(
        "freebusy_publishing",
        "no",
        choice("publish", "no"),
        "`publish` or `no`",
        "Whether a document of the free/busy that is shared is kept in `state/freebusy`.",
    ),
)

_OWN = (
    Preference(
        "aliases",
        None,
        address_keys,
        "addresses",
        "Further addresses that are this resource.",
    ),
    Preference(
        "horizon",
        "P730D",
        seconds(_DAY),
        "duration, from one day",
        "How far ahead the collisions of endless series are looked for.",
    ),
    Preference(
        "beyond_horizon",
        "follow",
        choice("follow", "clip", "decline"),
        "`follow`, `clip` or `decline`",
        "What becomes of what lies behind the horizon.",
    ),
    Preference(
        "past",
        "accept",
        choice(*_ACCEPT),
        "`accept` or `decline`",
        "Whether an event wholly in the past is decided like any other.",
    ),
    Preference(
        "declined_update",
        "release",
        choice("release", "keep"),
        "`release` or `keep`",
        "What becomes of the earlier booking when its update is declined.",
    ),
    Preference(
        "allowed_frequencies",
        "DAILY,WEEKLY,MONTHLY,YEARLY",
        _frequencies,
        "some of `HOURLY`, `DAILY`, `WEEKLY`, `MONTHLY`, `YEARLY`",
        "How often a series may repeat.",
    ),
    Preference(
        "endless",
        "accept",
        choice(*_ACCEPT),
        "`accept` or `decline`",
        "Whether a series without an end may be booked.",
    ),
    Preference(
        "max_occurrences",
        2000,
        whole_number(1, 10_000),
        "number, from 1",
        "How many occurrences one event may have within the horizon.",
    ),
    Preference(
        "allow_recurring", "yes", yes_no, "`yes` or `no`", "Whether series may be booked at all."
    ),
    Preference(
        "booking_window",
        None,
        whole_number(0, 36_600),
        "days, from 0 (today only)",
        "How many days ahead a booking may start.",
    ),
    Preference(
        "booking_window_series",
        "decline",
        choice("decline", "clip"),
        "`decline` or `clip`",
        "What becomes of a series that starts inside the booking window and leaves it.",
    ),
    Preference(
        "min_notice",
        None,
        seconds(),
        "duration",
        "How long before its start a booking must be made.",
    ),
    Preference(
        "min_duration",
        None,
        seconds(1),
        "duration",
        "The shortest occurrence that may be booked.",
    ),
    Preference(
        "max_duration",
        None,
        seconds(1),
        "duration",
        "The longest occurrence that may be booked.",
    ),
    Preference(
        "working_hours",
        None,
        lambda value: parse_hours(lines(value)),
        "lines: `mon-fri 08:00-18:00`, `closed DATE..DATE`, `open DATE HH:MM-HH:MM`",
        "The hours in which every occurrence must lie, in the resource's zone.",
    ),
    Preference(
        "buffer_before",
        "PT0S",
        seconds(),
        "duration",
        "Time kept free before each occurrence.",
    ),
    Preference(
        "buffer_after",
        "PT0S",
        seconds(),
        "duration",
        "Time kept free after each occurrence.",
    ),
    Preference(
        "max_attendees",
        None,
        whole_number(0),
        "number",
        "How many people may be invited to an event in this resource.",
    ),
    Preference(
        "seats",
        None,
        whole_number(1),
        "number, from 1",
        "How many people it holds, for whoever looks for a resource; refuses nobody.",
    ),
    Preference(
        "features",
        "",
        _features,
        "words",
        "What it has, for whoever looks for a resource: `projector`, `wheelchair`.",
    ),
    Preference(
        "location",
        "",
        line,
        "text",
        "Where it is, for whoever looks for a resource.",
    ),
    Preference(
        "require_auth",
        "none",
        choice("none", "spf", "dkim", "dmarc"),
        "`none`, `spf`, `dkim` or `dmarc`",
        "What proof of its sender a message needs.",
    ),
    Preference(
        "unauthenticated",
        "refuse",
        choice("refuse", "ask"),
        "`refuse` or `ask`",
        "What becomes of a message without that proof.",
    ),
    Preference(
        "sent_by",
        "same_domain",
        choice("none", "listed", "same_domain", "any"),
        "`none`, `listed`, `same_domain` or `any`",
        "Who may invite in the name of an organizer.",
    ),
    Preference(
        "sent_by_pairs",
        None,
        lambda value: parse_sent_by_pairs(lines(value)),
        "lines: an address, and the organizer or `@domain` it acts for",
        "The pairs of sender and organizer that are trusted.",
    ),
    Preference(
        "reply_details", "yes", yes_no, "`yes` or `no`", "Whether replies give the reasons."
    ),
    Preference(
        "holder_info",
        "same_domain",
        choice("never", "same_domain", "always"),
        "`never`, `same_domain` or `always`",
        "Whom a decline may tell who holds the time.",
    ),
    Preference("additional_response", None, text, "text", "Text appended to every reply."),
    Preference(
        "alternatives",
        3,
        whole_number(0, 10),
        "number, 0 to 10",
        "How many free times a decline offers.",
    ),
    Preference(
        "alternatives_range",
        "P14D",
        seconds(1),
        "duration",
        "How far ahead such times are looked for.",
    ),
    Preference(
        "subject_kept",
        "yes",
        choice("yes", "organizer", "no"),
        "`yes`, `organizer` or `no`",
        "What is stored as the subject of a booking.",
    ),
    Preference(
        "body_kept",
        "no",
        yes_no,
        "`yes` or `no`",
        "Whether the description of an event is stored.",
    ),
    Preference(
        "attachments_kept", "no", yes_no, "`yes` or `no`", "Whether attachments are stored."
    ),
    Preference(
        "private_kept",
        "yes",
        yes_no,
        "`yes` or `no`",
        "Whether the mark that an event is private is stored.",
    ),
    Preference(
        "freebusy_shows",
        "full",
        choice("full", "any"),
        "`full` or `any`",
        "With a capacity above one: busy when it is exhausted, or when anything is booked.",
    ),
    Preference(
        "answer_rsvp_false",
        "declines",
        choice("never", "declines", "always"),
        "`never`, `declines` or `always`",
        "What is answered to a request that wants no answer.",
    ),
)


_PERSONS = (
    Preference(
        "incoming",
        "summary-wraps-message",
        choice(
            "message-only",
            "message-then-summary",
            "summary-then-message",
            "summary-only",
            "summary-wraps-message",
        ),
        "`message-only`, `message-then-summary`, `summary-then-message`, `summary-only` or "
        "`summary-wraps-message`",
        "How calendar mail reaches the person's mailbox.",
    ),
    Preference(
        "freebusy_messages",
        "none",
        choice("none", "notify"),
        "`none` or `notify`",
        "Whether the person is told when the free/busy of others arrives; else it is only kept.",
    ),
    Preference(
        "event_refreshing",
        "never",
        choice("never", "always"),
        "`never` or `always`",
        "Whether an attendee that asks for an event again (REFRESH) gets it without the person.",
    ),
)

PREFERENCES: dict[str, Preference] = {
    preference.name: preference
    for preference in (
        *_FROM_SEED,
        *_OWN,
        *POLICY_PREFERENCES,
        *(
            Preference(
                item.name,
                item.default,
                _of_persons(str(item.default)),
                f"`{item.default}`",
                item.meaning,
                "",
                False,
            )
            for item in _PERSONS
        ),
    )
}


def _for_persons(name: str, **changed: Any) -> Preference:
    return replace(PREFERENCES[name], **changed)


PERSON_PREFERENCES: dict[str, Preference] = {
    preference.name: preference
    for preference in (
        _for_persons(
            "participating",
            meaning="Whether calendar mail is recorded; with `no` it is passed on untouched.",
        ),
        _for_persons("CN", meaning="The name put on the person's own address."),
        _for_persons("LANG", meaning="The language of what the person is told."),
        _for_persons("TZID"),
        *_PERSONS,
        _for_persons("freebusy_sharing"),
        _for_persons("freebusy_bundling"),
        _for_persons("freebusy_publishing"),
        _for_persons(
            "freebusy_offers", meaning="How long a time that the person proposed is held."
        ),
        _for_persons(
            "add_method_response",
            default="refresh",
            meaning="What the method ADD does: record the occurrences, ask for the whole event, or "
            "nothing.",
        ),
        _for_persons("organiser_replacement", default="attendee"),
        _for_persons("window_size"),
        _for_persons("aliases", meaning="Further addresses that are this person."),
        _for_persons("require_auth"),
        _for_persons("sent_by"),
        _for_persons("sent_by_pairs"),
        _for_persons(
            "working_hours",
            meaning="The hours outside of which free/busy shows the person as unavailable.",
        ),
    )
}

# What a person keeps of an event is not chosen: it is needed to send the event again.
PERSON_KEEPS = {"body_kept": True, "attachments_kept": True}

# Either spelling is read: the first is ours, the second that of seed 001's system.
SPELLINGS = {
    "name": "CN",
    "zone": "TZID",
    "language": "LANG",
    "organizer_replacement": "organiser_replacement",
}
