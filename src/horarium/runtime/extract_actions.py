"""What is done before and after an extraction, as far as the owner of the node allows it."""

from __future__ import annotations

import os
import pwd
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from horarium.distribution.ending import Told
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.realm import Action
from horarium.runtime.clock import Clock
from horarium.runtime.node_rules import NodeRules
from horarium.runtime.programs import SEARCH_PATH
from horarium.transport.process import Ended, Order, run_program
from horarium.transport.running import end_processes, running, start_detached

RUN_ID = "HORARIUM_RUN_ID"
KEPT_AT_EACH_END = 32_768
"""Octets of an action's output that are kept, at its beginning and at its end."""

MOST_SECONDS = 86_400
_SERVICE = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@.:-]{0,127}")


class ActionFailed(Exception):
    """An action did not end well."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.trouble)
        self.told = told


@dataclass(frozen=True, slots=True)
class Actions:
    """Runs the actions of one try at one version. They block; ``stop`` ends what runs."""

    rules: NodeRules
    clock: Clock
    environment: Mapping[str, str]
    stop: threading.Event

    def check(self, actions: Sequence[Action]) -> None:
        """ExtractionFailed with ``actions_refused`` when one of them would not be run."""
        if not actions:
            return
        if not self.rules.allow_actions:
            raise _refused("this node runs no actions")
        if os.geteuid() == 0 and not self.rules.actions_user:
            raise _refused("actions_user is not set, and nothing is run as root")
        if self._account is not None and self._account.pw_uid == 0:
            raise _refused("actions_user is root")
        for action in actions:
            if action.kind.endswith("-service"):
                self._service(action)
            elif not action.argv:
                raise _refused(f"a {action.kind} names no program")

    def run(self, action: Action) -> Told:
        """Does one action to its end. ActionFailed when it did not end well."""
        match action.kind:
            case "start-service" | "stop-service":
                told = self._on_service(action)
            case "start-process":
                told = self._start(action)
            case "stop-process":
                told = self._end(action)
            case _:
                told = self._program(action.argv, action.timeout)
        if told.trouble:
            raise ActionFailed(told)
        return told

    def _program(self, argv: tuple[str, ...], timeout: int) -> Told:
        ended = self._ended(argv, timeout)
        return Told(argv, _trouble(ended), ended.output)

    def _ended(self, argv: tuple[str, ...], timeout: int) -> Ended:
        order = Order(
            argv,
            Path("/"),
            self._surroundings(),
            min(timeout, MOST_SECONDS),
            RUN_ID,
            user=self.rules.actions_user if os.geteuid() == 0 else "",
            kept=KEPT_AT_EACH_END,
        )
        return run_program(order, self.clock.monotonic, self.stop)

    def _surroundings(self) -> dict[str, str]:
        home = self._account.pw_dir if self._account is not None else "/"
        return {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": home, **self.environment}

    @property
    def _account(self) -> pwd.struct_passwd | None:
        """Who actions run as, None for whoever runs this process."""
        if os.geteuid() != 0 or not self.rules.actions_user:
            return None
        try:
            return pwd.getpwnam(self.rules.actions_user)
        except KeyError:
            raise _refused(f"there is no account {self.rules.actions_user}") from None

    # --- services ----------------------------------------------------------

    def _service(self, action: Action) -> str:
        name = action.argv[0] if len(action.argv) == 1 else ""
        if not self.rules.service_command:
            raise _refused("this node starts and stops no services")
        if _SERVICE.fullmatch(name) is None:
            raise _refused(f"{' '.join(action.argv)[:80]!r} is no name of a service")
        return name

    def _on_service(self, action: Action) -> Told:
        verb, name = action.kind.partition("-")[0], self._service(action)
        command = self.rules.service_command
        if action.strict:
            active = self._ended((*command, "is-active", name), action.timeout).succeeded
            if active is (verb == "start"):
                why = "runs already" if active else "does not run"
                return Told((*command, verb, name), why, b"")
        return self._program((*command, verb, name), action.timeout)

    # --- processes ---------------------------------------------------------

    @property
    def _user(self) -> int:
        return os.geteuid() if self._account is None else self._account.pw_uid

    def _start(self, action: Action) -> Told:
        if running(action.argv, self._user):
            return Told(action.argv, "runs already" if action.strict else "", b"")
        user = self.rules.actions_user if os.geteuid() == 0 else ""
        order = Order(action.argv, Path("/"), self._surroundings(), 0, user=user)
        return Told(action.argv, start_detached(order), b"")

    def _end(self, action: Action) -> Told:
        found = running(action.argv, self._user)
        if not found:
            return Told(action.argv, "does not run" if action.strict else "", b"")
        left = end_processes(found, self.clock.monotonic, action.timeout)
        return Told(action.argv, "did not end" if left else "", b"")


def _refused(why: str) -> ExtractionFailed:
    return ExtractionFailed(Trouble.ACTIONS_REFUSED, "", why)


def _trouble(ended: Ended) -> str:
    if ended.trouble:
        return ended.trouble
    if ended.signal is not None:
        return f"ended by signal {ended.signal}"
    return "" if ended.status == 0 else f"status {ended.status}"
