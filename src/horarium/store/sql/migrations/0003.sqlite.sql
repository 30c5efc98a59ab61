-- The journal of quotas: each occurrence of a booking that is charged to a quota, buffers excluded. A
-- pending charge waits for an approver beside the one that stands. Rows that ended before the mark are history.
CREATE TABLE quota_charge (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    quota TEXT NOT NULL,
    original_s INTEGER NOT NULL,
    pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
    identity TEXT NOT NULL,
    organizer TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    is_long INTEGER NOT NULL CHECK (is_long IN (0, 1)),
    PRIMARY KEY (tenant, resource, uid, quota, original_s, pending),
    CHECK (end_s > start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_charge_end ON quota_charge (tenant, quota, end_s);
CREATE INDEX quota_charge_time ON quota_charge (tenant, quota, resource, start_s, end_s);
CREATE INDEX quota_charge_long ON quota_charge (tenant, quota, resource, end_s) WHERE is_long = 1;

-- The running sum of the charges that end after the mark; always equal to the sum of the rows.
CREATE TABLE quota_usage (
    tenant TEXT NOT NULL,
    quota TEXT NOT NULL,
    identity TEXT NOT NULL,
    used_s INTEGER NOT NULL CHECK (used_s > 0),
    PRIMARY KEY (tenant, quota, identity)
) STRICT, WITHOUT ROWID;

-- Up to where the usage of a quota has expired.
CREATE TABLE quota_mark (
    tenant TEXT NOT NULL,
    quota TEXT NOT NULL,
    mark_s INTEGER NOT NULL,
    PRIMARY KEY (tenant, quota)
) STRICT, WITHOUT ROWID;

-- The free/busy of quotas: what an organizer holds of the resources of one quota.
CREATE TABLE quota_claim (
    tenant TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES calendar_user (id),
    uid TEXT NOT NULL,
    quota TEXT NOT NULL,
    original_s INTEGER NOT NULL,
    organizer TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    is_long INTEGER NOT NULL CHECK (is_long IN (0, 1)),
    PRIMARY KEY (tenant, resource, uid, quota, original_s),
    CHECK (end_s > start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_claim_time ON quota_claim (tenant, quota, organizer, start_s, end_s);
CREATE INDEX quota_claim_long ON quota_claim (tenant, quota, organizer, end_s) WHERE is_long = 1;
CREATE INDEX quota_claim_end ON quota_claim (tenant, end_s);
