"""A failing world made as small as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pprint import pformat

from tests.simulation.script import Script

# Worlds lived to find a smaller one: half a minute.
MOST_TRIES = 300


def shrunk(script: Script, fails: Callable[[Script], bool]) -> Script:
    """A part of the script that fails too, of which nothing can be left out by itself."""
    left = MOST_TRIES
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in _without_one(script):
            left -= 1
            if left < 0:
                break
            if fails(candidate):
                script, smaller = candidate, True
                break
    return script


def _without_one(script: Script) -> Iterator[Script]:
    for i, op in enumerate(script.ops):
        if op.kind != "edit":
            yield replace(script, ops=(*script.ops[:i], *script.ops[i + 1 :]))
    if len(script.files) > 1:
        last = len(script.files) - 1
        kept = tuple(op for op in script.ops if (op.kind, op.length) != ("edit", last))
        yield replace(script, files=script.files[:-1], ops=kept)
    for name in script.declared:
        rest = {key: value for key, value in script.declared.items() if key != name}
        yield replace(script, declared=rest)
    for line in dict.fromkeys(line for file in script.files for line in file):
        files = tuple(tuple(kept for kept in file if kept != line) for file in script.files)
        yield replace(script, files=files)


def told(script: Script) -> str:
    """The history of a world for people."""
    lines = [f"seed {script.seed}, {script.zone}, from {script.start} for {script.length} s"]
    for number, file in enumerate(script.files):
        lines += [f"file {number}:", *(f"  {line}" for line in file)]
    lines += ["declared:", pformat(dict(script.declared)), "what befell it:"]
    lines += [f"  {op}" for op in script.ops]
    lines.append(f"lasting: {dict(script.lasting)}")
    return "\n".join(lines)
