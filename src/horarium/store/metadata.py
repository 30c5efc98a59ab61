"""The repository of signed metadata: the octets that are believed here, or published from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, number, octets, text


@dataclass(frozen=True, slots=True)
class Signed:
    """Metadata of one name. ``signed`` is when it was signed or received."""

    name: str
    number: int
    signed: Instant
    content: bytes


@dataclass(frozen=True, slots=True)
class MetadataRepository:
    """Metadata of one tenant, inside one transaction. Names are ``root``, ``root.1``,
    ``timestamp``, ``snapshot``, those of roles, and ``statement/KIND/NAME``."""

    session: Session
    tenant: str

    def all(self) -> dict[str, bytes]:
        """Everything, by name."""
        rows = self.session.rows("all_metadata", {"tenant": self.tenant})
        return {text(name): octets(content) for name, content in rows}

    def find(self, name: str) -> Signed | None:
        """Metadata of a name."""
        row = self.session.row("metadata_named", {"tenant": self.tenant, "name": name})
        if row is None:
            return None
        return Signed(name, number(row[0]), instant(row[1]), octets(row[2]))

    def numbers(self, prefix: str) -> dict[str, tuple[int, Instant]]:
        """Numbers and instants of all whose name begins so, without the prefix."""
        values = {"tenant": self.tenant, "first": prefix, "after": prefix + "\U0010ffff"}
        rows = self.session.rows("metadata_numbers", values)
        return {
            text(name).removeprefix(prefix): (number(count), instant(at))
            for name, count, at in rows
        }

    def put(self, *found: Signed) -> None:
        """Keeps metadata in the place of what stood under their names."""
        self.session.run_many(
            "put_metadata",
            [
                {
                    "tenant": self.tenant, "name": one.name, "number": one.number,
                    "signed_s": one.signed, "content": one.content,
                }
                for one in found
            ],
        )  # fmt: skip

    def drop(self, names: Iterable[str]) -> None:
        """Lets go of metadata."""
        values = [{"tenant": self.tenant, "name": name} for name in names]
        self.session.run_many("drop_metadata", values)
