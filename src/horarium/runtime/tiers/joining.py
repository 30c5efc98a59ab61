"""Joining a realm: a key that is made here, a root that the token told of, a certificate."""

from __future__ import annotations

import logging

from horarium.distribution.records import Document, text, whole
from horarium.distribution.trust import LARGEST, LARGEST_ROLE, first_trust
from horarium.distribution.untrusted import Doubt, Untrusted
from horarium.kernel.errors import Conflict, InvalidInput, NotFound, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.tiers.belief import REALM, STATEMENT, Belief, keep_belief
from horarium.runtime.tiers.enrolling import proof, read_token
from horarium.runtime.tiers.identity import (
    NODE_KEY,
    Joined,
    NodeFolder,
    keep_certificate,
    keep_joined,
    own_identity,
)
from horarium.store.store import Store
from horarium.transport.certificates import (
    RENEW_AFTER,
    authority_tls,
    identity_of,
    is_issued_by,
    make_request,
    unverified_tls,
)
from horarium.transport.link import End
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

TIMEOUT = 30.0


async def join(
    folder: NodeFolder, store: Store, url: str, written: str, now: Instant, *,
    again: bool = False, dry_run: bool = False,
) -> Joined:  # fmt: skip
    """Joins a realm by the node at `url`; with `dry_run` only as far as the token is not used up.
    InvalidInput for a wrong token, Untrusted for another realm than the token's, Conflict when this
    node has joined already, Unavailable when the node there can not be reached, Refused when it
    says no."""
    if folder.joined.exists() and not again:
        raise Conflict(f"this node has joined already ({folder.joined}); --again joins anew")
    token = read_token(written)
    secure = url.startswith("https://")
    first = LinkClient(End("", url), unverified_tls() if secure else None, token.name, TIMEOUT)
    try:
        belief, parent = await _believe(first, token.fingerprint, now)
    finally:
        await first.close()
    authority = belief.authority
    if authority is None:
        raise Unavailable("the realm does not say who issues certificates")
    if dry_run:
        return Joined(token.name, parent, url)
    key = folder.keys.make(NODE_KEY)
    request = make_request(key, token.name)
    asked: Document = {
        "name": token.name,
        "request": request.decode("ascii"),
        "proof": proof(token.secret, token.name, request),
    }
    known = LinkClient(
        End(parent, url), authority_tls(authority) if secure else None, token.name, TIMEOUT
    )
    try:
        answer = await known.post("enrol", asked)
    finally:
        await known.close()
    certificate = text(answer, "certificate", 65_536).encode("ascii")
    _check(certificate, authority, token.name)
    keep_belief(store, None, belief, now)
    keep_certificate(folder, certificate, authority.encode("ascii"))
    order = whole(answer, "order") if "order" in answer else 0
    joined = Joined(token.name, parent, url, order)
    keep_joined(folder, joined)
    return joined


async def _believe(client: LinkClient, fingerprint: str, now: Instant) -> tuple[Belief, str]:
    """What the node there says, as far as it is signed under the root that the token tells of:
    and who it is itself. The present root may be a later one, which the ones before lead to."""
    for number in range(1, 1_000):
        data = await client.metadata(f"root.{number}", LARGEST["root"])
        if data is None:
            break
        try:
            trusted = first_trust(data, fingerprint)
        except Untrusted as error:
            if error.doubt is Doubt.STRANGE_ROOT:
                continue
            raise
        belief = Belief(trusted)
        return await _complete(belief, client, now)
    data = await client.metadata("root", LARGEST["root"])
    if data is None:
        raise NotFound("the node there is part of no realm")
    return await _complete(Belief(first_trust(data, fingerprint)), client, now)


async def _complete(belief: Belief, client: LinkClient, now: Instant) -> tuple[Belief, str]:
    trusted = belief.trusted
    while True:
        data = await client.metadata(f"root.{trusted.root.version + 1}", LARGEST["root"])
        if data is None:
            break
        trusted = trusted.with_root(data)
    trusted = trusted.with_timestamp(await _had(client, "timestamp"), now)
    trusted = trusted.with_snapshot(await _had(client, "snapshot"), now)
    trusted = trusted.with_role("targets", await _had(client, "targets"), now)
    found = Belief(trusted).with_statement(await _had(client, STATEMENT + REALM), now, REALM)
    who = await client.metadata("who", 1_024)
    if who is None:
        raise Unavailable("the node there does not say who it is")
    return found, who.decode("utf-8", "replace")


async def _had(client: LinkClient, name: str) -> bytes:
    data = await client.metadata(name, LARGEST.get(name, LARGEST_ROLE))
    if data is None:
        raise Unavailable(f"the node there does not have the {name} of its realm")
    return data


def _check(certificate: bytes, authority: str, name: str) -> None:
    if identity_of(certificate).name != name:
        raise InvalidInput(f"the certificate is not that of {name}")
    if not is_issued_by(certificate, authority.encode("ascii")):
        raise InvalidInput("the certificate was not issued by this realm")


async def renew(folder: NodeFolder, client: LinkClient, now: Instant) -> bool:
    """Has the certificate of this node made anew when two thirds of its life are over."""
    held = own_identity(folder)
    if now < held.since + RENEW_AFTER:
        return False
    key = folder.keys.private(NODE_KEY)
    request = make_request(key, held.name)
    answer = await client.post(
        "renew",
        {
            "certificate": folder.papers.certificate.read_text("ascii"),
            "request": request.decode("ascii"),
            "signature": key.sign(request).hex(),
        },
    )
    certificate = text(answer, "certificate", 65_536).encode("ascii")
    authority = folder.papers.authority.read_text("ascii")
    _check(certificate, authority, held.name)
    keep_certificate(folder, certificate, authority.encode("ascii"))
    log.info("certificate.renewed node=%s", held.name)
    return True
