-- The objects of distribution as they are in effect: edits of them wait for a refresh.
CREATE TABLE realm_in_effect (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, name)
) STRICT, WITHOUT ROWID;
