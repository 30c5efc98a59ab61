"""How an extraction goes wrong, and when it is tried again."""

from __future__ import annotations

from enum import StrEnum

from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant

DELAYS = (60, 120, 240)
"""Seconds until the first, second and third further try; a fourth waits as long as the third."""

RETRIES = 3
"""Further tries before the next extract firing, unless the subscriber says otherwise."""


class Step(StrEnum):
    """The steps of one extraction, in their order; UNDOING goes back from the last two."""

    PRE_ACTIONS = "pre_actions"
    STAGING = "staging"
    APPLYING = "applying"
    POST_ACTIONS = "post_actions"
    UNDOING = "undoing"


class Trouble(StrEnum):
    """What can keep a version from being extracted."""

    VARIABLE_UNDEFINED = "variable_undefined"
    TARGET_REFUSED = "target_refused"
    ACTIONS_REFUSED = "actions_refused"
    ACTION_FAILED = "action_failed"
    REQUIREMENT_UNMET = "requirement_unmet"
    NO_SPACE = "no_space"
    LOCKED = "locked"
    CHANGED_LOCALLY = "changed_locally"
    CHANGED_MEANWHILE = "changed_meanwhile"
    FOREIGN_ENTRIES = "foreign_entries"
    FOREIGN_DELETE_REFUSED = "foreign_delete_refused"
    IN_THE_WAY = "in_the_way"
    PATH_REFUSED = "path_refused"
    DEFINITION_WRONG = "definition_wrong"
    CONTENT_MISSING = "content_missing"
    CONTENT_WRONG = "content_wrong"
    SYSTEM = "system"


class ExtractionFailed(HorariumError):
    """A version can not be extracted now: what the trouble is, the path it is about (empty where
    there is none), and words for a person. ``missing`` are digests of contents that would help."""

    def __init__(
        self, trouble: Trouble, path: str, why: str, *, missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.trouble = trouble
        self.path = path
        self.why = why
        self.missing = missing


def next_try(failures: int, retries: int, now: Instant) -> Instant | None:
    """When a version is tried again after it failed for the n-th time in a row (counted from 1);
    None when it waits for the next extract firing."""
    if failures > retries:
        return None
    return Instant(now + DELAYS[min(failures, len(DELAYS)) - 1])
