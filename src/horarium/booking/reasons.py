"""The closed list of reasons for which a request is not accepted, and their REQUEST-STATUS.

A code is stable: logs, JSON, metrics and documentation share it; only texts are translated.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a component was declined."""

    CONFLICT = "conflict"
    SAME_DOMAIN = "same_domain"
    ACCESS_LIST = "access_list"
    SITE_RULE = "site_rule"
    CONFIGURATION = "configuration"
    INTERNAL = "internal"
    PAST = "past"
    BOOKING_WINDOW = "booking_window"
    MIN_NOTICE = "min_notice"
    MIN_DURATION = "min_duration"
    MAX_DURATION = "max_duration"
    ALLOW_RECURRING = "allow_recurring"
    ALLOWED_FREQUENCIES = "allowed_frequencies"
    ENDLESS = "endless"
    TOO_MANY_OCCURRENCES = "too_many_occurrences"
    WORKING_HOURS = "working_hours"
    MAX_ATTENDEES = "max_attendees"
    BEYOND_HORIZON = "beyond_horizon"
    TOO_LONG = "too_long"
    NO_OCCURRENCE = "no_occurrence"
    UNKNOWN_OCCURRENCE = "unknown_occurrence"
    INVALID = "invalid"
    LIMIT = "limit"
    NO_QUOTA = "no_quota"
    QUOTA = "quota"
    ENDLESS_NEEDS_UNLIMITED = "endless_needs_unlimited"
    ALREADY_HOLDS_RELATED = "already_holds_related"
    POOL_FULL = "pool_full"
    OFF_GRID = "off_grid"
    NOT_PERMITTED = "not_permitted"
    NOT_APPROVED = "not_approved"
    APPROVAL_TIMEOUT = "approval_timeout"
    WAITING_ENDED = "waiting_ended"
    TOO_MANY_WAITING = "too_many_waiting"
    NOT_CHECKED_IN = "not_checked_in"
    WITHDRAWN = "withdrawn"


# RFC 5546 3.6; the third field names the property where one is at fault.
STATUS: dict[Reason, tuple[str, str]] = {
    Reason.CONFLICT: ("4.0", "DTSTART"),
    Reason.SAME_DOMAIN: ("3.8", ""),
    Reason.ACCESS_LIST: ("3.8", ""),
    Reason.SITE_RULE: ("3.8", ""),
    Reason.CONFIGURATION: ("5.1", ""),
    Reason.INTERNAL: ("5.1", ""),
    Reason.PAST: ("3.8", ""),
    Reason.BOOKING_WINDOW: ("3.8", ""),
    Reason.MIN_NOTICE: ("3.8", ""),
    Reason.MIN_DURATION: ("3.8", ""),
    Reason.MAX_DURATION: ("3.8", ""),
    Reason.ALLOW_RECURRING: ("3.8", ""),
    Reason.ALLOWED_FREQUENCIES: ("3.14", "RRULE"),
    Reason.ENDLESS: ("3.8", ""),
    Reason.TOO_MANY_OCCURRENCES: ("3.6", "RRULE"),
    Reason.WORKING_HOURS: ("3.8", ""),
    Reason.MAX_ATTENDEES: ("3.8", ""),
    Reason.BEYOND_HORIZON: ("3.8", ""),
    Reason.TOO_LONG: ("3.8", ""),
    Reason.NO_OCCURRENCE: ("3.6", "RRULE"),
    Reason.UNKNOWN_OCCURRENCE: ("3.1", "RECURRENCE-ID"),
    Reason.INVALID: ("3.1", ""),
    Reason.LIMIT: ("3.10", ""),
    Reason.NO_QUOTA: ("3.8", ""),
    Reason.QUOTA: ("3.8", ""),
    Reason.ENDLESS_NEEDS_UNLIMITED: ("3.8", ""),
    Reason.ALREADY_HOLDS_RELATED: ("4.0", "DTSTART"),
    Reason.POOL_FULL: ("4.0", "DTSTART"),
    Reason.OFF_GRID: ("3.8", ""),
    Reason.NOT_PERMITTED: ("5.3", ""),
    Reason.NOT_APPROVED: ("3.8", ""),
    Reason.APPROVAL_TIMEOUT: ("3.8", ""),
    Reason.WAITING_ENDED: ("4.0", "DTSTART"),
    Reason.TOO_MANY_WAITING: ("3.8", ""),
    Reason.NOT_CHECKED_IN: ("5.1", ""),
    Reason.WITHDRAWN: ("5.1", ""),
}

STATUS_TEXT: dict[str, str] = {
    "2.0": "Success",
    "2.7": "Success; request forwarded to Calendar User",
    "2.8": "Success; repeating event scheduled as a single event",
    "2.9": "Success; truncated end date",
    "2.11": "Success; unbounded RRULE clipped at a finite number of occurrences",
    "3.1": "Invalid property value",
    "3.5": "Invalid date or time",
    "3.6": "Invalid rule",
    "3.7": "Invalid calendar user",
    "3.8": "No authority",
    "3.10": "Request entity too large",
    "3.11": "Required component or property missing",
    "3.13": "Unsupported component or property found",
    "3.14": "Unsupported capability",
    "4.0": "Event conflict; date-time is busy",
    "5.1": "Service unavailable",
    "5.3": "No scheduling support for user",
}
