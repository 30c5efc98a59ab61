"""Diagrams as pictures of their own, which may have their style and nothing else."""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from aiohttp import web

from horarium.booking.diagram import Diagram
from horarium.booking.diagram_svg import to_svg

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def drawn(diagram: Diagram) -> web.Response:
    """A diagram as SVG. Nothing in it can run or load anything; its one style is named by its
    digest."""
    text = to_svg(diagram)
    style = _STYLE.search(text)
    digest = base64.b64encode(sha256(style[1].encode()).digest()).decode() if style else ""
    response = web.Response(body=text.encode(), content_type="image/svg+xml", charset="utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; sandbox"
    )
    response.enable_compression()
    return response
