"""Fixtures of the tests that run a real mail system."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mail.postfix import Postfix, running, why_not

StartPostfix = Callable[..., Postfix]


@pytest.fixture
def start_postfix() -> Iterator[StartPostfix]:
    """Starts a Postfix: ``start_postfix(people=…, routes={address: "lmtp:inet:…"},
    pipes={"name": [program, …]})``. All are stopped at the end of the test."""
    reason = why_not()
    if reason and os.environ.get("HORARIUM_TEST_REQUIRE_POSTFIX"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack:

        def start(
            people: Sequence[str] = ("organizer@example.com",),
            routes: Mapping[str, str] | None = None,
            pipes: Mapping[str, Sequence[str]] | None = None,
            port: int = 0,
        ) -> Postfix:
            # Sockets have short names, and others than root must be able to enter.
            root = Path(tempfile.mkdtemp(prefix="hm-"))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            root.chmod(0o755)
            postfix = Postfix(root, port, people, routes or {}, pipes or {})
            return stack.enter_context(running(postfix))

        yield start
