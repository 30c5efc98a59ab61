"""Requests that another site made somebody's browser send: what tells them, and what is refused.

The token of a session is an HMAC of its digest under the session's own secret, masked anew for each
page, so that compressing the page tells nothing of it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from horarium.identity.session import Session
from horarium.identity.written import base64url, from_base64url
from horarium.kernel.errors import InvalidInput

TOKEN_OCTETS = 32
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Refusal(StrEnum):
    """Why a request is not served."""

    # 403: another site made the browser send it.
    CROSS_SITE = "cross_site"
    # 403: it does not show that a form of ours sent it.
    CSRF = "csrf"
    # 400: a bearer token and a cookie together; which of them should count?
    TWO_IDENTITIES = "two_identities"


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request tells who made it. `fetch_site` is `Sec-Fetch-Site` and `origin` `Origin`,
    None when absent; `token` what the form field or the header carries; `own` our origins, as
    `https://calendar.example.com`; `cookie` and `bearer` say whether either came along."""

    method: str
    own: frozenset[str]
    fetch_site: str | None = None
    origin: str | None = None
    token: str | None = None
    cookie: bool = False
    bearer: bool = False
    signing_in: bool = False


def csrf_token(session: Session, mask: bytes) -> str:
    """The token for one page of a session; `mask` is 32 fresh random octets."""
    if len(mask) != TOKEN_OCTETS:
        raise InvalidInput(f"mask: expected {TOKEN_OCTETS} octets", part="mask")
    return base64url(mask + _xor(mask, _plain(session)))


def is_token_of(session: Session, token: str) -> bool:
    """Whether a token is one of that session, compared in constant time."""
    data = from_base64url(token)
    if data is None or len(data) != 2 * TOKEN_OCTETS or not session.csrf_secret:
        return False
    plain = _xor(data[:TOKEN_OCTETS], data[TOKEN_OCTETS:])
    return hmac.compare_digest(plain, _plain(session))


def refusal(request: Request, session: Session | None) -> Refusal | None:
    """Why a request is not served, None when it is. `session` is the open one of its cookie.

    Reading is always served. A request with neither cookie nor bearer token has nothing to abuse,
    except one that signs in: that always needs the token of a visitor's session.
    """
    if request.bearer and request.cookie:
        return Refusal.TWO_IDENTITIES
    if request.method.upper() in SAFE_METHODS or request.bearer:
        return None
    if not request.cookie and not request.signing_in:
        return None
    if _from_elsewhere(request):
        return Refusal.CROSS_SITE
    if request.token is not None:
        fits = session is not None and is_token_of(session, request.token)
        return None if fits else Refusal.CSRF
    if request.fetch_site == "same-origin" and not request.signing_in:
        return None
    return Refusal.CSRF


def _from_elsewhere(request: Request) -> bool:
    if request.fetch_site in ("cross-site", "same-site"):
        return True
    # Pages without a referrer send "null", which says nothing.
    return request.origin not in (None, "null") and request.origin not in request.own


def _plain(session: Session) -> bytes:
    if not session.csrf_secret:
        raise InvalidInput("session: it was made without a secret for its forms", part="session")
    return hmac.new(session.csrf_secret, session.digest.encode("ascii"), sha256).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
