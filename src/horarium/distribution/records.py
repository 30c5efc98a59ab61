"""Versions as they stand in signed metadata: JSON tables, read with care."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.distribution.content import Blob
from horarium.distribution.version import Bundle, Version
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, instant

Document = dict[str, object]

# Receivers hold what is retained, and each version brings a bundle or, to jump, one from each.
MOST_BUNDLES = 1_000
LARGEST = 1 << 53


def version_document(version: Version) -> Document:
    """A version as a table of JSON."""
    return {
        "number": version.number,
        "built": int(version.built),
        "manifest": blob_document(version.manifest),
        "bundles": [
            {
                "base": bundle.base,
                "content": blob_document(bundle.content),
                "chunks": blob_document(bundle.chunks),
                "unpacked": bundle.unpacked,
            }
            for bundle in version.bundles
        ],
        "files": version.files,
        "size": version.size,
        "definition": version.definition,
        "returns": version.returns,
    }


def read_version(distribution: str, document: object) -> Version:
    """A version from its table. InvalidInput for anything that is not one."""
    table = as_table(document)
    bundles = table.get("bundles")
    if not isinstance(bundles, list) or not 0 < len(bundles) <= MOST_BUNDLES:
        raise InvalidInput(f"a version has 1 to {MOST_BUNDLES} bundles")
    return Version(
        distribution=distribution,
        number=whole(table, "number", 1),
        built=instant(whole(table, "built")),
        manifest=read_blob(table.get("manifest")),
        bundles=tuple(_bundle(as_table(item)) for item in bundles),
        files=whole(table, "files"),
        size=whole(table, "size"),
        definition=text(table, "definition"),
        returns=whole(table, "returns"),
    )


def _bundle(table: Mapping[str, object]) -> Bundle:
    return Bundle(
        base=whole(table, "base"),
        content=read_blob(table.get("content")),
        chunks=read_blob(table.get("chunks")),
        unpacked=whole(table, "unpacked"),
    )


def blob_document(blob: Blob) -> Document:
    """A named content as a table of JSON."""
    return {"digest": blob.digest, "length": blob.length}


def read_blob(document: object) -> Blob:
    """A named content from its table."""
    table = as_table(document)
    return Blob(text(table, "digest"), whole(table, "length"))


# --- values of foreign JSON ----------------------------------------------------


def as_table(value: object) -> Mapping[str, object]:
    """A table of JSON."""
    if not isinstance(value, dict) or not all(_is_writable(key) for key in value):
        raise InvalidInput("expected a table of JSON")
    return value


def whole(table: Mapping[str, object], key: str, least: int = 0) -> int:
    """A whole number of a table."""
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
        raise InvalidInput(f"{key}: expected a whole number from {least}", part=key)
    return value


def text(table: Mapping[str, object], key: str, most: int = 4_096) -> str:
    """A text of a table."""
    value = table.get(key)
    if not isinstance(value, str) or len(value) > most or not _is_writable(value):
        raise InvalidInput(f"{key}: expected text of at most {most} characters", part=key)
    return value


def texts(table: Mapping[str, object], key: str, most: int = 100_000) -> tuple[str, ...]:
    """A list of texts of a table; one that is not there is empty."""
    value = table.get(key, [])
    if not isinstance(value, list) or len(value) > most:
        raise InvalidInput(f"{key}: expected a list of at most {most}", part=key)
    for item in value:
        if not isinstance(item, str) or len(item) > 4_096 or not _is_writable(item):
            raise InvalidInput(f"{key}: expected a list of texts", part=key)
    return tuple(value)


def _is_writable(value: str) -> bool:
    """Whether text can be written at all: JSON can name halves of characters, which can neither
    be signed nor kept (RFC 8259 section 8.2)."""
    return value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value)


def maybe_instant(table: Mapping[str, object], key: str) -> Instant | None:
    """An instant of a table, None where there is none."""
    return None if table.get(key) is None else instant(whole(table, key))
