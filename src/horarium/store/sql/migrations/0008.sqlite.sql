-- What the pages and the HTTP interface keep: addresses of feeds, known by the digest of their secret, and
-- answers to creations that may be sent again under the same key.
CREATE TABLE feed (
    number INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    thing TEXT NOT NULL,
    form TEXT NOT NULL CHECK (form IN ('busy', 'full')),
    created_s INTEGER NOT NULL,
    last_used INTEGER
) STRICT;
CREATE INDEX feed_of_account ON feed (tenant, account);

CREATE TABLE given_answer (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    made_s INTEGER NOT NULL,
    status INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_answer_age ON given_answer (made_s);

CREATE INDEX decision_of_resource ON decision (resource, number);
