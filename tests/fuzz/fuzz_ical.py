"""Coverage-guided fuzzing of the parsers with atheris, where it is installed.

    python tests/fuzz/fuzz_ical.py calendar tests/fuzz/corpus/calendar -max_total_time=600

The first argument names the target: calendar, mail or address. A crash file that libFuzzer
leaves behind belongs into the corpus, beside a named test.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["horarium"]):
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.ical_targets import TARGETS


def main() -> None:
    """Fuzzes the target named first until libFuzzer's arguments say stop."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
