"""What lies in the folders of imip-agent, put in order by user and by quota."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from horarium.booking.quota import quota_name
from horarium.booking.quota_table import TableKind
from horarium.booking.written import address_key
from horarium.kernel.errors import InvalidInput
from horarium.runtime.guarded_file import NoSuchFile
from horarium.runtime.imip_agent_tree import Kept, read_tree

# What is worked out anew here, or comes again by mail.
LEFT = {
    "counters": "counter-proposals are left out: they wait for a word in a mailbox too",
    "freebusy-other": "what others told of their time is left out; it comes anew with their mail",
    "requests": "what waits for a word is left out; the invitations lie in the mailbox",
}
_DERIVED = frozenset({"freebusy-providers"})


class Weight(StrEnum):
    """What a finding means: something was taken over, is otherwise than it was there, or was
    skipped."""

    TAKEN = "taken over"
    DIFFERENCE = "difference"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be told; `place` is a file, and where it has one, its line."""

    weight: Weight
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(frozen=True, slots=True)
class Stored:
    """A file with its `place`; an object may be that of one occurrence (`which`, as its name
    says), or `cancelled`."""

    place: str
    data: bytes
    name: str = ""
    which: str = ""
    cancelled: bool = False


@dataclass(slots=True)
class UserFiles:
    """All that is kept of one calendar user."""

    uri: str
    preferences: dict[str, Stored] = field(default_factory=dict)
    objects: list[Stored] = field(default_factory=list)
    freebusy: list[Stored] = field(default_factory=list)
    offers: list[Stored] = field(default_factory=list)
    asked: bool = False


@dataclass(slots=True)
class QuotaFiles:
    """All that is kept of one quota."""

    tables: dict[TableKind, Stored] = field(default_factory=dict)
    journal: list[Stored] = field(default_factory=list)


@dataclass(slots=True)
class Source:
    """Everything that is to be taken over: users by address key, quotas by name, and what was
    found while it was read."""

    users: dict[str, UserFiles] = field(default_factory=dict)
    quotas: dict[str, QuotaFiles] = field(default_factory=dict)
    defaults: Stored | None = None
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where its parts lie; None is a part that there is not."""

    preferences: Path | None = None
    store: Path | None = None
    journal: Path | None = None
    config: Path | None = None


def folders_in(top: Path) -> Folders:
    """The parts that a folder holds under their usual names. NoSuchFile when it holds none."""
    parts = {name: top / name for name in ("preferences", "store", "journal", "config.txt")}
    there = {name: path if path.exists() else None for name, path in parts.items()}
    if not any(there.values()):
        raise NoSuchFile(f"{top}: no preferences, store or journal is in it")
    return Folders(there["preferences"], there["store"], there["journal"], there["config.txt"])


def read_source(folders: Folders) -> Source:
    """Reads all parts. NoSuchFile when one that was named is not there."""
    source = Source()
    for top, sort in (
        (folders.preferences, _sort_preference),
        (folders.store, _sort_stored),
        (folders.journal, _sort_journal),
    ):
        for kept in read_tree(top) if top is not None else ():
            place = "/".join((str(top), *(_shown(name) for name in kept.names)))
            if kept.fault:
                source.findings.append(Finding(Weight.FAULT, place, kept.fault))
            else:
                source.findings.extend(sort(source, kept, place))
    if folders.config is not None:
        source.defaults = Stored(str(folders.config), folders.config.read_bytes())
    return source


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)[1:-1]


def _user(source: Source, kept: Kept) -> UserFiles:
    """The user that the outermost folder names; InvalidInput when it names none."""
    uri = kept.names[0]
    if not uri.lower().startswith("mailto:") or len(kept.names) < 2:
        raise InvalidInput("is not in the folder of a mailto: address")
    return source.users.setdefault(address_key(uri), UserFiles(f"mailto:{uri[7:]}"))


def _sort_preference(source: Source, kept: Kept, place: str) -> Iterator[Finding]:
    try:
        user = _user(source, kept)
    except InvalidInput as error:
        yield Finding(Weight.FAULT, place, str(error))
        return
    if len(kept.names) == 2:
        user.preferences[kept.names[1]] = Stored(place, kept.data)
    else:
        yield Finding(Weight.FAULT, place, "is no preference")


def _sort_stored(source: Source, kept: Kept, place: str) -> Iterator[Finding]:
    try:
        user = _user(source, kept)
    except InvalidInput as error:
        yield Finding(Weight.FAULT, place, str(error))
        return
    part, *inner = kept.names[1:]
    cancelled = part == "cancellations" and bool(inner)
    if cancelled:
        part, *inner = inner
    if part == "objects" and inner:
        user.objects.append(Stored(place, kept.data, "/".join(inner), "", cancelled))
    elif part == "recurrences" and len(inner) > 1:
        name = "/".join(inner[:-1])
        user.objects.append(Stored(place, kept.data, name, inner[-1], cancelled))
    elif part in ("freebusy", "freebusy-offers") and not inner and not cancelled:
        (user.freebusy if part == "freebusy" else user.offers).append(Stored(place, kept.data))
    elif part in LEFT:
        user.asked |= part == "requests" and bool(kept.data.strip())
        if kept.data.strip():
            yield Finding(Weight.DIFFERENCE, place, LEFT[part])
    elif part not in _DERIVED:
        yield Finding(Weight.FAULT, place, "is nothing that imip-agent keeps")


def _sort_journal(source: Source, kept: Kept, place: str) -> Iterator[Finding]:
    quota = source.quotas.setdefault(quota_name(kept.names[0]), QuotaFiles())
    parts = kept.names[1:]
    if len(parts) == 1 and parts[0] in list(TableKind):
        quota.tables[TableKind(parts[0])] = Stored(place, kept.data)
    elif len(parts) == 2 and parts[0] == "journal":
        quota.journal.append(Stored(place, kept.data))
    elif not parts or parts[0] not in ("freebusy-other", "freebusy", "objects", "recurrences"):
        yield Finding(Weight.FAULT, place, "is nothing that imip-agent keeps of a quota")
