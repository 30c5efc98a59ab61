"""What an import or export found, as it is printed."""

from collections.abc import Sequence

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation
from horarium.runtime.imip_agent_source import Finding, Weight


def tell(invocation: Invocation, found: Sequence[Finding], done: str, **facts: object) -> Exit:
    """Prints `found` by its weight, what was `done` first, beside other `facts` in JSON; the status
    in which the command ends: 1 when something was skipped."""
    of = {weight: [item for item in found if item.weight is weight] for weight in Weight}
    words = {Weight.TAKEN: done, Weight.DIFFERENCE: "difference", Weight.FAULT: "fault"}
    keys = {Weight.TAKEN: done.split()[0], Weight.DIFFERENCE: "differences"}
    document = {keys.get(w, "problems"): [_document(item) for item in of[w]] for w in Weight}
    lines = [f"{words[weight]}: {item}" for weight, items in of.items() for item in items]
    counts = ", ".join(_count(words[weight], len(items)) for weight, items in of.items())
    invocation.emit({**facts, **document}, "\n".join([*lines, counts]))
    return Exit.NO if of[Weight.FAULT] else Exit.OK


def _document(item: Finding) -> dict[str, str]:
    return {"place": item.place, "message": item.message}


def _count(word: str, number: int) -> str:
    plural = "s" if word in ("difference", "fault") and number != 1 else ""
    return f"{number} {word}{plural}"
