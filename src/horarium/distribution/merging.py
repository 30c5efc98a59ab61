"""The plan of an extraction into a target that is shared with other files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from horarium.distribution.extraction import (
    Action,
    ChangeMode,
    LocalChanges,
    Place,
    Plan,
    Remove,
    RemoveDirectory,
    Scene,
    Staged,
    Wanted,
    wanted_from,
)
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.installed import Installed, Kind, Seen, installed_from, is_untouched
from horarium.distribution.manifest import Directory, File, Link, Removal

_WRITABLE = 0o300


def plan_merge(scene: Scene) -> Plan:
    """What turns what lies there into the version. First goes what stands in the way of something
    of another kind; then everything new gets its place, and at last goes what is no longer wanted,
    so that a reader misses nothing meanwhile.

    ExtractionFailed when a local change, a foreign file or a thing of another kind forbids it.
    """
    return _Merging(scene, wanted_from(scene.entries)).plan()


@dataclass(slots=True)
class _Merging:
    scene: Scene
    wanted: Wanted
    going: dict[str, Remove | RemoveDirectory] = field(default_factory=dict)
    clearing: list[Action] = field(default_factory=list)
    placing: list[Action] = field(default_factory=list)
    modes: list[ChangeMode] = field(default_factory=list)
    staged: list[Staged] = field(default_factory=list)
    put: list[Installed] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    # Directories that do not exist yet, and where they are staged.
    fresh: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def plan(self) -> Plan:
        """See plan_merge."""
        gone = self.scene.installed.keys() - self.wanted.entries.keys()
        for path in sorted(gone, reverse=True):
            self._let_go(self.scene.installed[path])
        named = [entry.path for entry in self.scene.entries if isinstance(entry, Removal)]
        for path in sorted(named, reverse=True):
            if path not in self.scene.installed:
                self._let_foreign_go(path)
        if self.scene.base:
            self._root()
        for path, entry in self.wanted.entries.items():
            self._want(path, entry)
        return self._ordered()

    def _ordered(self) -> Plan:
        leaving: list[Action] = []
        for path, action in sorted(self.going.items(), reverse=True):
            (self.clearing if self._stands_in_the_way(path) else leaving).append(action)
        actions = [*self.clearing, *self.placing, *leaving]
        opened = self._opened(actions)
        opening = [ChangeMode(at, mode, mode | 0o700) for at, mode in opened.items()]
        closing = {change.path: change for change in self.modes}
        for at, mode in opened.items():
            after = closing[at].after if at in closing else mode
            closing[at] = ChangeMode(at, mode | 0o700, after)
        # The deepest first: who would not be let in afterwards must be done before.
        removed = {action.path for action in actions if isinstance(action, RemoveDirectory)}
        last = [closing[at] for at in sorted(closing, reverse=True) if at not in removed]
        return Plan(
            tuple(self.staged),
            (*opening, *actions, *last),
            tuple(self.put),
            tuple(self.drop),
            tuple(self.overwritten),
            tuple(self.kept),
        )

    # --- what goes ---------------------------------------------------------

    def _let_go(self, row: Installed) -> None:
        """Removes what this distribution installed and nobody else did since."""
        self.drop.append(row.path)
        seen = self._look(row.path)
        held = self.scene.others.get(row.path)
        if seen is None or held or (held is not None and row.kind is Kind.DIRECTORY):
            return
        if row.kind is Kind.DIRECTORY:
            if seen.kind is row.kind and row.made and self._will_be_empty(row.path):
                self._go(row.path, seen)
        elif seen.kind in (Kind.FILE, Kind.LINK) and self._may_be_lost(row.path, seen, row):
            self._go(row.path, seen)

    def _let_foreign_go(self, path: str) -> None:
        """Removes what a manifest names and nobody of ours installed, where the node allows it."""
        seen = self._look(path)
        if seen is None:
            return
        if path in self.scene.others:
            why = "belongs to another distribution"
            raise ExtractionFailed(Trouble.FOREIGN_DELETE_REFUSED, path, why)
        if not self.scene.foreign_delete(path):
            why = "was not installed by this distribution, and the node does not let it go"
            raise ExtractionFailed(Trouble.FOREIGN_DELETE_REFUSED, path, why)
        if seen.kind is Kind.DIRECTORY and not self._will_be_empty(path):
            raise ExtractionFailed(Trouble.FOREIGN_DELETE_REFUSED, path, "is not empty")
        if seen.kind is Kind.OTHER:
            raise ExtractionFailed(Trouble.IN_THE_WAY, path, "is no file, directory or link")
        self._go(path, seen)

    def _go(self, path: str, seen: Seen) -> None:
        at = self.scene.at(path)
        if seen.kind is Kind.DIRECTORY:
            self.going[path] = RemoveDirectory(at, seen.mode)
        else:
            self.going[path] = Remove(self._next(), at, seen)

    def _will_be_empty(self, path: str) -> bool:
        names = self.scene.disk.names(self.scene.at(path))
        return all(f"{path}/{name}" in self.going for name in names)

    def _stands_in_the_way(self, path: str) -> bool:
        """Whether something that is wanted can only come when this has gone."""
        while path:
            if path in self.wanted.entries:
                return True
            path = path.rpartition("/")[0]
            if isinstance(self.wanted.entries.get(path), Directory):
                return False
        return False

    # --- what comes --------------------------------------------------------

    def _root(self) -> None:
        """The target itself: made when it is not there, never anything but a directory."""
        seen = self.scene.disk.look(self.scene.base)
        if seen is None:
            if self.wanted.entries:
                self._new("", Directory("", 0o755), None)
                self.put.pop()
        elif seen.kind is not Kind.DIRECTORY:
            raise ExtractionFailed(Trouble.TARGET_REFUSED, "", "the target is no directory")

    def _want(self, path: str, entry: Directory | File | Link) -> None:
        above = path.rpartition("/")[0]
        row = self.scene.installed.get(path)
        if above in self.fresh:
            if row is None or not self._stays_lost(row):
                place = f"{self.fresh[above]}/{path.rpartition('/')[2]}"
                self._stage(path, place, entry)
            return
        seen = self._look(path)
        if seen is None:
            if row is None or not self._stays_lost(row):
                self._new(path, entry, None)
        elif seen.kind is Kind.OTHER:
            raise ExtractionFailed(Trouble.IN_THE_WAY, path, "is no file, directory or link")
        elif isinstance(entry, Directory):
            self._directory(entry, seen, row)
        elif seen.kind is Kind.DIRECTORY:
            self._in_place_of_directory(path, entry, seen, row)
        else:
            self._in_place_of_file(path, entry, seen, row)

    def _stays_lost(self, row: Installed) -> bool:
        """Whether a thing that somebody removed locally is left alone."""
        if row.kind is Kind.DIRECTORY:
            return False
        return not self._decided(row.path, "was removed locally")

    def _directory(self, entry: Directory, seen: Seen, row: Installed | None) -> None:
        path = entry.path
        if seen.kind is not Kind.DIRECTORY:
            if self.scene.local_changes is LocalChanges.KEEP:
                raise ExtractionFailed(Trouble.IN_THE_WAY, path, "is no directory, and is kept")
            if self._may_be_lost(path, seen, row):
                self.clearing.append(Remove(self._next(), self.scene.at(path), seen))
                self._new(path, entry, None)
            return
        if path in self.wanted.implied:
            return
        made = row is not None and row.made and row.kind is Kind.DIRECTORY
        mode = self._mode(entry.mode, seen, row)
        wish = installed_from(replace(entry, mode=mode), made=made)
        if row != wish:
            self.put.append(wish)
        self._change_mode(path, seen.mode, mode)

    def _in_place_of_directory(
        self, path: str, entry: File | Link, seen: Seen, row: Installed | None
    ) -> None:
        """A directory of ours gives way to a file when nothing foreign is in it."""
        made = row is not None and row.kind is Kind.DIRECTORY and row.made
        if not made or not self._will_be_empty(path):
            raise ExtractionFailed(Trouble.IN_THE_WAY, path, "is a directory with other files")
        self.going[path] = RemoveDirectory(self.scene.at(path), seen.mode)
        self._new(path, entry, None)

    def _in_place_of_file(
        self, path: str, entry: File | Link, seen: Seen, row: Installed | None
    ) -> None:
        same = row is not None and _is_same(row, entry)
        if same and self.scene.others.get(path):
            return
        untouched = row is not None and self._is_untouched(path, seen, row)
        if (same and untouched) or self._holds(path, seen, entry):
            self._settle(path, entry, seen, row)
        elif self._may_be_lost(path, seen, row):
            self._new(path, entry, seen)

    def _settle(self, path: str, entry: File | Link, seen: Seen, row: Installed | None) -> None:
        """The content is there already; only mode and row may have to follow."""
        mode = self._mode(entry.mode, seen, row) if isinstance(entry, File) else 0o777
        wish = installed_from(replace(entry, mode=mode) if isinstance(entry, File) else entry)
        wish = replace(wish, modified=seen.modified if isinstance(entry, File) else 0)
        if row != wish:
            self.put.append(wish)
        if isinstance(entry, File):
            self._change_mode(path, seen.mode, mode)

    def _new(self, path: str, entry: Directory | File | Link, before: Seen | None) -> None:
        number = self._next()
        self.placing.append(Place(number, self.scene.at(path), before))
        self._stage(path, str(number), entry)
        if isinstance(entry, Directory) and not entry.mode & 0o200:
            # A directory that may not be written to can not be moved either.
            self.staged[-1] = Staged(str(number), replace(entry, mode=entry.mode | 0o200))
            self._change_mode(path, entry.mode | 0o200, entry.mode)

    def _stage(self, path: str, place: str, entry: Directory | File | Link) -> None:
        if isinstance(entry, Directory):
            self.fresh[path] = place
        self.staged.append(Staged(place, entry))
        self.put.append(installed_from(entry))

    # --- modes -------------------------------------------------------------

    def _mode(self, wished: int, seen: Seen, row: Installed | None) -> int:
        """The mode a thing that is there gets: the version's, unless somebody has set another one
        and local changes are to be left."""
        if self.scene.local_changes is LocalChanges.OVERWRITE:
            return wished
        return wished if row is not None and row.mode == seen.mode else seen.mode

    def _change_mode(self, path: str, before: int, after: int) -> None:
        if before != after:
            self.modes.append(ChangeMode(self.scene.at(path), before, after))

    def _opened(self, actions: list[Action]) -> dict[str, int]:
        """Directories of ours, with their modes, that nobody may write to and in which something
        is to be done."""
        found = {}
        for at in sorted({action.path.rpartition("/")[0] for action in actions}):
            path = at.partition("/")[2] if self.scene.base else at
            row = self.scene.installed.get(path)
            if row is None or row.kind is not Kind.DIRECTORY or not row.made:
                continue
            seen = self.scene.disk.look(at)
            shut = seen is not None and seen.mode & _WRITABLE != _WRITABLE
            if seen is not None and seen.kind is Kind.DIRECTORY and shut:
                found[at] = seen.mode
        return found

    # --- what lies there ---------------------------------------------------

    def _look(self, path: str) -> Seen | None:
        return self.scene.disk.look(self.scene.at(path))

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _holds(self, path: str, seen: Seen, entry: File | Link) -> bool:
        """Whether an entry's content lies there already."""
        if isinstance(entry, Link):
            return seen.kind is Kind.LINK and seen.target == entry.target
        if seen.kind is not Kind.FILE or seen.size != entry.size:
            return False
        return self.scene.disk.digest(self.scene.at(path)) == entry.digest

    def _is_untouched(self, path: str, seen: Seen, row: Installed) -> bool:
        thorough = self.scene.local_changes is not LocalChanges.OVERWRITE
        return is_untouched(self.scene.disk, self.scene.at(path), seen, row, thorough=thorough)

    def _may_be_lost(self, path: str, seen: Seen, row: Installed | None) -> bool:
        """Whether what lies there may go: unchanged what we installed, or what is given up."""
        ours = row is not None and not self.scene.others.get(path)
        if ours and row is not None and self._is_untouched(path, seen, row):
            return True
        if not self._decided(path, "was changed locally"):
            return False
        self.overwritten.append(path)
        return True

    def _decided(self, path: str, what: str) -> bool:
        match self.scene.local_changes:
            case LocalChanges.OVERWRITE:
                return True
            case LocalChanges.KEEP:
                self.kept.append(path)
                return False
            case LocalChanges.FAIL:
                raise ExtractionFailed(Trouble.CHANGED_LOCALLY, path, what)


def _is_same(row: Installed, entry: File | Link) -> bool:
    """Whether a version changes nothing of the content of what is installed."""
    if isinstance(entry, Link):
        return row.kind is Kind.LINK and row.content == entry.target
    return row.kind is Kind.FILE and row.content == entry.digest
