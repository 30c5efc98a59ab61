"""A session: what a peer may do under a name for a bounded time (seed 003, Session).

Its states go forward only: open, expired, closed. Nothing here reads a clock: what depends on the
present takes `now`. The id is the secret that the peer presents; only its SHA-256 is kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeGuard

from horarium.identity import record as kept
from horarium.identity.cookie import (
    SERVICE_COOKIE,
    UNLIMITED_SECONDS,
    Cookie,
    cookie_name,
    is_value,
)
from horarium.identity.ports import Secrets
from horarium.identity.record import Kind, SessionRecord
from horarium.identity.written import SECRET_OCTETS, base64url, digest_of, one_line
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant, instant

LONGEST_NAME = LONGEST_USER = LONGEST_RID = 256
LONGEST_PATH = 1024
# 100 years: more is a mistake in a unit.
LONGEST_AGE = 3_153_600_000


class State(StrEnum):
    """How far the life of a session has come."""

    OPEN = "open"
    EXPIRED = "expired"
    CLOSED = "closed"


class SessionConflict(Conflict):
    """The wish does not fit the state of the session; `code` is `id_unknown`, `session_closed` or
    `session_expired`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def is_session(x: object) -> TypeGuard[Session]:
    """Whether `x` is a session (seed 003: session-p)."""
    return isinstance(x, Session)


class Session:
    """A name, a user, an id and a bounded life.

    `max_age` is seconds from creation, None for unlimited, 0 for closed from the start. The id is
    the one given or 32 octets of `secrets` in base64url. `idle_limit` is how many seconds of
    silence end it, None for any number; it belongs to the service and not to the record.
    Raises InvalidInput for a value out of its limits. A setter that fails changes nothing.
    """

    __slots__ = (
        "_closed", "_cookie_name", "_creation", "_csrf_secret", "_digest", "_id", "_kind",
        "_last_seen", "_max_age", "_modification", "_name", "_path", "_reason", "_rid", "_user",
        "idle_limit",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, name: str, user: str = "", max_age: int | None = None, *, now: Instant,
        id: str | None = None, secrets: Secrets | None = None, kind: Kind = Kind.VISITOR,
        idle_limit: int | None = None,
    ) -> None:  # fmt: skip
        self._name = one_line(name, "name", LONGEST_NAME, 1)
        self._user = one_line(user, "user", LONGEST_USER)
        self._max_age = _age(max_age)
        self._creation = self._modification = self._last_seen = instant(now)
        if id is None and secrets is None:
            raise InvalidInput("session: it needs an id, or secrets to make one from", part="id")
        self._id: str | None = _id(id) if id is not None else fresh_id(secrets)
        self._digest = digest_of(self._id)
        self._csrf_secret = secrets.random(SECRET_OCTETS) if secrets is not None else b""
        self._rid = self._path = self._cookie_name = ""
        self._closed = max_age == 0
        self._reason = "made closed" if self._closed else ""
        self._kind = Kind(kind)
        self.idle_limit = idle_limit

    def __eq__(self, other: object) -> bool:
        """Two sessions are equal when everything but the id, which one of them may not hold, is."""
        return isinstance(other, Session) and self.to_record() == other.to_record()

    def __repr__(self) -> str:
        return f"<session {self.id8} of {self._name!r}>"

    # --- plain fields ----------------------------------------------------

    def get_name(self) -> str:
        """The name; it never changes, and several sessions may share it."""
        return self._name

    def get_user(self) -> str:
        """The user name, "" for none."""
        return self._user

    def set_user(self, user: str, *, now: Instant) -> None:
        """Sets the user name. SessionConflict when the session is not open."""
        one_line(user, "user", LONGEST_USER)
        self._require_open(now)
        self._user = user
        self._modification = now

    def get_session_rid(self) -> str:
        """The registration id: a label from an outside register, without a meaning here."""
        return self._rid

    def set_session_rid(self, rid: str, *, now: Instant) -> None:
        """Sets the registration id, in any state."""
        self._rid = one_line(rid, "rid", LONGEST_RID)
        self._modification = now

    def get_path(self) -> str:
        """The file that an export of this session writes."""
        return self._path

    def set_path(self, path: str, *, now: Instant) -> None:
        """Names the file that an export writes, in any state; opens nothing."""
        self._path = one_line(path, "path", LONGEST_PATH)
        self._modification = now

    def get_creation_time(self) -> Instant:
        """When it was made."""
        return self._creation

    def get_modification_time(self) -> Instant:
        """When a setter, `get_cookie` or `close` last did something."""
        return self._modification

    @property
    def kind(self) -> Kind:
        """What it is for."""
        return self._kind

    @property
    def reason(self) -> str:
        """Why it was closed, "" while it is not."""
        return self._reason

    @property
    def csrf_secret(self) -> bytes:
        """What the tokens of its forms are made from; empty when it was made without secrets."""
        return self._csrf_secret

    # --- id and digest ---------------------------------------------------

    def get_hash_id(self) -> str:
        """The id that the peer presents. SessionConflict `id_unknown` when this object was read
        from the store without it, where only the digest is."""
        if self._id is None:
            raise SessionConflict("id_unknown", f"session {self.id8} was read without its id")
        return self._id

    def set_hash_id(self, id: str, *, now: Instant) -> None:
        """Sets the id: 1 to 256 characters that a cookie may hold (RFC 6265). SessionConflict when
        the session is not open."""
        _id(id)
        self._require_open(now)
        self._id, self._digest = id, digest_of(id)
        self._modification = now

    @property
    def holds_id(self) -> bool:
        """Whether `get_hash_id` can answer."""
        return self._id is not None

    @property
    def digest(self) -> str:
        """SHA-256 of the id, 64 hexadecimal digits."""
        return self._digest

    @property
    def id8(self) -> str:
        """The first 8 digits of the digest: how people name a session."""
        return self._digest[:8]

    # --- life ------------------------------------------------------------

    def state(self, now: Instant) -> State:
        """Open, expired or closed; it never comes back."""
        if self._closed:
            return State.CLOSED
        aged = self._max_age is not None and self._creation + self._max_age <= now
        silent = self.idle_limit is not None and now - self._last_seen >= self.idle_limit
        return State.EXPIRED if aged or silent else State.OPEN

    def is_expired(self, now: Instant) -> bool:
        """Whether it is not open any more: its age or silence has reached the limit (at that very
        second it has), or it is closed."""
        return self.state(now) is not State.OPEN

    def get_max_age(self) -> int | None:
        """Seconds of life from creation, None when unlimited, 0 when closed."""
        return self._max_age

    def set_max_age(self, seconds: int | None, *, now: Instant) -> None:
        """Sets the seconds of life, counted from creation; 0 closes, in every state, None makes it
        unlimited. SessionConflict when it is not open and not 0 was asked for."""
        _age(seconds)
        if seconds == 0:
            self._close(now, "maximum age 0")
            return
        self._require_open(now)
        self._max_age = seconds
        self._modification = now

    def renew(self, seconds: int, *, now: Instant) -> None:
        """Gives it exactly `seconds` (at least 1) from `now` on. SessionConflict when it is not
        open."""
        if _age(seconds) in (None, 0):
            raise InvalidInput("remaining time: expected at least 1 second", part="max_age")
        # A clock that was set back behind the creation must not shorten what was asked for.
        self.set_max_age(max(0, now - self._creation) + seconds, now=now)

    def get_expire_time(self) -> Instant | None:
        """When its age reaches the limit; None when unlimited, the creation when closed."""
        return None if self._max_age is None else Instant(self._creation + self._max_age)

    def set_expire_time(self, at: Instant, *, now: Instant) -> None:
        """Sets when it expires. At or before the creation it closes; between the creation and now
        it makes it expired. InvalidInput outside the years 1 to 9999, SessionConflict when it is
        not open."""
        seconds = max(0, instant(at) - self._creation)
        _age(seconds)
        self._require_open(now)
        self.set_max_age(seconds, now=now)

    def get_remaining_time(self, now: Instant) -> int | None:
        """Seconds until its age reaches the limit; None when unlimited, 0 when it is not open.
        Never more than its maximum age, wherever the clock stands."""
        if self.is_expired(now):
            return 0
        if self._max_age is None:
            return None
        return min(self._max_age, self._creation + self._max_age - now)

    @property
    def last_seen(self) -> Instant:
        """When its peer was last seen."""
        return self._last_seen

    def see(self, now: Instant) -> None:
        """Notes that its peer was seen. SessionConflict when it is not open."""
        self._require_open(now)
        self._last_seen = now

    @property
    def ends(self) -> Instant | None:
        """The instant from which it is not open if nobody comes; None for never, the last
        modification when it is closed."""
        if self._closed:
            return self._modification
        ends = []
        if self._max_age is not None:
            ends.append(self._creation + self._max_age)
        if self.idle_limit is not None:
            ends.append(self._last_seen + self.idle_limit)
        return Instant(min(ends)) if ends else None

    # --- cookies ---------------------------------------------------------

    def get_cookie(self, name: str, *, now: Instant, secure: bool = True) -> Cookie:
        """The cookie that carries the id for the remaining seconds, 400 days where these are
        unlimited. The name gets `__Host-` before it unless `secure` is False, and is remembered.
        InvalidInput for a name that is no token, SessionConflict when it is not open or does not
        hold its id."""
        full = cookie_name(name, secure=secure)
        self._require_open(now)
        remaining = self.get_remaining_time(now)
        age = UNLIMITED_SECONDS if remaining is None else remaining
        cookie = Cookie(full, self.get_hash_id(), age)
        self._cookie_name = full
        self._modification = now
        return cookie

    def close(
        self, name: str | None = None, *, now: Instant, secure: bool = True, reason: str = "closed"
    ) -> Cookie:
        """Ends the session for good and gives the cookie that ends it at the peer: of that name,
        else of the last `get_cookie`, else the service's; its value is the id if it is held.
        Closing again gives an equal cookie and changes nothing."""
        if name is not None:
            full = cookie_name(name, secure=secure)
        else:
            full = self._cookie_name or cookie_name(SERVICE_COOKIE, secure=secure)
        one_line(reason, "reason", LONGEST_NAME, 1)
        if not self._closed:
            self._close(now, reason)
            self._cookie_name = full
        return Cookie(full, self._id or "", 0)

    def _close(self, now: Instant, reason: str) -> None:
        if self._closed:
            return
        self._max_age, self._closed, self._reason = 0, True, reason
        self._modification = now

    def _require_open(self, now: Instant) -> None:
        state = self.state(now)
        if state is not State.OPEN:
            raise SessionConflict(f"session_{state}", f"session {self.id8} is {state}")

    # --- the record ------------------------------------------------------

    def to_record(self) -> SessionRecord:
        """All that is kept of it; the id is not."""
        return SessionRecord(
            kept.FORMAT, self._name, self._user, self._rid, self._digest, self._path, self._kind,
            self._creation, self._modification, self._last_seen, self._max_age, self._closed,
            self._reason, self._cookie_name, self._csrf_secret,
        )  # fmt: skip

    @classmethod
    def from_record(
        cls, record: SessionRecord, *, id: str | None = None, idle_limit: int | None = None
    ) -> Session:
        """The session of a record; with `id`, where its peer presented it. InvalidInput for an
        unknown format, a record that contradicts itself, or an id that is not its own."""
        kept.check_format(record)
        made = cls(
            record.name, record.user, record.max_age, now=record.creation, id=record.digest,
            kind=_kind(record.kind), idle_limit=idle_limit,
        )  # fmt: skip
        if record.closed != (record.max_age == 0):
            raise InvalidInput(
                f"session record {record.digest[:8]}: closed is not maximum age 0", part="closed"
            )
        if id is not None and digest_of(id) != record.digest:
            raise InvalidInput(f"session record {record.digest[:8]}: that is not its id", part="id")
        made._id, made._digest = id, record.digest
        made._rid = one_line(record.rid, "rid", LONGEST_RID)
        made._path = one_line(record.path, "path", LONGEST_PATH)
        made._modification = instant(record.modification)
        made._last_seen = instant(record.last_seen)
        made._closed, made._reason = record.closed, record.reason
        made._cookie_name, made._csrf_secret = record.cookie_name, record.csrf_secret
        return made


def fresh_id(secrets: Secrets | None) -> str:
    """A new id: 32 octets that nobody can foresee, in 43 characters, and nothing else."""
    assert secrets is not None
    return base64url(secrets.random(SECRET_OCTETS))


def _id(id: object) -> str:
    if not isinstance(id, str) or not is_value(id):
        # It may be a secret, so it is not repeated.
        raise InvalidInput(
            "session id: expected 1 to 256 characters that a cookie may hold", part="id"
        )
    return id


def _age(seconds: object) -> int | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise InvalidInput(
            f"maximum age: expected whole seconds or nothing, not {type(seconds).__name__}",
            part="max_age",
            value=str(seconds)[:80],
        )
    if not 0 <= seconds <= LONGEST_AGE:
        raise InvalidInput(
            f"maximum age: {str(seconds)[:80]} is not between 0 and {LONGEST_AGE} seconds",
            part="max_age",
            value=str(seconds)[:80],
        )
    return seconds


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise InvalidInput(
            f'session record: there is no kind "{kind[:80]}"', part="kind", value=kind[:80]
        ) from None
