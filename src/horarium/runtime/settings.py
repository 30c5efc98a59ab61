"""The settings of a site: typed, complete, and wrong only with a place (``horarium.toml``)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from horarium.directives.reading import Reading
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule import Schedule
from horarium.runtime.faults import BadSettings, Fault
from horarium.runtime.guarded_file import UnsafeFile
from horarium.runtime.setting_table import SECTIONS, SETTINGS, Setting
from horarium.runtime.site import Site
from horarium.runtime.toml_file import TomlFile, Unreadable, read_toml
from horarium.transport.endpoint import Endpoint, Mailboxes, Maildir

# Variables that begin like a setting and are none.
_NOT_SETTINGS = ("HORARIUM_SITE", "HORARIUM_SECRET_", "HORARIUM_TEST_")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where what is kept lies. ``url`` None means the embedded store in the site's state."""

    url: str | None
    auto_migrate: bool
    allow_network_filesystem: bool


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Ways in and out. Addresses are keys (``local@domain``); ``outbox_life`` is seconds."""

    lmtp: Endpoint
    lmtp_allow_remote: bool
    lmtp_group: str | None
    bare_newlines: str
    smtp: Endpoint
    local_delivery: Mailboxes | None
    sender: str | None
    reply_from: str
    trusted_authserv: tuple[str, ...]
    trusted_headers: int
    gateways: tuple[str, ...]
    local_domains: tuple[str, ...]
    null_return_path: bool
    outbox_life: int
    counter_as_request: bool


@dataclass(frozen=True, slots=True)
class UpkeepSettings:
    """When the daily pass runs; a schedule that names no zone is meant in the site's."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class DirectiveSettings:
    """What the directives rest on, those of the control file and declared ones.

    ``address`` is the main address as text, ``zone`` None that of the site, ``programs`` the full
    paths that names stand for, ``tasks`` None the Master and every number named. Waits and
    ``timeout`` are seconds. ``folder`` (None: that of the control file) and ``flags`` are relative
    to the site. The meaning of each stands in docs/formats/settings.md.
    """

    address: str | None
    zone: str | None
    programs: Mapping[str, str]
    tasks: tuple[int, ...] | None
    master_task: int
    unprefixed: str
    catch_up_down: str
    exec_shell: str
    exit_wait: int
    stop_wait: int
    timeout: int
    watch: bool
    encoding: str
    week_range: str
    node_mask_covers_points: bool
    folder: str | None
    environment: Mapping[str, str]
    flags: str
    variables: tuple[str, ...]
    allow_remote_exec: bool
    seed: str

    @property
    def reading(self) -> Reading:
        """How the control file is read where its words have two meanings."""
        return Reading(
            encoding=self.encoding,
            daily_range=self.week_range == "daily",
            masks_cover_points=self.node_mask_covers_points,
            master=self.master_task,
        )


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the pages are, and how long people stay signed in there; ages and silences are seconds.
    ``url`` has no slash at its end; ``hosts`` and ``proxies`` are in lower case."""

    listen: Endpoint
    url: str
    hosts: tuple[str, ...]
    proxies: tuple[str, ...]
    max_age: int
    session_idle: int
    remember: bool
    remember_max_age: int
    remember_idle: int
    visitor_max_age: int
    link_max_age: int

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS, so that cookies may be kept to it."""
        return self.url.startswith("https:")


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What this machine is in a realm, and what it lets be done to it: nothing from outside widens
    it. ``name`` is None where it was not said, ``allowed_roots`` where it follows from the
    variables; programs are argument vectors, empty for none."""

    name: str | None
    listen: Endpoint
    url: str | None
    variables: Mapping[str, str]
    allowed_roots: tuple[str, ...] | None
    working_dir: str | None
    allow_network_dir: bool
    allow_actions: bool
    actions_user: str | None
    service_command: tuple[str, ...]
    allow_foreign_delete: tuple[str, ...]
    env_allow: tuple[str, ...]
    health_check: tuple[str, ...]
    enforce: tuple[str, ...]
    insecure_loopback: bool

    @property
    def roots(self) -> tuple[str, ...]:
        """Below which paths extraction may write; nowhere, when there are none."""
        if self.allowed_roots is not None:
            return self.allowed_roots
        paths = (text for text in self.variables.values() if text.startswith("/"))
        return tuple(dict.fromkeys(path.rstrip("/") or "/" for path in paths))


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Which sinks are told of notices of distribution, each from a level on (``off``: never).
    ``webhook_url`` None is nowhere; its secret stands in the environment only."""

    console: str
    log: str
    log_days: int
    mail: str
    mail_to: tuple[str, ...]
    webhook: str
    webhook_url: str | None
    metrics: str


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Every limit on what comes in by mail. Sizes in bytes, times in seconds unless the name
    says otherwise."""

    message: int
    calendar_part: int
    sender_rate: int
    domain_rate: int
    header_lines: int
    header_bytes: int
    header_line: int
    encoded_words: int
    mime_depth: int
    mime_parts: int
    addresses: int
    components: int
    properties: int
    nesting: int
    line: int
    attendees: int
    by_values: int
    by_product: int
    count: int
    occurrences: int
    steps: int
    dates: int
    event_length: int
    zone_parts: int


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept, in seconds; 0 is not at all."""

    mail: int
    clients: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one site. ``origins`` tells for each setting that was set where (file:line
    or variable); ``warnings`` what speaks against trusting the files."""

    zone: str
    languages: tuple[str, ...]
    store: StoreSettings
    mail: MailSettings
    upkeep: UpkeepSettings
    retention: RetentionSettings
    directives: DirectiveSettings
    web: WebSettings
    node: NodeSettings
    notices: NoticeSettings
    limits: LimitSettings
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)


def load_settings(site: Site, environ: Mapping[str, str], *, strict: bool = False) -> Settings:
    """The settings of ``site``: ``horarium.toml``, over it ``conf.d/*.toml`` in name order, over
    them the environment. BadSettings with everything that is wrong; ``strict`` makes a file that
    others could have changed one of these faults."""
    faults: list[Fault] = []
    written: dict[str, object] = {}
    origins: dict[str, str] = {}
    warnings: list[str] = []
    for file in _files(site, strict, faults):
        warnings.extend(file.warnings)
        for setting, value, path in _entries(file, faults):
            _take(setting, value, file.fault(path, ""), written, origins, faults)
    for name, value in sorted(environ.items()):
        found = _variable(name, faults)
        if found is not None:
            _take(found, value, Fault(name, 0, 0, "", ""), written, origins, faults)
    if not faults:
        faults.extend(_contradictions(written, origins))
    if faults:
        raise BadSettings(faults)
    return _settings(written, origins, tuple(warnings))


def default_settings() -> Settings:
    """The settings of a site that sets nothing."""
    return _settings({}, {}, ())


def _files(site: Site, strict: bool, faults: list[Fault]) -> Iterator[TomlFile]:
    for path in (site.settings_file, *site.drop_ins):
        try:
            yield read_toml(path, strict=strict)
        except Unreadable as error:
            faults.append(error.fault)
        except UnsafeFile as error:
            faults.append(Fault(str(path), 0, 0, "", error.complaint))
        except NotFound:
            hint = f"no such file; horarium init --site {site.root} writes one"
            faults.append(Fault(str(path), 0, 0, "", hint))


def _entries(
    file: TomlFile, faults: list[Fault]
) -> Iterator[tuple[Setting, object, tuple[str, ...]]]:
    """Each known setting of a file with its value and path; unknown names become faults."""
    for key, value in file.values.items():
        if key in SETTINGS:
            yield SETTINGS[key], value, (key,)
        elif key not in SECTIONS:
            near = nearest(key, (*SECTIONS, *(n for n in SETTINGS if "." not in n)))
            faults.append(file.fault((key,), f"there is no such setting{near}"))
        elif not isinstance(value, dict):
            faults.append(file.fault((key,), f"is a table: [{key}]"))
        else:
            for name, inner in value.items():
                if f"{key}.{name}" in SETTINGS:
                    yield SETTINGS[f"{key}.{name}"], inner, (key, name)
                else:
                    near = nearest(name, _names(key))
                    faults.append(file.fault((key, name), f"there is no such setting{near}"))


def _names(section: str) -> Iterable[str]:
    return [n.partition(".")[2] for n in SETTINGS if n.startswith(section + ".")]


def _variable(name: str, faults: list[Fault]) -> Setting | None:
    """The setting that an environment variable sets, if it is one."""
    if not name.startswith("HORARIUM_") or name.startswith(_NOT_SETTINGS):
        return None
    wanted = name.removeprefix("HORARIUM_").lower()
    by_variable = {key.replace(".", "_"): setting for key, setting in SETTINGS.items()}
    if wanted in by_variable:
        return by_variable[wanted]
    if wanted.partition("_")[0] in SECTIONS:
        near = nearest(name, (f"HORARIUM_{key.upper()}" for key in by_variable))
        faults.append(Fault(name, 0, 0, "", f"there is no such setting{near}"))
    return None


def _take(
    setting: Setting,
    value: object,
    place: Fault,
    written: dict[str, object],
    origins: dict[str, str],
    faults: list[Fault],
) -> None:
    try:
        read = setting.read(value)
    except InvalidInput as error:
        faults.append(Fault(place.file, place.line, place.column, place.path, str(error)))
        return
    written[setting.name] = read
    origins[setting.name] = f"{place.file}:{place.line}" if place.line else place.file


def _contradictions(written: Mapping[str, object], origins: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong only when seen together."""

    def fault(name: str, message: str) -> Fault:
        return Fault(origins.get(name, name), 0, 0, name, message)

    if written.get("mail.reply_from") == "calendar" and written.get("mail.sender") is None:
        yield fault("mail.reply_from", '"calendar" needs mail.sender')
    lmtp = written.get("mail.lmtp")
    if isinstance(lmtp, Maildir):
        yield fault("mail.lmtp", "a maildir cannot listen")
    remote = written.get("mail.lmtp_allow_remote", False)
    if lmtp is not None and not getattr(lmtp, "loopback", True) and not remote:
        yield fault(
            "mail.lmtp", f"{lmtp} can be reached from elsewhere; mail.lmtp_allow_remote permits it"
        )
    url = str(written.get("web.url", ""))
    if url.startswith("http:") and not is_loopback(url):
        yield fault("web.url", "without TLS (https:) only this machine may be served")
    listen = written.get("node.listen")
    if written.get("node.insecure_loopback") and not getattr(listen, "loopback", True):
        yield fault("node.insecure_loopback", f"{listen} can be reached from elsewhere")
    mailboxes = written.get("mail.local_delivery")
    own = lmtp if lmtp is not None else SETTINGS["mail.lmtp"].default_value()
    if isinstance(mailboxes, Mailboxes) and mailboxes.endpoint == own:
        yield fault("mail.local_delivery", f"{own} is where mail comes in (mail.lmtp)")
    shell = written.get("directives.exec_shell") == "bang"
    if shell and not _roots(origins.get("directives.exec_shell", "")):
        yield fault("directives.exec_shell", '"bang" may stand in a file that belongs to root only')


def is_loopback(url: str) -> bool:
    """Whether a URL without a path names this machine and no other."""
    host = url.partition("://")[2]
    host = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return host in ("localhost", "[::1]") or host.startswith("127.")


def _roots(origin: str) -> bool:
    """Whether a setting comes from a file of root's, and so from who rules the machine."""
    path = Path(origin.rpartition(":")[0])
    return path.is_absolute() and path.stat().st_uid == 0


def _acted_on(values: Mapping[str, dict[str, Any]], section: str) -> dict[str, Any]:
    """The values of a section without those of later versions."""
    return {key: v for key, v in values[section].items() if SETTINGS[f"{section}.{key}"].acted_on}


def _settings(
    written: Mapping[str, object], origins: Mapping[str, str], warnings: tuple[str, ...]
) -> Settings:
    values: dict[str, dict[str, Any]] = {}
    for name, setting in SETTINGS.items():
        section, _, key = name.rpartition(".")
        value = written[name] if name in written else setting.default_value()
        values.setdefault(section, {})[key] = value
    top = values[""]
    return Settings(
        zone=top["zone"],
        languages=top["languages"],
        store=StoreSettings(**values["store"]),
        mail=MailSettings(**values["mail"]),
        upkeep=UpkeepSettings(**values["upkeep"]),
        retention=RetentionSettings(**values["retention"]),
        directives=DirectiveSettings(**_acted_on(values, "directives")),
        web=WebSettings(**_acted_on(values, "web")),
        node=NodeSettings(**values["node"]),
        notices=NoticeSettings(**values["notices"]),
        limits=LimitSettings(**values["limits"]),
        origins=MappingProxyType(dict(origins)),
        warnings=warnings,
    )
