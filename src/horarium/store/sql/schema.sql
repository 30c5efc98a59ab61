-- name: has_migration_table@sqlite
SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'

-- name: applied_migrations
SELECT digest FROM migration ORDER BY number

-- name: add_migration
INSERT INTO migration (number, digest, applied_s) VALUES (:number, :digest, :applied_s)

-- name: meta_value
SELECT value FROM meta WHERE key = :key

-- name: set_meta
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value
