"""The repository of the realm in effect: the objects of distribution as the last refresh read them,
and definitions as builds read them since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from horarium.store.engine import Session
from horarium.store.rows import text

Bodies = dict[tuple[str, str], dict[str, Any]]
"""Objects by kind and name: the written value of each key."""


@dataclass(frozen=True, slots=True)
class InEffectRepository:
    """The objects in effect of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def all(self) -> Bodies:
        """Every object; nothing before the first refresh."""
        rows = self.session.rows("realm_in_effect", {"tenant": self.tenant})
        return {(text(kind), text(name)): json.loads(text(body)) for kind, name, body in rows}

    def some(self) -> bool:
        """Whether there was a refresh."""
        return self.session.row("realm_is_in_effect", {"tenant": self.tenant}) is not None

    def has(self, kind: str, name: str) -> bool:
        """Whether an object is in effect."""
        values = {"tenant": self.tenant, "kind": kind, "name": name}
        return self.session.row("is_in_effect", values) is not None

    def put(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Puts one object into effect."""
        values = {"tenant": self.tenant, "kind": kind, "name": name, "body": json.dumps(body)}
        self.session.run("put_in_effect", values)

    def replace(self, bodies: Bodies) -> None:
        """Puts these objects into effect, and no others."""
        before = self.all()
        for (kind, name), body in bodies.items():
            if before.get((kind, name)) != body:
                self.put(kind, name, body)
        gone = [{"tenant": self.tenant, "kind": kind, "name": name}
                for kind, name in before.keys() - bodies.keys()]  # fmt: skip
        self.session.run_many("drop_from_effect", gone)
