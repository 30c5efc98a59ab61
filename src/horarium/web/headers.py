"""The headers of every answer."""

from aiohttp import web

_CSP = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_SAME = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
}


def put_headers(response: web.StreamResponse, *, tls: bool = False) -> None:
    """Puts them into an answer; what it says of itself stands."""
    for name, value in _SAME.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "horarium"
    if tls:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
