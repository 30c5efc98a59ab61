"""Gathers files that are published over HTTP or HTTPS (RFC 9110)."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from horarium.distribution.gathering import LONGEST_GET, Gathered, GatherFailed
from horarium.distribution.manifest import File
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.transport.addresses import AddressRules, literal
from horarium.transport.gathering import Gathering

MOST_REDIRECTS = 5
"""What a browser's patience is a quarter of; more is a circle."""

CONNECT, SILENCE = 30.0, 60.0
"""Seconds until a connection stands, and in which a server says nothing at all."""

LONGEST_FILE = 4 << 30
"""Octets of one file unless its entry says otherwise: what a disc image has."""

MODE = 0o644
"""A server tells no permissions."""

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class _Wanted:
    url: str
    path: str
    digest: str
    headers: Mapping[str, str]
    longest: int


class HttpSource:
    """The type ``http``: see `horarium.distribution.gathering.Source`."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """See `Source`."""
        rules = AddressRules(keys.get("allow_sources", ()))
        wanted = [self._wanted(item) for item in keys["urls"]]
        return Gathered(tuple(asyncio.run(self._all(wanted, rules))))

    def _wanted(self, item: str | Mapping[str, Any]) -> _Wanted:
        keys: Mapping[str, Any] = {"url": item} if isinstance(item, str) else item
        url = str(keys["url"])
        path = str(keys.get("path") or unquote(urlsplit(url).path).rpartition("/")[2])
        if not path:
            raise GatherFailed("path", url, "names no file; give it a path")
        headers = {}
        for name, reference in keys.get("headers", {}).items():
            try:
                headers[name] = self._gathering.secret(reference)
            except NotFound as error:
                raise GatherFailed("secret", url, error.message) from None
        longest = int(keys.get("longest", min(LONGEST_FILE, LONGEST_GET)))
        return _Wanted(url, path, str(keys.get("digest", "")), headers, longest)

    async def _all(self, wanted: list[_Wanted], rules: AddressRules) -> list[File]:
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_read=SILENCE)
        connector = aiohttp.TCPConnector(resolver=_Resolver(rules), use_dns_cache=False)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
        ) as session:
            return [await self._one(session, item, rules) for item in wanted]

    async def _one(
        self, session: aiohttp.ClientSession, item: _Wanted, rules: AddressRules
    ) -> File:
        self._gathering.go_on()
        noted = _Noted.read(self._gathering.notes.get(f"http {item.url}"))
        if noted is not None and not self._gathering.keeper.has(noted.digest):
            noted = None
        try:
            found = await self._fetch(session, item, rules, noted)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise GatherFailed("unreachable", item.url, str(error)[:200] or "no answer") from None
        if item.digest and found.digest != item.digest:
            raise GatherFailed("digest", item.url, f"is {found.digest}, not what was expected")
        if found.validators():
            self._gathering.notes.put(f"http {item.url}", found.text())
        return File(item.path, MODE, found.size, found.modified, found.digest)

    async def _fetch(
        self, session: aiohttp.ClientSession, item: _Wanted, rules: AddressRules,
        noted: _Noted | None,
    ) -> _Noted:  # fmt: skip
        url, own = URL(item.url, encoded=True), dict(item.headers)
        conditions = noted.validators() if noted is not None else {}
        for _ in range(MOST_REDIRECTS + 1):
            _check_literal(url, rules)
            headers = {**own, **conditions}
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    following = url.join(URL(response.headers["Location"]))
                    if following.scheme not in ("http", "https"):
                        raise GatherFailed("refused", item.url, "leads to another protocol")
                    if following.origin() != url.origin():
                        # What was given for one host is not told to another.
                        own = {}
                    url = following
                    continue
                if response.status == 304 and noted is not None:
                    return noted
                return await self._body(response, item)
        raise GatherFailed("refused", item.url, f"leads on more than {MOST_REDIRECTS} times")

    async def _body(self, response: aiohttp.ClientResponse, item: _Wanted) -> _Noted:
        if response.status != 200:
            raise GatherFailed("refused", item.url, f"is answered {response.status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise GatherFailed("refused", item.url, "comes in an encoding that was not asked for")
        if (response.content_length or 0) > item.longest:
            raise GatherFailed("too_large", item.url, f"has more than {item.longest} octets")
        loop = asyncio.get_running_loop()
        pieces = _Across(loop, response.content.iter_chunked(self._gathering.pace.piece))
        blob = await loop.run_in_executor(
            None, self._gathering.keep, iter(pieces), item.url, item.longest
        )
        headers = response.headers
        modified = headers.get("Last-Modified", "")
        return _Noted(
            blob.digest, blob.length, _seconds(modified), headers.get("ETag", ""), modified
        )


@dataclass(frozen=True, slots=True)
class _Noted:
    """What a server said of a file that was fetched: only a reason not to fetch it again."""

    digest: str
    size: int
    modified: int
    etag: str
    last_modified: str

    def text(self) -> str:
        return json.dumps([self.digest, self.size, self.modified, self.etag, self.last_modified])

    @classmethod
    def read(cls, text: str) -> _Noted | None:
        try:
            match json.loads(text or "[]"):
                case [str(digest), int(size), int(modified), str(etag), str(last)]:
                    return cls(digest, size, modified, etag, last)
        except ValueError:
            pass
        return None

    def validators(self) -> dict[str, str]:
        """The headers of a conditional request (RFC 9110 section 13)."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


class _Across:
    """What arrives in the loop, for a thread that waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pieces: AsyncIterator[bytes]) -> None:
        self._loop = loop
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        while piece := asyncio.run_coroutine_threadsafe(self._next(), self._loop).result():
            yield piece

    async def _next(self) -> bytes:
        try:
            return await anext(self._pieces, b"")
        except aiohttp.ClientError as error:
            raise OSError(str(error)[:200] or "the connection broke") from None


class _Resolver(AbstractResolver):
    """Resolves names to those of their addresses that may be fetched from."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See `AbstractResolver`. GatherFailed when no address is left."""
        found = await self._inner.resolve(host, port, family)
        allowed = [result for result in found if self._rules.permits(host, result["host"])]
        if not allowed:
            raise GatherFailed("refused", host, "is at no public address")
        return allowed

    async def close(self) -> None:
        """See `AbstractResolver`."""
        await self._inner.close()


def _check_literal(url: URL, rules: AddressRules) -> None:
    """An address that is written out is not resolved: it is judged here."""
    host = url.host or ""
    try:
        address = literal(host)
    except InvalidInput as error:
        raise GatherFailed("refused", str(url.with_query(None)), error.message) from None
    if address and not rules.permits(host, address):
        raise GatherFailed("refused", str(url.with_query(None)), "is at no public address")


def _seconds(date: str) -> int:
    """A date of HTTP as seconds since 1970, 0 for none."""
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
