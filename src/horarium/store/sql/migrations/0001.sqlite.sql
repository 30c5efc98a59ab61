CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,
    applied_s INTEGER NOT NULL
) STRICT;

CREATE TABLE calendar_user (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    uri TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('resource', 'person')),
    declared_in TEXT NOT NULL,
    UNIQUE (tenant, uri)
) STRICT;

-- The longest period of a calendar user that is not flagged long: it bounds the overlap query.
CREATE TABLE calendar_user_longest (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    longest_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource)
) STRICT, WITHOUT ROWID;

-- `owner` is the URI of a calendar user, or 'defaults:resource' for the site's defaults. `value` is what
-- is in force, `applied` what the object file at `place` says; they differ after a command's change.
CREATE TABLE preference (
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT,
    applied TEXT,
    place TEXT NOT NULL,
    PRIMARY KEY (tenant, owner, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE address_group (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (tenant, name, position)
) STRICT, WITHOUT ROWID;

-- The last component of each key of an event at a calendar user: the master (recurrence_key '') and
-- its overrides (the original start). A row with state 'cancelled' is a tombstone. Its rows are large:
-- WITHOUT ROWID they would fill the inner pages of the tree, and every search would compare whole texts.
CREATE TABLE calendar_object (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    recurrence_key TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    dtstamp_s INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('booked', 'declined', 'cancelled', 'dormant')),
    this_and_future INTEGER NOT NULL CHECK (this_and_future IN (0, 1)),
    organizer TEXT NOT NULL,
    made_by TEXT NOT NULL,
    digest TEXT NOT NULL,
    zone_data TEXT NOT NULL,
    stored_s INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (tenant, resource, uid, recurrence_key)
) STRICT;
CREATE INDEX calendar_object_tombstones ON calendar_object (stored_s) WHERE state = 'cancelled';

-- One row for each event that holds time; an endless one says how far its periods are laid down.
CREATE TABLE booking (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    organizer TEXT NOT NULL,
    organizer_name TEXT NOT NULL,
    summary TEXT NOT NULL,
    accepted_s INTEGER NOT NULL,
    capacity INTEGER CHECK (capacity >= 1),
    endless_until_s INTEGER,
    ends_s INTEGER,
    PRIMARY KEY (tenant, resource, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_endless ON booking (tenant, resource, endless_until_s)
    WHERE endless_until_s IS NOT NULL;

-- Occupied time: start_s and end_s include the buffers, event_start_s and event_end_s do not.
CREATE TABLE booking_period (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    uid TEXT NOT NULL,
    original_s INTEGER NOT NULL,
    recurring INTEGER NOT NULL CHECK (recurring IN (0, 1)),
    event_start_s INTEGER NOT NULL,
    event_end_s INTEGER NOT NULL,
    is_long INTEGER NOT NULL CHECK (is_long IN (0, 1)),
    is_exclusive INTEGER NOT NULL CHECK (is_exclusive IN (0, 1)),
    PRIMARY KEY (tenant, resource, uid, original_s),
    CHECK (end_s > start_s),
    CHECK (event_end_s > event_start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_period_time ON booking_period (tenant, resource, start_s, end_s);
CREATE INDEX booking_period_long ON booking_period (tenant, resource, end_s) WHERE is_long = 1;

-- `number` is the order in which decisions were made; many are made in one second.
CREATE TABLE decision (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    recurrence_key TEXT NOT NULL,
    decided_s INTEGER NOT NULL,
    method TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    organizer TEXT NOT NULL,
    sender TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    trace TEXT NOT NULL
) STRICT;
CREATE INDEX decision_of_event ON decision (tenant, uid, number);
CREATE INDEX decision_time ON decision (tenant, decided_s);

CREATE TABLE ledger (
    key TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    method TEXT NOT NULL,
    uid TEXT NOT NULL,
    received_s INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'decided', 'stale', 'duplicate', 'ignored', 'refused', 'quarantined', 'report')),
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_time ON ledger (tenant, received_s);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    resource INTEGER,
    uid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    envelope_from TEXT NOT NULL,
    recipient TEXT NOT NULL,
    content BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'dropped')),
    created_s INTEGER NOT NULL,
    due_s INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    resends INTEGER NOT NULL,
    answer TEXT NOT NULL,
    finished_s INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (due_s, id) WHERE state = 'pending';
CREATE INDEX outbox_sending ON outbox (due_s) WHERE state = 'sending';
CREATE INDEX outbox_open ON outbox (recipient, uid, id) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_answers ON outbox (uid, sequence, recipient, created_s);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    digest TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    reason TEXT NOT NULL,
    received_s INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    content BLOB NOT NULL,
    UNIQUE (tenant, digest, recipient)
) STRICT;

CREATE TABLE notice (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    cause TEXT NOT NULL,
    day INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, day, subject, cause)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;

CREATE TABLE passed_piece (
    name TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    done_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
