-- Who may sign in or speak by a token. `password` is what is stored of it, '' for none; roles and
-- resources are JSON lists; `last_sign_in` is a day counted from 1970-01-01.
CREATE TABLE account (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    created_s INTEGER NOT NULL,
    roles TEXT NOT NULL,
    resources TEXT NOT NULL,
    display_name TEXT NOT NULL,
    mail TEXT NOT NULL,
    zone TEXT NOT NULL,
    language TEXT NOT NULL,
    person TEXT NOT NULL,
    host TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    last_sign_in INTEGER,
    password TEXT NOT NULL,
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;

-- The record of each session, found by the digest of its id; the id itself is nowhere. `ends_s` is when
-- it is not open any more if nobody comes, NULL for never: by it old ones are swept and open ones
-- counted, while whether one is open is told by the record and the present alone.
CREATE TABLE session (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    format INTEGER NOT NULL,
    name TEXT NOT NULL,
    user_name TEXT NOT NULL,
    rid TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    creation_s INTEGER NOT NULL,
    modification_s INTEGER NOT NULL,
    last_seen_s INTEGER NOT NULL,
    max_age INTEGER,
    closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
    reason TEXT NOT NULL,
    cookie_name TEXT NOT NULL,
    csrf_secret BLOB NOT NULL,
    source TEXT NOT NULL,
    browser TEXT NOT NULL,
    ends_s INTEGER,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX session_user ON session (tenant, user_name, closed);
CREATE INDEX session_source ON session (tenant, source, creation_s);
CREATE INDEX session_end ON session (ends_s);

CREATE TABLE session_group (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What a session group is bound to.
CREATE TABLE session_group_member (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('account', 'role', 'group')),
    member TEXT NOT NULL,
    PRIMARY KEY (tenant, name, kind, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_token (
    digest TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (id),
    scopes TEXT NOT NULL,
    created_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    last_used INTEGER,
    revoked_s INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_account ON api_token (tenant, account);

-- Failed tries at signing in. `counter` is a keyed hash of a name, a source or a known browser.
CREATE TABLE sign_in_failure (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    counter TEXT NOT NULL,
    at_s INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_failure_counter ON sign_in_failure (tenant, counter, at_s);
CREATE INDEX sign_in_failure_time ON sign_in_failure (at_s);

-- Browsers that have signed in to an account, by the digest of a cookie of their own.
CREATE TABLE known_browser (
    digest TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (id),
    created_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX known_browser_account ON known_browser (tenant, account);
CREATE INDEX known_browser_time ON known_browser (created_s);

-- Who signed in and out, from where, and what was changed of accounts; never an id, token or password,
-- and no name that nobody has. `session` is the first 8 digits of a digest.
CREATE TABLE identity_log (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    what TEXT NOT NULL,
    account TEXT NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    session TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX identity_log_time ON identity_log (at_s);
