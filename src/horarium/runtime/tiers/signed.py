"""Whether a node said something itself: by the key of the certificate that it was given last."""

from __future__ import annotations

from horarium.store.store import Transaction
from horarium.transport.certificates import signs


def is_signed_by(tx: Transaction, node: str, signature: str, data: bytes) -> bool:
    """Whether a signature, in hexadecimal digits, is that of a node below some octets."""
    known = tx.nodes.find(node)
    try:
        octets = bytes.fromhex(signature)
    except ValueError:
        return False
    return known is not None and signs(known.key, octets, data)
