"""What changed between two states of a distribution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from horarium.distribution.manifest import Entry, File


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries that were not there, that are not there any more, and that are otherwise than
    before; the last as they are now. Each in the order of paths."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[Entry, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def changes(before: Iterable[Entry], now: Iterable[Entry]) -> Changes:
    """What changed. A change is another kind, content, mode or link target; the time at which a
    file was modified is none."""
    old = {entry.path: entry for entry in before}
    new = {entry.path: entry for entry in now}
    added = (entry for path, entry in new.items() if path not in old)
    removed = (entry for path, entry in old.items() if path not in new)
    changed = (entry for path, entry in new.items() if path in old and differs(old[path], entry))
    return Changes(_sorted(added), _sorted(removed), _sorted(changed))


def differs(one: Entry, other: Entry) -> bool:
    """Whether two entries of one path are a change."""
    return one != other and _timeless(one) != _timeless(other)


def settled(before: Iterable[Entry], now: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries of now in order, each that did not change as it was before: a file that was only
    touched keeps its old time, so that nothing is carried because of it."""
    old = {entry.path: entry for entry in before}

    def kept(entry: Entry) -> Entry:
        former = old.get(entry.path)
        return entry if former is None or differs(former, entry) else former

    return _sorted(map(kept, now))


def _timeless(entry: Entry) -> Entry:
    return replace(entry, modified=0) if isinstance(entry, File) else entry


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    # The order of code points is that of the octets of UTF-8.
    return tuple(sorted(entries, key=lambda entry: entry.path))
