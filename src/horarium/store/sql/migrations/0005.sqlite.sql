-- What waits for a person: a request to be answered, or an attendee's counter-proposal with its text.
CREATE TABLE person_queue (
    tenant TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    recurrence_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('REQUEST', 'COUNTER')),
    attendee TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    dtstamp_s INTEGER NOT NULL,
    queued_s INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (tenant, person, uid, recurrence_key, kind, attendee)
) STRICT;

-- The newest answer of each attendee to the event or one occurrence of it. The row of the person's own
-- address says how the person takes part; where the person organizes, its sequence is that of the last
-- re-scheduling, below which an answer is late. Delegations are address keys as JSON.
CREATE TABLE person_attendance (
    tenant TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    recurrence_key TEXT NOT NULL,
    attendee TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    dtstamp_s INTEGER NOT NULL,
    partstat TEXT NOT NULL,
    delegated_from TEXT NOT NULL,
    delegated_to TEXT NOT NULL,
    PRIMARY KEY (tenant, person, uid, recurrence_key, attendee)
) STRICT, WITHOUT ROWID;

-- Times that the person proposed instead, held until they expire.
CREATE TABLE person_offer (
    tenant TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    recurrence_key TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL CHECK (end_s > start_s),
    expires_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, person, uid, recurrence_key, start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_offer_expires ON person_offer (tenant, expires_s);

-- The free/busy of others as it was made available to a calendar user. A row of the type 'STATED' is the
-- stretch that a statement of `stated_s` covers; `uid` names the event that a row was seen in, '' for what
-- was stated as free/busy.
CREATE TABLE known_freebusy (
    tenant TEXT NOT NULL,
    person INTEGER NOT NULL REFERENCES calendar_user (id),
    party TEXT NOT NULL,
    uid TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL CHECK (end_s > start_s),
    fbtype TEXT NOT NULL CHECK (fbtype IN ('BUSY', 'BUSY-TENTATIVE', 'BUSY-UNAVAILABLE', 'STATED')),
    stated_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, person, party, uid, start_s, end_s, fbtype, stated_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_freebusy_end ON known_freebusy (tenant, end_s);
