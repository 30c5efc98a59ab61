"""What is the same for everybody: the files that pages load, and the way in."""

from __future__ import annotations

from aiohttp import web

from horarium.kernel.errors import NotFound
from horarium.web.rendering import static_files
from horarium.web.visit import Visit

_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# The address changes with the content, so it may be kept for ever.
_FOR_EVER = "public, max-age=31536000, immutable"


async def static(visit: Visit) -> web.StreamResponse:
    """A file that pages load, by the digest of its content and its name."""
    name = visit.part("name")
    found = static_files().get(name)
    if found is None or visit.part("digest") != found[1][:12]:
        raise NotFound(f"there is no file {name}")
    kind = _KINDS[name[name.rindex(".") :]]
    response = web.Response(body=found[0], content_type=kind, charset="utf-8")
    response.headers["Cache-Control"] = _FOR_EVER
    response.enable_compression()
    return response


async def icon(visit: Visit) -> web.StreamResponse:
    """The sign of the site."""
    data, _ = static_files()["icon.svg"]
    response = web.Response(body=data, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


async def front(visit: Visit) -> web.StreamResponse:
    """The way in: the agenda."""
    return web.HTTPSeeOther("/agenda")
