"""What a command prints: one JSON document or text for people, and errors in one sentence."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence

from horarium.cli.exits import Exit, classify
from horarium.cli.options import Options
from horarium.runtime.faults import Faults

Document = Mapping[str, object] | Sequence[object]

# Marks that turn the direction of text; in a terminal they can make it say something else.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str) -> str:
    """``text`` without what could command a terminal or turn its direction; line ends and tabs
    stay."""
    return "".join(
        char
        if char in "\n\t" or (char.isprintable() and char not in _BIDI)
        else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def emit(options: Options, document: Document, text: str | Callable[[], str]) -> None:
    """Print the answer: ``document`` in JSON mode, else ``text``."""
    if options.json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        said = text if isinstance(text, str) else text()
        if said:
            print(safe(said))


def say(options: Options, text: str) -> None:
    """Print a notice for people to standard error, unless they asked for quiet or JSON."""
    if not options.quiet and not options.json:
        print(safe(text), file=sys.stderr)


def report(options: Options, error: BaseException) -> Exit:
    """Say what went wrong and return the status in which the program ends."""
    status, kind = classify(error)
    if options.json:
        print(json.dumps({"error": _document(error, kind)}, ensure_ascii=False))
    if isinstance(error, Faults):
        for fault in error.faults:
            print(safe(str(fault)), file=sys.stderr)
    else:
        print(f"horarium: {safe(_sentence(error))}", file=sys.stderr)
    return status


def _document(error: BaseException, kind: str) -> dict[str, object]:
    found: dict[str, object] = {
        "kind": kind,
        "message": _sentence(error),
        "file": getattr(error, "filename", None),
        "line": None,
    }
    if isinstance(error, Faults):
        first = error.faults[0]
        found |= {"message": first.message, "file": first.file, "line": first.line or None}
        found["errors"] = [
            {
                "file": fault.file,
                "line": fault.line or None,
                "column": fault.column or None,
                "path": fault.path or None,
                "message": fault.message,
            }
            for fault in error.faults
        ]
    return found


def _sentence(error: BaseException) -> str:
    """The error as one lower-case sentence."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return place + error.strerror.lower()
    format_message = getattr(error, "format_message", None)
    text = str(format_message() if format_message else error) or type(error).__name__
    text = " ".join(text.split()).removesuffix(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
