"""The program ``horarium``: finds the command and imports no more than it needs.

The per-message program ``horarium deliver`` starts once for each mail, so this module and what it
imports stay light; every other command goes through the click group in ``shell``.
"""

import importlib
import os
import sys

from horarium.cli.options import MissingValue, split_options

USAGE = 64
# Commands without click: their module has ``main(options, arguments) -> int``.
_LIGHT = ("deliver",)


def main(arguments: list[str] | None = None) -> int:
    """Run the command in ``arguments`` (else the program's own) and return its exit status."""
    try:
        options, rest = split_options(sys.argv[1:] if arguments is None else arguments)
    except MissingValue as error:
        if "--json" in (sys.argv if arguments is None else arguments):
            import json

            usage = {"kind": "usage", "message": str(error), "file": None, "line": None}
            print(json.dumps({"error": usage}))
        print(f"horarium: {error}", file=sys.stderr)
        return USAGE
    if options.testing and not _arm():
        return USAGE
    if rest and rest[0] in _LIGHT and "--help" not in rest:
        status: int = importlib.import_module(f"horarium.cli.{rest[0]}").main(options, rest[1:])
        return status
    from horarium.cli.shell import run

    return run(options, rest)


def _arm() -> bool:
    from horarium.kernel.errors import InvalidInput
    from horarium.runtime.crash import arm

    try:
        arm(os.environ)
    except InvalidInput as error:
        print(f"horarium: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
