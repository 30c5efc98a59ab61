-- What a generator of slots remembers: its current time, how many it gave, what was pushed back.
-- `counted_from` is the number of the newest appointment at the last reset: only later ones count.
CREATE TABLE appointer_state (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    time_s INTEGER NOT NULL,
    number INTEGER NOT NULL,
    counted_from INTEGER NOT NULL,
    returned TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- Whose turn it is in a team, and who is owed one because somebody did not use it.
CREATE TABLE assistant_state (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    turn INTEGER NOT NULL,
    turns INTEGER NOT NULL,
    owed TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- Appointments and holds. `turn` is the count of turns of the team when it was placed. `token` is the
-- digest of the secret of its link, `mail_token` of the one that proves an address. A hold is over at `expires_s`, swept or not.
CREATE TABLE appointment (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    uid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    service TEXT NOT NULL,
    team TEXT NOT NULL,
    turn INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    seats INTEGER NOT NULL CHECK (seats > 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'pending', 'confirmed', 'arrived', 'done', 'no_show',
        'cancelled', 'released', 'expired', 'refused')),
    awaits TEXT NOT NULL CHECK (awaits IN ('', 'mail', 'approval')),
    expires_s INTEGER,
    client_name TEXT NOT NULL,
    client_mail TEXT NOT NULL,
    client_zone TEXT NOT NULL,
    client_language TEXT NOT NULL,
    fields TEXT NOT NULL,
    token BLOB,
    mail_token BLOB,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    series TEXT NOT NULL,
    created_s INTEGER NOT NULL,
    changed_s INTEGER NOT NULL,
    CHECK (end_s > start_s)
) STRICT;
CREATE UNIQUE INDEX appointment_uid ON appointment (tenant, uid);
CREATE UNIQUE INDEX appointment_token ON appointment (token) WHERE token IS NOT NULL;
CREATE UNIQUE INDEX appointment_mail_token ON appointment (mail_token) WHERE mail_token IS NOT NULL;
CREATE INDEX appointment_client ON appointment (tenant, client_mail, end_s) WHERE client_mail <> '';
CREATE INDEX appointment_time ON appointment (tenant, start_s);
CREATE INDEX appointment_expiry ON appointment (expires_s) WHERE expires_s IS NOT NULL;
CREATE INDEX appointment_dead ON appointment (changed_s)
    WHERE state IN ('released', 'expired') AND client_mail = '';
CREATE INDEX appointment_team ON appointment (tenant, team, created_s) WHERE team <> '';

-- Who gives it, with the time that is kept free around it. Long ones are found apart, so that a search
-- around an instant looks at a few days only.
CREATE TABLE appointment_host (
    tenant TEXT NOT NULL,
    host TEXT NOT NULL,
    appointment INTEGER NOT NULL REFERENCES appointment (number),
    occupied_s INTEGER NOT NULL,
    occupied_end_s INTEGER NOT NULL,
    is_long INTEGER NOT NULL CHECK (is_long IN (0, 1)),
    PRIMARY KEY (tenant, host, is_long, occupied_end_s, appointment)
) STRICT, WITHOUT ROWID;
CREATE INDEX appointment_host_appointment ON appointment_host (appointment);

-- When a client is told of an appointment once more, as it stood at `sequence`. One that is `late` was
-- never sent: its time had gone by.
CREATE TABLE reminder (
    tenant TEXT NOT NULL,
    appointment TEXT NOT NULL REFERENCES appointment (id),
    sequence INTEGER NOT NULL,
    what TEXT NOT NULL,
    due_s INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'sent', 'late')),
    PRIMARY KEY (tenant, appointment, sequence, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_due ON reminder (tenant, due_s) WHERE state = 'due';

-- Who would come if time were freed; `last_s` is when the last span passes, or when it ended.
CREATE TABLE waiting (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    service TEXT NOT NULL,
    host TEXT NOT NULL,
    spans TEXT NOT NULL,
    weekdays TEXT NOT NULL,
    from_s INTEGER,
    to_s INTEGER,
    duration INTEGER,
    seats INTEGER NOT NULL CHECK (seats > 0),
    priority INTEGER NOT NULL,
    client_name TEXT NOT NULL,
    client_mail TEXT NOT NULL,
    client_zone TEXT NOT NULL,
    client_language TEXT NOT NULL,
    fields TEXT NOT NULL,
    token BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'booked', 'withdrawn', 'over')),
    created_s INTEGER NOT NULL,
    last_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX waiting_client ON waiting (tenant, service, client_mail) WHERE state = 'waiting';
CREATE INDEX waiting_last ON waiting (tenant, last_s) WHERE state = 'waiting';
CREATE INDEX waiting_ended ON waiting (tenant, last_s) WHERE state <> 'waiting';

-- Holds that were offered to somebody who waits; `passed` are the entries that had their chance.
CREATE TABLE waiting_offer (
    tenant TEXT NOT NULL,
    appointment TEXT NOT NULL REFERENCES appointment (id),
    entry TEXT NOT NULL,
    passed TEXT NOT NULL,
    PRIMARY KEY (tenant, appointment)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_offer_entry ON waiting_offer (tenant, entry);

-- Time of hosts that was freed and not yet looked at by those who wait.
CREATE TABLE freed (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    host TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    passed TEXT NOT NULL,
    CHECK (end_s > start_s)
) STRICT;

-- What clients answered from their calendars, and whether what follows from it is done.
CREATE TABLE client_reply (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    appointment TEXT NOT NULL REFERENCES appointment (id),
    sequence INTEGER NOT NULL,
    word TEXT NOT NULL CHECK (word IN ('accepted', 'tentative', 'declined', 'counter')),
    at_s INTEGER NOT NULL,
    followed INTEGER NOT NULL CHECK (followed IN (0, 1))
) STRICT;
CREATE INDEX client_reply_waiting ON client_reply (tenant, number) WHERE followed = 0;
CREATE INDEX client_reply_appointment ON client_reply (tenant, appointment, number);

-- Further secrets that lead to an appointment: of a link that was mailed when the first was not at hand.
CREATE TABLE appointment_link (
    digest BLOB PRIMARY KEY,
    tenant TEXT NOT NULL,
    appointment TEXT NOT NULL REFERENCES appointment (id)
) STRICT, WITHOUT ROWID;

-- Calendars of holidays, laid down date by date (days since 1970-01-01) and renewed by the daily pass.
CREATE TABLE holiday_calendar (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE holiday (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    day INTEGER NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (tenant, name, day)
) STRICT, WITHOUT ROWID;
