"""Contents that lie in what is installed: a tree that was unpacked once saves a transfer."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from horarium.distribution.ports import Contents
from horarium.kernel.errors import NotFound
from horarium.store.store import Store
from horarium.transport.tree import Tree

MOST_PLACES = 8
"""Places that are looked at for one content: when eight copies are all changed, fetching it is
quicker than looking on."""

_PIECE = 1 << 20


@dataclass(slots=True)
class InstalledContents:
    """Files that some distribution installed, by what they hold. A file is read to its end before
    it is handed out, since anybody may have changed it."""

    store: Store
    roots: tuple[str, ...]
    # What was found last: asked first whether it is there, it is opened next.
    _found: dict[str, BinaryIO] = field(default_factory=dict)

    def has(self, digest: str) -> bool:
        """See Contents."""
        for file in self._found.values():
            file.close()
        self._found.clear()
        with contextlib.suppress(NotFound):
            self._found[digest] = self._look(digest)
        return digest in self._found

    def open(self, digest: str) -> BinaryIO:
        """See Contents."""
        return self._found.pop(digest, None) or self._look(digest)

    def _look(self, digest: str) -> BinaryIO:
        places = self.store.read(lambda tx: tx.extraction.places_of(digest, MOST_PLACES))
        for target, path in places:
            with contextlib.suppress(NotFound, OSError):
                return self._verified(target, path, digest)
        raise NotFound(f"{digest} is not installed")

    def _verified(self, target: str, path: str, digest: str) -> BinaryIO:
        """A file that holds what it should. NotFound for any other."""
        with installed_tree(target, self.roots) as tree:
            file = os.fdopen(tree.open_file(path), "rb")
        method = sha256()
        try:
            while piece := file.read(_PIECE):
                method.update(piece)
        except OSError:
            file.close()
            raise
        if f"sha256:{method.hexdigest()}" != digest:
            file.close()
            raise NotFound(f"{path} was changed")
        file.seek(0)
        return file


def _root_of(target: str, roots: tuple[str, ...]) -> str:
    lying = [root for root in roots if f"{target}/".startswith(f"{root.rstrip('/')}/")]
    if not lying:
        raise NotFound(f"{target} may no longer be touched")
    return max(lying, key=len)


def installed_tree(target: str, roots: tuple[str, ...]) -> Tree:
    """The tree of a target; one that is a link to its version is entered where that lies. NotFound
    when it may no longer be touched, OSError when there is no way to it."""
    root = _root_of(target, roots)
    names = target[len(root) :].strip("/")
    with contextlib.suppress(NotADirectoryError):
        return Tree.open(root, names)
    above, _, name = names.rpartition("/")
    with Tree.open(root, above) as folder:
        seen = folder.look(name)
        return Tree(os.dup(folder.directory(seen.target if seen is not None else name)))


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Several places of contents, asked in turn."""

    places: tuple[Contents, ...]

    def has(self, digest: str) -> bool:
        """See Contents."""
        return any(place.has(digest) for place in self.places)

    def open(self, digest: str) -> BinaryIO:
        """See Contents."""
        for place in self.places:
            with contextlib.suppress(NotFound):
                return place.open(digest)
        raise NotFound(f"{digest} is nowhere")
