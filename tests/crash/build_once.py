"""One build of a fixed source in a process that may die: ``python -m tests.crash.build_once``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from horarium.distribution.realm import Distribution
from horarium.kernel.instant import instant
from horarium.runtime import crash
from horarium.runtime.building import Builder, Built, Order, Outcome, passed
from horarium.transport.content import ContentStore
from horarium.transport.notes import FileNotes


def build_once(folder: Path) -> tuple[ContentStore, Outcome]:
    """Builds ``folder/source`` into ``folder/store``, as version 1."""
    store = ContentStore(folder / "store", passed)
    builder = Builder(store, FileNotes(folder / "notes"))
    wanted = Distribution("docs", "hq", content={"source": str(folder / "source")})
    return store, builder.build(Order(wanted, 1, instant(1_800_000_000)))


if __name__ == "__main__":
    crash.arm(os.environ)
    _, outcome = build_once(Path(sys.argv[1]))
    sys.exit(0 if isinstance(outcome, Built) else 1)
