"""The shapes of answers, as JSON schemas: what the OpenAPI document says, and tests compare."""

from __future__ import annotations

from horarium.web.api.parameters import Schema

INSTANT: Schema = {"type": "string", "format": "date-time"}
MAYBE_INSTANT: Schema = {"type": ["string", "null"], "format": "date-time"}
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": "integer"}
MAYBE_NUMBER: Schema = {"type": ["integer", "null"]}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}


def thing(**properties: Schema) -> Schema:
    """An object that has all of these properties; further ones may be added in later versions."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def list_of(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def named(name: str) -> Schema:
    """A reference to another of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str, key: str) -> Schema:
    """A page of a list: its items, and the cursor of the next page."""
    return thing(**{key: list_of(named(name)), "next_cursor": MAYBE_TEXT})


_PERIOD = {"start": INSTANT, "end": INSTANT}
_APPOINTMENT = {
    **_PERIOD, "id": TEXT, "uid": TEXT, "state": TEXT, "service": MAYBE_TEXT, "appointers": TEXTS,
    "assistant": MAYBE_TEXT, "duration": NUMBER, "seats": NUMBER, "awaits": MAYBE_TEXT,
    "expires": MAYBE_INSTANT, "name": MAYBE_TEXT, "mail": MAYBE_TEXT, "reason": MAYBE_TEXT,
    "series": MAYBE_TEXT,
}  # fmt: skip
_WAITING = {
    "id": TEXT, "service": TEXT, "appointer": MAYBE_TEXT, "name": MAYBE_TEXT, "mail": TEXT,
    "spans": list_of(thing(**_PERIOD)), "seats": NUMBER, "priority": NUMBER, "created": INSTANT,
    "ended": MAYBE_TEXT,
}  # fmt: skip

_RECEIVER = {
    "node": TEXT, "parent": MAYBE_TEXT, "tier": NUMBER, "state": TEXT, "percent": NUMBER,
    "reason": MAYBE_TEXT, "until": MAYBE_INSTANT, "since": MAYBE_INSTANT, "octets": NUMBER,
    "link_since": MAYBE_INSTANT, "link_reason": MAYBE_TEXT,
}  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "code"],
        "properties": {
            "type": TEXT, "title": TEXT, "status": NUMBER, "detail": TEXT, "instance": TEXT,
            "code": TEXT, "errors": list_of(thing(detail=TEXT, parameter=TEXT)),
        },
    },
    "Period": thing(**_PERIOD),
    "Open": thing(id=TEXT, kind=TEXT, open=list_of(named("Period"))),
    "Next": thing(
        id=TEXT, kind=TEXT, next=list_of(thing(at=INSTANT, end=MAYBE_INSTANT, what=TEXT))
    ),
    "Step": thing(gate=TEXT, verdict=TEXT, reason=MAYBE_TEXT, evidence={"type": "object"}),
    "Why": thing(id=TEXT, verdict=TEXT, steps=list_of(named("Step"))),
    "Entry": thing(start=INSTANT, end=MAYBE_INSTANT, kind=TEXT, id=TEXT, what=TEXT),
    "Agenda": page_of("Entry", "entries"),
    "Object": thing(id=TEXT, kind=TEXT, name=MAYBE_TEXT),
    "Objects": page_of("Object", "objects"),
    "Resource": thing(
        id=TEXT, kind=TEXT, name=MAYBE_TEXT, zone=TEXT, fault=MAYBE_TEXT, seats=MAYBE_NUMBER,
        features=TEXTS, location=MAYBE_TEXT, functions=list_of(TEXT),
    ),
    "Resources": page_of("Resource", "resources"),
    "Decision": thing(
        id=TEXT, resource=TEXT, uid=TEXT, decided=INSTANT, method=TEXT, organizer=TEXT,
        outcome=TEXT, reason=MAYBE_TEXT, steps=list_of(named("Step")),
    ),
    "Decisions": thing(decisions=list_of(named("Decision"))),
    "Finding": thing(
        id=TEXT, name=MAYBE_TEXT, seats=MAYBE_NUMBER, features=TEXTS, location=MAYBE_TEXT,
        against=list_of(named("Step")), unasked=TEXTS, asks_a_person=FLAG,
    ),
    "Findings": thing(
        **_PERIOD, free=list_of(named("Finding")), others=list_of(named("Finding"))
    ),
    "Approval": thing(
        id=TEXT, resource=TEXT, uid=TEXT, organizer=TEXT, summary=MAYBE_TEXT, **_PERIOD,
        reasons=TEXTS, approvers=TEXTS, arrived=INSTANT, expires=MAYBE_INSTANT,
    ),
    "Approvals": page_of("Approval", "requests"),
    "Word": thing(id=TEXT, accepted=FLAG),
    "Directives": thing(
        entries=list_of(
            thing(id=TEXT, text=TEXT, task=MAYBE_NUMBER, next=MAYBE_INSTANT, reason=MAYBE_TEXT)
        ),
        well=FLAG, undecided=MAYBE_TEXT, violations=NUMBER,
        last=list_of(
            thing(
                entry=MAYBE_TEXT, due=INSTANT, started=MAYBE_INSTANT, ended=MAYBE_INSTANT,
                state=TEXT, reason=MAYBE_TEXT, count=NUMBER,
            )
        ),
    ),
    "Quota": thing(
        name=TEXT, resources=TEXTS, used=NUMBER, mark=MAYBE_INSTANT, fault=MAYBE_TEXT
    ),
    "Quotas": page_of("Quota", "quotas"),
    "Usage": thing(
        name=TEXT, mark=MAYBE_INSTANT, fault=MAYBE_TEXT,
        usage=list_of(
            thing(identity=TEXT, limit=MAYBE_NUMBER, unlimited=FLAG, used=NUMBER, entries=NUMBER)
        ),
    ),
    "Service": thing(
        id=TEXT, name=MAYBE_TEXT, info=MAYBE_TEXT, location=MAYBE_TEXT,
        durations=list_of(NUMBER), seats=NUMBER,
    ),
    "Services": page_of("Service", "services"),
    "Starts": thing(
        service=TEXT, starts=list_of(thing(**_PERIOD, appointers=TEXTS, seats=NUMBER))
    ),
    "Appointment": thing(**_APPOINTMENT),
    "Hold": thing(**_APPOINTMENT, token=MAYBE_TEXT),
    "Appointments": page_of("Appointment", "appointments"),
    "Rules": thing(
        service=TEXT, rules=list_of(thing(appointer=TEXT, rule=TEXT, refuses=FLAG))
    ),
    "Waiting": thing(**_WAITING, token=MAYBE_TEXT),
    "WaitingEntry": thing(**_WAITING),
    "WaitingList": page_of("WaitingEntry", "waiting"),
    "Given": thing(**_PERIOD, appointer=TEXT, duration=NUMBER, appointment=TEXT),
    "PushedBack": thing(assistant=TEXT, appointer=TEXT),
    "Distributions": thing(
        distributions=list_of(
            thing(
                id=TEXT, title=MAYBE_TEXT, active=FLAG, version=MAYBE_NUMBER, built=MAYBE_INSTANT,
                files=NUMBER, bytes=NUMBER, receivers={"type": "object"},
                next_build=MAYBE_INSTANT,
                channels=list_of(thing(id=TEXT, active=FLAG, open=FLAG, until=MAYBE_INSTANT)),
            )
        )
    ),
    "DistributionStatus": thing(
        distribution=TEXT,
        versions=list_of(
            thing(
                version=NUMBER, built=INSTANT, files=NUMBER, bytes=NUMBER, retired=MAYBE_INSTANT,
                nodes=list_of(thing(**_RECEIVER)),
            )
        ),
        opened_by_hand=list_of(
            thing(channel=TEXT, opened=INSTANT, closed=MAYBE_INSTANT, by=TEXT)
        ),
        paused=list_of(thing(channel=TEXT, since=INSTANT, by=TEXT)),
        builds=list_of(
            thing(
                cause=TEXT, started=INSTANT, ended=MAYBE_INSTANT, outcome=TEXT, reason=MAYBE_TEXT,
                version=MAYBE_NUMBER, bytes=MAYBE_NUMBER, delta_bytes=MAYBE_NUMBER,
            )
        ),
        not_made=list_of(thing(what=TEXT, due=INSTANT, reason=TEXT, times=NUMBER)),
    ),
    "DistributionWhy": thing(
        id=TEXT, subscriber=TEXT, version=MAYBE_NUMBER, verdict=TEXT, said=TEXT,
        next=MAYBE_INSTANT, steps=list_of(named("Step")),
    ),
    "SubscriberStatus": thing(
        subscriber=TEXT, seen=MAYBE_INSTANT, revoked=FLAG,
        distributions=list_of(thing(distribution=TEXT, version=NUMBER, **_RECEIVER)),
    ),
    "Feed": thing(
        id=TEXT, thing=MAYBE_TEXT, form=TEXT, created=INSTANT, url=MAYBE_TEXT
    ),
    "Feeds": page_of("Feed", "feeds"),
    "Session": thing(
        user=MAYBE_TEXT, roles=TEXTS, remaining=MAYBE_NUMBER, csrf=MAYBE_TEXT, id=MAYBE_TEXT
    ),
    "SessionView": thing(
        id=TEXT, state=TEXT, remaining=MAYBE_NUMBER, user=TEXT, kind=TEXT, created=INSTANT,
        last_seen=INSTANT, source=TEXT, browser=TEXT, current=FLAG,
    ),
    "Sessions": page_of("SessionView", "sessions"),
}  # fmt: skip
