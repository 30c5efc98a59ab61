"""An operation of the HTTP interface: what is asked, of whom, and what is answered; a route and its
own description."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from aiohttp import web

from horarium.kernel.errors import InvalidInput
from horarium.runtime.repeated import Before, Repeatable
from horarium.web.access import Need
from horarium.web.api.parameters import Parameter, Schema, Values, read_body, read_query
from horarium.web.routing import Route, Style
from horarium.web.visit import Visit

T = TypeVar("T")

MOST_ON_A_PAGE, USUAL_ON_A_PAGE = 500, 100


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its document, and what of it is kept for who sends the request again (all of it
    unless it holds a secret)."""

    document: object
    status: int = 200
    kept: object | None = None
    cookies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its values read: `query` and `body` by name."""

    visit: Visit
    query: Values
    body: Values = field(default_factory=dict)


Answering = Callable[[Asked], Awaitable[Told]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `schema` names the schema of its answer, "" where it has none; `created` is
    the status of its success; `repeatable` ones honour Idempotency-Key."""

    method: str
    path: str
    needs: Need
    answer: Answering
    summary: str
    schema: str
    query: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    created: int = 200
    repeatable: bool = False
    inline: Schema | None = None

    @property
    def route(self) -> Route:
        """The route that serves it."""
        return Route(self.method, self.path, self.needs, self._handle, Style.API)

    async def _handle(self, visit: Visit) -> web.StreamResponse:
        sent = visit.request.query
        query = read_query(self.query, {name: sent.getall(name) for name in sent})
        body = read_body(self.body, await _json(visit)) if self.body else {}
        asked = Asked(visit, query, body)
        key = visit.request.headers.get("Idempotency-Key")
        if self.repeatable and key is not None:
            return await _once(self, asked, key)
        return _response(visit, await self.answer(asked))


async def _once(operation: Operation, asked: Asked, key: str) -> web.Response:
    """Carries a request out once under its key."""
    visit = asked.visit
    account, store = visit.reach.account, visit.desk.store
    # Who is not signed in is known by the address, so that nobody gets another's answer.
    caller = account.id if account is not None else f"from {visit.source}"
    written = json.dumps(dict(asked.body), sort_keys=True, default=str)
    once = Repeatable(caller, key, f"{operation.method} {visit.request.path} {written}")
    before = await visit.desk.ask(lambda: once.begin(store, visit.now))
    if isinstance(before, Before):
        response = _body(before.body, before.status)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    try:
        told = await operation.answer(asked)
    except BaseException:
        await visit.desk.ask(lambda: once.forget(store))
        raise
    kept = _written(told.document if told.kept is None else told.kept)
    await visit.desk.ask(lambda: once.keep(store, told.status, kept))
    return _response(visit, told)


def _response(visit: Visit, told: Told) -> web.Response:
    visit.cookies[:] = [*visit.cookies, *told.cookies]
    if told.status == 204:
        return web.Response(status=204)
    text = _written(told.document)
    response = _body(text, told.status)
    if visit.request.method in ("GET", "HEAD"):
        tag = f'"{sha256(text.encode()).hexdigest()[:32]}"'
        if tag in visit.request.headers.get("If-None-Match", ""):
            response = web.Response(status=304)
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _written(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _body(text: str, status: int) -> web.Response:
    response = web.Response(body=text.encode(), status=status, content_type="application/json")
    response.enable_compression()
    return response


async def _json(visit: Visit) -> object:
    try:
        return json.loads(await visit.request.text(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body: it is no JSON", part="body") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidInput("body: a key stands twice", part="body")
    return found


# --- lists in pages ----------------------------------------------------------------


def one_page(
    items: Sequence[T], key: Callable[[T], list[object]], limit: object, cursor: object
) -> tuple[list[T], str | None]:
    """The items after the cursor, at most `limit`, and the cursor of the next page. `items` are in
    the order of their keys, so that what is inserted or removed meanwhile moves nothing. Raises
    InvalidInput for a cursor that is none."""
    most = limit if isinstance(limit, int) else USUAL_ON_A_PAGE
    rest: Sequence[T] = items
    if isinstance(cursor, str):
        after = _read_cursor(cursor)
        try:
            rest = [item for item in items if key(item) > after]
        except TypeError:
            raise InvalidInput("cursor: it is of another list", part="cursor") from None
    found = list(rest[:most])
    more = len(rest) > most
    return found, _cursor(key(found[-1])) if more and found else None


def _cursor(key: list[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> list[object]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise InvalidInput("cursor: expected what a list gave as next", part="cursor")
    return found
