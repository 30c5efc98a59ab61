"""The repository of holdings: bundles that a node received, and transfers that go on."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, number, text


@dataclass(frozen=True, slots=True)
class Holding:
    """A bundle that is here whole."""

    distribution: str
    version: int
    base: int
    digest: str
    received: Instant


@dataclass(frozen=True, slots=True)
class Transfer:
    """A content on its way: ``durable`` octets of ``length`` survive a loss of power."""

    digest: str
    distribution: str
    version: int
    length: int
    durable: int


@dataclass(frozen=True, slots=True)
class HoldingRepository:
    """Holdings of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def all(self) -> list[Holding]:
        """All bundles, by distribution and version."""
        rows = self.session.rows("holdings", {"tenant": self.tenant})
        return [
            Holding(text(row[0]), number(row[1]), number(row[2]), text(row[3]), instant(row[4]))
            for row in rows
        ]

    def put(self, holding: Holding) -> None:
        """Keeps that a bundle is here; its transfer is over."""
        self.session.run(
            "put_holding",
            {
                "tenant": self.tenant, "distribution": holding.distribution,
                "version": holding.version, "base": holding.base, "digest": holding.digest,
                "received_s": holding.received,
            },
        )  # fmt: skip
        self.session.run("drop_transfer", {"tenant": self.tenant, "digest": holding.digest})

    def drop(self, holding: Holding) -> None:
        """Lets go of a bundle."""
        values = {
            "tenant": self.tenant, "distribution": holding.distribution,
            "version": holding.version, "base": holding.base,
        }  # fmt: skip
        self.session.run("drop_holding", values)

    def transfers(self) -> list[Transfer]:
        """What is on its way."""
        rows = self.session.rows("transfers", {"tenant": self.tenant})
        return [
            Transfer(text(row[0]), text(row[1]), number(row[2]), number(row[3]), number(row[4]))
            for row in rows
        ]

    def put_transfer(self, transfer: Transfer) -> None:
        """Keeps how much of a content is durable; it never falls."""
        self.session.run(
            "put_transfer",
            {
                "tenant": self.tenant, "digest": transfer.digest,
                "distribution": transfer.distribution, "version": transfer.version,
                "length": transfer.length, "durable": transfer.durable,
            },
        )  # fmt: skip

    def drop_transfer(self, digest: str) -> None:
        """Lets go of what is known of a transfer: its source was wrong, or nobody wants it."""
        self.session.run("drop_transfer", {"tenant": self.tenant, "digest": digest})

    # --- manifests -----------------------------------------------------------

    def keep_manifest(self, distribution: str, version: int, digest: str) -> None:
        """Keeps which manifest an extracted version has; those of earlier ones are let go."""
        values = {"tenant": self.tenant, "distribution": distribution, "version": version}
        self.session.run("put_known_manifest", {**values, "digest": digest})
        self.session.run("drop_known_manifests", values)

    def manifest(self, distribution: str, version: int) -> str | None:
        """The digest of the manifest of an extracted version."""
        values = {"tenant": self.tenant, "distribution": distribution, "version": version}
        row = self.session.row("known_manifest", values)
        return text(row[0]) if row is not None else None

    def manifests(self) -> dict[tuple[str, int], str]:
        """All manifests of extracted versions."""
        rows = self.session.rows("known_manifests", {"tenant": self.tenant})
        return {(text(name), number(version)): text(digest) for name, version, digest in rows}
