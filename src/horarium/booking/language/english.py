"""The English texts; every other catalogue has the same names and places."""

from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.english_persons import TEXTS

ENGLISH = Catalogue(
    language="en",
    date="{weekday} {day} {month} {year}",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    texts={
        "subject.ACCEPTED": "Accepted: {summary}",
        "subject.DECLINED": "Declined: {summary}",
        "subject.PARTLY": "Accepted in part: {summary}",
        "subject.FREEBUSY": "Free/busy: {resource}",
        "subject.REFRESH": "Please send again: {summary}",
        "no_summary": "(no title)",
        "whole_day": "{day}, all day",
        "whole_days": "{first} to {last}, all day",
        "accepted": "{resource} is booked: {when}.",
        "accepted_series": (
            "{resource} is booked: {count} occurrences, the first {first}, the last {last}."
        ),
        "accepted_follow": (
            "{resource} is booked: a series without an end, the first {first}. It is free of"
            " collisions until {until}; later occurrences are booked as that day moves on."
        ),
        "accepted_clipped": (
            "{resource} is booked: {count} occurrences, the first {first}, until {until}."
            " Nothing after that day is booked."
        ),
        "occurrence_accepted": "Booked: {when}.",
        "occurrence_declined": "Not booked: {when}. {reason}",
        "left_out": "{count} occurrences that are already past were not free and are left out.",
        "declined": "{resource} is not available: {when}.",
        "declined_series": "{resource} is not available for this series.",
        "declined_plain": "{resource} is not available.",
        "released": "The earlier booking of this event has been released.",
        "kept": "The earlier booking of this event stands.",
        "zone_unknown": "The time zone {tzid} is unknown; {zone} was used.",
        "other_zone": "There it is {when}.",
        "free_times": "Free for the same time:",
        "free_elsewhere": "Free at that time: {names}.",
        "lost": "A series that was booked earlier meets this one here and keeps the time.",
        "refresh": "This event is not known here. Please send the whole event again.",
        "freebusy": "The free/busy of {resource} from {start} to {end} is attached.",
        "not_readable": "The invitation could not be read, so nothing was booked: {problem}.",
        "reason.conflict": "It is booked already: {busy}.",
        "reason.conflict_held": "It is booked already: {busy}, by {holder}.",
        "reason.conflicts": "{count} occurrences are booked already:",
        "reason.same_domain": "It can be booked by people of {domain} only.",
        "reason.access_list": "You are not among those who may book it.",
        "reason.site_rule": "A rule of this site does not permit it.",
        "reason.configuration": (
            "This resource is not set up correctly; its operator has been told."
        ),
        "reason.internal": "Something went wrong here; the operator has been told.",
        "reason.past": "The time is already past.",
        "reason.booking_window": "It can be booked at most {days} days ahead.",
        "reason.min_notice": "It must be booked at least {duration} ahead.",
        "reason.min_duration": "It is booked for at least {duration} at a time.",
        "reason.max_duration": "It is booked for at most {duration} at a time.",
        "reason.allow_recurring": "It takes no recurring bookings.",
        "reason.allowed_frequencies": "It takes no series that recurs {frequency}.",
        "reason.endless": "It takes no series without an end.",
        "reason.too_many_occurrences": "A series may have at most {most} occurrences.",
        "reason.working_hours": "It is closed then: {when}.",
        "reason.max_attendees": "It takes at most {most} people.",
        "reason.beyond_horizon": "It can be booked until {until} only.",
        "reason.too_long": "A booking may last at most 400 days.",
        "reason.no_occurrence": "The series has no occurrence.",
        "reason.unknown_occurrence": "The series has no occurrence at that time.",
        "reason.invalid": "The invitation has an error in {property}: {problem}.",
        "reason.limit": "The invitation is too large: {problem}.",
        "subject.REQUEST": "{summary}",
        "subject.CANCEL": "Cancelled: {summary}",
        "resent": "You asked for this event; here it is again.",
        **TEXTS,
        "duration.days": "{count} days",
        "duration.hours": "{count} hours",
        "duration.minutes": "{count} minutes",
        "subject.COUNTER": "New time proposed: {summary}",
        "subject.DELEGATED": "Delegated: {summary}",
        "subject.PENDING": "Tentative: {summary}",
        "subject.WAITING": "Tentative: {summary}",
        "subject.APPROVAL": "Please decide: {summary}",
        "subject.REMINDER": "Check in: {summary}",
        "several": "{count} occurrences, the first {first}, the last {last}",
        "pending": "{resource} waits for approval: {when}. Another mail tells how that ended.",
        "waiting": (
            "{resource} is not free then, and this request is number {place} on the waiting "
            "list: {when}."
        ),
        "proposed": (
            "{resource} is not available as asked: {asked}. It could be booked instead: {proposed}."
        ),
        "held_until": "That time is held for you until {until}; send the event with it to book it.",
        "not_held": "That time is not held; send the event with it to book it.",
        "delegated": "{resource} does not attend itself; {delegate} is asked to stand in.",
        "stands_in": "{resource} is booked; {delegate} attends in its place.",
        "approval.asked": "{who} asks for {resource}: {what}, {when}.",
        "approval.reason": "It needs your word because of: {reason}.",
        "approval.how": (
            "Answer this mail with the word accept or decline in its first line, which may be "
            "followed by a comment; or run: horarium approval accept {id}"
        ),
        "approval.late": "Your answer came too late: {by} decided already, at {at}.",
        "approval.gone": (
            "The request you answered has changed or ended; nothing was decided by your answer."
        ),
        "approval.not_free": "The request you accepted could not be booked after all: {reason}",
        "reminder": (
            "Please check in: {resource} is booked for you, {when}. Without that it is released "
            "at {until}."
        ),
        "reason.no_quota": "You have no allocation for this resource.",
        "reason.quota": (
            "Your allocation is used up: {limit} in all, {used} used, {asked} asked for."
        ),
        "reason.endless_needs_unlimited": "A series without an end needs an unlimited allocation.",
        "reason.already_holds_related": "You hold {held} at that time already: {when}.",
        "reason.pool_full": "None of the resources that can stand in is free then.",
        "reason.off_grid": (
            "It is booked at certain times of the clock only, and this series can not be moved "
            "to them."
        ),
        "reason.not_permitted": "You are not among those whose requests it takes.",
        "reason.not_approved": "The request was not approved.",
        "reason.approval_timeout": "Nobody approved the request in time.",
        "reason.waiting_ended": "The time did not become free.",
        "reason.too_many_waiting": "You have {most} requests waiting already.",
        "reason.not_checked_in": "Nobody checked in, so the time was released.",
        "reason.withdrawn": "The booking was withdrawn by its operator.",
        "duration.hours_minutes": "{hours} hours {minutes} minutes",
    },
)
