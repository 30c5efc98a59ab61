"""A new store may be opened by any number of processes at once."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from horarium.kernel.errors import HorariumError
from horarium.store.embedded import EmbeddedEngine

PROCESSES, ROUNDS = 6, 25


def _open(folder: str, ready: Barrier, told: multiprocessing.Queue[str]) -> None:
    for number in range(ROUNDS):
        ready.wait()
        try:
            engine = EmbeddedEngine(Path(folder) / f"{number}.db")
            engine.migrate(1)
            told.put(str(engine.facts()["schema"]))
            engine.close()
        except HorariumError as error:
            told.put(str(error))


def test_processes_that_open_a_new_store_at_once_all_have_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(PROCESSES), context.Queue()
    openers = [
        context.Process(target=_open, args=(str(tmp_path), ready, told)) for _ in range(PROCESSES)
    ]
    for opener in openers:
        opener.start()
    found = [told.get(timeout=60) for _ in range(PROCESSES * ROUNDS)]
    for opener in openers:
        opener.join()
    schema = str(EmbeddedEngine(tmp_path / "0.db").facts()["schema"])
    assert set(found) == {schema}
