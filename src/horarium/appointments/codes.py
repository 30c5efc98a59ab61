"""The names of what closes a time: stable words of logs, answers and pages."""

from __future__ import annotations

from enum import Enum


class Code(Enum):
    """Why a time can not be had; the order is the one explanations are given in."""

    HOST_INACTIVE = "host_inactive"
    CLOSED_BLOCKED = "closed_blocked"
    CLOSED_SPECIAL = "closed_special"
    CLOSED_HOLIDAY = "closed_holiday"
    CLOSED_OVERRIDE = "closed_override"
    CLOSED_ABSENCE = "closed_absence"
    OUTSIDE_HOURS = "outside_hours"
    DOES_NOT_FIT = "does_not_fit"
    OFF_GRID = "off_grid"
    NOTICE = "notice"
    HORIZON = "horizon"
    BUSY_APPOINTMENT = "busy_appointment"
    BUSY_HOLD = "busy_hold"
    BUSY_SOURCE = "busy_source"
    BUFFER = "buffer"
    MAX_SLOTS = "max_slots"
    LIMIT_DAY_COUNT = "limit_day_count"
    LIMIT_DAY_MINUTES = "limit_day_minutes"
    LIMIT_WEEK_COUNT = "limit_week_count"
    LIMIT_WEEK_MINUTES = "limit_week_minutes"
    LIMIT_MONTH_COUNT = "limit_month_count"
    LIMIT_MONTH_MINUTES = "limit_month_minutes"
    LIMIT_YEAR_COUNT = "limit_year_count"
    LIMIT_YEAR_MINUTES = "limit_year_minutes"
    SEATS = "seats"
    CLIENT_LIMIT = "client_limit"
    NOT_THE_TURN = "not_the_turn"
    SOURCE_STALE = "source_stale"
