"""What all tests share: the default run is the same every time; a larger one explores.

With HORARIUM_TEST_SCALE above 1 the generated cases are drawn anew in each run; a failing one
becomes an example of its test.
"""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("exploring", derandomize=False)
settings.load_profile(
    "exploring" if int(os.environ.get("HORARIUM_TEST_SCALE", "1")) > 1 else "same"
)
