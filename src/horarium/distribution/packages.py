"""Distributions of packages: files that an installer takes, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from horarium.distribution.manifest import File, Manifest
from horarium.distribution.realm import Action
from horarium.distribution.records import Document, as_table, texts
from horarium.kernel.errors import InvalidInput

ITEM, NAME = "{item}", "{name}"
"""Stand in the words of installer and remover for the path of the package and for its name."""

FACTS = ("os", "arch", "hostname")
"""What of a node can be required."""

MOST_SECONDS = 3_600
"""An installer that takes longer than an hour hangs."""

AT_SERVER = ("host", "port", "tls", "user", "password")
"""The keys of a package that tell of the FTP server it lies at."""

MOST_WORDS = 256


# --- as they are declared ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Package:
    """One package as it is declared: what it is called, the file that it is, and its path in the
    version, which tells its place in the order. ``server`` holds the keys of the FTP server that
    the file lies at; empty for one of this machine."""

    name: str
    file: str
    path: str
    server: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)


def packages(keys: Mapping[str, Any]) -> list[Package]:
    """The packages that the keys of a definition name, in the order of their installation."""
    items = keys.get("items", ())
    by_name = dict(zip(_names(items), map(_item, items), strict=True))
    order = keys.get("order") or list(by_name)
    return [
        _package(name, f"{number:05}", by_name[name]) for number, name in enumerate(order, start=1)
    ]


def package_faults(keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What each key allows and all together do not, as pairs of key and text; each key by itself
    is right."""
    items = keys.get("items", ())
    names = sorted(_names(items))
    if len(set(names)) != len(names):
        yield "items", "two packages have the same name; give them names"
    for name, item in zip(_names(items), items, strict=True):
        of_server = [key for key in AT_SERVER if key in _item(item)]
        if of_server and "host" not in of_server:
            yield "items", f"{name}: {of_server[0]} is of a server, and host is missing"
    if "order" in keys and sorted(keys["order"]) != names:
        yield "order", f"the order names each package once: {', '.join(names)[:200]}"
    if not any(ITEM in word or NAME in word for word in keys.get("installer", ())):
        yield "installer", f"is not told which package: write {ITEM} or {NAME}"


def told(keys: Mapping[str, Any]) -> Document:
    """What receivers are told of packages: how they are installed, and nothing of where they come
    from."""
    common = ("installer", "remover", "parameters", "requires")
    items = {
        one.path: {
            "name": one.name, "parameters": list(one.parameters), "requires": dict(one.requires),
        }
        for one in packages(keys)
    }  # fmt: skip
    return {**{key: keys[key] for key in common if key in keys}, "items": items}


def _package(name: str, folder: str, item: Mapping[str, Any]) -> Package:
    file = str(item["file"])
    server = {key: item[key] for key in AT_SERVER if key in item}
    parameters = tuple(item.get("parameters", ()))
    path = f"{folder}/{_last(file)}"
    return Package(name, file, path, server, parameters, item.get("requires", {}))


def _item(item: object) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else {"file": item}


def _names(items: Sequence[object]) -> list[str]:
    """The names of packages in the order in which they are listed; that of the file where none is
    given."""
    return [str(_item(item).get("name") or _last(str(_item(item)["file"]))) for item in items]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


# --- as they are installed -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Installation:
    """How the packages of a distribution are installed, by its definition.

    ``installer`` and ``remover`` are argument vectors with ``{item}`` and ``{name}`` in them;
    without a remover a package can not be taken back. ``requires`` are facts that must hold.
    ``named`` has by path what is said of one package alone.
    """

    installer: tuple[str, ...]
    remover: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, Package] = field(default_factory=dict)

    def items(self, manifest: Manifest) -> tuple[str, ...]:
        """The packages of a version in the order in which they are installed: that of their
        paths, which were numbered when it was built."""
        return tuple(entry.path for entry in manifest.entries if isinstance(entry, File))

    def install(self, target: str, path: str) -> Action:
        """What installs the package at a path below a target."""
        words = self._filled(self.installer, target, path)
        return Action("run", words + self.parameters + self._of(path).parameters, MOST_SECONDS)

    def remove(self, target: str, path: str) -> Action:
        """What removes it again."""
        return Action("run", self._filled(self.remover, target, path), MOST_SECONDS)

    def unmet(self, facts: Mapping[str, str], paths: Sequence[str]) -> str:
        """The first requirement of all or of one of the packages that a node does not meet, in
        words; empty when it meets all."""
        fault = _unmet(self.requires, facts)
        if fault:
            return fault
        for path in paths:
            fault = _unmet(self._of(path).requires, facts)
            if fault:
                return f"{self._of(path).name}: {fault}"
        return ""

    def _of(self, path: str) -> Package:
        # A definition that is newer than the version may not know its packages.
        return self.named.get(path) or Package(_last(path), path, path)

    def _filled(self, words: Sequence[str], target: str, path: str) -> tuple[str, ...]:
        place, name = f"{target}/{path}", self._of(path).name
        return tuple(word.replace(NAME, name).replace(ITEM, place) for word in words)


def read_installation(content: Mapping[str, object]) -> Installation:
    """The installation that a definition tells of. InvalidInput for other values."""
    items = as_table(content.get("items", {}))
    named = {path: _read_package(path, as_table(item)) for path, item in items.items()}
    return Installation(
        texts(content, "installer", MOST_WORDS),
        texts(content, "remover", MOST_WORDS),
        texts(content, "parameters", MOST_WORDS),
        _facts(content.get("requires", {})),
        named,
    )


def _read_package(path: str, item: Mapping[str, object]) -> Package:
    name = item.get("name")
    return Package(
        name if isinstance(name, str) else _last(path), path, path,
        parameters=texts(item, "parameters", MOST_WORDS),
        requires=_facts(item.get("requires", {})),
    )  # fmt: skip


def _facts(value: object) -> Mapping[str, str]:
    found = as_table(value)
    if not all(name in FACTS and isinstance(wanted, str) for name, wanted in found.items()):
        raise InvalidInput(f"a table of {', '.join(FACTS)} is expected", part="requires")
    return {name: str(wanted) for name, wanted in found.items()}


def _unmet(requires: Mapping[str, str], facts: Mapping[str, str]) -> str:
    for name, wanted in requires.items():
        found = facts.get(name, "")
        if found.lower() != wanted.lower():
            return f"{name} must be {wanted}, and is {found or 'not known'}"
    return ""
