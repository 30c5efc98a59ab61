"""What all tests share: the default run is the same every time; a larger one explores.

With HORARIUM_TEST_SCALE above 1 the generated cases are drawn anew in each run; a failing one
becomes an example of its test.
"""

import json
import os
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("exploring", derandomize=False)
settings.load_profile(
    "exploring" if int(os.environ.get("HORARIUM_TEST_SCALE", "1")) > 1 else "same"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the simulated worlds were made of, and which faults they were given."""
    total: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name == "simulated":
                total.update(json.loads(value))
    if total:
        worlds = total["worlds"]
        means = ", ".join(f"{total.pop(name) / worlds:.1f} {name}" for name in ("entries", "days"))
        faults = ", ".join(f"{name} {number}" for name, number in sorted(total.items()))
        terminalreporter.write_line(f"simulated: {worlds} worlds of {means}; {faults}")
