"""The review knows the functions that there are; what it finds is tested with ``check``."""

from horarium.booking.functions.registry import FUNCTIONS
from horarium.runtime.review import ARGUMENTS


def test_the_review_and_the_decision_know_the_same_functions() -> None:
    assert set(ARGUMENTS) == set(FUNCTIONS)
    assert ARGUMENTS["schedule_for_delegate"] == 2
    assert ARGUMENTS["same_domain_only"] == 0
