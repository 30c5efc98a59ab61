"""Where an extraction acts: the folder that holds its target, and the stage in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from horarium.distribution.extraction import Plan
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.plan_text import read_plan, write_plan
from horarium.distribution.targets import STAGE
from horarium.kernel.errors import CorruptState, NotFound
from horarium.transport.placing import OLD
from horarium.transport.tree import Tree, closing

_PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Ground:
    """The folder ``below`` an allowed ``root`` in which is acted, and where the target lies in it:
    ``base``, empty when the target is that folder."""

    root: str
    below: str
    base: str

    @property
    def folder(self) -> str:
        """The folder's absolute path."""
        return f"{self.root.rstrip('/')}/{self.below}".rstrip("/")

    @contextlib.contextmanager
    def open(self, *, make: bool = False) -> Iterator[Tree]:
        """The folder, walked to from the root. ExtractionFailed with ``target_refused`` when
        something on the way is no directory, or is a link."""
        try:
            tree = Tree.open(self.root, self.below, make=make)
        except OSError as error:
            why = f"{self.folder} can not be entered: {error.strerror}"
            raise ExtractionFailed(Trouble.TARGET_REFUSED, "", why) from error
        with tree:
            yield tree


def ground_of(root: str, target: str, *, alone: bool) -> Ground:
    """Where is acted for a target: in the folder that holds it, or in the target itself where that
    is the root, or a file system of its own. ExtractionFailed for one that is to be replaced as a
    whole (``alone``) and can not be."""
    parts = [part for part in target[len(root) :].split("/") if part]
    above, base = "/".join(parts[:-1]), parts[-1] if parts else ""
    if base and not _is_mounted(root, above, base):
        return Ground(root, above, base)
    if alone:
        why = "is the root of what the node allows, or a file system of its own: no link can be it"
        raise ExtractionFailed(Trouble.TARGET_REFUSED, "", why)
    return Ground(root, "/".join(parts), "")


def _is_mounted(root: str, above: str, base: str) -> bool:
    try:
        with Tree.open(root, above) as folder:
            found = os.stat(base, dir_fd=folder.descriptor, follow_symlinks=False)
            return found.st_dev != folder.device()
    except OSError:
        return False


# --- the stage -----------------------------------------------------------


@contextlib.contextmanager
def open_stage(folder: Tree, stage: str) -> Iterator[Tree]:
    """A stage that is there. NotFound when it is not."""
    try:
        descriptor = os.dup(folder.directory(stage))
    except OSError:
        raise NotFound(f"the stage {stage} is gone") from None
    with Tree(descriptor) as tree:
        yield tree


def make_stage(folder: Tree, stage: str) -> None:
    """An empty stage that nobody else can enter. What an earlier one left in its place goes."""
    with contextlib.suppress(FileExistsError):
        folder.make(STAGE, 0o700)
    try:
        found = os.fstat(folder.directory(STAGE))
    except OSError as error:
        raise ExtractionFailed(Trouble.IN_THE_WAY, STAGE, "is no directory") from error
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ExtractionFailed(Trouble.IN_THE_WAY, STAGE, "belongs to somebody else")
    folder.remove_all(stage)
    folder.make(stage, 0o700)
    folder.make(f"{stage}/{OLD}", 0o700)


def drop_stage(folder: Tree, stage: str) -> None:
    """Removes a stage, and the folder of stages with the last one."""
    folder.remove_all(stage)
    with contextlib.suppress(OSError):
        folder.remove_directory(STAGE)


def keep_plan(stage: Tree, plan: Plan) -> str:
    """Writes the plan into the stage; its digest."""
    data = write_plan(plan)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with closing(os.open(_PLAN, flags, 0o600, dir_fd=stage.descriptor)) as descriptor:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    return sha256(data).hexdigest()


def kept_plan(stage: Tree, digest: str) -> Plan:
    """The plan in a stage. CorruptState when it is not the one that was kept."""
    data = b"".join(stage.read(_PLAN))
    if sha256(data).hexdigest() != digest:
        raise CorruptState("extraction", digest, "the plan in the stage is another one")
    return read_plan(data)
