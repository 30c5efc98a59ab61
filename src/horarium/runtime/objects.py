"""Declared objects: what the files in ``objects/`` say (TOML; docs/formats/objects.md)."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

from horarium.appointments.declared import KINDS as APPOINTMENT_KINDS
from horarium.appointments.declared import faults as appointment_faults
from horarium.booking.preferences import canonical_name, check_preferences, is_empty
from horarium.booking.quota import quota_name
from horarium.booking.quota_table import TableKind, kept_value, object_table
from horarium.booking.written import address_key, address_keys
from horarium.directives.declared import faults as directive_faults
from horarium.distribution.declared import KINDS as DISTRIBUTION_KINDS
from horarium.distribution.declared import canonical
from horarium.distribution.declared import faults as distribution_faults
from horarium.kernel.errors import InvalidInput
from horarium.kernel.nearest import nearest
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile
from horarium.runtime.toml_file import TomlFile, Unreadable, read_toml

OFFERED = tuple(APPOINTMENT_KINDS)
DISTRIBUTED = tuple(DISTRIBUTION_KINDS)
KINDS = ("resource", "person", "quota", "group", "directive", *OFFERED, *DISTRIBUTED, "defaults")
USERS = ("resource", "person")


@dataclass(frozen=True, slots=True)
class DeclaredObjects:
    """Everything declared by the files of one ``apply``.

    ``resources`` and ``persons``: by address key, the written value of each preference under its
    one name. ``spellings``: by address key, the address as it was written.
    ``groups``: by name, the address keys of the members.
    ``quotas``: by name, the rows of each table, in their one form and order.
    ``directives``: by name, the written value of each key; ``offered`` the same for appointers,
    assistants and services, by kind, and ``distributed`` for distributors, distributions,
    channels, subscribers, their groups and policies.
    ``defaults`` and ``person_defaults``: site-wide values of the preferences of each kind.
    ``digests``: by (kind, identity, key), a digest of the value, to tell a changed file value from
    one that a command changed. ``places`` by the same, ``file:line``.
    """

    resources: dict[str, dict[str, object]] = field(default_factory=dict)
    persons: dict[str, dict[str, object]] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    quotas: dict[str, dict[str, object]] = field(default_factory=dict)
    directives: dict[str, dict[str, object]] = field(default_factory=dict)
    offered: dict[str, dict[str, dict[str, object]]] = field(
        default_factory=lambda: {kind: {} for kind in OFFERED}
    )
    distributed: dict[str, dict[str, dict[str, object]]] = field(
        default_factory=lambda: {kind: {} for kind in DISTRIBUTED}
    )
    defaults: dict[str, object] = field(default_factory=dict)
    person_defaults: dict[str, object] = field(default_factory=dict)
    digests: dict[tuple[str, str, str], str] = field(default_factory=dict)
    places: dict[tuple[str, str, str], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def users(self, kind: str) -> dict[str, dict[str, object]]:
        """The calendar users of a ``kind``, by address key."""
        return self.persons if kind == "person" else self.resources

    def defaults_of(self, kind: str) -> dict[str, object]:
        """The site-wide values for a ``kind`` of calendar user."""
        return self.person_defaults if kind == "person" else self.defaults


def read_objects(paths: Sequence[Path], *, strict: bool = False) -> DeclaredObjects:
    """What the files ``paths`` declare together; a folder stands for its ``*.toml`` in name
    order. BadObjects with everything that is wrong; NoSuchFile when a path is absent."""
    declared = DeclaredObjects()
    faults: list[Fault] = []
    for path in _files(paths):
        try:
            file = read_toml(path, strict=strict)
        except Unreadable as error:
            faults.append(error.fault)
        except UnsafeFile as error:
            faults.append(Fault(str(path), 0, 0, "", error.complaint))
        else:
            declared.warnings.extend(file.warnings)
            faults.extend(_declare(declared, file))
    if faults:
        raise BadObjects(faults)
    return declared


def digest(value: object) -> str:
    """A digest of one written value: equal when and only when the value is."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.toml"))
        elif path.exists() or path.is_symlink():
            yield path
        else:
            raise NoSuchFile(f"{path}: no such file")


def _declare(declared: DeclaredObjects, file: TomlFile) -> Iterator[Fault]:
    """Add what ``file`` declares; yields what is wrong with it."""
    for kind, tables in file.values.items():
        if kind not in KINDS:
            near = nearest(kind, KINDS)
            yield file.fault((kind,), f"there is no such kind of object{near}")
        elif not isinstance(tables, dict):
            yield file.fault((kind,), f'expected tables such as [{kind}."…"]')
        else:
            for identity, keys in tables.items():
                if not isinstance(keys, dict):
                    yield file.fault((kind, identity), f'expected a table [{kind}."{identity}"]')
                elif kind in USERS:
                    yield from _user(declared, file, (kind, identity), keys)
                elif kind == "quota":
                    yield from _quota(declared, file, identity, keys)
                elif kind == "group":
                    yield from _group(declared, file, identity, keys)
                elif kind == "directive":
                    yield from _directive(declared, file, identity, keys)
                elif kind in OFFERED:
                    yield from _offered(declared, file, (kind, identity), keys)
                elif kind in DISTRIBUTED:
                    yield from _distributed(declared, file, (kind, identity), keys)
                else:
                    yield from _defaults(declared, file, identity, keys)


def _user(
    declared: DeclaredObjects, file: TomlFile, path: tuple[str, str], keys: Mapping[str, object]
) -> Iterator[Fault]:
    kind, identity = path
    try:
        key = address_key(identity)
    except InvalidInput as error:
        yield file.fault(path, str(error))
        return
    if key in declared.resources or key in declared.persons:
        yield file.fault(path, f"{key} is declared twice")
        return
    yield from _preference_faults(file, path, keys, kind)
    spelling = identity.removeprefix("mailto:") if "%" not in identity else key
    declared.users(kind)[key] = _written(keys)
    declared.spellings[key] = spelling
    _sign(declared, file, (kind, key), path, keys)


def _defaults(
    declared: DeclaredObjects, file: TomlFile, kind: str, keys: Mapping[str, object]
) -> Iterator[Fault]:
    path = ("defaults", kind)
    if kind not in USERS:
        yield file.fault(path, "only defaults.resource and defaults.person exist")
        return
    yield from _preference_faults(file, path, keys, kind)
    defaults = declared.defaults_of(kind)
    for key, value in _written(keys).items():
        if key in defaults:
            yield file.fault((*path, key), "is set twice")
        defaults[key] = value
    _sign(declared, file, path, path, keys)


def _preference_faults(
    file: TomlFile, path: tuple[str, ...], keys: Mapping[str, object], kind: str
) -> Iterator[Fault]:
    for fault in check_preferences(keys, kind):
        written = next((k for k in keys if k == fault.name), None) or next(
            k for k in keys if canonical_name(k) == fault.name
        )
        yield file.fault((*path, written), fault.reason, line=fault.line)


def _group(
    declared: DeclaredObjects, file: TomlFile, name: str, keys: Mapping[str, object]
) -> Iterator[Fault]:
    path = ("group", name)
    if name in declared.groups:
        yield file.fault(path, f"{name} is declared twice")
        return
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        yield file.fault(path, "a group's name is letters, digits, dots, - and _")
    for key in keys:
        if key != "members":
            yield file.fault((*path, key), f"there is no such key{nearest(key, ('members',))}")
    try:
        declared.groups[name] = address_keys(keys.get("members", []))
    except InvalidInput as error:
        yield file.fault((*path, "members"), str(error))
    _sign(declared, file, path, path, {"members": keys.get("members", [])})


def _quota(
    declared: DeclaredObjects, file: TomlFile, identity: str, keys: Mapping[str, object]
) -> Iterator[Fault]:
    path, name = ("quota", identity), quota_name(identity)
    if not name.strip() or not name.isprintable():
        yield file.fault(path, "a quota's name is text on one line")
        return
    if name in declared.quotas:
        yield file.fault(path, f"{name} is declared twice")
        return
    tables = declared.quotas[name] = {}
    for key, value in keys.items():
        if key not in list(TableKind):
            yield file.fault((*path, key), f"there is no such key{nearest(key, list(TableKind))}")
            continue
        table, faults = object_table(TableKind(key), value)
        for fault in faults:
            yield file.fault((*path, key, *([fault.key] if fault.key else [])), fault.message)
        tables[key] = kept_value(TableKind(key), table)
        _note(declared, file, ("quota", name, key), (*path, key), value)


def _directive(
    declared: DeclaredObjects, file: TomlFile, name: str, keys: Mapping[str, object]
) -> Iterator[Fault]:
    path = ("directive", name)
    for warning in file.warnings:
        # It says what runs here: whoever can write the file could have anything run.
        complaint = warning.removeprefix(f"{file.name}: ")
        yield file.fault(path, f"a directive stands in a safe file only: {complaint}")
    if name in declared.directives:
        yield file.fault(path, f"{name} is declared twice")
        return
    plain = {key: _plain(value) for key, value in keys.items()}
    for key, message in directive_faults(name, plain):
        inner = (key,) if key in keys else tuple(key.split(".")) if key else ()
        yield file.fault((*path, *inner), message)
    declared.directives[name] = plain
    for key, value in plain.items():
        _note(declared, file, (*path, key), (*path, key), value)


def _offered(
    declared: DeclaredObjects, file: TomlFile, path: tuple[str, str], keys: Mapping[str, object]
) -> Iterator[Fault]:
    kind, name = path
    if name in declared.offered[kind]:
        yield file.fault(path, f"{name} is declared twice")
        return
    plain = {key: _plain(value) for key, value in keys.items()}
    for key, message in appointment_faults(kind, name, plain):
        yield file.fault((*path, key) if key else path, message)
    # What is kept of an object are its keys: one without any would not be there.
    declared.offered[kind][name] = plain or {"name": ""}
    _note(declared, file, (*path, ""), path, None)
    for key, value in plain.items():
        _note(declared, file, (*path, key), (*path, key), value)


def _distributed(
    declared: DeclaredObjects, file: TomlFile, path: tuple[str, str], keys: Mapping[str, object]
) -> Iterator[Fault]:
    kind, name = path
    if name in declared.distributed[kind]:
        yield file.fault(path, f"{name} is declared twice")
        return
    plain, notes = canonical(kind, {key: _plain(value) for key, value in keys.items()})
    for key, note in notes:
        declared.warnings.append(str(file.fault((*path, key), note)))
    for key, message in distribution_faults(kind, name, plain):
        yield file.fault((*path, key) if key else path, message)
    # As above: without any key it would not be there.
    declared.distributed[kind][name] = plain or {"title": ""}
    _note(declared, file, (*path, ""), path, None)
    for key, value in plain.items():
        _note(declared, file, (*path, key), (*path, key), value)


def _plain(value: object) -> object:
    """A value of TOML as one of JSON: dates and times become text."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _written(keys: Mapping[str, object]) -> dict[str, object]:
    return {canonical_name(k): v for k, v in keys.items() if not is_empty(v)}


def _sign(
    declared: DeclaredObjects,
    file: TomlFile,
    owner: tuple[str, str],
    path: tuple[str, ...],
    keys: Mapping[str, object],
) -> None:
    for name, value in keys.items():
        if not is_empty(value) or owner[0] == "group":
            _note(declared, file, (*owner, canonical_name(name)), (*path, name), value)


def _note(
    declared: DeclaredObjects,
    file: TomlFile,
    entry: tuple[str, str, str],
    path: tuple[str, ...],
    value: object,
) -> None:
    """Keep the digest of a written value, and where it was written."""
    declared.digests[entry] = digest(value)
    place = file.fault(path, "")
    declared.places[entry] = f"{place.file}:{place.line}"
