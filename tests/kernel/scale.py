"""How many random cases a test tries: a bigger run multiplies them."""

import os

SCALE = float(os.environ.get("HORARIUM_TEST_SCALE", "1"))


def cases(usual: int) -> int:
    """Give the number of cases of this run."""
    return max(int(usual * SCALE), 1)
