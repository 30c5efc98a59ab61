"""Every setting there is: its default, how it is read, its unit and its meaning."""

import codecs
import re
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
from horarium.directives.controlfile import MOST_TASK
from horarium.directives.declared import read_schedule
from horarium.directives.entry import MASTER
from horarium.distribution.values import NAME, as_variables
from horarium.kernel.errors import InvalidInput
from horarium.transport.endpoint import (
    Endpoint,
    Mailboxes,
    Maildir,
    parse_endpoint,
    parse_mailboxes,
)

_DAY = 86_400

# Sections that belong to kinds of work this version does not have: their keys are known, so that
# a site written for a later version is refused by name and not as a misspelling.
LATER_SECTIONS = {"directives": ("files",)}


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


def _mailboxes(value: object) -> Mailboxes:
    if not isinstance(value, str):
        raise refuse(value, 'a way to mailboxes such as "lmtp:unix:/run/dovecot/lmtp"')
    return parse_mailboxes(value)


def _listening(value: object) -> Endpoint:
    endpoint = _endpoint(value)
    if isinstance(endpoint, Maildir):
        raise refuse(value, 'an address such as "127.0.0.1:8025" or "unix:/run/horarium/web.sock"')
    return endpoint


def _languages(value: object) -> tuple[str, ...]:
    tags = words(value)
    if not tags or not all(tag.replace("-", "").isalnum() and tag.isascii() for tag in tags):
        raise refuse(value, 'languages such as ["en", "nb"]')
    return tags


def _lower_words(value: object) -> tuple[str, ...]:
    return tuple(word.lower() for word in words(value))


def _store_url(value: object) -> str:
    raise InvalidInput(
        "is not available in this version; unset, the store is SQLite in state/", value=str(value)
    )


def _anything(value: object) -> object:
    return value


_URL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,45}\])(?::\d{1,5})?/?",
    re.ASCII | re.IGNORECASE,
)


def _site_url(value: object) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise refuse(value, 'an address of a site such as "https://calendar.example.com"')
    return value.rstrip("/").lower()


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
        "mail.local_delivery",
        None,
        _mailboxes,
        "`lmtp:HOST:PORT`, `lmtp:unix:/PATH`, `smtp:HOST:PORT` or `maildir:PATH`",
        "How mail reaches the mailboxes of persons; unset, it is kept for the operator.",
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
        read_schedule,
        "schedule",
        "When the daily pass runs: any schedule, in the site's zone unless it names another.",
    ),
)

_RETENTION = (
    Setting(
        "retention.mail",
        "P400D",
        seconds(),
        "duration, 0 for not at all",
        "How long it is kept what a message asked, without titles, texts and attachments, so that "
        "it can be decided again (`booking replay`).",
    ),
    Setting(
        "retention.clients",
        "P365D",
        seconds(),
        "duration",
        "How long after its end it is kept who came to an appointment.",
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


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
# What every codec that a control file may have must read as itself.
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\r\n"


def _tasks(value: object) -> tuple[int, ...]:
    expected = f"task numbers from 0 to {MOST_TASK}, none twice, such as [1, 2]"
    number = whole_number(0, MOST_TASK)
    items = list(value) if isinstance(value, list) else list(words(value))
    try:
        found = tuple(number(item) for item in items)
    except InvalidInput as error:
        raise refuse(value, expected) from error
    if not found or len(set(found)) < len(found):
        raise refuse(value, expected)
    return tuple(sorted(found))


def _encoding(value: object) -> str:
    """`auto`, or the name of a codec that reads the signs of the grammar as ASCII does."""
    expected = "auto, or an encoding such as cp866 or utf-8"
    if not isinstance(value, str):
        raise refuse(value, expected)
    if value == "auto":
        return value
    try:
        if _PLAIN.decode(value) != _PLAIN.decode("ascii"):
            raise refuse(value, expected)
        return codecs.lookup(value).name
    except (LookupError, ValueError) as error:
        raise refuse(value, expected) from error


def _variable_names(value: object) -> tuple[str, ...]:
    names = words(value)
    if not all(map(_VARIABLE.fullmatch, names)) or len(set(names)) < len(names):
        raise refuse(value, 'names of letters, digits and _, none twice, such as ["SEASON"]')
    return names


def _environment(value: object) -> dict[str, str]:
    expected = 'names and texts such as { NODE = "2:5030/15" }'
    if not isinstance(value, dict):
        raise refuse(value, expected)
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(text, str) or not text.isprintable():
            raise refuse(f"{name} = {text}", expected)
        if name.startswith("HORARIUM_"):
            raise InvalidInput(f"{name} is given by horarium itself", value=name)
    return dict(value)


def _folder(value: object) -> str:
    folder = line(value)
    if not folder:
        raise refuse(value, "a folder")
    return folder


def _seed(value: object) -> str:
    return line(value) if value != "" else ""


def _of_directives(
    name: str, default: object, read: Callable[[object], object], values: str, meaning: str
) -> Setting:
    return Setting(f"directives.{name}", default, read, values, meaning)


_DIRECTIVES = (
    _of_directives(
        "address",
        None,
        _node,
        "node",
        "The main address, from which partial addresses of the control file take what they lack.",
    ),
    _of_directives(
        "zone",
        None,
        zone_name,
        "zone name",
        "The zone of the control file's times and of declared directives; without it the site's.",
    ),
    _of_directives(
        "programs",
        {},
        _programs,
        "table",
        "What the names of programs in the control file stand for.",
    ),
    _of_directives(
        "tasks",
        None,
        _tasks,
        "task numbers, 0 to 255",
        "The tasks that this site works for; unset, the Master and every number named.",
    ),
    _of_directives(
        "master_task",
        MASTER,
        whole_number(0, MOST_TASK),
        "task number, 0 to 255",
        "The task that polls, drops and packs, and does what names no task.",
    ),
    _of_directives(
        "unprefixed",
        "master",
        choice("master", "every"),
        "`master` or `every`",
        "Who does an Exec, Exit, Set, Send, Post, Freq or UpdFreq line without a task number: the "
        "Master, or every task for itself.",
    ),
    _of_directives(
        "catch_up_down",
        "once",
        choice("once", "none"),
        "`once` or `none`",
        "What points of `P.hh:mm` that passed while nothing ran become: one run, or none.",
    ),
    _of_directives(
        "exec_shell",
        "never",
        choice("never", "bang"),
        "`never` or `bang`",
        "Whether a program after `!` runs through the shell; `bang` may stand in a file of root's "
        "only.",
    ),
    _of_directives(
        "exit_wait",
        "10m",
        seconds(0),
        "duration",
        "How long an Exit waits for what its task is doing before it is ended.",
    ),
    _of_directives(
        "stop_wait",
        "30s",
        seconds(0),
        "duration",
        "How long a stop waits for running programs before they are ended.",
    ),
    _of_directives(
        "timeout",
        "1h",
        seconds(1),
        "duration",
        "How long the program of an Exec line may run; a declared directive says it itself.",
    ),
    _of_directives(
        "watch",
        True,
        yes_no,
        "`true` or `false`",
        "Whether the control file is looked at every 10 seconds, and read anew when it changed.",
    ),
    _of_directives(
        "encoding",
        "auto",
        _encoding,
        "`auto` or an encoding",
        "The encoding of the control file and its lists; `auto` is UTF-8 where it is valid, else "
        "CP866.",
    ),
    _of_directives(
        "week_range",
        "continuous",
        choice("continuous", "daily"),
        "`continuous` or `daily`",
        "What `3.4:00-6.9:00` is: one stretch from Wednesday to Saturday, or 4:00 to 9:00 on each "
        "of these days.",
    ),
    _of_directives(
        "node_mask_covers_points",
        False,
        yes_no,
        "`true` or `false`",
        "Whether a node mask of a rule that holds or routes also covers the points of its nodes, "
        "as with `.*`.",
    ),
    _of_directives(
        "folder",
        None,
        _folder,
        "folder",
        "Where programs run, from the site's folder on; unset, beside the control file.",
    ),
    _of_directives(
        "environment",
        {},
        _environment,
        "table",
        "Variables of programs, beside the few that every program gets.",
    ),
    _of_directives(
        "flags",
        "state/flags",
        _folder,
        "folder",
        "Where `Set FILE` creates its flag files, from the site's folder on.",
    ),
    _of_directives(
        "variables",
        [],
        _variable_names,
        "names",
        "The run-time variables that `Set NAME=VALUE` may change.",
    ),
    _of_directives(
        "allow_remote_exec",
        False,
        yes_no,
        "`true` or `false`",
        "Whether what runs programs may be declared otherwise than by files of this machine.",
    ),
    _of_directives(
        "seed",
        "",
        _seed,
        "text",
        "What the places of random moments are drawn from, beside each entry's identity.",
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
    _limit("sender_rate", 60, "Messages of one sender in an hour; more are taken later (451)."),
    _limit("domain_rate", 600, "Messages of all senders of one domain in an hour."),
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

_WEB = (
    Setting(
        "web.listen",
        "127.0.0.1:8025",
        _listening,
        "`HOST:PORT` or `unix:/PATH`",
        "Where the pages are served; TLS belongs before it, in a proxy.",
    ),
    Setting(
        "web.url",
        "http://127.0.0.1:8025",
        _site_url,
        "`https://HOST`",
        "Where people reach the pages; links in answers and set-up links begin with it.",
    ),
    Setting(
        "web.hosts",
        [],
        _lower_words,
        "words",
        "Further names, as `HOST` or `HOST:PORT`, under which browsers may ask.",
    ),
    Setting(
        "web.proxies",
        [],
        _lower_words,
        "words",
        "Addresses of proxies (`unix` for the socket) whose `X-Forwarded-For` is believed.",
    ),
    Setting(
        "web.max_age",
        "12h",
        seconds(60),
        "duration",
        "How long somebody stays signed in at most, from signing in on.",
    ),
    Setting(
        "web.session_idle",
        "30m",
        seconds(60),
        "duration",
        "After how long a silence somebody who is signed in has to sign in again.",
    ),
    Setting(
        "web.remember",
        False,
        yes_no,
        "`true` or `false`",
        'Whether the sign-in form offers "keep me signed in".',
    ),
    Setting(
        "web.remember_max_age",
        "30d",
        seconds(60),
        "duration",
        "How long that lasts at most.",
    ),
    Setting(
        "web.remember_idle",
        "14d",
        seconds(60),
        "duration",
        "After how long a silence it ends.",
    ),
    Setting(
        "web.visitor_max_age",
        "2h",
        seconds(60),
        "duration",
        "How long the session of somebody who has not signed in lasts.",
    ),
    Setting(
        "web.link_max_age",
        "30m",
        seconds(60),
        "duration",
        "How long a link for setting a password can be used.",
    ),
)

_PATH_EXPECTED = 'absolute paths without .., such as ["/srv/in"]'


def _node_name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise refuse(value, "a name of a-z, 0-9, '.', '_' and '-', at most 63 of them")
    return value


def _node_variables(value: object) -> dict[str, str]:
    expected = 'names and texts such as { DEST = "/srv/in" }'
    if not isinstance(value, dict):
        raise refuse(value, expected)
    try:
        return as_variables(value)
    except InvalidInput as error:
        raise InvalidInput(f"{error}; {expected}", value=str(value)) from error


def _absolute_paths(value: object) -> tuple[str, ...]:
    paths = words(value)
    if not all(path.startswith("/") and ".." not in path.split("/") for path in paths):
        raise refuse(value, _PATH_EXPECTED)
    return tuple(path.rstrip("/") or "/" for path in paths)


def _absolute_path(value: object) -> str:
    (path,) = _absolute_paths([value])
    return path


def _program(value: object) -> tuple[str, ...]:
    expected = 'a full path and arguments such as ["/usr/local/bin/check", "--quick"]'
    if value == []:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise refuse(value, expected)
    if not value[0].startswith("/") or len(value) > 256:
        raise refuse(value, expected)
    return tuple(value)


def _of_node(
    name: str, default: object, read: Callable[[object], object], values: str, meaning: str
) -> Setting:
    return Setting(f"node.{name}", default, read, values, meaning)


_NODE = (
    _of_node(
        "name",
        None,
        _node_name,
        "name",
        "Which distributor or subscriber this node is; set by `node join`, or here.",
    ),
    _of_node(
        "listen",
        "127.0.0.1:8443",
        _listening,
        "`HOST:PORT` or `unix:/PATH`",
        "Where the nodes below this one reach it.",
    ),
    _of_node(
        "url",
        None,
        _site_url,
        "`https://HOST:PORT`",
        "The address under which they do; tokens for them contain it.",
    ),
    _of_node(
        "variables",
        {},
        _node_variables,
        "table",
        "Variables of this node, above all others: nothing from outside says otherwise.",
    ),
    _of_node(
        "allowed_roots",
        None,
        _absolute_paths,
        "absolute paths",
        "Where extraction may write; unset, the absolute paths among `node.variables`.",
    ),
    _of_node(
        "working_dir",
        None,
        _absolute_path,
        "absolute path",
        "Where contents lie, and what is being received; unset, in the state of the site. Keys and "
        "metadata stay there.",
    ),
    _of_node(
        "allow_network_dir",
        False,
        yes_no,
        "`true` or `false`",
        "Whether it may be on a network file system, which can lose what it said was written.",
    ),
    _of_node(
        "allow_actions",
        False,
        yes_no,
        "`true` or `false`",
        "Whether programs that a distribution names may run here, before and after extraction.",
    ),
    _of_node(
        "actions_user",
        None,
        line,
        "user name",
        "Who runs them, and the check of health; unset, whoever runs the node.",
    ),
    _of_node(
        "service_command",
        [],
        _program,
        "program and arguments",
        "What takes `start NAME`, `stop NAME` and `is-active NAME`, like systemctl; unset, actions "
        "on services are refused.",
    ),
    _of_node(
        "allow_foreign_delete",
        [],
        _absolute_paths,
        "absolute paths",
        "Where extraction may remove what it did not install.",
    ),
    _of_node(
        "env_allow",
        [],
        _variable_names,
        "names",
        "The variables of the environment that a target may name as `%ENV.NAME%`.",
    ),
    _of_node(
        "health_check",
        [],
        _program,
        "program and arguments",
        "What runs after every extraction; another status than 0 says that the version is bad.",
    ),
    _of_node(
        "enforce",
        [],
        _program,
        "program and arguments",
        "What runs, as whoever runs the node, when documents of a policy are here or gone; "
        "`{folder}` stands for where they lie. Another status than 0: they are not in force.",
    ),
    _of_node(
        "insecure_loopback",
        False,
        yes_no,
        "`true` or `false`",
        "Whether nodes of one machine may talk without TLS; on loopback addresses only.",
    ),
)

_LEVEL = choice("error", "warning", "success", "info", "debug", "off")
_LEVELS = "`error`, `warning`, `success`, `info`, `debug` or `off`"
_HOOK = re.compile(r"https?://[!-~]{1,1000}", re.ASCII)


def _hook(value: object) -> str:
    if not isinstance(value, str) or not _HOOK.fullmatch(value):
        raise refuse(value, 'an address such as "https://chat.example.com/hooks/7"')
    return value


def _of_notices(
    name: str, default: object, read: Callable[[object], object], values: str, meaning: str
) -> Setting:
    return Setting(f"notices.{name}", default, read, values, meaning)


_NOTICES = (
    _of_notices(
        "console", "warning", _LEVEL, _LEVELS, "From which level on the daemon says a notice."
    ),
    _of_notices(
        "log", "info", _LEVEL, _LEVELS, "From which level on it stands in `state/notices/DAY.log`."
    ),
    _of_notices(
        "log_days", 30, whole_number(1, 3_650), "number", "After how many days a log is removed."
    ),
    _of_notices(
        "mail", "warning", _LEVEL, _LEVELS, "From which level on it is mailed to `notices.mail_to`."
    ),
    _of_notices(
        "mail_to", [], address_keys, "addresses", "To whom; `mail.sender` is who writes."
    ),
    _of_notices(
        "webhook", "warning", _LEVEL, _LEVELS,
        "From which level on it is sent to `notices.webhook_url`.",
    ),
    _of_notices(
        "webhook_url", None, _hook, "address",
        "Where it is sent as JSON, signed by `HORARIUM_SECRET_WEBHOOK` of the environment.",
    ),
    _of_notices(
        "metrics", "debug", _LEVEL, _LEVELS, "From which level on it is counted in `/metrics`."
    ),
)  # fmt: skip

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
    for setting in (
        *_TOP,
        *_STORE,
        *_MAIL,
        *_UPKEEP,
        *_RETENTION,
        *_DIRECTIVES,
        *_WEB,
        *_NODE,
        *_NOTICES,
        *_LIMITS,
        *_LATER,
    )
}
SECTIONS = tuple(dict.fromkeys(n.partition(".")[0] for n in SETTINGS if "." in n))
