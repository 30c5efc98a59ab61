-- One entry of the timetable as one task keeps it. Moments up to cursor_s are decided; next_due_s is when to
-- ask again. anchor_s is where a grid counts from. begun_s and ended_s are those of the newest run. A row
-- whose entry was edited or removed stays, with the instant it was taken out.
CREATE TABLE timer (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    entry TEXT NOT NULL,
    task INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER,
    name TEXT,
    text TEXT NOT NULL,
    schedule TEXT NOT NULL,
    signal TEXT,
    activated_s INTEGER NOT NULL,
    anchor_s INTEGER NOT NULL,
    cursor_s INTEGER NOT NULL,
    next_due_s INTEGER,
    begun_s INTEGER,
    ended_s INTEGER,
    taken_out_s INTEGER
) STRICT;
CREATE UNIQUE INDEX timer_standing ON timer (tenant, entry, task) WHERE taken_out_s IS NULL;
CREATE INDEX timer_due ON timer (tenant, task, next_due_s)
    WHERE taken_out_s IS NULL AND next_due_s IS NOT NULL;
CREATE INDEX timer_signal ON timer (tenant, signal) WHERE taken_out_s IS NULL AND signal IS NOT NULL;

-- The ledger of runs: a row for each run, and for each group of moments that did not become one. No
-- moment of an entry is begun twice in one task, whatever the code above believes. A run by hand is
-- 'asked' for until whoever works for the task begins it.
CREATE TABLE firing (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    timer INTEGER NOT NULL REFERENCES timer (id),
    entry TEXT NOT NULL,
    task INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('run', 'manual', 'skip')),
    due_s INTEGER NOT NULL,
    first_due_s INTEGER NOT NULL,
    count INTEGER NOT NULL,
    at_least INTEGER NOT NULL CHECK (at_least IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN (
        'asked', 'started', 'finished', 'failed', 'unknown', 'skipped_late', 'skipped_overlap',
        'skipped_coalesced', 'skipped_window', 'skipped_calendar', 'skipped_disabled')),
    reason TEXT NOT NULL,
    decided_s INTEGER NOT NULL,
    started_s INTEGER,
    ended_s INTEGER,
    attempts INTEGER NOT NULL,
    worker INTEGER,
    status INTEGER,
    detail TEXT NOT NULL,
    output BLOB NOT NULL,
    output_octets INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX firing_once ON firing (tenant, entry, task, due_s) WHERE kind = 'run';
CREATE INDEX firing_timer ON firing (timer, id);
CREATE INDEX firing_begun ON firing (tenant, task) WHERE state IN ('asked', 'started');
CREATE INDEX firing_time ON firing (tenant, decided_s);

CREATE TABLE signal (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, at_s)
) STRICT, WITHOUT ROWID;

-- Who worked for a task, and until when it is known to have lived: what lies between is time in which
-- nothing could be run.
CREATE TABLE worker (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    task INTEGER NOT NULL,
    node TEXT NOT NULL,
    process INTEGER NOT NULL,
    started_s INTEGER NOT NULL,
    seen_s INTEGER NOT NULL,
    stopped_s INTEGER
) STRICT;
CREATE INDEX worker_task ON worker (tenant, task, id);

-- The control files that were in force; the newest row is. `lists` holds the files it names, as JSON.
CREATE TABLE control_file (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    content BLOB NOT NULL,
    lists TEXT NOT NULL,
    activated_s INTEGER NOT NULL
) STRICT;
CREATE INDEX control_file_newest ON control_file (tenant, id);

CREATE TABLE variable (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    set_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What directives want of a mailer.
CREATE TABLE wish (
    firing INTEGER PRIMARY KEY REFERENCES firing (id),
    tenant TEXT NOT NULL,
    keyword TEXT NOT NULL,
    text TEXT NOT NULL,
    made_s INTEGER NOT NULL,
    until_s INTEGER,
    state TEXT NOT NULL CHECK (state IN ('open', 'fulfilled', 'withdrawn', 'unavailable'))
) STRICT;
