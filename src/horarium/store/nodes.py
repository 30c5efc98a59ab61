"""The repository of nodes: certificates that were issued, revoked ones, and tokens to enrol by."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, octets, text


@dataclass(frozen=True, slots=True)
class Node:
    """A node that has, or had, a certificate. ``key`` is its public key."""

    name: str
    serial: str
    key: bytes
    issued: Instant
    expires: Instant
    revoked: Instant | None = None
    seen: Instant | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A token that was given out: ``digest`` of its secret; ``tries`` that failed."""

    digest: bytes
    expires: Instant
    used: Instant | None
    tries: int


@dataclass(frozen=True, slots=True)
class NodeRepository:
    """Nodes of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def put(self, node: Node) -> None:
        """Keeps the newest certificate of a node."""
        self.session.run(
            "put_node",
            {
                "tenant": self.tenant, "name": node.name, "serial": node.serial, "key": node.key,
                "issued_s": node.issued, "expires_s": node.expires,
            },
        )  # fmt: skip

    def find(self, name: str) -> Node | None:
        """A node by its name."""
        row = self.session.row("node_named", {"tenant": self.tenant, "name": name})
        return _node(row) if row is not None else None

    def all(self) -> list[Node]:
        """All nodes, by name."""
        return [_node(row) for row in self.session.rows("nodes", {"tenant": self.tenant})]

    def seen(self, name: str, at: Instant) -> None:
        """Writes when a node was last heard of."""
        self.session.run("node_seen", {"tenant": self.tenant, "name": name, "at_s": at})

    def revoke(self, node: Node, at: Instant) -> None:
        """Ends that the certificate of a node counts."""
        self.session.run("revoke_node", {"tenant": self.tenant, "name": node.name, "at_s": at})
        self.session.run(
            "add_revoked",
            {
                "tenant": self.tenant, "serial": node.serial, "node": node.name,
                "expires_s": node.expires,
            },
        )  # fmt: skip

    def revoked(self, now: Instant) -> list[str]:
        """The serials of certificates that were revoked and would hold otherwise."""
        rows = self.session.rows("revoked", {"tenant": self.tenant, "now_s": now})
        return [text(row[0]) for row in rows]

    # --- enrolment -------------------------------------------------------------

    def offer(self, name: str, digest: bytes, expires: Instant) -> None:
        """Keeps a token in the place of any other for the node."""
        values = {"tenant": self.tenant, "name": name, "digest": digest, "expires_s": expires}
        self.session.run("put_enrolment", values)

    def enrolment(self, name: str) -> Enrolment | None:
        """The token that was given out for a node."""
        row = self.session.row("enrolment_named", {"tenant": self.tenant, "name": name})
        if row is None:
            return None
        return Enrolment(octets(row[0]), instant(row[1]), maybe_instant(row[2]), number(row[3]))

    def use(self, name: str, at: Instant) -> bool:
        """Uses a token up; False when it was used before."""
        values = {"tenant": self.tenant, "name": name, "at_s": at}
        return self.session.run("use_enrolment", values) == 1

    def fail(self, name: str) -> None:
        """Counts a try that failed."""
        self.session.run("failed_enrolment", {"tenant": self.tenant, "name": name})


def _node(row: Row) -> Node:
    return Node(
        text(row[0]), text(row[1]), octets(row[2]), instant(row[3]), instant(row[4]),
        maybe_instant(row[5]), maybe_instant(row[6]),
    )  # fmt: skip
