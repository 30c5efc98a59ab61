"""How a node becomes one of a realm: by a token that holds for one node, once, for a day.

The token holds the fingerprint of the root and a secret. The secret itself never travels: who joins
proves with it that the request is its own, so that a node in between can not put in another.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
from dataclasses import dataclass
from hashlib import sha256

from horarium.distribution.records import Document, as_table, text
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.tiers.identity import AUTHORITY_KEY
from horarium.runtime.tiers.linking import forget_link
from horarium.runtime.tiers.origin import Origin, tell_change
from horarium.store.nodes import Node
from horarium.store.store import Transaction
from horarium.transport.certificates import identity_of, is_issued_by, issue, signs
from horarium.transport.link import Refused

log = logging.getLogger(__name__)

TOKEN_LIFE = 86_400
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says."""

    name: str
    fingerprint: str
    secret: bytes

    def written(self) -> str:
        """The token as it is given to a person."""
        parts = {"n": self.name, "r": self.fingerprint, "s": self.secret.hex()}
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_token(written: str) -> Token:
    """A token as it was given. InvalidInput for anything else."""
    try:
        padded = written.strip() + "=" * (-len(written.strip()) % 4)
        parts = as_table(json.loads(base64.urlsafe_b64decode(padded)))
        return Token(text(parts, "n"), text(parts, "r"), bytes.fromhex(text(parts, "s")))
    except (ValueError, InvalidInput) as error:
        raise InvalidInput("this is no token of `horarium node token`", part="--token") from error


def proof(secret: bytes, name: str, request: bytes) -> str:
    """What shows that a request was made by who has the secret of a token."""
    key = sha256(secret).digest()
    return hmac.new(key, name.encode() + b"\0" + request, sha256).hexdigest()


def _octets(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise InvalidInput("signature: expected hexadecimal digits", part="signature") from error


def _enter(tx: Transaction, certificate: bytes, now: Instant) -> int | None:
    """Writes a node down that has joined; the order behind which it counts its rows. None when its
    token was used before. Who comes with another key than before has nothing of what it had: its
    rows begin anew, nothing that was told of it until now counts any more, nor does the certificate
    of the key before."""
    identity = identity_of(certificate)
    name, before = identity.name, tx.nodes.find(identity.name)
    if not tx.nodes.use(name, now):
        return None
    order = tx.versions.highest_order(name)
    if before is not None and before.key != identity.key:
        log.info("enrol.begins_anew node=%s", name)
        tx.nodes.revoke(before, now)
        tx.versions.begin_anew(name, order, now)
        forget_link(tx, name)
        tell_change(tx)
    tx.nodes.put(Node(name, identity.serial, identity.key, identity.since, identity.until))
    return order


class Enrolling:
    """The distributor's side of joining."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def token(self, name: str, secret: bytes, now: Instant) -> Token:
        """A token for a subscriber; it takes the place of an earlier one. NotFound when there is
        no such subscriber."""
        if name not in self._origin.declared().subscribers:
            raise NotFound(f"there is no subscriber {name}")
        belief = load_belief(self._origin.store) or self._origin.refresh(now).belief
        digest, until = sha256(secret).digest(), Instant(now + TOKEN_LIFE)
        self._origin.store.transact([], lambda tx: tx.nodes.offer(name, digest, until))
        return Token(name, belief.trusted.fingerprint, secret)

    def enrol(self, asked: Document, now: Instant) -> Document:
        """The certificate of a node that joins. Refused when it may not."""
        name, request = text(asked, "name", 64), text(asked, "request", 65_536).encode()
        shown = text(asked, "proof", 200)
        reason = self._doubt(name, request, shown, now)
        if reason:
            log.error("enrol.refused node=%s reason=%s", name, reason)
            raise Refused(403, "token", reason)
        certificate = self._issue(request, name, now)
        order = self._origin.store.transact([], lambda tx: _enter(tx, certificate, now))
        if order is None:
            raise Refused(403, "token", "the token was used before")
        if not self._origin.has_in_effect("subscriber", name):
            # Who joins is to be served at once, and not after the next refresh.
            self._origin.refresh(now)
        log.info("enrol.done node=%s", name)
        return {
            "certificate": certificate.decode("ascii"), "authority": self._authority(),
            "order": order,
        }  # fmt: skip

    def renew(self, asked: Document, now: Instant) -> Document:
        """A newer certificate for a node that shows, by its key, that it has one."""
        held = text(asked, "certificate", 65_536).encode()
        request = text(asked, "request", 65_536).encode()
        signature = _octets(text(asked, "signature", 200))
        identity = identity_of(held)
        node = self._origin.store.read(lambda tx: tx.nodes.find(identity.name))
        good = (
            is_issued_by(held, self._authority().encode())
            and node is not None
            and node.revoked is None
            and node.serial == identity.serial
            and now < identity.until
            and signs(identity.key, signature, request)
        )
        if not good:
            log.error("renew.refused node=%s", identity.name)
            raise Refused(403, "certificate", "the certificate does not hold any more")
        certificate = self._issue(request, identity.name, now)
        after = identity_of(certificate)
        renewed = Node(identity.name, after.serial, after.key, after.since, after.until)
        self._origin.store.transact([], lambda tx: tx.nodes.put(renewed))
        return {"certificate": certificate.decode("ascii"), "authority": self._authority()}

    def revoke(self, name: str, now: Instant) -> str:
        """Ends that a node's certificate counts: at its next contact, everywhere; the serial
        number of it."""
        node = self._origin.store.read(lambda tx: tx.nodes.find(name))
        if node is None:
            raise NotFound(f"no node {name} has a certificate")
        self._origin.store.transact([], lambda tx: tx.nodes.revoke(node, now))
        self._origin.follow(now)
        return node.serial

    def _doubt(self, name: str, request: bytes, shown: str, now: Instant) -> str:
        """Why a node may not join, empty when it may."""
        offered = self._origin.store.read(lambda tx: tx.nodes.enrolment(name))
        if offered is None:
            return "no token was made for this node"
        if offered.tries >= MOST_TRIES:
            return "too many tries with a wrong token; make another one"
        if offered.used is not None:
            return "the token was used before"
        if now >= offered.expires:
            return "the token is over its time"
        key = offered.digest
        right = hmac.new(key, name.encode() + b"\0" + request, sha256).hexdigest()
        if not hmac.compare_digest(right, shown):
            self._origin.store.transact([], lambda tx: tx.nodes.fail(name))
            return "the token is not that of this node"
        return ""

    def _issue(self, request: bytes, name: str, now: Instant) -> bytes:
        folder = self._origin.folder
        authority, key = self._authority().encode(), folder.keys.private(AUTHORITY_KEY)
        return issue(request, name, authority, key, now)

    def _authority(self) -> str:
        return self._origin.folder.papers.authority.read_text("ascii")
