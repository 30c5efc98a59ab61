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
-- digest of the plan kept in the stage. `done` counts the actions after it that have ended well; when one fails, a version
-- that `returns` is taken back.
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
    done INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
    returns INTEGER NOT NULL CHECK (returns IN (0, 1)),
    started_s INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX extraction_distribution ON extraction (tenant, distribution);
