"""What a distribution of each type gathers, and the keys that say it.

A type stands behind one protocol, `Source`; a new type is one entry of the table here and one
module in ``transport``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from horarium.distribution.globs import Globs
from horarium.distribution.manifest import Entry, File
from horarium.distribution.packages import AT_SERVER, FACTS, package_faults
from horarium.distribution.paths import path_fault
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.nearest import nearest

MOST_ITEMS = 10_000
"""Globs, addresses, removals, packages or documents of one definition: more is written as files."""

LONGEST_TEXT = 4_096
"""Characters of one value: a path or an address is not longer."""

LONGEST_GET = 1 << 40
"""Octets of one file that is fetched: a bundle holds no more."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_URL = re.compile(r"https?://[^\s/?#@\\]+(/[^\s\\]*)?(\?[^\s\\]*)?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]{2,45}\]?")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:/[^\0]{1,4000}")
_NETWORK = re.compile(r"[0-9A-Fa-f:.]{2,45}(/\d{1,3})?|[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class GatherFailed(HorariumError):
    """What a source holds can not be gathered: ``reason`` is a code (unreadable, missing, refused,
    source_changing, too_large, unreachable, kind, path, …), ``path`` names the file or address."""

    def __init__(self, reason: str, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}" if path else text)
        self.reason = reason
        self.path = path
        self.text = text


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a source held: its entries in any order, and what was left out or changed on the way,
    as pairs of path and text."""

    entries: tuple[Entry, ...]
    warnings: tuple[tuple[str, str], ...] = ()


class Source(Protocol):
    """Gathers what one definition names; the content of every file is kept when it returns."""

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """The entries as they are now; ``former`` are the files of the newest version by path,
        which only save work. GatherFailed when not all can be had; Cancelled when it was told to
        stop."""
        ...


class Notes(Protocol):
    """What is remembered from one gathering to the next to save work; losing it costs only time."""

    def get(self, key: str) -> str:
        """What was noted, empty when nothing was."""
        ...

    def put(self, key: str, value: str) -> None:
        """Notes something in the place of what was noted."""
        ...


class Cancelled(HorariumError):
    """A build was told to stop."""


# --- values of the keys ------------------------------------------------------

Check = Callable[[object], None]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput("expected a text that is not empty")
    if len(value) > LONGEST_TEXT:
        raise InvalidInput(f"at most {LONGEST_TEXT} characters are allowed")
    if _CONTROL.search(value):
        raise InvalidInput("control characters are not allowed")
    return value


def _absolute(value: object) -> None:
    if not _text(value).startswith("/"):
        raise InvalidInput(f"{value!r} is no absolute path")


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidInput("expected true or false")


def _number(least: int, most: int) -> Check:
    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput(f"expected a whole number from {least} to {most}")

    return check


def _matching(pattern: re.Pattern[str], what: str) -> Check:
    def check(value: object) -> None:
        if pattern.fullmatch(_text(value)) is None:
            raise InvalidInput(f"{str(value)[:80]!r} is no {what}")

    return check


def _one_of(*words: str) -> Check:
    def check(value: object) -> None:
        if value not in words:
            raise InvalidInput(f"{value!r} is none of {', '.join(words)}")

    return check


def _inside(value: object) -> None:
    """A path below the target."""
    fault = path_fault(_text(value))
    if fault:
        raise InvalidInput(f"{value!r} {fault}")


def _each(check: Check, least: int = 0) -> Check:
    def all_of(value: object) -> None:
        if not isinstance(value, list | tuple):
            raise InvalidInput("expected a list")
        if not least <= len(value) <= MOST_ITEMS:
            raise InvalidInput(f"expected {least} to {MOST_ITEMS} items, not {len(value)}")
        for item in value:
            check(item)

    return all_of


def _either(wanted: type, check: Check, other: Check) -> Check:
    return lambda value: check(value) if isinstance(value, wanted) else other(value)


def _table(keys: Mapping[str, Check], *needed: str) -> Check:
    def check(value: object) -> None:
        if not isinstance(value, Mapping):
            raise InvalidInput("expected a table")
        for key, found in value.items():
            if key not in keys:
                raise InvalidInput(f"there is no such key {key!r}{nearest(str(key), keys)}")
            try:
                keys[key](found)
            except InvalidInput as error:
                raise InvalidInput(f"{key}: {error.message}") from None
        for key in needed:
            if key not in value:
                raise InvalidInput(f"{key} is missing")

    return check


def _named(name: Check, check: Check) -> Check:
    def all_of(value: object) -> None:
        if not isinstance(value, Mapping) or not 1 <= len(value) <= MOST_ITEMS:
            raise InvalidInput(f"expected a table of 1 to {MOST_ITEMS} entries")
        for key, found in value.items():
            name(key)
            check(found)

    return all_of


def _settings(value: object) -> None:
    """A document of a policy: where it stands, or what it says."""
    if isinstance(value, str):
        _absolute(value)
    elif not isinstance(value, Mapping):
        raise InvalidInput("expected the path of a document, or a table")


_url = _matching(_URL, "address like https://example.com/file")
_reference = _matching(_REFERENCE, "reference like env:NAME or file:/path")
_sources = _each(_matching(_NETWORK, "network like 10.0.0.0/8, nor a name of a host"))


def _line(value: object) -> None:
    """Any text of one line."""
    _text(value)


def _glob(value: object) -> None:
    Globs([_text(value)])


_FTP: dict[str, Check] = {
    "host": _matching(_HOST, "name of a host"),
    "port": _number(1, 65_535),
    "tls": _flag,
    "user": _line,
    "password": _reference,
    "binary": _flag,
    "source": _absolute,
}
_URL_KEYS: dict[str, Check] = {
    "url": _url,
    "path": _inside,
    "digest": _matching(_DIGEST, "digest like sha256:…"),
    "headers": _named(_matching(re.compile(r"[A-Za-z0-9-]{1,60}"), "name of a header"), _reference),
    "longest": _number(1, LONGEST_GET),
}
_REQUIRED = _table(dict.fromkeys(FACTS, _line))
_ITEM: dict[str, Check] = {
    "file": _absolute,
    **{key: _FTP[key] for key in AT_SERVER},
    "name": _matching(re.compile(r"[\w.+-]{1,100}", re.ASCII), "name of a package"),
    "parameters": _each(_line),
    "requires": _REQUIRED,
}

_KEYS: dict[str, dict[str, Check]] = {
    "file": {
        "source": _either(str, _absolute, _each(_absolute, least=1)),
        "files": _named(_inside, _absolute),
        "exclude": _each(_glob),
        "links": _one_of("refuse", "keep"),
        "remove": _each(_inside),
    },
    "ftp": {
        **_FTP,
        "servers": _each(_table(_FTP, "host", "source"), least=1),
        "exclude": _each(_glob),
        "links": _one_of("refuse", "keep"),
        "allow_sources": _sources,
    },
    "http": {
        "urls": _each(_either(str, _url, _table(_URL_KEYS, "url")), least=1),
        "allow_sources": _sources,
    },
    "package": {
        "items": _each(_either(str, _absolute, _table(_ITEM, "file")), least=1),
        "order": _each(_line),
        "installer": _each(_line, least=1),
        "remover": _each(_line, least=1),
        "parameters": _each(_line),
        "requires": _REQUIRED,
        "allow_sources": _sources,
    },
    "policy": {"documents": _named(_inside, _settings)},
}
_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "file": (("source", "files", "remove"),),
    "ftp": (("host", "servers"),),
    "http": (("urls",),),
    "package": (("items",), ("installer",)),
    "policy": (("documents",),),
}

CONTENT_KEYS: dict[str, tuple[str, ...]] = {kind: tuple(keys) for kind, keys in _KEYS.items()}
"""The types, and the keys by which each says what it gathers."""


def content_faults(kind: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the content keys of a distribution, as pairs of key and text. Keys that
    do not belong to the type are passed over. InvalidInput when there is no such type."""
    if kind not in _KEYS:
        raise InvalidInput(f"there is no type {kind!r}{nearest(kind, _KEYS)}", part="type")
    alone = list(_faults_alone(kind, keys))
    yield from alone
    if not alone:
        yield from _faults_together(kind, keys)


def _faults_alone(kind: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, check in _KEYS[kind].items():
        if key not in keys:
            continue
        try:
            check(keys[key])
        except InvalidInput as error:
            yield key, error.message
    for choice in _NEEDED[kind]:
        if not any(key in keys for key in choice):
            yield choice[0], f"{' or '.join(choice)} is missing"


def _faults_together(kind: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What each key allows and both together do not."""
    if kind == "ftp" and "servers" in keys:
        for key in keys.keys() & _FTP.keys():
            yield key, "servers has a table for each server, this key belongs into it"
    elif kind == "ftp" and "host" in keys and "source" not in keys:
        yield "source", "source is missing"
    elif kind == "package":
        yield from package_faults(keys)
