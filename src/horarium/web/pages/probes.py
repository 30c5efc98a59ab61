"""Probes for machines: whether it lives, whether it can serve, and figures."""

from __future__ import annotations

import json

from aiohttp import web

from horarium.runtime.distribution_figures import distribution_figures
from horarium.runtime.health import ready
from horarium.runtime.metrics import exposition, figures
from horarium.web.visit import Visit


async def livez(visit: Visit) -> web.StreamResponse:
    """Whether the loop turns."""
    return web.Response(text="ok\n")


async def readyz(visit: Visit) -> web.StreamResponse:
    """Whether it can serve, part by part; 503 when a part fails."""
    desk = visit.desk
    found = await desk.ask(lambda: list(ready(desk.served.site, desk.store, visit.now)))
    failed = any(finding.state == "fail" for finding in found)
    document = {
        "ready": not failed,
        "parts": [{"part": f.part, "state": f.state, "found": f.found} for f in found],
    }
    return web.Response(
        body=json.dumps(document).encode(),
        content_type="application/json",
        status=503 if failed else 200,
    )


async def metrics(visit: Visit) -> web.StreamResponse:
    """Figures for Prometheus."""
    desk = visit.desk
    found = await desk.ask(lambda: figures(desk.served.site, desk.store, visit.now))
    sent = await desk.ask(
        lambda: distribution_figures(desk.store, desk.served.settings(), visit.now)
    )
    text = exposition([*found, *sent, *desk.counted.metrics()])
    response = web.Response(body=text.encode())
    response.headers["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
    return response
