"""A site with accounts and sessions, and whoever comes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tests.identity.counted import CountedSecrets

from horarium.identity.account import Account, Role
from horarium.identity.cookie import Cookie
from horarium.identity.password import Scrypt
from horarium.identity.session import Session
from horarium.kernel.instant import Instant
from horarium.runtime import accounts
from horarium.runtime.accounts import Wanted
from horarium.runtime.passwords import BoundedPasswords
from horarium.runtime.session_rules import SessionRules, session_rules
from horarium.runtime.sessions import (
    Opened,
    PassOn,
    SessionKeeper,
    Signed,
    Wait,
    nothing_hangs_on_it,
)
from horarium.runtime.settings import default_settings
from horarium.runtime.signing_in import Refused, SignedIn, SigningIn
from horarium.store.embedded import EmbeddedEngine
from horarium.store.engine import Key, Parameters, Row
from horarium.store.engine import Session as Statements
from horarium.store.sign_ins import Happening
from horarium.store.store import Store

T = TypeVar("T")
T0 = Instant(1_800_000_000)
SETTINGS = default_settings()
HOME = "192.0.2.7"
PASSWORD = "a rather long secret"


class CountedStatements:
    """One transaction that counts what it is asked for."""

    def __init__(self, inner: Statements, counts: dict[str, int]) -> None:
        self._inner, self._counts = inner, counts

    def rows(self, query: str, values: Parameters) -> list[Row]:
        self._counts["read"] += 1
        return self._inner.rows(query, values)

    def row(self, query: str, values: Parameters) -> Row | None:
        self._counts["read"] += 1
        return self._inner.row(query, values)

    def run(self, query: str, values: Parameters) -> int:
        self._counts["write"] += 1
        return self._inner.run(query, values)

    def run_many(self, query: str, values: Iterable[Parameters]) -> None:
        self._counts["write"] += 1
        self._inner.run_many(query, values)


class CountingEngine(EmbeddedEngine):
    """An engine that counts statements."""

    def __init__(self, place: str = ":memory:") -> None:
        super().__init__(place)
        self.counts = {"read": 0, "write": 0}

    def read(self, work: Callable[[Statements], T]) -> T:  # type: ignore[override]
        return super().read(lambda s: work(CountedStatements(s, self.counts)))

    def transact(self, keys: Sequence[Key], work: Callable[[Statements], T]) -> T:  # type: ignore[override]
        return super().transact(keys, lambda s: work(CountedStatements(s, self.counts)))

    def spent(self, work: Callable[[], object]) -> tuple[int, int]:
        """How many statements read and wrote while `work` was done."""
        self.counts.update(read=0, write=0)
        work()
        return self.counts["read"], self.counts["write"]


class Site:
    """A site whose clock is moved by hand; passwords cost nothing here."""

    def __init__(
        self, pass_on: PassOn = nothing_hangs_on_it, rules: SessionRules | None = None
    ) -> None:
        self.engine = CountingEngine()
        self.engine.migrate(T0)
        self.store = Store(self.engine)
        self.secrets = CountedSecrets()
        self.keeper = SessionKeeper(
            self.store, rules or session_rules(SETTINGS.web), self.secrets, pass_on
        )
        self.passwords = BoundedPasswords(self.secrets, Scrypt(2, 8, 1))
        self.signing = SigningIn(self.keeper, self.passwords)
        self.now = T0

    def after(self, seconds: int) -> Instant:
        """Lets seconds pass."""
        self.now = Instant(self.now + seconds)
        return self.now

    def account(self, name: str = "paul", *roles: Role, password: str = PASSWORD) -> Account:
        """An account with a password, "" for none."""
        wanted = Wanted(frozenset(roles))
        accounts.add_account(self.keeper, SETTINGS, name, wanted, "operator", self.now)
        if password:
            accounts.set_password(self.keeper, self.passwords, name, password, "operator", self.now)
        return accounts.find_account(self.store, name)

    def visitor(self, source: str = HOME) -> Session:
        """The session of somebody who came to the sign-in form."""
        opened = self.keeper.open_visitor(source, self.now)
        assert isinstance(opened, Opened)
        return opened.session

    def try_in(
        self, name: str = "paul", password: str = PASSWORD, *, source: str = HOME,
        device: str | None = None, visitor: Session | None = None, remember: bool = False,
    ) -> SignedIn | Refused | Wait:  # fmt: skip
        """One try at signing in."""
        return self.signing.sign_in(
            name, password, visitor, source, device, self.now, browser="Firefox",
            remember=remember,
        )  # fmt: skip

    def sign_in(self, name: str = "paul", **more: object) -> SignedIn:
        """Signs somebody in who has the right password."""
        done = self.try_in(name, **more)  # type: ignore[arg-type]
        assert isinstance(done, SignedIn), done
        return done

    def who(self, cookie: Cookie) -> str | None:
        """The account that a request with that cookie comes from."""
        found = self.keeper.authenticate(header(cookie), self.now)
        return found.account.name if isinstance(found, Signed) else None

    def log(self) -> list[Happening]:
        """What was recorded."""
        return self.store.read(lambda tx: tx.identity_log.since(Instant(0)))


def header(*cookies: Cookie) -> str:
    """What a browser sends with these cookies."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
