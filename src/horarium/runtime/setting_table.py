"""Every setting there is: its default, how it is read, its unit and its meaning."""

from collections.abc import Callable
from dataclasses import dataclass

from horarium.booking.written import (
    address_key,
    address_keys,
    choice,
    line,
    refuse,
    seconds,
    size,
    whole_number,
    words,
    yes_no,
    zone_name,
)
from horarium.directives.address import parse_main
from horarium.kernel.errors import InvalidInput
from horarium.transport.endpoint import Endpoint, parse_endpoint

_DAY = 86_400

# Sections that belong to kinds of work this version does not have: their keys are known, so that
# a site written for a later version is refused by name and not as a misspelling.
LATER_SECTIONS = {
    "web": ("listen", "url", "session_idle", "max_age"),
    "directives": ("tasks", "files"),
    "node": ("name", "listen", "url", "variables"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; ``default`` is a written value, None when unset. ``acted_on`` is False for a
    setting that is read and has no effect in this version."""

    name: str
    default: object
    read: Callable[[object], object]
    values: str
    meaning: str
    acted_on: bool = True

    def default_value(self) -> object:
        """The value that holds when nothing is written."""
        return None if self.default is None else self.read(self.default)


def _endpoint(value: object) -> Endpoint:
    if not isinstance(value, str):
        raise refuse(value, 'an address such as "127.0.0.1:8024" or "unix:/run/horarium.sock"')
    return parse_endpoint(value)


def _languages(value: object) -> tuple[str, ...]:
    tags = words(value)
    if not tags or not all(tag.replace("-", "").isalnum() and tag.isascii() for tag in tags):
        raise refuse(value, 'languages such as ["en", "nb"]')
    return tags


def _lower_words(value: object) -> tuple[str, ...]:
    return tuple(word.lower() for word in words(value))


def _daily(value: object) -> int:
    """The time of day of a daily schedule, in seconds."""
    expected = '{ type = "daily", start = "03:10" }'
    if isinstance(value, dict):
        start = value.get("start", "03:10")
        others = {key: item for key, item in value.items() if key != "start"}
        if others not in ({"type": "daily"}, {}):
            raise InvalidInput(
                f"only {expected}; anything else is not available in this version", value=str(value)
            )
        value = start
    hour, colon, minute = value.partition(":") if isinstance(value, str) else ("", "", "")
    numbers = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()
    if not colon or not numbers or len(hour) > 2 or len(minute) != 2:
        raise refuse(value, expected)
    if int(hour) > 23 or int(minute) > 59:
        raise refuse(value, expected)
    return int(hour) * 3600 + int(minute) * 60


def _store_url(value: object) -> str:
    raise InvalidInput(
        "is not available in this version; unset, the store is SQLite in state/", value=str(value)
    )


def _anything(value: object) -> object:
    return value


_TOP = (
    Setting("zone", "UTC", zone_name, "zone name", "The zone of the site."),
    Setting(
        "languages",
        ["en", "nb"],
        _languages,
        "languages",
        "The languages of texts; the first is used when no other is known.",
    ),
)

_STORE = (
    Setting("store.url", None, _store_url, "URL", "Another store than SQLite in the site's state."),
    Setting(
        "store.auto_migrate",
        True,
        yes_no,
        "`true` or `false`",
        "Whether an older store is brought to this version when it is opened.",
    ),
    Setting(
        "store.allow_network_filesystem",
        False,
        yes_no,
        "`true` or `false`",
        "Whether the store may lie on a network file system, where locks may not hold.",
    ),
)

_MAIL = (
    Setting(
        "mail.lmtp",
        "127.0.0.1:8024",
        _endpoint,
        "`HOST:PORT` or `unix:/PATH`",
        "Where mail is taken in (LMTP).",
    ),
    Setting(
        "mail.lmtp_allow_remote",
        False,
        yes_no,
        "`true` or `false`",
        "Whether `mail.lmtp` may be an address that other machines reach.",
    ),
    Setting(
        "mail.bare_newlines",
        "normalise",
        choice("normalise", "refuse"),
        "`normalise` or `refuse`",
        "What becomes of a message with a CR or LF that stands alone.",
    ),
    Setting(
        "mail.lmtp_group",
        None,
        line,
        "group name",
        "The group that may connect to the LMTP socket: that of the mail system.",
    ),
    Setting(
        "mail.smtp",
        "127.0.0.1:25",
        _endpoint,
        "`HOST:PORT`, `unix:/PATH` or `maildir:PATH`",
        "Where answers go out.",
    ),
    Setting(
        "mail.sender",
        None,
        address_key,
        "address",
        "The envelope sender of answers; unset, the resource itself.",
    ),
    Setting(
        "mail.reply_from",
        "resource",
        choice("resource", "calendar"),
        "`resource` or `calendar`",
        "Who stands in From: the resource, or `mail.sender` acting for it.",
    ),
    Setting(
        "mail.trusted_authserv",
        [],
        _lower_words,
        "host names",
        "Whose Authentication-Results count.",
    ),
    Setting(
        "mail.trusted_headers",
        1,
        whole_number(0, 100),
        "number",
        "How many such fields count, from the top.",
    ),
    Setting(
        "mail.gateways",
        [],
        address_keys,
        "addresses",
        "Calendar servers that mail for their users: their Reply-To is the sender.",
    ),
    Setting(
        "mail.local_domains",
        [],
        _lower_words,
        "domains",
        "Domains of a single label that are addresses here.",
    ),
    Setting(
        "mail.null_return_path",
        False,
        yes_no,
        "`true` or `false`",
        "Whether answers leave with the null envelope sender.",
    ),
    Setting(
        "mail.outbox_life",
        "P5D",
        seconds(60),
        "duration",
        "How long an answer is tried before it is given up.",
    ),
    Setting(
        "mail.counter_as_request",
        True,
        yes_no,
        "`true` or `false`",
        "Whether a COUNTER that is labelled REQUEST outside is read as a COUNTER.",
    ),
)

_UPKEEP = (
    Setting(
        "upkeep.schedule",
        {"type": "daily", "start": "03:10"},
        _daily,
        "schedule",
        "When the daily pass runs, in the site's zone.",
    ),
)


def _node(value: object) -> str:
    if not isinstance(value, str):
        raise refuse(value, 'a node such as "2:5030/15"')
    return str(parse_main(value))


def _programs(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(path, str) and path.startswith("/") for path in value.values()
    ):
        raise refuse(value, 'names and full paths such as { "load.bat" = "/usr/local/bin/load" }')
    return {str(name): path for name, path in value.items()}


_DIRECTIVES = (
    Setting(
        "directives.address",
        None,
        _node,
        "node",
        "The main address, from which partial addresses of the control file take what they lack.",
    ),
    Setting(
        "directives.zone",
        None,
        zone_name,
        "zone",
        "The zone of the control file's times; without it the site's.",
    ),
    Setting(
        "directives.programs",
        {},
        _programs,
        "table",
        "What the names of programs in the control file stand for.",
    ),
)


def _limit(name: str, default: object, meaning: str) -> Setting:
    """A limit: a size, a duration or a number, told apart by its default."""
    if isinstance(default, int):
        return Setting(f"limits.{name}", default, whole_number(1), "number", meaning)
    if str(default).startswith("P"):
        return Setting(f"limits.{name}", default, seconds(1), "duration", meaning)
    return Setting(f"limits.{name}", default, size, "size", meaning)


_LIMITS = (
    _limit("message", "10MiB", "One message; a longer one is refused by LMTP with 552."),
    _limit("calendar_part", "1MiB", "One calendar part of a message."),
    _limit("header_lines", 1000, "Lines of a message's header."),
    _limit("header_bytes", "128KiB", "Bytes of a message's header."),
    _limit("header_line", "16KiB", "One header field; a longer one is not decoded."),
    _limit("encoded_words", 200, "Encoded words of one field; the rest stays undecoded."),
    _limit("mime_depth", 20, "Nesting of MIME parts."),
    _limit("mime_parts", 200, "MIME parts of a message."),
    _limit("addresses", 500, "Addresses in one header field."),
    _limit("components", 1000, "Components of a calendar part."),
    _limit("properties", 20_000, "Properties of a calendar part."),
    _limit("nesting", 8, "Nesting of components."),
    _limit("line", "64KiB", "One unfolded content line."),
    _limit("attendees", 500, "Attendees of one event."),
    _limit("by_values", 400, "Values of one BY list of a recurrence rule."),
    _limit("by_product", 10_000, "Product of the lengths of a rule's BY lists per period."),
    _limit("count", 10_000, "COUNT of a recurrence rule."),
    _limit(
        "occurrences",
        2000,
        "Occurrences of a series that are looked at; a resource may have fewer.",
    ),
    _limit("steps", 100_000, "Steps of one expansion; a booking that meets it is declined."),
    _limit("dates", 2000, "RDATE and EXDATE values of one event."),
    _limit("event_length", "P400D", "The length of one event."),
    _limit("zone_parts", 100, "Sub-components of a VTIMEZONE."),
)

_LATER = tuple(
    Setting(
        f"{section}.{key}",
        None,
        _anything,
        "not read in this version",
        "Belongs to a kind of work that this version does not have.",
        acted_on=False,
    )
    for section, keys in LATER_SECTIONS.items()
    for key in keys
)

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (*_TOP, *_STORE, *_MAIL, *_UPKEEP, *_DIRECTIVES, *_LIMITS, *_LATER)
}
SECTIONS = tuple(dict.fromkeys(n.partition(".")[0] for n in SETTINGS if "." in n))
