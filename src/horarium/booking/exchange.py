"""Booking policies of Exchange (`Get-CalendarProcessing … | Format-List`) as our preferences.

What has a counterpart is translated; what has none, or cannot be told without guessing, is listed
with its line. `Get-Mailbox` (address, capacity) and `Get-MailboxCalendarConfiguration` (working
hours) may be printed into the same file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from horarium.booking.format_list import Written
from horarium.booking.preferences import check_preferences
from horarium.ical.address import parse_address
from horarium.ical.windows_zones import WINDOWS_ZONES
from horarium.kernel.errors import InvalidInput

_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?", re.ASCII)
_DAYS = {"monday": "mon", "tuesday": "tue", "wednesday": "wed", "thursday": "thu",
         "friday": "fri", "saturday": "sat", "sunday": "sun"}  # fmt: skip
_GROUPS = {"weekdays": "mon-fri", "weekendays": "sat-sun", "weekenddays": "sat-sun",
           "alldays": "mon-sun"}  # fmt: skip
# What they say is done here always, or is a matter of retention and not of policy.
WITHOUT_COUNTERPART = frozenset({
    "RemoveOldMeetingMessages", "RemoveCanceledMeetings", "DeleteNonCalendarItems",
    "RemoveForwardedMeetingNotifications",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Left:
    """A line that became no preference, and why; `wrong` when its value cannot be read."""

    written: Written
    why: str
    wrong: bool = False


@dataclass(slots=True)
class Translation:
    """One resource: its address where the text tells it, the preferences that it shall have,
    those that this version does not have, and what was left."""

    address: str = ""
    preferences: dict[str, object] = field(default_factory=dict)
    unavailable: dict[str, object] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)


class _Unreadable(Exception):
    """A value that is not what its name holds."""


def translate(given: Sequence[Written]) -> Translation:
    """The preferences that one object of the text means."""
    work = _Work({written.name: written for written in given})
    for rule in _RULES:
        try:
            rule(work)
        except _Unreadable as error:
            work.leave(work.last, str(error), wrong=True)
    for written in given:
        if written.name in WITHOUT_COUNTERPART:
            work.leave(written.name, "has no counterpart and needs none")
        elif written.name not in work.used:
            work.leave(written.name, "is not known here")
    found = work.found
    found.left.sort(key=lambda left: left.written.line)
    for name in list(found.preferences):
        if check_preferences({name: found.preferences[name]}):
            found.unavailable[name] = found.preferences.pop(name)
    return found


@dataclass(slots=True)
class _Work:
    """The values of one object by name; reading one marks it as used."""

    given: dict[str, Written]
    found: Translation = field(default_factory=Translation)
    used: set[str] = field(default_factory=set)
    last: str = ""

    def written(self, name: str) -> Written | None:
        self.used.add(name)
        if name not in self.given:
            return None
        self.last = name
        return self.given[name]

    def text(self, name: str) -> str | None:
        written = self.written(name)
        return written.value if written is not None and written.value else None

    def truth(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            raise _Unreadable(f'expected True or False, not "{value[:40]}"')
        return value.lower() == "true"

    def number(self, name: str) -> int | None:
        value = self.text(name)
        if value is None or value.lower() == "unlimited":
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise _Unreadable(f'expected a number, not "{value[:40]}"')
        return int(value)

    def addresses(self, name: str) -> list[str]:
        written = self.written(name)
        found: list[str] = []
        for item in written.items if written is not None else ():
            try:
                found.append(parse_address(item.removeprefix("smtp:")).text)
            except InvalidInput:
                self.leave(name, f'"{item[:80]}" is no address, and whose it is is not known here')
        return found

    def put(self, name: str, value: object) -> None:
        self.found.preferences[name] = value

    def leave(self, name: str, why: str, *, wrong: bool = False) -> None:
        self.used.add(name)
        if name in self.given:
            self.found.left.append(Left(self.given[name], why, wrong))


def _identity(work: _Work) -> None:
    for name in ("PrimarySmtpAddress", "WindowsEmailAddress", "Identity"):
        value = work.text(name)
        if value is not None and "@" in value and not work.found.address:
            work.found.address = parse_address(value).text
        elif value is not None and name == "Identity":
            work.leave(name, "is no address")
    display = work.text("DisplayName")
    if display is not None:
        work.put("name", display)


def _participating(work: _Work) -> None:
    value = work.text("AutomateProcessing")
    if value is None:
        return
    if value == "AutoAccept":
        work.put("participating", "participate")
    elif value == "None":
        work.put("participating", "no")
    else:
        work.leave("AutomateProcessing", "only AutoAccept and None have a counterpart")


def _functions(work: _Work) -> None:
    conflicts = work.truth("AllowConflicts")
    external = work.truth("ProcessExternalMeetingMessages")
    functions = [] if conflicts else ["schedule_in_freebusy"]
    if external is False:
        functions.append("same_domain_only")
    if not functions:
        work.leave("AllowConflicts", "nothing would decide; choose scheduling_function yourself")
    elif conflicts is not None or external is not None:
        work.put("scheduling_function", functions)


def _tiers(work: _Work) -> None:
    booking = work.text("BookingType")
    if booking is not None and booking not in ("Standard", "Reserved"):
        raise _Unreadable(f'expected Standard or Reserved, not "{booking[:40]}"')
    auto, asked = work.truth("AllBookInPolicy"), work.truth("AllRequestInPolicy")
    first = "auto" if auto else "ask" if asked else "refuse"
    asking, booked = work.addresses("RequestInPolicy"), work.addresses("BookInPolicy")
    if booking == "Reserved":
        work.put("tier_in_policy", "refuse")
    elif auto is not None or asked is not None or asking or booked:
        lists = [] if first == "auto" else [*_listed("auto", booked)]
        asks = [*_listed("ask", asking)] if first == "refuse" else []
        work.put("tier_in_policy", "\n".join([first, *asks, *lists]))
    every, some = work.truth("AllRequestOutOfPolicy"), work.addresses("RequestOutOfPolicy")
    if every is not None or some:
        lines = ["ask"] if every else ["refuse", *_listed("ask", some)]
        work.put("tier_out_of_policy", "\n".join(lines))


def _listed(action: str, addresses: Sequence[str]) -> Sequence[str]:
    return [f"{action} organiser {' '.join(addresses)}"] if addresses else []


def _approval(work: _Work) -> None:
    approvers = work.addresses("ResourceDelegates")
    if work.truth("ForwardRequestsToDelegates") is False and approvers:
        work.leave("ForwardRequestsToDelegates", "approvers are always asked here")
    if approvers:
        work.put("approvers", approvers)
    holds = (work.truth("TentativePendingApproval"), work.truth("AddNewRequestsTentatively"))
    if any(hold is not None for hold in holds):
        work.put("pending_holds", "no" if False in holds else "yes")


def _series(work: _Work) -> None:
    for name, ours in (
        ("ConflictPercentageAllowed", "max_conflict_percent"),
        ("MaximumConflictInstances", "max_conflicts"),
    ):
        number = work.number(name)
        if number:
            work.put(ours, number)
    recurring = work.truth("AllowRecurringMeetings")
    if recurring is not None:
        work.put("allow_recurring", "yes" if recurring else "no")


def _when(work: _Work) -> None:
    days = work.number("BookingWindowInDays")
    if days is not None:
        work.put("booking_window", days)
    enforced = work.truth("EnforceSchedulingHorizon")
    if enforced is not None:
        work.put("booking_window_series", "decline" if enforced else "clip")
    for name, ours in (
        ("MaximumDurationInMinutes", "max_duration"), ("MinimumDurationInMinutes", "min_duration"),
    ):  # fmt: skip
        minutes = work.number(name)
        if minutes:
            work.put(ours, f"PT{minutes}M")


def _hours(work: _Work) -> None:
    only = work.truth("ScheduleOnlyDuringWorkHours")
    names = ("WorkDays", "WorkingHoursStartTime", "WorkingHoursEndTime", "WorkingHoursTimeZone")
    days, opens, closes, zone = (work.text(name) for name in names)
    if not only:
        for name in names:
            work.leave(name, "has no effect without ScheduleOnlyDuringWorkHours")
        return
    if days is None or opens is None or closes is None:
        why = "needs WorkDays and WorkingHours… (Get-MailboxCalendarConfiguration) in the same text"
        work.leave("ScheduleOnlyDuringWorkHours", why)
        return
    work.last = "WorkDays"
    which = ",".join(_days(word) for word in days.replace(" ", "").split(","))
    work.put("working_hours", f"{which} {_clock(work, names[1])}-{_clock(work, names[2])}")
    if zone is not None and zone in WINDOWS_ZONES:
        work.put("zone", WINDOWS_ZONES[zone])
    elif zone is not None:
        work.leave("WorkingHoursTimeZone", "is no zone that is known here; set zone yourself")


def _days(word: str) -> str:
    found = _GROUPS.get(word.lower()) or _DAYS.get(word.lower())
    if found is None:
        raise _Unreadable(f'expected days, not "{word[:40]}"')
    return found


def _clock(work: _Work, name: str) -> str:
    found = _TIME.fullmatch(work.text(name) or "")
    if found is None:
        raise _Unreadable("expected a time HH:MM:SS")
    return f"{int(found[1]):02}:{found[2]}"


def _people(work: _Work) -> None:
    seats, enforced = work.number("ResourceCapacity"), work.truth("EnforceCapacity")
    if seats:
        work.put("seats", seats)
    if enforced and seats:
        work.put("max_attendees", seats)
    elif enforced:
        work.leave("EnforceCapacity", "needs ResourceCapacity (Get-Mailbox) in the same text")


def _stored(work: _Work) -> None:
    added, deleted = work.truth("AddOrganizerToSubject"), work.truth("DeleteSubject")
    if deleted is not None:
        work.put("subject_kept", "yes" if not deleted else "organizer" if added else "no")
    for name, ours in (
        ("DeleteComments", "body_kept"), ("DeleteAttachments", "attachments_kept"),
        ("RemovePrivateProperty", "private_kept"),
    ):  # fmt: skip
        drops = work.truth(name)
        if drops is not None:
            work.put(ours, "no" if drops else "yes")


def _answers(work: _Work) -> None:
    details, holder = work.truth("EnableResponseDetails"), work.truth("OrganizerInfo")
    if details is not None:
        work.put("reply_details", "yes" if details else "no")
    if holder is not None:
        work.put("holder_info", "always" if holder else "never")
    added, text = work.truth("AddAdditionalResponse"), work.text("AdditionalResponse")
    if added and text is not None:
        work.put("additional_response", text)
    elif text is not None:
        work.leave("AdditionalResponse", "has no effect without AddAdditionalResponse")


def _check_in(work: _Work) -> None:
    release, minutes = (
        work.truth("EnableAutoRelease"), work.number("PostReservationMaxClaimTimeInMinutes"),
    )  # fmt: skip
    if release is not None:
        work.put("check_in", "on" if release else "off")
    if release and minutes:
        work.put("check_in_deadline", f"PT{minutes}M")


_RULES: tuple[Callable[[_Work], None], ...] = (
    _identity, _participating, _functions, _tiers, _approval, _series, _when, _hours, _people,
    _stored, _answers, _check_in,
)  # fmt: skip
