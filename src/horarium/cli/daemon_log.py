"""What a daemon says while it works, on standard error."""

import logging
import sys


def log_to_stderr() -> None:
    """Writes events as one line each, with time and level."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="time=%(asctime)s level=%(levelname)s event=%(message)s",
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)
