"""The repository of calendar users: who is declared, with which preferences and groups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.quotas import QuotaRepository
from horarium.store.rows import number, text

DEFAULTS = "defaults:resource"
PERSON_DEFAULTS = "defaults:person"
VERSION_KEY = "directory_version"


@dataclass(frozen=True, slots=True)
class CalendarUser:
    """A declared calendar user; `id` is its number in this store."""

    id: int
    uri: str
    kind: str
    declared_in: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One preference as kept: the `value` in force and the value the object file `applied`.

    Both are JSON texts, None for "not set"; they differ after a command's change (drift).
    """

    owner: str
    name: str
    value: str | None
    applied: str | None
    place: str

    @property
    def read(self) -> Any:
        """The value as it was written."""
        return None if self.value is None else json.loads(self.value)

    @property
    def drifts(self) -> bool:
        """Whether a command changed what a file had set."""
        return bool(self.place) and self.value != self.applied


@dataclass(frozen=True, slots=True)
class DirectoryRepository:
    """Calendar users, preferences and address groups of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def version(self) -> int:
        """A number that rises with every change of anything kept here."""
        row = self.session.row("meta_value", {"key": VERSION_KEY})
        return int(text(row[0])) if row else 0

    def raise_version(self) -> None:
        """Says that something changed; running processes then read anew."""
        self.session.run("set_meta", {"key": VERSION_KEY, "value": str(self.version() + 1)})

    def users(self) -> list[CalendarUser]:
        """All calendar users in the order of their URIs."""
        rows = self.session.rows("calendar_users", {"tenant": self.tenant})
        return [CalendarUser(number(i), text(u), text(k), text(d)) for i, u, k, d in rows]

    def declare(self, uri: str, kind: str, declared_in: str) -> None:
        """Makes a calendar user, or says where it is declared now."""
        values = {"tenant": self.tenant, "uri": uri, "kind": kind, "declared_in": declared_in}
        self.session.run("add_calendar_user", values)

    def remove(self, user: CalendarUser) -> None:
        """Removes a calendar user with all that it holds."""
        where = {"tenant": self.tenant, "resource": user.id}
        for query in (
            "forget_user_periods", "forget_user_bookings", "forget_user_objects",
            "forget_user_longest", "forget_user_decisions", "forget_user_held",
            "forget_user_requests", "forget_user_check_ins", "forget_user_kept",
            "forget_person_queue",
            "forget_person_attendance", "forget_person_offers", "forget_known_freebusy",
        ):  # fmt: skip
            self.session.run(query, where)
        QuotaRepository(self.session, self.tenant).forget(user.id)
        self.session.run("drop_preferences", {"tenant": self.tenant, "owner": user.uri})
        self.session.run("drop_calendar_user", {"tenant": self.tenant, "uri": user.uri})

    def future_bookings(self, user: CalendarUser, now: Instant) -> int:
        """How many reservations of `user` have not ended yet."""
        values = {"tenant": self.tenant, "resource": user.id, "now_s": now}
        row = self.session.row("future_bookings", values)
        return number(row[0]) if row else 0

    def settings(self) -> list[Setting]:
        """All preferences of all owners."""
        rows = self.session.rows("all_preferences", {"tenant": self.tenant})
        return [
            Setting(
                text(owner),
                text(name),
                None if value is None else text(value),
                None if applied is None else text(applied),
                text(place),
            )
            for owner, name, value, applied, place in rows
        ]

    def put(self, setting: Setting) -> None:
        """Keeps one preference."""
        values = {
            "tenant": self.tenant,
            "owner": setting.owner,
            "name": setting.name,
            "value": setting.value,
            "applied": setting.applied,
            "place": setting.place,
        }
        self.session.run("put_preference", values)

    def drop(self, setting: Setting) -> None:
        """Forgets one preference."""
        values = {"tenant": self.tenant, "owner": setting.owner, "name": setting.name}
        self.session.run("drop_preference", values)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The address groups and their members in order."""
        found: dict[str, tuple[str, ...]] = {}
        for name, member in self.session.rows("group_members", {"tenant": self.tenant}):
            found[text(name)] = (*found.get(text(name), ()), text(member))
        return found

    def put_group(self, name: str, members: tuple[str, ...]) -> None:
        """Makes a group consist of `members`; without members it is gone."""
        self.session.run("drop_group", {"tenant": self.tenant, "name": name})
        self.session.run_many(
            "add_group_member",
            [
                {"tenant": self.tenant, "name": name, "position": i, "member": member}
                for i, member in enumerate(members)
            ],
        )

    def audit(
        self, now: Instant, actor: str, action: str, subject: str, before: object, after: object
    ) -> None:
        """Writes who changed what, with the images before and after."""
        values = {
            "tenant": self.tenant,
            "at_s": now,
            "actor": actor,
            "action": action,
            "subject": subject,
            "before": None if before is None else json.dumps(before, ensure_ascii=False),
            "after": None if after is None else json.dumps(after, ensure_ascii=False),
        }
        self.session.run("add_audit", values)
