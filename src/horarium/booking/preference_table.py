"""Every preference there is: its default, how a written value is read, and what it means.

Names and values are those of seed 001's system where it has them. A preference whose effect this
version does not have is listed all the same, so that a value other than its default is refused
instead of silently ignored: a policy without effect would be an open door.
"""

from collections.abc import Callable
from dataclasses import dataclass

from horarium.booking.acl import parse_acl
from horarium.booking.calls import parse_calls
from horarium.booking.hours import parse_hours
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


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference: ``read`` turns a written value into that of ``attribute`` (an attribute of
    ``Preferences``); ``default`` is a written value, None when nothing is set. ``available``
    tells whether this version acts on it."""

    name: str
    default: object
    read: Callable[[object], object]
    values: str
    meaning: str
    attribute: str = ""
    available: bool = True


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


def _only(default: str) -> Callable[[object], object]:
    """The reader of a preference without effect in this version: its default passes."""

    def read(value: object) -> object:
        if str(value).strip().lower() == default or value is (default == "yes"):
            return None
        raise InvalidInput("is not available in this version", value=str(value))

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
        _only("refuse"),
        "`refuse`",
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

# Known names without effect in this version: name, the default that passes, meaning.
_LATER = (
    ("incoming", "summary-wraps-message", "How a person's incoming mail is arranged."),
    ("freebusy_sharing", "no", "Whether free/busy is shared with others."),
    ("freebusy_bundling", "never", "Whether free/busy goes along with replies."),
    ("freebusy_publishing", "no", "Whether a published free/busy document is kept."),
    ("freebusy_messages", "none", "Whether a person is told of others' free/busy."),
    ("freebusy_offers", "none", "How long a proposed time is held."),
    ("event_refreshing", "never", "Whether REFRESH is answered by itself."),
    ("permitted_times", "none", "The grid on which events start and end."),
    ("bookable", "yes", "Whether the resource attends itself or only stands for a pool."),
    ("max_conflicts", "none", "How many occurrences of a series may collide."),
    ("max_conflict_percent", "none", "Which share of a series may collide."),
    ("split", "no", "Whether each declined occurrence gets a mail of its own."),
    ("tier_in_policy", "auto", "What is decided, asked or refused within the policy."),
    ("tier_out_of_policy", "refuse", "What is decided, asked or refused against the policy."),
    ("approvers", "none", "The people who decide what policy leaves to them."),
    ("approval_timeout", "p7d", "How long an approver may take."),
    ("approval_timeout_action", "decline", "What becomes of a request nobody decided."),
    ("pending_holds", "yes", "Whether a pending request occupies the resource."),
    ("waiting_list", "off", "Whether declined requests wait for the time."),
    ("waiting_cutoff", "pt1h", "How long before the start waiting ends."),
    ("check_in", "off", "Whether a booking must be confirmed on the spot."),
    ("check_in_opens", "pt10m", "When checking in opens, before the start."),
    ("check_in_deadline", "pt10m", "When checking in closes, after the start."),
    ("check_in_exempt", "none", "Who need not check in."),
    ("delegation_reply", "itip", "Who answers after a delegation."),
    ("redecide_window", "pt10m", "How long a decline caused by the organizer may still turn."),
)

PREFERENCES: dict[str, Preference] = {
    preference.name: preference
    for preference in (
        *_FROM_SEED,
        *_OWN,
        *(
            Preference(name, default, _only(default), f"`{default}`", meaning, "", False)
            for name, default, meaning in _LATER
        ),
    )
}

# Either spelling is read: the first is ours, the second that of seed 001's system.
SPELLINGS = {
    "name": "CN",
    "zone": "TZID",
    "language": "LANG",
    "organizer_replacement": "organiser_replacement",
}
