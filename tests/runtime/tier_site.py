"""A distributor's site without processes: its realm, its keys, and nodes that have joined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.office import Office

from horarium.distribution.content import blob_of
from horarium.distribution.messages import Row
from horarium.distribution.records import Document
from horarium.distribution.states import State
from horarium.distribution.version import Bundle, Version
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.enrolling import Enrolling, Token, proof
from horarium.runtime.tiers.origin import Origin
from horarium.transport.certificates import make_request

NOW = Instant(1_800_000_000)
OBJECTS = """
[distributor.hq]
[distribution.docs]
distributor = "hq"
source = "/srv/docs"
target = "%DEST_VOLUME%/docs"
[channel.night]
distributions = ["docs"]
subscribers = ["north", "oslo", "south"]
[subscriber.north]
url = "https://north:8443"
[subscriber.oslo]
parents = ["north"]
[subscriber.south]
"""


class TierSite:
    """One distributor, ``north`` with ``oslo`` behind it, and ``south``."""

    def __init__(self, folder: Path) -> None:
        (folder / "objects.toml").write_text(OBJECTS)
        self.store = Office().store
        settings = default_settings()
        declared = read_objects([folder / "objects.toml"])
        apply_objects(self.store, declared, NOW, prune=False, dry_run=False)
        self.origin = Origin(Site(folder), settings, self.store)
        self.origin.refresh(NOW)
        self.enrolling = Enrolling(self.origin)
        self.keys: dict[str, Ed25519PrivateKey] = {}

    def token(self, name: str, at: Instant = NOW) -> Token:
        """A token for a node."""
        return self.enrolling.token(name, name.encode() * 4, at)

    def asks(self, token: Token, name: str = "", secret: bytes = b"") -> Document:
        """What a node sends to join."""
        name = name or token.name
        key = self.keys.setdefault(name, Ed25519PrivateKey.generate())
        request = make_request(key, name)
        shown = proof(secret or token.secret, name, request)
        return {"name": name, "request": request.decode(), "proof": shown}

    def join(self, name: str) -> bytes:
        """Joins; the certificate."""
        found = self.enrolling.enrol(self.asks(self.token(name)), NOW)
        return str(found["certificate"]).encode()

    def publish(self, number: int = 1, returns: int = 0) -> None:
        """A version for everybody."""
        blob = blob_of(b"version %d" % number)
        bundle = Bundle(number - 1, blob, blob, 10)
        version = Version("docs", number, NOW, blob, (bundle,), 1, 10, returns=returns)
        self.origin.add_version(version, [], NOW)

    def row(self, name: str, state: State, order: int, by: str = "") -> Row:
        """A row of a node about the first version, signed with the key of `by`."""
        row = Row(name, "docs", 1, state.value, NOW, order)
        key = self.keys[by or name]
        return replace(row, signature=key.sign(row.signed_text()).hex())
