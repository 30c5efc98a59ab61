"""Certificates of nodes, issued by their realm, and the TLS that rests on them (RFC 8446).

A node is known by the name in its certificate. The name that TLS compares is made from it, because
names of nodes may hold what names of hosts may not.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, instant

DAY = 86_400
NODE_LIFE = 90 * DAY
RENEW_AFTER = 60 * DAY
AUTHORITY_LIFE = 3_650 * DAY
# Clocks of nodes differ: a certificate holds a little before it was made.
EARLIER = 300
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says: ``serial`` in hexadecimal digits, ``key`` the 32 octets of the
    public key, the instants it holds between."""

    name: str
    serial: str
    key: bytes
    since: Instant
    until: Instant


def tls_name(node: str) -> str:
    """The name that TLS compares for a node."""
    return f"n{sha256(node.encode()).hexdigest()[:40]}.horarium.internal"


def make_authority(key: Ed25519PrivateKey, realm: str, at: Instant) -> bytes:
    """The certificate of what issues certificates, as PEM."""
    name = _name(realm)
    builder = _builder(name, at, AUTHORITY_LIFE).issuer_name(name).public_key(key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def make_request(key: Ed25519PrivateKey, node: str) -> bytes:
    """What a node asks to have certified, as PEM: its name and its public key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(node))
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def issue(
    request: bytes, node: str, authority: bytes, key: Ed25519PrivateKey, at: Instant
) -> bytes:
    """The certificate for a request, as PEM; InvalidInput for a request that is not the node's."""
    try:
        asked = x509.load_pem_x509_csr(request)
    except ValueError as error:
        raise InvalidInput(f"the request can not be read: {error}") from error
    public = asked.public_key()
    if not isinstance(public, Ed25519PublicKey) or not asked.is_signature_valid:
        raise InvalidInput("the request is not signed by an Ed25519 key of its own")
    if asked.subject != _name(node):
        raise InvalidInput(f"the request is not that of {node}")
    issuer = x509.load_pem_x509_certificate(authority)
    names = x509.SubjectAlternativeName([x509.DNSName(tls_name(node))])
    builder = _builder(_name(node), at, NODE_LIFE).issuer_name(issuer.subject)
    builder = builder.public_key(public).add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def identity_of(certificate: bytes) -> Identity:
    """What a certificate (PEM or DER) says. InvalidInput when it can not be read."""
    try:
        pem = certificate.lstrip().startswith(b"-----")
        load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
        found = load(certificate)
        name = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        key = found.public_key()
    except (ValueError, IndexError) as error:
        raise InvalidInput(f"the certificate can not be read: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidInput("the certificate has no Ed25519 key")
    return Identity(
        name=str(name),
        serial=f"{found.serial_number:x}",
        key=key.public_bytes_raw(),
        since=instant(int(found.not_valid_before_utc.timestamp())),
        until=instant(int(found.not_valid_after_utc.timestamp())),
    )


def is_issued_by(certificate: bytes, authority: bytes) -> bool:
    """Whether an authority signed a certificate."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def signs(key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the holder of a public key (32 octets) signed `data`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (ValueError, InvalidSignature):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Papers:
    """The files by which a node proves who it is, and knows the others of its realm."""

    key: Path
    certificate: Path
    authority: Path


def server_tls(papers: Papers) -> ssl.SSLContext:
    """TLS for who is connected to: the other side shows a certificate too, except where a node
    that has none yet is to join; who it is, is looked at by each request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(papers.certificate, papers.key)
    context.load_verify_locations(papers.authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_tls(papers: Papers) -> ssl.SSLContext:
    """TLS for who connects: only to a node of the realm, by its `tls_name`."""
    context = authority_tls(papers.authority.read_text("ascii"))
    context.load_cert_chain(papers.certificate, papers.key)
    return context


def authority_tls(authority: str) -> ssl.SSLContext:
    """TLS to a node of the realm for who has no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=authority)
    return context


def unverified_tls() -> ssl.SSLContext:
    """TLS to a node of which nothing is known yet: nothing secret is sent over it, and what is
    read is believed only when it carries the signatures of a root that was told otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _name(text: str) -> x509.Name:
    if not 0 < len(text) <= LONGEST_NAME:
        raise InvalidInput(f"a node's name has 1 to {LONGEST_NAME} characters")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, at: Instant, life: int) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(datetime.fromtimestamp(at - EARLIER, UTC))
    return builder.not_valid_after(datetime.fromtimestamp(at + life, UTC))
