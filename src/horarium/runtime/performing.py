"""Performs what a task has begun: programs, flag files, the daily pass (seed 004).

No word of a control file is read by a shell unless a setting of the site says so, and a program
learns of the site only what stands in its few variables.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from horarium.directives.controlfile import split_words
from horarium.directives.entry import UPKEEP_TASK, Execute, KeepUp, SetFlag
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import format_instant
from horarium.runtime.clock import Clock
from horarium.runtime.programs import SEARCH_PATH, find_program
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.site import Site
from horarium.runtime.task import Begun
from horarium.runtime.upkeep import run_upkeep
from horarium.store.firings import Firing, Settled
from horarium.store.store import Store
from horarium.transport.process import Ended, Order, run_program, wait_for_leftover

RUN_ID = "HORARIUM_RUN_ID"
SHELL = "/bin/sh"
_BEFORE_SHELL_TEXT = re.compile(r"[^!\"]*!")


class Performer:
    """Performs the runs of one site; its methods block and are called in threads."""

    def __init__(self, site: Site, settings: Settings, clock: Clock, store: Store) -> None:
        self._site = site
        self.settings = settings
        self._clock = clock
        self._store = store

    def perform(self, begun: Begun, stop: threading.Event) -> Settled:
        """Does what a run is for; `stop` ends it early. How it ended, in words too."""
        try:
            match begun.entry.action:
                case Execute() as what:
                    return self._execute(begun, what, stop)
                case SetFlag(file):
                    return self._set_flag(file)
                case KeepUp():
                    return self._keep_up()
                case action:
                    raise AssertionError(f"{action} is done inside the store")
        except (HorariumError, OSError) as error:
            return Settled("failed", str(error))

    def wait_for(self, left: Firing, timeout: float, stop: threading.Event) -> bool:
        """Waits for the program of a run that an earlier daemon left; whether there was one."""
        return wait_for_leftover(
            RUN_ID, self._run_id(left.id), self._clock.monotonic, timeout, stop
        )

    def _run_id(self, firing: int) -> str:
        """The name of a run, different on every site of a machine."""
        root = str(self._site.root.resolve())
        return f"{sha256(root.encode()).hexdigest()[:8]}-{firing}"

    # --- programs ----------------------------------------------------------

    def _execute(self, begun: Begun, what: Execute, stop: threading.Event) -> Settled:
        argv = self._argv(begun, what)
        if isinstance(argv, str):
            return Settled("failed", argv)
        order = Order(argv, self._folder, self._environment(begun), what.timeout, mark=RUN_ID)
        return settled_from(run_program(order, self._clock.monotonic, stop))

    def _argv(self, begun: Begun, what: Execute) -> tuple[str, ...] | str:
        """The argument vector of a run, or why there is none."""
        if what.shell and self._shell_allowed:
            return (SHELL, "-c", as_written(begun.entry.text, what.argv))
        place = find_program(what.argv[0], self.settings.directives.programs, self._base)
        if isinstance(place, str):
            return place
        return (str(place), *what.argv[1:])

    @property
    def _shell_allowed(self) -> bool:
        """Only who rules the machine can let a control file reach a shell."""
        if self.settings.directives.exec_shell != "bang":
            return False
        return self._site.settings_file.stat().st_uid == 0

    @property
    def _base(self) -> Path:
        """Where names of programs and flag files of a control file start."""
        return self._site.root

    @property
    def _folder(self) -> Path:
        folder = self.settings.directives.folder
        return self._site.path(folder) if folder is not None else self._base

    def _environment(self, begun: Begun) -> Mapping[str, str]:
        directives = self.settings.directives
        return {
            "PATH": SEARCH_PATH,
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "TZ": directives.zone or self.settings.zone,
            **directives.environment,
            RUN_ID: self._run_id(begun.firing),
            "HORARIUM_ENTRY": begun.entry.key,
            "HORARIUM_DUE": format_instant(begun.due),
            "HORARIUM_TASK": str(begun.entry.task) if begun.entry.task != UPKEEP_TASK else "",
        }

    # --- the rest ----------------------------------------------------------

    def _set_flag(self, file: str) -> Settled:
        """Creates a flag file of its own, never through a link; one that is there is done."""
        folder = self._site.path(self.settings.directives.flags)
        place = folder / file.lstrip("/")
        if ".." in Path(file).parts or not place.parent.resolve().is_relative_to(folder.resolve()):
            return Settled("failed", f"{file} leads out of {folder}")
        place.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            os.close(os.open(place, flags, 0o644))
        except FileExistsError:
            if not stat.S_ISREG(place.lstat().st_mode):
                return Settled("failed", f"{place} is there and is no file")
            return Settled("finished", "it was there")
        return Settled("finished")

    def _keep_up(self) -> Settled:
        report = run_upkeep(
            self._store,
            self.settings,
            self._clock.now(),
            Publisher(self._store, self._site.freebusy),
            self._site.root,
        )
        if report.failures:
            return Settled("failed", "; ".join(report.failures), detail=report.detail)
        return Settled("finished", detail=report.detail)


def as_written(text: str, argv: Sequence[str]) -> str:
    """What stands after `!` in a line, letter by letter, up to the last word of the command; the
    words, each quoted, where that can not be told."""
    before = _BEFORE_SHELL_TEXT.match(text)
    if before is None:
        return shlex.join(argv)
    rest = text[before.end() :]
    *_, last = split_words(rest)[: len(argv)]
    return rest[: last.column - 1 + len(last.text) + 2 * last.quoted].strip()


def settled_from(ended: Ended) -> Settled:
    """What the ledger keeps of how a program ended."""
    detail = f"cpu {ended.cpu_seconds:.2f} s"
    if ended.succeeded:
        reason = ""
    elif ended.trouble:
        reason = ended.trouble
    elif ended.signal is not None:
        reason = f"signal {ended.signal}"
    else:
        reason = f"status {ended.status}"
    state = "finished" if ended.succeeded else "failed"
    return Settled(state, reason, ended.status, detail, ended.output, ended.octets)
