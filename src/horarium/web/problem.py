"""Troubles, and problem documents about them (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request was not served: status, a code that programs can hold on to, words for people,
    the part of the input that was wrong, and what else programs can use."""

    status: int
    code: str
    message: str
    part: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The meaning of the status."""
        return HTTPStatus(self.status).phrase


def problem_response(trouble: Trouble, path: str) -> web.Response:
    """The problem document of a trouble."""
    document: dict[str, object] = {
        "type": f"urn:horarium:problem:{trouble.code}",
        "title": trouble.title,
        "status": trouble.status,
        "detail": trouble.message,
        "instance": path,
        "code": trouble.code,
    }
    if trouble.part:
        document["errors"] = [{"detail": trouble.message, "parameter": trouble.part}]
    document |= trouble.more
    headers = {"Retry-After": "5"} if trouble.status in (429, 503) else {}
    return web.Response(
        status=trouble.status,
        body=json.dumps(document).encode(),
        content_type="application/problem+json",
        headers=headers,
    )
