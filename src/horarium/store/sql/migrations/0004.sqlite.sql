-- Time that is held for an event without being booked: offers, holds for a resource that is asked to
-- stand in, requests that wait for a person. What has expired no longer counts, swept or not.
CREATE TABLE held_time (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    original_s INTEGER NOT NULL,
    holding TEXT NOT NULL CHECK (holding IN ('offer', 'hold', 'pending')),
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    event_start_s INTEGER NOT NULL,
    event_end_s INTEGER NOT NULL,
    recurring INTEGER NOT NULL CHECK (recurring IN (0, 1)),
    organizer TEXT NOT NULL,
    organizer_name TEXT NOT NULL,
    summary TEXT NOT NULL,
    expires_s INTEGER,
    asked_by TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (tenant, resource, uid, original_s),
    CHECK (end_s > start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_time_end ON held_time (tenant, resource, end_s);
CREATE INDEX held_time_expiry ON held_time (expires_s) WHERE expires_s IS NOT NULL;

-- A request that is not settled, with the message that asked. `number` is the order of arrival; `due_s`
-- and `due_why` are set when it is to be decided again. A closed one is kept for a while without the
-- message, to tell a late answer who decided.
CREATE TABLE open_request (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    slot TEXT NOT NULL,
    awaits TEXT NOT NULL CHECK (awaits IN ('approval', 'time', 'own_time', 'delegate', 'organizer')),
    sequence INTEGER NOT NULL,
    dtstamp_s INTEGER NOT NULL,
    organizer TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    arrived_s INTEGER NOT NULL,
    expires_s INTEGER,
    due_s INTEGER,
    due_why TEXT NOT NULL,
    comment TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    turns INTEGER NOT NULL,
    facts TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT,
    content BLOB NOT NULL,
    closed_s INTEGER
) STRICT;
CREATE UNIQUE INDEX open_request_event ON open_request (tenant, resource, uid, slot) WHERE closed_s IS NULL;
CREATE INDEX open_request_time ON open_request (tenant, resource, awaits, start_s) WHERE closed_s IS NULL;
CREATE INDEX open_request_organizer ON open_request (tenant, organizer) WHERE closed_s IS NULL;
CREATE INDEX open_request_due ON open_request (due_s) WHERE due_s IS NOT NULL;
CREATE INDEX open_request_expiry ON open_request (expires_s) WHERE closed_s IS NULL AND expires_s IS NOT NULL;
CREATE INDEX open_request_closed ON open_request (closed_s) WHERE closed_s IS NOT NULL;

CREATE TABLE check_in (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    original_s INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('checked_in', 'reminded')),
    PRIMARY KEY (tenant, resource, uid, original_s, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_in_time ON check_in (at_s);

-- When each resource of a pool was last chosen.
CREATE TABLE pool_turn (
    tenant TEXT NOT NULL,
    quota TEXT NOT NULL,
    resource TEXT NOT NULL,
    assigned_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, quota, resource)
) STRICT, WITHOUT ROWID;

-- How many messages came from a sender, or from its whole domain (with @), in an hour of the epoch.
CREATE TABLE sender_rate (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hour INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX sender_rate_hour ON sender_rate (hour);
