"""When trust is broken: what each side believes, which of them is behind, and what mends it."""

from __future__ import annotations

import logging

from horarium.distribution.configuration import Place
from horarium.distribution.trust import LARGEST, Trusted, fingerprint, first_trust
from horarium.distribution.untrusted import Untrusted
from horarium.kernel.errors import HorariumError
from horarium.transport.certificates import unverified_tls
from horarium.transport.link import End, Refused
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

TIMEOUT = 20.0


async def tell_strange(place: Place, node: str, ours: Trusted) -> None:
    """Says in the log how the root at a place differs from the one that is believed here. Nothing
    that is read there is believed."""
    client = LinkClient(End("", place.url), unverified_tls(), node, TIMEOUT)
    try:
        data = await client.metadata("root", LARGEST["root"])
    except (HorariumError, Refused) as error:
        log.error("trust.broken parent=%s reason=%s", place.name, error)
        return
    finally:
        await client.close()
    if data is None:
        log.error("trust.broken parent=%s reason=it is part of no realm", place.name)
        return
    theirs, side, remedy = fingerprint(data), "the other", f"horarium node status, at {place.name}"
    try:
        number = first_trust(data).root.version
    except Untrusted:
        number = 0
    if theirs not in (ours.fingerprint, *_earlier(ours)):
        side = "this node, or it is another realm"
        remedy = f"horarium node join {place.url} --token TOKEN --again"
    log.error(
        "trust.broken parent=%s theirs=%s number=%d ours=%s number=%d behind=%s remedy=%s",
        place.name, theirs, number, ours.fingerprint, ours.root.version, side, remedy,
    )  # fmt: skip


def _earlier(trusted: Trusted) -> list[str]:
    return [fingerprint(data) for name, data in trusted.octets.items() if name.startswith("root.")]
