"""The page that says why there is no other."""

from aiohttp import web

from horarium.web.problem import Trouble
from horarium.web.rendering import render
from horarium.web.visit import Visit


def trouble_page(visit: Visit, trouble: Trouble) -> web.Response:
    """A page about a trouble, with its status."""
    response = render(visit, "trouble.html", trouble.status, trouble=trouble)
    if trouble.status in (429, 503):
        response.headers["Retry-After"] = "5"
    return response
