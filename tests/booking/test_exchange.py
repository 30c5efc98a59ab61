"""Booking policies of Exchange, as Format-List prints them, and what they become."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from horarium.booking.exchange import Translation, translate
from horarium.booking.format_list import read_format_list
from horarium.booking.preferences import check_preferences
from horarium.cli.entry import main
from horarium.kernel.errors import InvalidInput
from horarium.runtime.objects import read_objects

# The defaults of Exchange for a room, in the form in which PowerShell prints them.
DEFAULTS = """

RunspaceId                           : 0b0a3a2c-3e2d-4f9e-9d3c-1f1d9a0b7c11
AutomateProcessing                   : AutoAccept
AllowConflicts                       : False
AllowDistributionGroup               : True
BookingType                          : Standard
BookingWindowInDays                  : 180
MaximumDurationInMinutes             : 1440
MinimumDurationInMinutes             : 0
AllowRecurringMeetings               : True
EnforceSchedulingHorizon             : True
ScheduleOnlyDuringWorkHours          : False
ConflictPercentageAllowed            : 0
MaximumConflictInstances             : 0
ForwardRequestsToDelegates           : True
DeleteAttachments                    : True
DeleteComments                       : True
RemovePrivateProperty                : True
DeleteSubject                        : True
AddOrganizerToSubject                : True
DeleteNonCalendarItems               : True
TentativePendingApproval             : True
EnableResponseDetails                : True
OrganizerInfo                        : True
ResourceDelegates                    : {}
RequestOutOfPolicy                   : {}
AllRequestOutOfPolicy                : False
BookInPolicy                         : {}
AllBookInPolicy                      : True
RequestInPolicy                      : {}
AllRequestInPolicy                   : False
AddAdditionalResponse                : False
AdditionalResponse                   :
RemoveOldMeetingMessages             : True
AddNewRequestsTentatively            : True
ProcessExternalMeetingMessages       : False
RemoveForwardedMeetingNotifications  : False
EnforceCapacity                      : False
EnableAutoRelease                    : False
PostReservationMaxClaimTimeInMinutes : 10
Identity                             : Room 1

"""


def one(text: str) -> Translation:
    (given,) = read_format_list(text)
    return translate(given)


def everything(text: str) -> dict[str, object]:
    found = one(text)
    return {**found.preferences, **found.unavailable}


def left(found: Translation) -> list[str]:
    return [item.written.name for item in found.left]


def test_the_defaults_of_exchange_become_ours() -> None:
    found = one(DEFAULTS)
    assert found.preferences == {
        "participating": "participate",
        "scheduling_function": ["schedule_in_freebusy", "same_domain_only"],
        "tier_in_policy": "auto",
        "tier_out_of_policy": "refuse",
        "pending_holds": "yes",
        "allow_recurring": "yes",
        "booking_window": 180,
        "booking_window_series": "decline",
        "max_duration": "PT1440M",
        "subject_kept": "organizer",
        "body_kept": "no",
        "attachments_kept": "no",
        "private_kept": "no",
        "reply_details": "yes",
        "holder_info": "always",
        "check_in": "off",
    }
    assert found.unavailable == {}
    assert check_preferences(found.preferences) == []
    assert left(found) == [
        "RunspaceId", "AllowDistributionGroup", "DeleteNonCalendarItems",
        "RemoveOldMeetingMessages", "RemoveForwardedMeetingNotifications", "Identity",
    ]  # fmt: skip
    assert [item.written.line for item in found.left][:2] == [3, 6]
    assert not any(item.wrong for item in found.left)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AutomateProcessing : None", {"participating": "no"}),
        ("BookingType : Reserved\nAllBookInPolicy : True", {"tier_in_policy": "refuse"}),
        ("AllBookInPolicy : False\nBookInPolicy : {a@example.com, b@example.com}\n"
         "RequestInPolicy : {c@example.com}",
         {"tier_in_policy": "refuse\nask organiser c@example.com\n"
                            "auto organiser a@example.com b@example.com"}),
        ("AllBookInPolicy : False\nAllRequestInPolicy : True\nBookInPolicy : {a@example.com}",
         {"tier_in_policy": "ask\nauto organiser a@example.com"}),
        ("AllRequestOutOfPolicy : True", {"tier_out_of_policy": "ask"}),
        ("AllRequestOutOfPolicy : False\nRequestOutOfPolicy : {a@example.com}",
         {"tier_out_of_policy": "refuse\nask organiser a@example.com"}),
        ("ResourceDelegates : {smtp:a@example.com}", {"approvers": ["a@example.com"]}),
        ("TentativePendingApproval : False", {"pending_holds": "no"}),
        ("AllowConflicts : True\nProcessExternalMeetingMessages : False",
         {"scheduling_function": ["same_domain_only"]}),
        ("ProcessExternalMeetingMessages : True",
         {"scheduling_function": ["schedule_in_freebusy"]}),
        ("ConflictPercentageAllowed : 10\nMaximumConflictInstances : 0",
         {"max_conflict_percent": 10}),
        ("MaximumConflictInstances : 6", {"max_conflicts": 6}),
        ("AllowRecurringMeetings : False", {"allow_recurring": "no"}),
        ("BookingWindowInDays : 0\nEnforceSchedulingHorizon : False",
         {"booking_window": 0, "booking_window_series": "clip"}),
        ("MaximumDurationInMinutes : 0\nMinimumDurationInMinutes : 15", {"min_duration": "PT15M"}),
        ("ScheduleOnlyDuringWorkHours : True\nWorkDays : Weekdays\n"
         "WorkingHoursStartTime : 08:00:00\nWorkingHoursEndTime : 17:30:00\n"
         "WorkingHoursTimeZone : W. Europe Standard Time",
         {"working_hours": "mon-fri 08:00-17:30", "zone": "Europe/Berlin"}),
        ("ScheduleOnlyDuringWorkHours : True\nWorkDays : Monday, Tuesday\n"
         "WorkingHoursStartTime : 8:00:00\nWorkingHoursEndTime : 12:00:00",
         {"working_hours": "mon,tue 08:00-12:00"}),
        ("EnforceCapacity : True\nResourceCapacity : 12", {"seats": 12, "max_attendees": 12}),
        ("EnforceCapacity : False\nResourceCapacity : 12", {"seats": 12}),
        ("DeleteSubject : True\nAddOrganizerToSubject : False", {"subject_kept": "no"}),
        ("DeleteSubject : False\nAddOrganizerToSubject : True", {"subject_kept": "yes"}),
        ("DeleteComments : False\nDeleteAttachments : False\nRemovePrivateProperty : False",
         {"body_kept": "yes", "attachments_kept": "yes", "private_kept": "yes"}),
        ("EnableResponseDetails : False\nOrganizerInfo : False",
         {"reply_details": "no", "holder_info": "never"}),
        ("AddAdditionalResponse : True\nAdditionalResponse : Keys are\n        at the desk",
         {"additional_response": "Keys are at the desk"}),
        ("EnableAutoRelease : True\nPostReservationMaxClaimTimeInMinutes : 15",
         {"check_in": "on", "check_in_deadline": "PT15M"}),
    ],
)  # fmt: skip
def test_each_parameter_becomes_its_preference(text: str, expected: dict[str, object]) -> None:
    assert everything(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("AutomateProcessing : AutoUpdate", "AutomateProcessing", "AutoAccept and None"),
        ("BookInPolicy : {/o=Org/ou=Group/cn=Recipients/cn=abc}", "BookInPolicy", "no address"),
        ("ScheduleOnlyDuringWorkHours : True", "ScheduleOnlyDuringWorkHours", "needs WorkDays"),
        ("EnforceCapacity : True", "EnforceCapacity", "needs ResourceCapacity"),
        ("AllowConflicts : True", "AllowConflicts", "nothing would decide"),
        ("AdditionalResponse : Hello", "AdditionalResponse", "no effect without"),
        ("BookInPolicy : {a@example.com, b@example.com...}", "BookInPolicy", "no address"),
        ("Frobnicate : 7", "Frobnicate", "not known"),
    ],
)
def test_nothing_is_guessed(text: str, name: str, why: str) -> None:
    found = one(text)
    assert [(item.written.name, why in item.why, item.wrong) for item in found.left] == [
        (name, True, False)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "BookingWindowInDays : soon", "AllowConflicts : Perhaps", "BookingType : Odd",
        "MaximumDurationInMinutes : -5",
        "ScheduleOnlyDuringWorkHours : True\nWorkDays : Someday\n"
        "WorkingHoursStartTime : 08:00\nWorkingHoursEndTime : 09:00",
        "ScheduleOnlyDuringWorkHours : True\nWorkDays : Monday\n"
        "WorkingHoursStartTime : early\nWorkingHoursEndTime : 09:00",
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_wrong_and_becomes_nothing(text: str) -> None:
    found = one(text)
    assert [item.wrong for item in found.left] == [True]
    assert not {**found.preferences, **found.unavailable}


@pytest.mark.parametrize("text", ["", "\n\n", "hello\n", "AllowConflicts : True\nhello\n"])
def test_another_text_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InvalidInput, match="Format-List") as error:
        read_format_list(text)
    assert error.value.part == ("line 2" if "Allow" in text else "line 1")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_is_printed_can_be_applied(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "room.txt"
    text = DEFAULTS + "PrimarySmtpAddress : room@example.com\nDisplayName : Grünerløkka\n"
    file.write_bytes(text.encode(encoding))
    status, out, _ = run(capsys, "import", "exchange", str(file))
    assert status == 0
    assert "# line 3: RunspaceId : 0b0a3a2c-3e2d-4f9e-9d3c-1f1d9a0b7c11 - is not known here" in out
    objects = tmp_path / "room.toml"
    objects.write_text(out)
    objects.chmod(0o600)
    declared = read_objects([objects]).resources["room@example.com"]
    assert declared["booking_window"] == 180
    assert "Grünerløkka" in declared.values()


def test_several_rooms_stand_in_one_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rooms.txt"
    file.write_text(
        "Identity : a@example.com\nAllowConflicts : False\n\n"
        "Identity : b@example.com\nAllowConflicts : False\nWrong : x\n"
    )
    status, out, _ = run(capsys, "--json", "import", "exchange", str(file))
    assert status == 0
    found = json.loads(out)["resources"]
    assert [item["id"] for item in found] == ["a@example.com", "b@example.com"]
    assert found[1]["left"] == [
        {"name": "Wrong", "value": "x", "line": 6, "message": "is not known here"}
    ]
    assert run(capsys, "import", "exchange", str(file), "--resource", "c@example.com")[0] == 64


def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "room.txt"
    file.write_text("AllowConflicts : False\nBookingWindowInDays : soon\n")
    status, out, err = run(capsys, "import", "exchange", str(file), "--resource", "a@example.com")
    assert status == 65
    assert f"{file}:2: BookingWindowInDays: expected a number" in err
    assert '[resource."a@example.com"]' in out
    file.write_text("nothing\n")
    status, _, err = run(capsys, "import", "exchange", str(file))
    assert status == 65
    assert f"{file}:1:1:" in err
    assert run(capsys, "import", "exchange", str(tmp_path / "none.txt"))[0] == 66
    file.write_text("ConflictPercentageAllowed : 10\n")
    status, out, _ = run(capsys, "import", "exchange", str(file))
    assert status == 0
    assert "does not say whose this is" in out
