"""Distributions of packages: files that an installer takes, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horarium.distribution.manifest import File, Manifest
from horarium.distribution.realm import Action
from horarium.kernel.errors import InvalidInput

ITEM = "{item}"
"""Stands in an installer's words for the path of the package."""

MOST_SECONDS = 3_600
"""An installer that takes longer than an hour hangs."""


@dataclass(frozen=True, slots=True)
class Installation:
    """How the packages of a distribution are installed, by its definition.

    ``installer`` and ``remover`` are argument vectors with ``{item}`` in them; without a remover a
    package can not be taken back. ``order`` are items that come first, in their order; the rest
    follow by path. ``requires`` are facts that must hold: ``os``, ``arch``, and ``hostname``.
    """

    installer: tuple[str, ...]
    remover: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    requires: Mapping[str, str] | None = None

    def items(self, manifest: Manifest) -> tuple[str, ...]:
        """The packages of a version in the order in which they are installed. InvalidInput when
        the order names one that is not there."""
        files = [entry.path for entry in manifest.entries if isinstance(entry, File)]
        for path in self.order:
            if path not in files:
                raise InvalidInput("the version has no such package", part="order", value=path)
        return (*self.order, *(path for path in files if path not in self.order))

    def install(self, place: str) -> Action:
        """What installs the package that lies at a place."""
        return Action("run", _filled(self.installer, place) + self.parameters, MOST_SECONDS)

    def remove(self, place: str) -> Action:
        """What removes it again."""
        return Action("run", _filled(self.remover, place), MOST_SECONDS)

    def unmet(self, facts: Mapping[str, str]) -> str:
        """The first requirement that a node does not meet, in words; empty when it meets all."""
        for name, wanted in (self.requires or {}).items():
            found = facts.get(name, "")
            if found.lower() != wanted.lower():
                return f"{name} must be {wanted}, and is {found or 'not known'}"
        return ""


def read_installation(content: Mapping[str, object]) -> Installation:
    """The installation that the keys of a definition describe. InvalidInput for other values, and
    for an installer that is not told which package it installs."""
    installer = _words(content, "installer")
    if not any(ITEM in word for word in installer):
        raise InvalidInput(
            f"the installer is not given the package: write {ITEM}", part="installer"
        )
    requires = content.get("requires", {})
    known = ("os", "arch", "hostname")
    if not isinstance(requires, Mapping) or not all(
        name in known and isinstance(value, str) for name, value in requires.items()
    ):
        raise InvalidInput(f"a table of {', '.join(known)} is expected", part="requires")
    return Installation(
        installer,
        _words(content, "remover"),
        _words(content, "order"),
        _words(content, "parameters"),
        requires,
    )


def _words(content: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = content.get(key, ())
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidInput("a list of texts is expected", part=key)
    if not all(isinstance(word, str) for word in value):
        raise InvalidInput("a list of texts is expected", part=key)
    return tuple(value)


def _filled(words: Sequence[str], place: str) -> tuple[str, ...]:
    return tuple(word.replace(ITEM, place) for word in words)
