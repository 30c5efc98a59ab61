"""What the owner of a node allows an extraction: nothing that comes from outside can widen it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from horarium.distribution.failing import RETRIES
from horarium.distribution.targets import default_roots
from horarium.distribution.variables import Variables

FREE_SPACE = 1 << 30
"""A gibibyte stays free: a full disk stops more than distribution."""


@dataclass(frozen=True, slots=True)
class NodeRules:
    """The node's own configuration, and the facts of its machine.

    ``allowed_roots`` None stands for the absolute paths among ``variables``. ``actions_user`` is
    who runs actions when this process is root; without one none are run. ``service_command`` is
    the program that takes ``start NAME``, ``stop NAME`` and ``is-active NAME``; empty refuses
    actions on services. ``foreign_delete`` are absolute paths that may be removed, with what lies
    below them, though nobody installed them. ``extract_rate`` is octets a second, None without
    limit; ``free_space`` octets that stay free. ``policies`` is the folder of policy documents,
    ``enforce`` the program that sees to it that they hold, with ``{folder}`` among its words; empty
    for none.
    """

    name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    allowed_roots: tuple[str, ...] | None = None
    policies: Path | None = None
    allow_actions: bool = False
    actions_user: str = ""
    service_command: tuple[str, ...] = ()
    enforce: tuple[str, ...] = ()
    foreign_delete: tuple[str, ...] = ()
    env_allow: tuple[str, ...] = ()
    free_space: int = FREE_SPACE
    extract_rate: int | None = None
    extract_retries: int = RETRIES
    hostname: str = ""
    system: str = ""
    machine: str = ""

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders that extraction may touch."""
        if self.allowed_roots is not None:
            return self.allowed_roots
        return default_roots(tuple(self.variables.values()))

    def may_delete(self, place: str) -> bool:
        """Whether a path that nobody installed may be removed."""
        path = PurePosixPath(place)
        return any(path.is_relative_to(allowed) for allowed in self.foreign_delete)

    def all_variables(
        self,
        distribution: str,
        version: int,
        *,
        subscriber: Mapping[str, str],
        policy: Mapping[str, str],
        environ: Mapping[str, str],
    ) -> Variables:
        """The variables that a target of one version is expanded with."""
        predefined = {
            "DISTRIBUTION": distribution,
            "VERSION": str(version),
            "SUBSCRIBER": self.name,
            "HOSTNAME": self.hostname,
            "OS": self.system,
            "ARCH": self.machine,
        }
        allowed = {name: environ[name] for name in self.env_allow if name in environ}
        return Variables(self.variables, subscriber, policy, predefined, allowed)
