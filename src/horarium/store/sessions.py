"""The repository of sessions: found by the digest of their id, which alone is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from horarium.identity.account import Account
from horarium.identity.ports import KeptSession
from horarium.identity.record import FORMAT, Kind, SessionRecord
from horarium.identity.session import Session as Signed
from horarium.identity.session import State
from horarium.identity.written import SECRET_LENGTH, SECRET_OCTETS, digest_of
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.store.accounts import read_account
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, number, octets, text

# Sessions read at once when all are looked through, and dropped in one transaction.
PIECE = 1_000
# What has ended is kept for as long: "when was I signed out, and by whom?"
KEPT_SECONDS = 7 * 86_400
_SESSION_COLUMNS = 19

Idle = Mapping[Kind, int | None]


@dataclass(frozen=True, slots=True)
class SessionRepository:
    """The sessions of one tenant, inside one transaction. `idle` is the idle limit of each kind."""

    session: Session
    tenant: str
    idle: Idle = field(default_factory=dict)

    def add(self, session: Signed, *, source: str = "", browser: str = "") -> None:
        """Keeps a new one. Conflict when its digest is there, InvalidInput for an id or a secret
        that is too short to be safe."""
        if session.holds_id and len(session.get_hash_id()) < SECRET_LENGTH:
            raise InvalidInput(
                f"session id: stored ones have at least {SECRET_LENGTH} characters", part="id"
            )
        if len(session.csrf_secret) < SECRET_OCTETS:
            raise InvalidInput(
                "session: stored ones have a secret for their forms", part="csrf_secret"
            )
        values = self._values(session) | {"source": source, "browser": browser}
        if not self.session.run("add_session", values):
            raise Conflict(f"there is a session {session.id8} of that id")

    def get(self, id_: str) -> KeptSession:
        """The session of that id, which it then holds. NotFound; InvalidInput for a record of
        another format."""
        row = self.session.row("session_of_digest", self._where(digest_of(id_)))
        if row is None:
            raise NotFound("there is no session of that id")
        return self._read(row, id_)

    def of_digest(self, digest: str) -> KeptSession:
        """The session of that digest, without its id. NotFound."""
        row = self.session.row("session_of_digest", self._where(digest))
        if row is None:
            raise NotFound(f"there is no session {digest[:8]}")
        return self._read(row)

    def with_account(self, id_: str) -> tuple[KeptSession, Account | None] | None:
        """The session of that id and the account of its user, in one statement; None when there is
        none."""
        row = self.session.row("session_with_account", self._where(digest_of(id_)))
        if row is None:
            return None
        mine, theirs = row[:_SESSION_COLUMNS], row[_SESSION_COLUMNS:]
        account = None if theirs[0] is None else read_account(theirs)
        return self._read(mine, id_), account

    def exists(self, id_: str) -> bool:
        """Whether there is one of that id."""
        return self.session.row("session_of_digest", self._where(digest_of(id_))) is not None

    def named(self, id8: str) -> KeptSession:
        """The session that people call by the first digits of its digest. NotFound; InvalidInput
        when it is no such name; Conflict when two begin like that."""
        if not 8 <= len(id8) <= 64 or not set(id8) <= set("0123456789abcdef"):
            raise InvalidInput(
                "session: expected the first 8 hexadecimal digits", part="id", value=id8[:80]
            )
        values = {"tenant": self.tenant, "low": id8, "high": id8 + "g"}
        rows = self.session.rows("sessions_beginning", values)
        if not rows:
            raise NotFound(f"there is no session {id8}")
        if len(rows) > 1:
            raise Conflict(f"more than one session begins with {id8}; give more digits")
        return self._read(rows[0])

    def count(self, now: Instant) -> dict[Kind, dict[State, int]]:
        """How many of each kind are open, expired and closed."""
        found: dict[Kind, dict[State, int]] = {}
        values = {"tenant": self.tenant, "now_s": now}
        for kind, closed, ended, many in self.session.rows("session_counts", values):
            state = State.CLOSED if closed else State.EXPIRED if ended else State.OPEN
            found.setdefault(Kind(text(kind)), {})[state] = number(many)
        return found

    def all(self, users: Collection[str] | None = None) -> Iterator[KeptSession]:
        """All sessions, or those of some users, in the order in which they were made. Records of
        another format are left out: `unreadable` names them."""
        if users is not None:
            for user in sorted(users):
                rows = self.session.rows("sessions_of_user", self._user(user))
                yield from (self._read(row) for row in rows if row[1] == FORMAT)
            return
        for row in self._rows():
            if row[1] == FORMAT:
                yield self._read(row)

    def unreadable(self) -> list[str]:
        """The first 8 digits of the digests of records in a format that is not known."""
        return [text(row[5])[:8] for row in self._rows() if row[1] != FORMAT]

    def open_of(self, user: str, now: Instant) -> list[KeptSession]:
        """The open sessions of a user, the longest unseen first."""
        rows = self.session.rows("open_sessions_of_user", self._user(user) | {"now_s": now})
        found = [self._read(row) for row in rows if row[1] == FORMAT]
        return [kept for kept in found if not kept.session.is_expired(now)]

    def visitors_from(self, source: str, since: Instant) -> int:
        """How many visitors' sessions of a source were made since then and not closed."""
        values = {"tenant": self.tenant, "source": source, "since_s": since}
        row = self.session.row("visitors_of_source", values)
        return number(row[0]) if row else 0

    def save(self, kept: KeptSession) -> None:
        """Keeps what changed. Conflict when another changed it since it was read; an id that
        changed moves along, and the old one stops answering."""
        session = kept.session
        if session.holds_id and len(session.get_hash_id()) < SECRET_LENGTH:
            raise InvalidInput(
                f"session id: stored ones have at least {SECRET_LENGTH} characters", part="id"
            )
        values = self._values(session) | {"number": kept.number, "revision": kept.revision}
        for unchanging in ("name", "creation_s"):
            del values[unchanging]
        if not self.session.run("save_session", values):
            raise Conflict(f"session {session.id8} was changed by another")

    def see(self, session: Signed) -> None:
        """Keeps when its peer was last seen, unless it was closed meanwhile."""
        values = {"now_s": session.last_seen, "ends_s": session.ends}
        self.session.run("see_session", self._where(session.digest) | values)

    def close_of(self, user: str, now: Instant, reason: str, keep: str = "") -> int:
        """Closes all sessions of a user but the one of the digest `keep`, and its links;
        how many sessions were open."""
        values = self._user(user) | {"now_s": now, "reason": reason, "keep": keep}
        closed = self.session.run("close_open_sessions_of_user", values)
        self.session.run("close_ended_sessions_of_user", values)
        return closed

    def close_all(self, now: Instant, reason: str, keep: str = "") -> int:
        """Closes every session but the one of the digest `keep`, and every link; how many
        sessions were open."""
        values = {"tenant": self.tenant, "now_s": now, "reason": reason, "keep": keep}
        closed = self.session.run("close_open_sessions", values)
        self.session.run("close_ended_sessions", values)
        return closed

    def remove(self, id_: str) -> None:
        """Forgets one. NotFound."""
        if not self.session.run("drop_session", self._where(digest_of(id_))):
            raise NotFound("there is no session of that id")

    def resets_since(self, user: str, since: Instant) -> int:
        """How many links to set a password anew were made for a user since then."""
        row = self.session.row("resets_since", self._user(user) | {"since_s": since})
        return number(row[0]) if row else 0

    def sweep(self, now: Instant) -> int:
        """Drops at most PIECE sessions that ended 7 days ago or earlier; how many went."""
        values = {"before_s": now - KEPT_SECONDS, "many": PIECE}
        return self.session.run("sweep_sessions", values)

    def _rows(self) -> Iterator[Row]:
        after = 0
        while True:
            values = {"tenant": self.tenant, "after": after, "many": PIECE}
            rows = self.session.rows("sessions_after", values)
            yield from rows
            if len(rows) < PIECE:
                return
            after = number(rows[-1][0])

    def _read(self, row: Row, id_: str | None = None) -> KeptSession:
        _, form, name, user, rid, digest, path, kind, made, changed, seen = row[:11]
        age, closed, reason, cookie, secret, source, browser, revision = row[11:]
        record = SessionRecord(
            number(form), text(name), text(user), text(rid), text(digest), text(path), text(kind),
            instant(made), instant(changed), instant(seen), None if age is None else number(age),
            bool(closed), text(reason), text(cookie), octets(secret),
        )  # fmt: skip
        limit = self.idle.get(Kind(record.kind)) if record.kind in list(Kind) else None
        session = Signed.from_record(record, id=id_, idle_limit=limit)
        return KeptSession(session, number(row[0]), number(revision), text(source), text(browser))

    def _values(self, session: Signed) -> dict[str, object]:
        r = session.to_record()
        return {
            "tenant": self.tenant, "format": r.format, "name": r.name, "user_name": r.user,
            "rid": r.rid, "digest": r.digest, "path": r.path, "kind": str(r.kind),
            "creation_s": r.creation, "modification_s": r.modification,
            "last_seen_s": r.last_seen, "max_age": r.max_age, "closed": int(r.closed),
            "reason": r.reason, "cookie_name": r.cookie_name, "csrf_secret": r.csrf_secret,
            "ends_s": session.ends,
        }  # fmt: skip

    def _where(self, digest: str) -> dict[str, object]:
        return {"tenant": self.tenant, "digest": digest}

    def _user(self, user: str) -> dict[str, object]:
        return {"tenant": self.tenant, "user_name": user}
