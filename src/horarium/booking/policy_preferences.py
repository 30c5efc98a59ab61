"""The preferences of policy: grids, thresholds, approval, waiting, checking in, delegation."""

from horarium.booking.acl import parse_acl
from horarium.booking.grid import parse_grid
from horarium.booking.preference import Preference
from horarium.booking.tiers import parse_tiers
from horarium.booking.written import (
    choice,
    line,
    lines,
    members,
    seconds,
    whole_number,
    yes_no,
)


def _permitted(value: object) -> object:
    return None if str(value).strip().lower() == "none" else parse_grid(line(value))


POLICY_PREFERENCES = (
    Preference(
        "bookable",
        "yes",
        yes_no,
        "`yes` or `no`",
        "Whether the resource attends itself; with `no` its address only stands for a pool.",
    ),
    Preference(
        "permitted_times",
        None,
        _permitted,
        "`MINUTES`, `HOURS:MINUTES` or `HOURS:MINUTES:SECONDS`, lists with commas",
        "The grid on which events start and end, for the functions that correct and move.",
    ),
    Preference(
        "freebusy_offers",
        None,
        seconds(1),
        "duration",
        "How long a time that was proposed is held; without it nothing is held.",
    ),
    Preference(
        "max_conflicts",
        None,
        whole_number(0),
        "number",
        "How many occurrences of a series may collide; they are declined, the rest is booked.",
    ),
    Preference(
        "max_conflict_percent",
        None,
        whole_number(0, 100),
        "number, 0 to 100",
        "Which share of a series may collide; both limits hold where both are set.",
    ),
    Preference(
        "split",
        "no",
        yes_no,
        "`yes` or `no`",
        "Whether each declined occurrence of an accepted series gets a mail of its own.",
    ),
    Preference(
        "tier_in_policy",
        "auto",
        lambda value: parse_tiers(lines(value)),
        "lines: `auto`, `ask` or `refuse`, alone or with a role and addresses",
        "What becomes of a request within the policy: booked, asked of an approver, refused.",
    ),
    Preference(
        "tier_out_of_policy",
        "refuse",
        lambda value: parse_tiers(lines(value)),
        "lines: `auto`, `ask` or `refuse`, alone or with a role and addresses",
        "The same for a request that breaks the policy or exceeds the quota.",
    ),
    Preference(
        "approvers",
        None,
        members,
        "addresses, or names of groups",
        "The people who decide what a tier asks.",
    ),
    Preference(
        "approval_timeout",
        "P7D",
        seconds(60),
        "duration",
        "How long an approver may take.",
    ),
    Preference(
        "approval_timeout_action",
        "decline",
        choice("decline", "accept"),
        "`decline` or `accept`",
        "What becomes of a request that nobody decided in time.",
    ),
    Preference(
        "pending_holds",
        "yes",
        yes_no,
        "`yes` or `no`",
        "Whether a request that waits for an approver occupies the resource.",
    ),
    Preference(
        "waiting_list",
        "off",
        yes_no,
        "`on` or `off`",
        "Whether a request declined only for a conflict waits until the time is free.",
    ),
    Preference(
        "waiting_cutoff",
        "PT1H",
        seconds(),
        "duration",
        "How long before the start waiting ends.",
    ),
    Preference(
        "check_in",
        "off",
        yes_no,
        "`on` or `off`",
        "Whether a booking is released unless somebody checks in.",
    ),
    Preference(
        "check_in_opens",
        "PT10M",
        seconds(),
        "duration",
        "When checking in opens, before the start.",
    ),
    Preference(
        "check_in_deadline",
        "PT10M",
        seconds(60),
        "duration",
        "When checking in closes, after the start.",
    ),
    Preference(
        "check_in_exempt",
        None,
        lambda value: parse_acl(lines(value)),
        "lines as in `acl`",
        "The organizers who need not check in.",
    ),
    Preference(
        "delegation_reply",
        "itip",
        choice("itip", "accept_as_asked"),
        "`itip` or `accept_as_asked`",
        "Who answers after a delegation: the resource that stands in, or the one that was asked.",
    ),
    Preference(
        "redecide_window",
        "PT10M",
        seconds(),
        "duration",
        "How long a decline caused by the organizer's own booking may still turn.",
    ),
)
