"""The plan of an extraction into a target of its own: a link that leads to one whole version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from horarium.distribution.extraction import (
    Action,
    LocalChanges,
    Place,
    Plan,
    Remove,
    Scene,
    Staged,
    wanted_from,
)
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.installed import (
    Installed,
    Kind,
    Seen,
    installed_from,
    is_untouched,
)
from horarium.distribution.manifest import Directory, File, Link
from horarium.distribution.targets import VERSIONS

_TREE, _LINK, _OLD_TREE, _OLD_ROOT, _REMNANT = 1, 2, 3, 4, 5


def plan_swap(scene: Scene, version: int) -> Plan:
    """What builds the version beside the one in use and lets the target, a link, lead to it.

    The versions lie in ``.versions/NAME`` beside the target NAME; the one that was in use goes
    when the link leads to the new one. ExtractionFailed for an entry in the target that this
    distribution did not install, and for a local change that may not be lost.
    """
    old = _current(scene)
    swap = _Swap(scene, old)
    if old is not None:
        swap.judge_old_tree()
    entries = swap.entries()
    folder = f"{VERSIONS}/{scene.base}"
    new = f"{folder}/{_free_name(folder, version, old)}"
    top, staged = swap.stage(new, entries)
    rows = {path: swap.row(path, entry) for path, entry in entries.items()}
    return Plan(
        (*staged, Staged(str(_LINK), Link(scene.base, new))),
        tuple(_actions(scene, new, top, old)),
        tuple(row for path, row in rows.items() if scene.installed.get(path) != row),
        tuple(sorted(scene.installed.keys() - rows.keys() - swap.lost)),
        tuple(swap.overwritten),
        (*swap.local, *swap.lost),
    )


def plan_swap_removal(scene: Scene) -> Plan:
    """What removes the link and the version that it leads to. ExtractionFailed as plan_swap."""
    old = _current(scene)
    swap = _Swap(scene, old)
    if old is not None:
        swap.judge_old_tree()
    if swap.local:
        path = min(swap.local)
        raise ExtractionFailed(Trouble.CHANGED_LOCALLY, path, "was changed locally, and is kept")
    actions = []
    places = {scene.base: _LINK} | ({} if old is None else {old: _OLD_TREE})
    for path, number in places.items():
        seen = scene.disk.look(path)
        if seen is not None:
            actions.append(Remove(number, path, seen))
    return Plan((), tuple(actions), (), tuple(sorted(scene.installed)), tuple(swap.overwritten))


def _actions(scene: Scene, new: str, top: str, old: str | None) -> Iterator[Action]:
    """The new tree gets its place, then the link; then what was in use goes."""
    remnant = scene.disk.look(new)
    if remnant is not None:
        yield Remove(_REMNANT, new, remnant)
    yield Place(_TREE, top)
    seen = scene.disk.look(scene.base)
    if seen is not None and seen.kind is Kind.DIRECTORY:
        yield Remove(_OLD_ROOT, scene.base, seen)
        seen = None
    yield Place(_LINK, scene.base, seen)
    former = scene.disk.look(old) if old is not None and old != scene.base else None
    if old is not None and former is not None:
        yield Remove(_OLD_TREE, old, former)


def _current(scene: Scene) -> str | None:
    """Where the tree in use lies: a version, the target itself where that is a directory still, or
    None where there is none."""
    seen = scene.disk.look(scene.base)
    if seen is None or seen.kind is Kind.DIRECTORY:
        return None if seen is None else scene.base
    parts = seen.target.split("/")
    ours = seen.kind is Kind.LINK and parts[:-1] == [VERSIONS, scene.base]
    if not ours or parts[-1] in ("", ".", ".."):
        why = "stands where the link of this distribution is to be"
        raise ExtractionFailed(Trouble.FOREIGN_ENTRIES, "", why)
    return seen.target


def _free_name(folder: str, version: int, old: str | None) -> str:
    """The name of the new tree: the version's number, with a tail when that one is in use."""
    name, tail = str(version), 0
    while f"{folder}/{name}" == old:
        tail += 1
        name = f"{version}-{tail}"
    return name


@dataclass(slots=True)
class _Swap:
    """The new tree as it grows out of the version and of what is kept of the tree in use."""

    scene: Scene
    old: str | None
    local: dict[str, Seen] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    overwritten: list[str] = field(default_factory=list)

    def judge_old_tree(self) -> None:
        """Looks for foreign entries and local changes in the tree in use."""
        installed = self.scene.installed
        missing = {path for path, row in installed.items() if row.kind is not Kind.DIRECTORY}
        todo = [""]
        while todo:
            folder = todo.pop()
            for name in self.scene.disk.names(self._at(folder)):
                path = f"{folder}/{name}" if folder else name
                seen = self.scene.disk.look(self._at(path))
                row = installed.get(path)
                if row is None or seen is None or seen.kind is Kind.OTHER:
                    why = "was not installed by this distribution"
                    raise ExtractionFailed(Trouble.FOREIGN_ENTRIES, path, why)
                missing.discard(path)
                if seen.kind is Kind.DIRECTORY:
                    todo.append(path)
                elif not self._is_untouched(path, seen, row):
                    self._judge(path, seen)
        for path in sorted(missing):
            self._judge(path, None)

    def _judge(self, path: str, seen: Seen | None) -> None:
        """Decides about a file that somebody has changed, or removed."""
        match self.scene.local_changes:
            case LocalChanges.FAIL:
                raise ExtractionFailed(Trouble.CHANGED_LOCALLY, path, "was changed locally")
            case LocalChanges.KEEP:
                if seen is None:
                    self.lost.add(path)
                else:
                    self.local[path] = seen
            case LocalChanges.OVERWRITE:
                self.overwritten.append(path)

    def _is_untouched(self, path: str, seen: Seen, row: Installed) -> bool:
        thorough = self.scene.local_changes is not LocalChanges.OVERWRITE
        return is_untouched(self.scene.disk, self._at(path), seen, row, thorough=thorough)

    def entries(self) -> Mapping[str, Directory | File | Link]:
        """What the new tree holds: the version, and in it what was changed locally and is kept."""
        own = [entry for entry in self.scene.entries if entry.path not in self.local]
        kept = [_entry(path, seen) for path, seen in self.local.items()]
        wanted = wanted_from((*own, *kept)).entries
        return {path: entry for path, entry in wanted.items() if path not in self.lost}

    def stage(
        self, tree: str, entries: Mapping[str, Directory | File | Link]
    ) -> tuple[str, list[Staged]]:
        """The outermost directory that is to be made, and everything staged in it."""
        names = tree.split("/")
        above = ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]
        top = next((path for path in above[:-1] if self.scene.disk.look(path) is None), tree)
        root = f"{_TREE}{tree.removeprefix(top)}"
        made = [path for path in above if len(path) >= len(top)]
        staged = [
            Staged(f"{_TREE}{path.removeprefix(top)}", Directory(path, 0o755)) for path in made
        ]
        for path, entry in entries.items():
            kept = self._at(path) if path in self.local else ""
            staged.append(Staged(f"{root}/{path}", entry, kept))
        return top, staged

    def row(self, path: str, entry: Directory | File | Link) -> Installed:
        """What is known of an entry afterwards; of a kept file, what was installed in its place."""
        return self.scene.installed[path] if path in self.local else installed_from(entry)

    def _at(self, path: str) -> str:
        return f"{self.old}/{path}" if path else self.old or ""


def _entry(path: str, seen: Seen) -> File | Link:
    if seen.kind is Kind.LINK:
        return Link(path, seen.target)
    return File(path, seen.mode, seen.size, seen.modified, "")
