"""Where a node keeps what it is: its name, its keys, its certificate."""

from __future__ import annotations

import json
import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from horarium.kernel.errors import InvalidInput, NotFound
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import write_whole
from horarium.runtime.site import Site
from horarium.store.file_systems import network_kind
from horarium.transport.certificates import Identity, Papers, client_tls, identity_of, server_tls
from horarium.transport.content import ContentStore
from horarium.transport.keys import KeyFolder

NODE_KEY = "node"
AUTHORITY_KEY = "authority"


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The folder of one node: ``keys/`` for its owner alone, certificates, contents; these in a
    ``working`` one where there is one."""

    root: Path
    working: Path | None = None

    @property
    def keys(self) -> KeyFolder:
        """The private keys."""
        return KeyFolder(self.root / "keys")

    @property
    def contents(self) -> Path:
        """The folder of contents."""
        return self.working or self.root

    @property
    def free(self) -> int:
        """The octets that the disk of contents has left."""
        path = self.contents
        while not path.exists():
            path = path.parent
        return shutil.disk_usage(path).free

    @property
    def policies(self) -> Path:
        """The folder of policy documents."""
        return self.root / "policies"

    def store(self) -> ContentStore:
        """The contents."""
        return ContentStore(self.contents)

    @property
    def papers(self) -> Papers:
        """Key and certificates of links."""
        return Papers(
            self.root / "keys" / f"{NODE_KEY}.key",
            self.root / "node.pem",
            self.root / "authority.pem",
        )

    @property
    def joined(self) -> Path:
        """Who this node is and whom it joined by, written when it has joined."""
        return self.root / "node.json"


def node_folder(site: Site, settings: Settings) -> NodeFolder:
    """The folder of the node of a site, with contents where its owner wants them. InvalidInput for
    a network file system that the owner did not allow."""
    written = settings.node.working_dir
    if written is None:
        return NodeFolder(site.distribution)
    kind = network_kind(Path(written))
    if kind and not settings.node.allow_network_dir:
        raise InvalidInput(
            f"node.working_dir: {written} lies on a network file system ({kind}), which can lose "
            "what it said was written; node.allow_network_dir = true takes it all the same",
            part="node.working_dir",
        )
    return NodeFolder(site.distribution, Path(written))


@dataclass(frozen=True, slots=True)
class Joined:
    """What a node that has joined a realm knows before it hears anything: its name, the node it
    joined by, and the ``order`` behind which it counts its rows."""

    name: str
    parent: str
    url: str
    order: int = 0


def read_joined(folder: NodeFolder) -> Joined:
    """Who this node is. NotFound when it has not joined a realm."""
    try:
        kept = json.loads(folder.joined.read_text("utf-8"))
        order = int(kept.get("order", 0))
        return Joined(str(kept["name"]), str(kept["parent"]), str(kept["url"]), order)
    except FileNotFoundError:
        raise NotFound(
            "this node has not joined a realm; make a token with `horarium node token NAME` at the "
            "distributor, and run `horarium node join URL --token TOKEN` here"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{folder.joined}: can not be read: {error}") from error


def keep_joined(folder: NodeFolder, joined: Joined) -> None:
    """Keeps who this node is."""
    document = {
        "name": joined.name, "parent": joined.parent, "url": joined.url, "order": joined.order,
    }  # fmt: skip
    write_whole(folder.joined, json.dumps(document).encode())


def keep_certificate(folder: NodeFolder, certificate: bytes, authority: bytes) -> None:
    """Keeps certificates; the node's own last, for with it the node has joined."""
    write_whole(folder.papers.authority, authority)
    write_whole(folder.papers.certificate, certificate)


def own_identity(folder: NodeFolder) -> Identity:
    """What this node's certificate says. NotFound when there is none."""
    try:
        return identity_of(folder.papers.certificate.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{folder.papers.certificate}: this node has no certificate") from None


def node_key(folder: NodeFolder) -> Ed25519PrivateKey:
    """The private key of this node."""
    return folder.keys.private(NODE_KEY)


def tls_up(folder: NodeFolder) -> ssl.SSLContext:
    """TLS for the link to the node above."""
    return client_tls(folder.papers)


def tls_down(folder: NodeFolder) -> ssl.SSLContext:
    """TLS for the links of nodes below."""
    return server_tls(folder.papers)
