"""Diagrams of decisions: the graphs of seed 001, the way taken, and text that stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tests.office import ROOM, Office

from horarium.booking.diagram import Diagram, Node, decision_diagram, resource_diagram
from horarium.booking.diagram_dot import to_dot
from horarium.booking.diagram_svg import to_svg
from horarium.booking.functions.registry import FUNCTIONS
from horarium.booking.resource import Resource
from horarium.booking.trace import Step

CAR = "resource-car-cadillac@example.com"
SVG = "{http://www.w3.org/2000/svg}"


def resource(**preferences: str) -> Resource:
    found = Office({ROOM: dict(preferences)}).agent.directory.find(ROOM)
    assert found is not None
    return found.resource


def edges(diagram: Diagram) -> set[str]:
    """The edges by the labels of their ends, on one line each."""
    labels = {node.id: node.label.replace("\n", " ") for node in diagram.nodes}
    return {
        f"{labels[e.source]} {'-->' if e.dashed else '->'} {labels[e.target]}"
        for e in diagram.edges
    }


FREEBUSY = {
    "Free/busy -> Can schedule in free/busy?",
    "Can schedule in free/busy? --> Decline",
    "Schedule event for resource -> Accept",
    "Incoming mail -> Can schedule in free/busy?",
}
ACL = {
    *FREEBUSY,
    "Can schedule in free/busy? -> Access control list permits booking?",
    "acl setting -> Access control list permits booking?",
    "Access control list permits booking? -> Accept invitation by default",
    "end -> Schedule event for resource",
    "end --> Decline",
}


@pytest.mark.parametrize(
    ("functions", "acl", "expected"),
    [
        ("schedule_in_freebusy", "", {
            *FREEBUSY, "Can schedule in free/busy? -> Schedule event for resource",
        }),
        ("schedule_in_freebusy\nsame_domain_only", "", {
            *FREEBUSY,
            "Can schedule in free/busy? -> Organiser has resource domain?",
            "Organiser has resource domain? -> Schedule event for resource",
            "Organiser has resource domain? --> Decline",
        }),
        ("schedule_in_freebusy\naccess_control_list", "accept", {
            *ACL, "Accept invitation by default -> end",
        }),
        ("schedule_in_freebusy\naccess_control_list",
         "accept\ndecline attendee simon.skunk@example.com", {
            *ACL,
            "Accept invitation by default -> Decline if attendee is simon.skunk@example.com?",
            "Decline if attendee is simon.skunk@example.com? -> end",
        }),
        ("schedule_in_freebusy\naccess_control_list",
         "accept\ndecline attendee simon.skunk@example.com\n"
         "accept organiser paul.boddie@example.com", {
            *ACL,
            "Accept invitation by default -> Decline if attendee is simon.skunk@example.com?",
            "Decline if attendee is simon.skunk@example.com? -> "
            "Accept if organiser is paul.boddie@example.com?",
            "Accept if organiser is paul.boddie@example.com? -> end",
        }),
        ("check_quota", "", {
            "Incoming mail -> Is allowed by quota?",
            "Is allowed by quota? -> Schedule event for resource",
            "Is allowed by quota? --> Decline",
            "Schedule event for resource -> Accept",
            "Schedule event for resource -> Add to quota",
            f"Add to quota -> Quota for {ROOM}",
            f"Quota for {ROOM} -> Is allowed by quota?",
            "Incoming cancellation -> Remove from quota",
            f"Remove from quota -> Quota for {ROOM}",
        }),
        ("schedule_across_quota cars", "", {
            "Incoming mail -> Can be scheduled within the quota?",
            "Can be scheduled within the quota? -> Schedule event for resource",
            "Can be scheduled within the quota? --> Decline",
            "Schedule event for resource -> Accept",
            "Schedule event for resource -> Add to quota free/busy",
            "Add to quota free/busy -> Quota for cars recording schedules",
            "Quota for cars recording schedules -> Can be scheduled within the quota?",
            "Incoming cancellation -> Remove from quota free/busy",
            "Remove from quota free/busy -> Quota for cars recording schedules",
        }),
        ("check_quota cars\nschedule_for_delegate car_delegation", "", {
            "Incoming mail -> Is allowed by quota?",
            "Is allowed by quota? -> Can be scheduled or delegated?",
            "Is allowed by quota? --> Decline",
            "Can be scheduled or delegated? -> Schedule event for resource",
            "Schedule event for resource -> Accept",
            "Can be scheduled or delegated? --> Delegate",
            "Can be scheduled or delegated? --> Decline",
            "Schedule event for resource -> Add to quota",
            "Add to quota -> Quota for cars",
            "Add to quota -> Quota for car_delegation recording schedules",
            "Quota for cars -> Is allowed by quota?",
            "Quota for car_delegation recording schedules -> Can be scheduled or delegated?",
            "Incoming cancellation -> Remove from quota",
            "Remove from quota -> Quota for cars",
            "Remove from quota -> Quota for car_delegation recording schedules",
        }),
    ],
)  # fmt: skip
def test_the_lists_of_the_seed_are_drawn_as_there(
    functions: str, acl: str, expected: set[str]
) -> None:
    drawn = resource_diagram(resource(scheduling_function=functions, acl=acl), "a room")
    assert edges(drawn) == expected


def test_policy_is_drawn_when_there_is_one_and_counters_end_apart() -> None:
    drawn = resource_diagram(
        resource(
            scheduling_function="schedule_corrected_in_freebusy\n"
            "schedule_next_available_in_freebusy 3\nadd_to_quota cars",
            max_duration="PT4H",
        ),
        "",
    )
    found = edges(drawn)
    assert "Incoming mail -> Is within the policy?" in found
    assert "Policy max_duration -> Is within the policy?" in found
    assert any(e.endswith("(up to 3 at once) --> Propose another time") for e in found)
    assert "Add to quota -> Quota for cars" in found
    assert not any(edge.startswith("Quota for cars ->") for edge in found)


def test_every_function_there_is_has_its_question() -> None:
    for name in FUNCTIONS:
        drawn = resource_diagram(resource(scheduling_function=name), "")
        assert not any("no such function" in node.label for node in drawn.nodes), name
    drawn = resource_diagram(resource(scheduling_function="frobnicate"), "")
    assert any("no such function" in node.label for node in drawn.nodes)


def way(diagram: Diagram) -> list[str]:
    labels = {node.id: node.label for node in diagram.nodes}
    return [labels[id_] for id_ in diagram.taken]


LIST = "schedule_in_freebusy\naccess_control_list\nsame_domain_only"
BEFORE = (Step("sender", "passed"), Step("policy", "passed"))


@pytest.mark.parametrize(
    ("steps", "outcome", "expected"),
    [
        (
            (*BEFORE, Step("schedule_in_freebusy", "DECLINED", "conflict"),
             Step("commit", "DECLINED", "conflict")), "DECLINED",
            ["Incoming mail", "Can schedule in free/busy?", "Decline\n(conflict)"],
        ),
        (
            (*BEFORE, Step("schedule_in_freebusy", "passed"),
             Step("access_control_list", "DECLINED", "access_list")), "DECLINED",
            ["Incoming mail", "Can schedule in free/busy?", "Access control list permits booking?",
             "Accept invitation by default", "end", "Decline\n(access_list)"],
        ),
        (
            (*BEFORE, Step("schedule_in_freebusy", "passed"), Step("access_control_list", "passed"),
             Step("same_domain_only", "passed"), Step("commit", "ACCEPTED")), "ACCEPTED",
            ["Incoming mail", "Can schedule in free/busy?", "Access control list permits booking?",
             "Accept invitation by default", "end", "Organiser has resource domain?",
             "Schedule event for resource", "Accept"],
        ),
        (
            (Step("policy", "DECLINED", "too_long"),), "DECLINED",
            ["Incoming mail", "Is within the policy?", "Decline\n(too_long)"],
        ),
        (
            (Step("sender", "IGNORED", "organizer_mismatch"),), "IGNORED",
            ["Incoming mail", "sender?", "Ignored\n(organizer_mismatch)"],
        ),
        (
            (*BEFORE, Step("schedule_in_freebusy", "passed"), Step("access_control_list", "passed"),
             Step("same_domain_only", "passed"), Step("tier", "ask"),
             Step("tier", "PENDING", "ask"), Step("commit", "PENDING", "ask")), "PENDING",
            ["Incoming mail", "Can schedule in free/busy?", "Access control list permits booking?",
             "Accept invitation by default", "end", "Organiser has resource domain?",
             "Is a person to be asked?", "Wait for a person\n(ask)"],
        ),
        ((Step("sender", "passed"), Step("commit", "CANCELLED")), "CANCELLED", ["Incoming mail"]),
    ],
)  # fmt: skip
def test_the_way_that_a_decision_took_is_marked(
    steps: tuple[Step, ...], outcome: str, expected: list[str]
) -> None:
    room = resource(scheduling_function=LIST, acl="accept")
    drawn = decision_diagram(room, "", steps, outcome)
    assert way(drawn) == expected
    taken = [edge for edge in drawn.edges if drawn.is_taken(edge)]
    assert len(taken) == len(expected) - 1


def test_a_decision_under_other_functions_is_drawn_with_those() -> None:
    room = resource(scheduling_function="schedule_in_freebusy 7")
    steps = (Step("schedule_in_freebusy", "passed"), Step("same_domain_only", "DECLINED", "x"))
    assert way(decision_diagram(room, "", steps, "DECLINED")) == [
        "Incoming mail", "Can schedule in free/busy?", "Organiser has resource domain?",
        "Decline\n(x)",
    ]  # fmt: skip


NASTY = '</text><script>alert("1")</script>\x1b[2J\u202e&"\\'


def test_texts_of_others_are_only_text() -> None:
    drawn = resource_diagram(resource(scheduling_function=f"frob '{NASTY}'"), NASTY)
    svg = to_svg(drawn)
    root = ElementTree.fromstring(svg)
    assert "\x1b" not in svg
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "style", "defs", "marker", "path", "rect", "text", "g", "ellipse",
    }  # fmt: skip
    assert 'alert("1")' in "".join(root.itertext())
    dot = to_dot(drawn)
    assert "\x1b" not in dot
    assert r"\"1\"" in dot
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", dot)
    assert "script" not in bare
    assert bare.count('"') == 0


def test_no_node_lies_upon_another() -> None:
    drawn = resource_diagram(
        resource(
            scheduling_function="check_quota cars\nschedule_across_quota\nschedule_in_freebusy\n"
            "schedule_for_delegate pool\nadd_to_quota further"
        ),
        "",
    )
    root = ElementTree.fromstring(to_svg(drawn))
    boxes = []
    for shape in root.iter(f"{SVG}ellipse"):
        cx, cy, rx, ry = (float(shape.attrib[name]) for name in ("cx", "cy", "rx", "ry"))
        boxes.append((cx - rx, cy - ry, cx + rx, cy + ry))
    for shape in root.iter(f"{SVG}path"):
        if "shape" in shape.attrib.get("class", ""):
            numbers = [float(n) for n in re.findall(r"-?\d+\.\d", shape.attrib["d"])]
            left, bottom, top, right = numbers[0], numbers[1], numbers[2], numbers[-2]
            boxes.append((left, top, right, bottom))
    assert len(boxes) == len(drawn.nodes)
    for at, one in enumerate(boxes):
        for two in boxes[at + 1 :]:
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
            assert apart, (one, two)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert all(x >= 0 and y >= 0 and r <= width and b <= height for x, y, r, b in boxes)


def test_a_long_access_list_is_drawn_in_part() -> None:
    rules = "accept\n" + "\n".join(f"decline attendee a{n}@example.com" for n in range(40))
    drawn = resource_diagram(resource(scheduling_function="access_control_list", acl=rules), "")
    labels = [node.label for node in drawn.nodes]
    assert "and 33 more rules" in labels
    assert len(labels) < 20


def test_rows_and_columns_are_used_once() -> None:
    drawn = resource_diagram(resource(scheduling_function="check_quota a\ncheck_quota b"), "")
    places = [(n.row, n.column) for n in drawn.nodes if n.column.name != "SIDE"]
    assert len(places) == len({*places})
    assert all(isinstance(node, Node) for node in drawn.nodes)
