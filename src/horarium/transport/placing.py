"""Carries out the steps of an extraction, and takes them back.

What lies where tells how far a step came: staged things lie under ``new``, what they replace under
``old``, each by its number. So every step can be done twice, and undone twice, and whoever comes
after a death at any moment goes on without knowing where it was.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Sequence

from horarium.distribution.extraction import (
    Action,
    ChangeMode,
    Place,
    Plan,
    Remove,
    RemoveDirectory,
)
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.installed import Kind, Seen
from horarium.kernel.errors import NotFound
from horarium.transport.staging import NEW
from horarium.transport.tree import Tree, closing

OLD = "old"
"""What is laid aside lies here, by its number."""

# A file system that can not give a file a second name: the old one is moved away before the new
# one comes.
_NO_TWIN = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)
_BUSY = (errno.EBUSY, errno.ETXTBSY)
_EXECUTABLE = 0o111


def locked(top: Tree, plan: Plan) -> str | None:
    """The first path that somebody holds, of those that the plan takes away; None when there is
    none. Held is a file with an advisory lock of another process (flock, or fcntl), and one that
    is being run."""
    for action in plan.touched:
        before = action.before
        if before is not None and before.kind is Kind.FILE and _is_held(top, action.path, before):
            return action.path
    return None


def _is_held(top: Tree, path: str, seen: Seen) -> bool:
    try:
        descriptor = top.open_file(path)
    except (NotFound, PermissionError):
        return False
    with closing(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        with contextlib.suppress(OSError):
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
            if struct.unpack("hhqqi4x", found)[0] != fcntl.F_UNLCK:
                return True
    return bool(seen.mode & _EXECUTABLE) and _is_run(top, path)


def _is_run(top: Tree, path: str) -> bool:
    above, name = top.parent(path)
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above))
    except OSError as error:
        return error.errno == errno.ETXTBSY
    return False


def carry_out(
    top: Tree, stage: Tree, actions: Sequence[Action], after_each: Callable[[], None]
) -> None:
    """Does every step that is not done. ExtractionFailed when one is impossible: with ``locked``
    for what is busy, with ``changed_meanwhile`` when something else lies there than was seen, and
    with ``system`` for any other word of the system; what was done stays done."""
    for action in actions:
        try:
            _do(top, stage, action)
        except OSError as error:
            trouble = Trouble.LOCKED if error.errno in _BUSY else Trouble.SYSTEM
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                trouble = Trouble.NO_SPACE
            raise ExtractionFailed(trouble, action.path, error.strerror or str(error)) from error
        after_each()


def _do(top: Tree, stage: Tree, action: Action) -> None:
    match action:
        case Place():
            _place(top, stage, action)
        case Remove(number, path, before):
            if stage.look(f"{OLD}/{number}") is None and _is_there(top, path, before):
                top.move(path, stage, f"{OLD}/{number}")
        case RemoveDirectory(path, _):
            _remove_directory(top, path)
        case ChangeMode(path, _, after):
            if top.look(path) is None:
                raise ExtractionFailed(Trouble.CHANGED_MEANWHILE, path, "is gone")
            top.set_mode(path, after)


def _place(top: Tree, stage: Tree, action: Place) -> None:
    new, old, path = f"{NEW}/{action.number}", f"{OLD}/{action.number}", action.path
    if stage.look(new) is None:
        return
    if action.before is None:
        try:
            stage.move(new, top, path)
        except FileExistsError:
            raise _changed(path) from None
        return
    aside = stage.look(old) is not None
    if _is_there(top, path, action.before) and not aside:
        _lay_aside(top, stage, path, old, action.before)
    elif not aside:
        raise ExtractionFailed(Trouble.CHANGED_MEANWHILE, path, "is gone")
    stage.move(new, top, path, replace=True)


def _lay_aside(top: Tree, stage: Tree, path: str, old: str, before: Seen) -> None:
    """Keeps what lies there under a second name, without taking it away where that can be."""
    if before.kind is Kind.LINK:
        stage.link_to(old, before.target)
        return
    try:
        top.twin(path, stage, old)
    except OSError as error:
        if error.errno not in _NO_TWIN:
            raise
        top.move(path, stage, old)


def _is_there(top: Tree, path: str, before: Seen) -> bool:
    """Whether what was seen lies there still; False when nothing does. ExtractionFailed when
    something else does."""
    seen = top.look(path)
    if seen is None:
        return False
    same = (seen.kind, seen.inode) == (before.kind, before.inode)
    if seen.kind is Kind.FILE:
        same = same and (seen.size, seen.modified_ns) == (before.size, before.modified_ns)
    if not same:
        raise _changed(path)
    return True


def _changed(path: str) -> ExtractionFailed:
    return ExtractionFailed(Trouble.CHANGED_MEANWHILE, path, "was changed while it was extracted")


def _remove_directory(top: Tree, path: str) -> None:
    try:
        top.remove_directory(path)
    except OSError as error:
        # Nothing there, or a thing in it that somebody has just put there: it stays.
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise


def take_back(top: Tree, stage: Tree, plan: Plan, after_each: Callable[[], None]) -> None:
    """Undoes every step that is done, the last one first. OSError when the system does not let
    it."""
    for action in reversed(plan.actions):
        match action:
            case Place():
                _take_back_place(top, stage, action, plan)
            case Remove(number, path, _):
                if stage.look(f"{OLD}/{number}") is not None:
                    stage.move(f"{OLD}/{number}", top, path, replace=True)
            case RemoveDirectory(path, mode):
                if top.look(path) is None:
                    top.make(path, mode)
            case ChangeMode(path, before, _):
                if top.look(path) is not None:
                    top.set_mode(path, before)
        after_each()


def _take_back_place(top: Tree, stage: Tree, action: Place, plan: Plan) -> None:
    new, old, path = f"{NEW}/{action.number}", f"{OLD}/{action.number}", action.path
    begun = stage.look(new) is None
    if action.before is not None:
        if stage.look(old) is None:
            return
        if begun or top.look(path) is None:
            stage.move(old, top, path, replace=True)
        else:
            stage.remove(old)
    elif begun and top.look(path) is not None:
        members = _members(plan, action)
        if _holds_only(top, path, members):
            top.move(path, stage, new)
        else:
            _remove_members(top, members)


def _members(plan: Plan, action: Place) -> list[str]:
    """Every path that a step brought, as they lie in the target."""
    number = str(action.number)
    return [
        action.path + item.place[len(number) :]
        for item in plan.staged
        if item.place == number or item.place.startswith(f"{number}/")
    ]


def _holds_only(top: Tree, path: str, members: Sequence[str]) -> bool:
    """Whether nothing lies in a tree but what was brought."""
    known = set(members)
    todo = [path]
    while todo:
        place = todo.pop()
        seen = top.look(place)
        if seen is not None and seen.kind is Kind.DIRECTORY:
            inside = [f"{place}/{name}" for name in top.names(place)]
            if not known.issuperset(inside):
                return False
            todo += inside
    return True


def _remove_members(top: Tree, members: Sequence[str]) -> None:
    """Takes what was brought out of a tree in which somebody has put something."""
    for path in reversed(members):
        seen = top.look(path)
        if seen is not None and seen.kind is Kind.DIRECTORY:
            _remove_directory(top, path)
        elif seen is not None:
            top.remove(path)
