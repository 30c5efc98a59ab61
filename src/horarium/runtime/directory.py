"""The calendar users of a site as decisions see them, read anew when they have changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from horarium.booking.acl import Rule, parse_acl
from horarium.booking.preferences import InvalidPreference, Preferences, read_preferences
from horarium.booking.quota import Quota
from horarium.booking.resource import MailWays, Resource
from horarium.ical.address import Address, parse_address
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.zone import named, zone_data_version
from horarium.runtime.guarded_file import UnsafeFile, read_guarded
from horarium.runtime.limits import parse_limits, rule_limits
from horarium.runtime.quotas import OWNER as QUOTA
from horarium.runtime.quotas import Quotas, quotas_among
from horarium.runtime.settings import MailSettings, Settings
from horarium.runtime.site_functions import site_functions
from horarium.store.directory import DEFAULTS, PERSON_DEFAULTS, CalendarUser
from horarium.store.store import Store, Transaction


@dataclass(frozen=True, slots=True)
class Registered:
    """A calendar user with its number in the store and the layer facts that commands show. A
    person's `resource` says what there is to know of a person, and decides nothing."""

    id: int
    uri: str
    resource: Resource
    declared_in: str
    kind: str = "resource"

    @property
    def is_person(self) -> bool:
        """Whether a human decides here."""
        return self.kind == "person"


@dataclass(frozen=True, slots=True)
class Directory:
    """All calendar users at one version; `by_key` finds them by address key, aliases included.
    `registered` are the resources, `persons` the persons; `quotas` are those in force by name."""

    version: int
    by_key: Mapping[str, Registered]
    registered: tuple[Registered, ...]
    groups: Mapping[str, frozenset[str]]
    persons: tuple[Registered, ...] = ()
    quotas: Mapping[str, Quota] = field(default_factory=dict)

    @property
    def users(self) -> tuple[Registered, ...]:
        """All calendar users, the resources first."""
        return self.registered + self.persons

    def by_id(self, number: int) -> Registered | None:
        """The calendar user of that number in the store, or None."""
        return next((user for user in self.users if user.id == number), None)

    def find(self, address: str) -> Registered | None:
        """The calendar user of an address (with or without `mailto:`), or None."""
        try:
            key = parse_address(address.removeprefix("mailto:")).key
        except InvalidInput:
            return None
        return self.by_key.get(key)


def read_directory(tx: Transaction, settings: Settings) -> Directory:
    """Reads the whole directory. A user whose preferences can not be read is kept, with the fault:
    it declines everything, which is better than to bounce."""
    own: dict[str, dict[str, object]] = {}
    stored = tx.directory.settings()
    for setting in stored:
        if setting.value is not None and not setting.owner.startswith(QUOTA):
            own.setdefault(setting.owner, {})[setting.name] = setting.read
    groups = {name: frozenset(members) for name, members in tx.directory.groups().items()}
    quotas = quotas_among(stored, groups)
    ways = mail_ways(settings.mail, settings.languages)
    defaults = {"resource": own.get(DEFAULTS, {}), "person": own.get(PERSON_DEFAULTS, {})}
    found = [
        _register(user, own.get(user.uri, {}), defaults[user.kind], settings, ways, groups, quotas)
        for user in tx.directory.users()
    ]
    by_key: dict[str, Registered] = {}
    for entry in found:
        for key in entry.resource.aliases:
            by_key.setdefault(key, entry)
    for entry in found:
        by_key[entry.resource.address.key] = entry
    resources = tuple(entry for entry in found if not entry.is_person)
    persons = tuple(entry for entry in found if entry.is_person)
    return Directory(tx.directory.version(), by_key, resources, groups, persons, quotas.known)


@dataclass(slots=True)
class Names:
    """The names of calendar users by their addresses, read anew when the directory has changed."""

    version: int = -1
    found: Mapping[str, str] = field(default_factory=dict)

    def of(self, store: Store, settings: Settings) -> Mapping[str, str]:
        """The name of each calendar user that has one."""

        def work(tx: Transaction) -> tuple[int, Mapping[str, str]]:
            if tx.directory.version() == self.version:
                return self.version, self.found
            directory = read_directory(tx, settings)
            return directory.version, {
                user.uri.removeprefix("mailto:"): user.resource.preferences.name
                for user in directory.users
                if user.resource.preferences.name
            }

        self.version, self.found = store.read(work)
        return self.found


def mail_ways(mail: MailSettings, languages: Iterable[str]) -> MailWays:
    """The site's ways of mail, from its settings."""
    return MailWays(
        sender=parse_address(mail.sender) if mail.sender else None,
        reply_from_sender=mail.reply_from == "calendar",
        null_return_path=mail.null_return_path,
        gateways=frozenset(mail.gateways),
        trusted_authserv=frozenset(mail.trusted_authserv),
        trusted_headers=mail.trusted_headers,
        languages=tuple(languages),
        local_domains=frozenset(mail.local_domains),
    )


def policy_digest(resource: Resource) -> str:
    """What a resource decides by, as one word that changes when it does: preferences, access
    lists in files, groups, quotas, and which code of the site it asks."""
    lists = {path: [str(rule) for rule in rules] for path, rules in resource.access_files.items()}
    groups = {name: sorted(members) for name, members in resource.groups.items()}
    quotas = {name: (quota.limits, quota.groups) for name, quota in resource.quotas.items()}
    said = [dict(resource.preferences.written), resource.fault, lists, groups, quotas]
    site = resource.site_functions
    said += [
        site[call.name].place
        for call in resource.preferences.scheduling_function
        if call.name in site
    ]
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _register(
    user: CalendarUser,
    own: Mapping[str, object],
    defaults: Mapping[str, object],
    settings: Settings,
    ways: MailWays,
    groups: Mapping[str, frozenset[str]],
    quotas: Quotas,
) -> Registered:
    address = parse_address(user.uri.removeprefix("mailto:"))
    fault = ""
    try:
        preferences = read_preferences(own, defaults, site_zone=settings.zone, kind=user.kind)
    except InvalidPreference as error:
        preferences = read_preferences({}, {}, site_zone=settings.zone, kind=user.kind)
        fault = str(error)
    resource = Resource(
        address=address,
        preferences=preferences,
        zone=named(preferences.zone),
        zone_data=zone_data_version(),
        aliases=_aliases(address, preferences),
        ways=ways,
        access_files=_access_files(preferences),
        groups=groups,
        quotas=quotas.known,
        quota_faults=quotas.faults,
        parse_limits=parse_limits(settings.limits),
        rule_limits=rule_limits(settings.limits),
        fault=fault,
        site_functions=site_functions(),
    )
    return Registered(user.id, user.uri, resource, user.declared_in, user.kind)


def _aliases(address: Address, preferences: Preferences) -> frozenset[str]:
    return frozenset((address.key, *(preferences.aliases or ())))


def _access_files(preferences: Preferences) -> dict[str, tuple[Rule, ...]]:
    """The access lists that the functions name; one that can not be read or trusted is left out,
    which makes its function decline."""
    found: dict[str, tuple[Rule, ...]] = {}
    for call in preferences.scheduling_function:
        if call.name == "access_control_list" and call.arguments:
            path = call.arguments[0]
            try:
                data, _ = read_guarded(Path(path), strict=True)
                found[path] = parse_acl(data.decode("utf-8"))
            except (NotFound, UnsafeFile, InvalidInput, UnicodeDecodeError, OSError):
                continue
    return found
