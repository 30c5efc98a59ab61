"""Distribution over HTTP: what there is, how far everybody is, and why not further."""

from __future__ import annotations

from horarium.identity.account import Right
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.distribution_views import Carried, Window, distributions
from horarium.runtime.tiers.status import status_document, subscriber_document
from horarium.runtime.tiers.why import why_not
from horarium.web.access import Forbidden
from horarium.web.api.operation import Asked, Operation, Told
from horarium.web.api.parameters import Number, Text
from horarium.web.visit import Visit


async def every(asked: Asked) -> Told:
    """All distributions."""
    visit = _reader(asked)
    store, settings = visit.desk.store, visit.settings
    found = await visit.desk.ask(lambda: distributions(store, settings, visit.now))
    return Told({"distributions": [_line(one) for one in found]})


async def status(asked: Asked) -> Told:
    """How far everybody is with the newest versions."""
    visit, many = _reader(asked), asked.query["versions"]
    store, settings, name = visit.desk.store, visit.settings, visit.part("name")
    count = many if isinstance(many, int) else 1
    return Told(
        await visit.desk.ask(lambda: status_document(store, settings, name, count, visit.now))
    )


async def why(asked: Asked) -> Told:
    """Why a subscriber does not have a version in use."""
    visit, node, number = _reader(asked), asked.query["subscriber"], asked.query["version"]
    store, settings, name = visit.desk.store, visit.settings, visit.part("name")
    version = number if isinstance(number, int) else None
    return Told(
        await visit.desk.ask(lambda: why_not(store, settings, name, str(node), visit.now, version))
    )


async def subscriber(asked: Asked) -> Told:
    """How far a subscriber is with all that it gets."""
    visit = _reader(asked)
    store, settings, name = visit.desk.store, visit.settings, visit.part("name")
    return Told(await visit.desk.ask(lambda: subscriber_document(store, settings, name, visit.now)))


def _reader(asked: Asked) -> Visit:
    if not asked.visit.reach.may(Right.READ):
        raise Forbidden
    return asked.visit


def _line(one: Carried) -> dict[str, object]:
    return {
        "id": one.name,
        "title": one.title or None,
        "active": one.active,
        "version": one.version,
        "built": _written(one.built),
        "files": one.files,
        "bytes": one.size,
        "receivers": dict(one.counts),
        "next_build": _written(one.next_build),
        "channels": [_window(window) for window in one.channels],
    }


def _window(window: Window) -> dict[str, object]:
    return {
        "id": window.name, "active": window.active, "open": window.open,
        "until": _written(window.until),
    }  # fmt: skip


def _written(at: Instant | None) -> str | None:
    return format_instant(at) if at is not None else None


OPERATIONS = (
    Operation(
        "GET", "/api/v1/distributions", Right.READ, every, "All distributions", "Distributions"
    ),
    Operation(
        "GET", "/api/v1/distributions/{name}/status", Right.READ, status,
        "How far everybody is with the newest versions", "DistributionStatus",
        query=(Number("versions", "How many of the newest.", 1, 100),),
    ),
    Operation(
        "GET", "/api/v1/distributions/{name}/why", Right.READ, why,
        "Why a subscriber does not have a version in use", "DistributionWhy",
        query=(
            Text("subscriber", "Which.", required=True),
            Number("version", "This one, not the newest.", 1, 1 << 53),
        ),
    ),
    Operation(
        "GET", "/api/v1/subscribers/{name}/status", Right.READ, subscriber,
        "How far a subscriber is with all that it gets", "SubscriberStatus",
    ),
)  # fmt: skip
