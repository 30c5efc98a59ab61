"""`access_control_list [FILE]`: rules on organizer and attendees decide (seed 001)."""

from __future__ import annotations

from horarium.booking.acl import Rule, deciding_rule
from horarium.booking.functions.verdict import Prepared, SchedulingFunction, Verdict
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.kernel.errors import InvalidInput, NotFound


def _prepare(arguments: tuple[str, ...], view: View) -> Prepared:
    if len(arguments) > 1:
        raise InvalidInput("takes at most one argument, the full path of a file")
    rules = _file_rules(arguments[0], view) if arguments else view.resource.preferences.acl
    if not rules:
        raise NotFound("the preference acl is not set")
    for rule in rules:
        for group in sorted(rule.groups - view.resource.groups.keys()):
            raise NotFound(f"line {rule.line} of the list names the group {group}, there is none")
    return Prepared(lambda request, view: _judge(request, view, rules))


def _file_rules(path: str, view: View) -> tuple[Rule, ...]:
    if not path.startswith("/"):
        raise InvalidInput("the file is named by its full path", value=path)
    rules = view.resource.access_files.get(path)
    if rules is None:
        raise NotFound(f"the access list {path} can not be read")
    return rules


def _judge(request: Request, view: View, rules: tuple[Rule, ...]) -> Verdict:
    organizer, attendees = request.organizer.key, request.attendee_keys
    accepted, rule = deciding_rule(rules, organizer, attendees, view.resource.groups)
    return Verdict(
        None if accepted else Reason.ACCESS_LIST,
        {"rule": str(rule) if rule else None, "line": rule.line if rule else None},
    )


FUNCTION = SchedulingFunction("access_control_list", "access_control_list [FILE]", _prepare)
