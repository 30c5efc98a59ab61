-- name: installed_by
SELECT place, kind, mode, content, size, modified_s, made FROM installed
WHERE tenant = :tenant AND distribution = :distribution AND target = :target

-- name: targets_of
SELECT target, version, serial, at_s FROM extracted
WHERE tenant = :tenant AND distribution = :distribution ORDER BY target

-- name: all_extracted
SELECT distribution, target, version, serial, at_s FROM extracted
WHERE tenant = :tenant ORDER BY distribution, target

-- name: installed_by_others
SELECT other.place, MAX(other.serial > COALESCE(own.serial, 0)) FROM installed AS other
LEFT JOIN installed AS own
    ON own.tenant = other.tenant AND own.distribution = :distribution AND own.place = other.place
WHERE other.tenant = :tenant AND other.distribution <> :distribution
    AND other.place >= :first AND other.place < :last
GROUP BY other.place

-- name: places_of_content
SELECT target, place FROM installed
WHERE tenant = :tenant AND content = :content AND kind = 'f' ORDER BY serial DESC LIMIT :many

-- name: put_installed
INSERT INTO installed (tenant, place, distribution, target, version, serial, kind, mode, content, size,
    modified_s, made)
VALUES (:tenant, :place, :distribution, :target, :version, :serial, :kind, :mode, :content, :size,
    :modified_s, :made)
ON CONFLICT (tenant, distribution, place) DO UPDATE SET target = excluded.target,
    version = excluded.version, serial = excluded.serial, kind = excluded.kind, mode = excluded.mode,
    content = excluded.content, size = excluded.size, modified_s = excluded.modified_s,
    made = excluded.made

-- name: doubt_installed
UPDATE installed SET modified_s = :modified_s
WHERE tenant = :tenant AND distribution = :distribution AND place = :place AND target = :target

-- name: drop_installed
DELETE FROM installed
WHERE tenant = :tenant AND distribution = :distribution AND place = :place AND target = :target

-- name: put_extracted
INSERT INTO extracted (tenant, distribution, target, version, serial, at_s)
VALUES (:tenant, :distribution, :target, :version, :serial, :at_s)
ON CONFLICT (tenant, distribution, target) DO UPDATE SET version = excluded.version,
    serial = excluded.serial, at_s = excluded.at_s

-- name: drop_extracted
DELETE FROM extracted
WHERE tenant = :tenant AND distribution = :distribution AND target = :target

-- name: begin_extraction
INSERT INTO extraction (tenant, distribution, version, target, root, below, stage, step, plan,
    actions, done, kept, returns, started_s)
VALUES (:tenant, :distribution, :version, :target, :root, :below, '', 'pre_actions', '',
    :actions, 0, 0, :returns, :started_s)
RETURNING serial

-- name: extraction_step
UPDATE extraction SET step = :step, stage = :stage, plan = :plan, done = :done, kept = :kept
WHERE serial = :serial

-- name: extractions
SELECT serial, distribution, version, target, root, below, stage, step, plan, actions, done,
    kept, returns, started_s
FROM extraction WHERE tenant = :tenant ORDER BY serial

-- name: end_extraction
DELETE FROM extraction WHERE serial = :serial
