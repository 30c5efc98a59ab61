"""A site whose pages are served to tests: a store on disk, a clock that stands, a real port."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from horarium.identity.account import Account, Right, Role
from horarium.identity.password import Scrypt
from horarium.identity.record import Kind
from horarium.runtime.api_tokens import add_token
from horarium.runtime.daemon import Served
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.passwords import BoundedPasswords
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import Opened, SessionKeeper
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Transaction
from horarium.testing import ManualClock
from horarium.transport.endpoint import Tcp
from horarium.web.application import web_part
from tests.office import NOW, Office

# Strong enough for nothing: tests check that it is checked, and not what it costs.
WEAK = Scrypt(ln=4, r=8, p=1)


@dataclass(frozen=True)
class Reply:
    """An answer: status, fields (the last of each name), all Set-Cookie fields, the octets."""

    status: int
    fields: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.text)
        assert found is not None, "the page has no token"
        return found[1]

    @property
    def seen(self) -> str:
        """The text that people read, in one line."""
        reader = _Reader()
        reader.feed(self.text)
        return " ".join(" ".join(reader.texts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element of a page with its attributes."""
    reader = _Reader()
    reader.feed(page)
    return reader.tags


@dataclass
class Client:
    """Somebody who asks: with a cookie, a token, or nothing. Cookies that are set are kept."""

    world: World
    cookie: str = ""
    token: str = ""
    token_of_forms: str = ""

    def ask(self, method: str, path: str, body: bytes | None = None, **fields: str) -> Reply:
        head = {"Host": self.world.host}
        if self.cookie:
            head["Cookie"] = self.cookie
        if self.token:
            head["Authorization"] = f"Bearer {self.token}"
        head.update({name.replace("_", "-"): value for name, value in fields.items()})
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
        connection.request(method, path, body=body, headers=head)
        answer = connection.getresponse()
        cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
        reply = Reply(answer.status, dict(answer.headers.items()), cookies, answer.read())
        connection.close()
        for cookie in cookies:
            name, _, rest = cookie.partition("=")
            if name == "horarium":
                self.cookie = f"{name}={rest.partition(';')[0]}"
        return reply

    def get(self, path: str, **fields: str) -> Reply:
        return self.ask("GET", path, **fields)

    def send(self, path: str, form: Mapping[str, str] | None = None, **fields: str) -> Reply:
        """Sends a form."""
        fields.setdefault("Content_Type", "application/x-www-form-urlencoded")
        return self.ask("POST", path, urlencode(form or {}).encode(), **fields)

    def post(self, path: str, document: object, **fields: str) -> Reply:
        """Sends JSON."""
        fields.setdefault("Content_Type", "application/json")
        return self.ask("POST", path, json.dumps(document).encode(), **fields)


class World(Office):
    """An office with pages."""

    def __init__(self, folder: Path, **declared: object) -> None:
        site = Site(folder)
        site.state.mkdir(mode=0o700)
        engine = EmbeddedEngine(site.database)
        engine.migrate(NOW)
        self.port = _free_port()
        self.host = f"127.0.0.1:{self.port}"
        settings = default_settings()
        web = replace(settings.web, listen=Tcp("127.0.0.1", self.port), url=f"http://{self.host}")
        settings = replace(settings, zone="Europe/Oslo", web=web)
        super().__init__(engine=engine, settings=settings, **declared)  # type: ignore[arg-type]
        self.clock = ManualClock(NOW)
        self.woken = 0
        self.site = site
        self.keeper = SessionKeeper(self.store, session_rules(settings.web, secure=False))
        self._ready, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._failed: BaseException | None = None

    def __enter__(self) -> World:
        self._thread.start()
        self._ready.wait(30)
        assert self._failed is None, self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)
        self.store.close()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        served = Served(self.site, lambda: self.settings, self.clock, self.store, None, self._wake)
        try:
            async with web_part(served):
                self._ready.set()
                await self._over.wait()
        except BaseException as error:
            self._failed = error
            self._ready.set()
            raise

    def _wake(self) -> None:
        self.woken += 1

    # --- who asks --------------------------------------------------------

    def account(self, name: str, *roles: Role, password: str = "", **more: object) -> Account:
        """An account; the password is checked as weakly as possible."""
        stored = BoundedPasswords(SystemSecrets(), WEAK).hash(password) if password else ""
        made = Account(
            str(uuid4()),
            name,
            NOW,
            frozenset(roles),
            password=stored,
            **more,  # type: ignore[arg-type]
        )
        self.store.transact([], lambda tx: tx.accounts.add(made))
        return made

    def signed(self, account: Account) -> Client:
        """Somebody who is signed in to an account."""

        def work(tx: Transaction) -> Opened:
            rules = self.keeper.rules
            made = rules.new(Kind.STAFF, account.name, self.clock.now(), SystemSecrets())
            return self.keeper.put(tx, made, self.clock.now(), "127.0.0.1", "")

        cookie = self.store.transact([], work).cookie
        return Client(self, cookie=f"{cookie.name}={cookie.value}")

    def role(self, role: Role, **more: object) -> Client:
        """Somebody of a role who is signed in."""
        return self.signed(self.account(f"{role.value}-{uuid4().hex[:6]}", role, **more))

    def program(self, *scopes: Right, role: Role = Role.OPERATOR) -> Client:
        """A program with a token."""
        account = self.account(f"program-{uuid4().hex[:6]}", role)
        text, _ = add_token(self.keeper, account.name, scopes, "test", self.clock.now())
        return Client(self, token=text)

    def nobody(self) -> Client:
        """Somebody who never was here."""
        return Client(self)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
