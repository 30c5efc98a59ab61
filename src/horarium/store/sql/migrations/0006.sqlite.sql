-- What is kept of each message that was decided about, in order, so that it can be decided again: the
-- mail without what decides nothing, as it is until the daily pass compresses it. `policy` tells under which preferences that was. Old ones are the first by number, so that no
-- index has to be kept for finding them.
CREATE TABLE kept_message (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    recipient TEXT NOT NULL,
    sender TEXT,
    received_s INTEGER NOT NULL,
    vouched INTEGER NOT NULL CHECK (vouched IN (0, 1)),
    policy TEXT NOT NULL,
    packed INTEGER NOT NULL CHECK (packed IN (0, 1)),
    content BLOB NOT NULL
) STRICT;
