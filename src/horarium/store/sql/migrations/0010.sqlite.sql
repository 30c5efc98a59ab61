-- Distribution: versions of files, built, sent, relayed and extracted.

-- Signed metadata and statements that are believed, or published, here: by name, as octets.
CREATE TABLE metadata (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    signed_s INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;

-- Versions; a row is written when everything of it lies durable, and not changed but to be retired.
CREATE TABLE version (
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    number INTEGER NOT NULL,
    built_s INTEGER NOT NULL,
    record TEXT NOT NULL,
    retired_s INTEGER,
    PRIMARY KEY (tenant, distribution, number)
) STRICT;

CREATE TABLE build (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    cause TEXT NOT NULL,
    started_s INTEGER NOT NULL,
    ended_s INTEGER,
    outcome TEXT CHECK (outcome IN ('built', 'unchanged', 'failed', 'cancelled')),
    reason TEXT NOT NULL DEFAULT '',
    version INTEGER,
    size INTEGER,
    delta INTEGER
) STRICT;
CREATE INDEX build_of ON build (tenant, distribution, id);

-- How far each expected receiver is with each version; a silent one has its row too.
CREATE TABLE receiver (
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('not_eligible', 'pending', 'offered', 'refused',
        'already_have', 'receiving', 'suspended', 'verifying', 'corrupt', 'received', 'extract_wait',
        'pre_actions', 'staging', 'applying', 'post_actions', 'extracted', 'extract_failed',
        'superseded', 'unsubscribed')),
    reason TEXT NOT NULL,
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    octets INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (tenant, distribution, version, subscriber)
) STRICT, WITHOUT ROWID;
CREATE INDEX receiver_of ON receiver (tenant, subscriber, distribution, version);

-- What happened to versions on their way, for reports.
CREATE TABLE passage (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    what TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    octets INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX passage_of ON passage (tenant, distribution, id);

-- Nodes that were given certificates, and the tokens by which others may ask for one.
CREATE TABLE node (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    serial TEXT NOT NULL,
    key BLOB NOT NULL,
    issued_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    revoked_s INTEGER,
    seen_s INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_certificate (
    tenant TEXT NOT NULL,
    serial TEXT NOT NULL,
    node TEXT NOT NULL,
    expires_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    expires_s INTEGER NOT NULL,
    used_s INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What is done by schedule: refresh of a distributor, build, walk of a channel, extraction.
CREATE TABLE act (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    schedule TEXT NOT NULL,
    activated_s INTEGER NOT NULL,
    anchor_s INTEGER NOT NULL,
    cursor_s INTEGER NOT NULL,
    begun_s INTEGER,
    ended_s INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE act_log (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    due_s INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;
CREATE INDEX act_log_of ON act_log (tenant, name, id);

-- What somebody should know; due_s is when a sink is to be told (again), NULL when all were.
CREATE TABLE distribution_notice (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('error', 'warning', 'success', 'info', 'debug')),
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    told INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due_s INTEGER
) STRICT;
CREATE INDEX distribution_notice_due ON distribution_notice (tenant, due_s)
    WHERE due_s IS NOT NULL;
CREATE INDEX distribution_notice_of ON distribution_notice (tenant, what, about, at_s);

-- Windows opened by hand until what was asked for is sent, and releases to rings.
CREATE TABLE extra_window (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    opened_s INTEGER NOT NULL,
    opened_by TEXT NOT NULL,
    closed_s INTEGER
) STRICT;
CREATE INDEX extra_window_open ON extra_window (tenant, channel) WHERE closed_s IS NULL;

CREATE TABLE staged_release (
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    rings INTEGER NOT NULL,
    opened_s INTEGER NOT NULL,
    soaked INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('going', 'paused', 'halted', 'returned', 'done')),
    reason TEXT NOT NULL,
    changed_s INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    forgiven INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, distribution, version)
) STRICT, WITHOUT ROWID;

-- What a node holds: bundles it received, and the newest row it told of each version.
CREATE TABLE holding (
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    base INTEGER NOT NULL,
    digest TEXT NOT NULL,
    received_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, distribution, version, base)
) STRICT, WITHOUT ROWID;

-- Where a content that is being received stands: octets of it that are durable.
CREATE TABLE transfer (
    tenant TEXT NOT NULL,
    digest TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    length INTEGER NOT NULL,
    durable INTEGER NOT NULL CHECK (durable BETWEEN 0 AND length),
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- What each distribution installed on this node, by its absolute place: `target` is the folder it was
-- unpacked into. `serial` rises with every extraction, so that of several that installed one path the
-- later is known. `content` is the digest of a file, or the text of a link; a directory that was there
-- before is not `made`.
CREATE TABLE installed (
    tenant TEXT NOT NULL,
    place TEXT NOT NULL,
    distribution TEXT NOT NULL,
    target TEXT NOT NULL,
    version INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('d', 'f', 'l')),
    mode INTEGER NOT NULL,
    content TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_s INTEGER NOT NULL,
    made INTEGER NOT NULL CHECK (made IN (0, 1)),
    PRIMARY KEY (tenant, distribution, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX installed_place ON installed (tenant, place);
CREATE INDEX installed_content ON installed (tenant, content) WHERE kind = 'f';

-- Which version of each distribution is in use, and where.
CREATE TABLE extracted (
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    target TEXT NOT NULL,
    version INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    at_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, distribution, target)
) STRICT, WITHOUT ROWID;

-- Extractions that have begun and not ended: the journal that is written before each step acts. The
-- stage lies at `stage` below `folder`, which lies at `below` under the allowed `root`; `plan` is the
-- digest of the plan kept in the stage. Of the `actions` that come afterwards `done` have ended well; when
-- one fails, a version that `returns` is taken back.
CREATE TABLE extraction (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    target TEXT NOT NULL,
    root TEXT NOT NULL,
    below TEXT NOT NULL,
    stage TEXT NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('pre_actions', 'staging', 'applying', 'post_actions', 'undoing')),
    plan TEXT NOT NULL,
    actions INTEGER NOT NULL,
    done INTEGER NOT NULL,
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
    returns INTEGER NOT NULL CHECK (returns IN (0, 1)),
    started_s INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX extraction_distribution ON extraction (tenant, distribution);

-- The manifest of each version that was extracted here: what follows is told as changes of it.
CREATE TABLE known_manifest (
    tenant TEXT NOT NULL,
    distribution TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (tenant, distribution, version)
) STRICT, WITHOUT ROWID;
