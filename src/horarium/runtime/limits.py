"""The site's limits, as the rooms below want them."""

from __future__ import annotations

from horarium.booking.mime import MailLimits
from horarium.ical.limits import ParseLimits
from horarium.kernel.limits import Limits
from horarium.runtime.settings import LimitSettings

DAY = 86_400


def mail_limits(limits: LimitSettings) -> MailLimits:
    """What one mail may contain."""
    return MailLimits(
        message=limits.message,
        header_lines=limits.header_lines,
        header_bytes=limits.header_bytes,
        header=limits.header_line,
        encoded_words=limits.encoded_words,
        depth=limits.mime_depth,
        parts=limits.mime_parts,
        addresses=limits.addresses,
    )


def parse_limits(limits: LimitSettings) -> ParseLimits:
    """What one calendar part may contain."""
    return ParseLimits(
        size=limits.calendar_part,
        components=limits.components,
        properties=limits.properties,
        nesting=limits.nesting,
        line=limits.line,
        attendees=limits.attendees,
        dates=limits.dates,
        event_days=limits.event_length // DAY,
        observances=limits.zone_parts,
    )


def rule_limits(limits: LimitSettings) -> Limits:
    """What a recurrence rule may ask for."""
    return Limits(
        list_values=limits.by_values,
        product=limits.by_product,
        count=limits.count,
        occurrences=limits.occurrences,
        steps=limits.steps,
        dates=limits.dates,
        length_days=limits.event_length // DAY,
    )
