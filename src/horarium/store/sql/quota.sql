-- name: quota_used
SELECT used_s FROM quota_usage WHERE tenant = :tenant AND quota = :quota AND identity = :identity

-- name: quota_usages
SELECT identity, used_s FROM quota_usage WHERE tenant = :tenant AND quota = :quota ORDER BY identity

-- name: quota_counts
SELECT identity, COUNT(*) FROM quota_charge
WHERE tenant = :tenant AND quota = :quota AND end_s > CAST(:mark_s AS BIGINT)
GROUP BY identity

-- name: change_usage
UPDATE quota_usage SET used_s = used_s + CAST(:seconds AS BIGINT)
WHERE tenant = :tenant AND quota = :quota AND identity = :identity

-- name: start_usage
INSERT INTO quota_usage (tenant, quota, identity, used_s)
VALUES (:tenant, :quota, :identity, :seconds)

-- name: end_usage
DELETE FROM quota_usage WHERE tenant = :tenant AND quota = :quota AND identity = :identity

-- name: end_usages
DELETE FROM quota_usage WHERE tenant = :tenant AND quota = :quota

-- name: sum_up_usages
INSERT INTO quota_usage (tenant, quota, identity, used_s)
SELECT tenant, quota, identity, SUM(end_s - start_s)
FROM quota_charge
WHERE tenant = :tenant AND quota = :quota AND end_s > CAST(:mark_s AS BIGINT)
GROUP BY tenant, quota, identity

-- name: quota_mark
SELECT mark_s FROM quota_mark WHERE tenant = :tenant AND quota = :quota

-- name: put_quota_mark
INSERT INTO quota_mark (tenant, quota, mark_s) VALUES (:tenant, :quota, :mark_s)
ON CONFLICT (tenant, quota) DO UPDATE SET mark_s = excluded.mark_s

-- name: charges_ended
SELECT identity, SUM(end_s - start_s), COUNT(*)
FROM quota_charge
WHERE tenant = :tenant AND quota = :quota
    AND end_s > CAST(:after_s AS BIGINT) AND end_s <= CAST(:mark_s AS BIGINT)
GROUP BY identity

-- name: charges_of_event
SELECT quota, identity, organizer, original_s, start_s, end_s, pending
FROM quota_charge
WHERE tenant = :tenant AND resource = :resource AND uid = :uid
ORDER BY quota, start_s, original_s, pending

-- name: put_charge
INSERT INTO quota_charge (tenant, resource, uid, quota, original_s, pending, identity, organizer,
    start_s, end_s, is_long)
VALUES (:tenant, :resource, :uid, :quota, :original_s, :pending, :identity, :organizer,
    :start_s, :end_s, :is_long)
ON CONFLICT (tenant, resource, uid, quota, original_s, pending) DO UPDATE SET
    identity = excluded.identity, organizer = excluded.organizer,
    start_s = excluded.start_s, end_s = excluded.end_s, is_long = excluded.is_long

-- name: drop_charge
DELETE FROM quota_charge
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND quota = :quota
    AND original_s = :original_s AND pending = :pending

-- The sign before `start_s` keeps the long ones from being looked for by their start.
-- name: charges_overlapping@sqlite
SELECT c.quota, c.identity, c.organizer, c.original_s, c.start_s, c.end_s, c.pending, c.uid
FROM json_each(:spans) s
CROSS JOIN quota_charge c INDEXED BY quota_charge_time
    ON c.tenant = :tenant AND c.quota = :quota AND c.resource = :resource
    AND c.start_s < json_extract(s.value, '$[1]')
    AND c.start_s > json_extract(s.value, '$[0]') - CAST(:longest_s AS BIGINT)
    AND c.end_s > json_extract(s.value, '$[0]')
    AND c.is_long = 0 AND c.uid <> :without
UNION
SELECT c.quota, c.identity, c.organizer, c.original_s, c.start_s, c.end_s, c.pending, c.uid
FROM json_each(:spans) s
CROSS JOIN quota_charge c INDEXED BY quota_charge_long
    ON c.tenant = :tenant AND c.quota = :quota AND c.resource = :resource
    AND c.is_long = 1
    AND c.end_s > json_extract(s.value, '$[0]')
    AND +c.start_s < json_extract(s.value, '$[1]') AND c.uid <> :without
ORDER BY 5, 8, 4, 7

-- name: journal_of_quota
SELECT c.quota, c.identity, c.organizer, c.original_s, c.start_s, c.end_s, c.pending, u.uri, c.uid
FROM quota_charge c JOIN calendar_user u ON u.id = c.resource
WHERE c.tenant = :tenant AND c.quota = :quota AND c.end_s > CAST(:after_s AS BIGINT)
    AND (:identity IS NULL OR c.identity = :identity)
ORDER BY c.start_s, u.uri, c.uid, c.original_s, c.pending

-- name: organizers_charged@sqlite
SELECT DISTINCT organizer, identity FROM quota_charge INDEXED BY quota_charge_end
WHERE tenant = :tenant AND quota = :quota

-- name: attribute_to_group@sqlite
UPDATE quota_charge INDEXED BY quota_charge_end SET identity = :identity
WHERE tenant = :tenant AND quota = :quota AND identity <> :identity
    AND organizer IN (SELECT value FROM json_each(:organizers))

-- name: attribute_to_organizers@sqlite
UPDATE quota_charge INDEXED BY quota_charge_end SET identity = organizer
WHERE tenant = :tenant AND quota = :quota AND identity <> organizer
    AND organizer IN (SELECT value FROM json_each(:organizers))

-- name: claims_of_event
SELECT quota, organizer, resource, uid, original_s, start_s, end_s
FROM quota_claim
WHERE tenant = :tenant AND resource = :resource AND uid = :uid
ORDER BY quota, start_s, original_s

-- name: put_claim
INSERT INTO quota_claim (tenant, resource, uid, quota, original_s, organizer, start_s, end_s, is_long)
VALUES (:tenant, :resource, :uid, :quota, :original_s, :organizer, :start_s, :end_s, :is_long)
ON CONFLICT (tenant, resource, uid, quota, original_s) DO UPDATE SET
    organizer = excluded.organizer, start_s = excluded.start_s, end_s = excluded.end_s,
    is_long = excluded.is_long

-- name: drop_claim
DELETE FROM quota_claim
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND quota = :quota
    AND original_s = :original_s

-- name: claims_overlapping@sqlite
SELECT c.quota, c.organizer, c.resource, c.uid, c.original_s, c.start_s, c.end_s
FROM json_each(:spans) s
CROSS JOIN quota_claim c INDEXED BY quota_claim_time
    ON c.tenant = :tenant AND c.quota = :quota AND c.organizer = :organizer
    AND c.start_s < json_extract(s.value, '$[1]')
    AND c.start_s > json_extract(s.value, '$[0]') - CAST(:longest_s AS BIGINT)
    AND c.end_s > json_extract(s.value, '$[0]')
    AND c.is_long = 0
UNION
SELECT c.quota, c.organizer, c.resource, c.uid, c.original_s, c.start_s, c.end_s
FROM json_each(:spans) s
CROSS JOIN quota_claim c INDEXED BY quota_claim_long
    ON c.tenant = :tenant AND c.quota = :quota AND c.organizer = :organizer
    AND c.is_long = 1
    AND c.end_s > json_extract(s.value, '$[0]')
    AND +c.start_s < json_extract(s.value, '$[1]')
ORDER BY 6, 3, 4, 5

-- name: quotas_known
WITH RECURSIVE claimed (quota) AS (
    SELECT MIN(quota) FROM quota_claim WHERE tenant = :tenant
    UNION ALL
    SELECT (SELECT MIN(c.quota) FROM quota_claim c WHERE c.tenant = :tenant AND c.quota > claimed.quota)
    FROM claimed WHERE claimed.quota IS NOT NULL
)
SELECT quota FROM claimed WHERE quota IS NOT NULL
UNION SELECT quota FROM quota_usage WHERE tenant = :tenant
UNION SELECT quota FROM quota_mark WHERE tenant = :tenant
ORDER BY 1

-- name: quotas_charged_by
SELECT DISTINCT quota FROM quota_charge WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_charges
DELETE FROM quota_charge WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_claims
DELETE FROM quota_claim WHERE tenant = :tenant AND resource = :resource

-- name: drop_old_charges
DELETE FROM quota_charge
WHERE (tenant, resource, uid, quota, original_s, pending) IN (
    SELECT tenant, resource, uid, quota, original_s, pending FROM quota_charge
    WHERE tenant = :tenant AND quota = :quota AND end_s <= CAST(:before_s AS BIGINT)
    LIMIT :many
)

-- name: drop_old_claims
DELETE FROM quota_claim
WHERE (tenant, resource, uid, quota, original_s) IN (
    SELECT tenant, resource, uid, quota, original_s FROM quota_claim
    WHERE tenant = :tenant AND end_s <= CAST(:before_s AS BIGINT)
    LIMIT :many
)

-- name: endless_claims
SELECT DISTINCT b.resource, b.uid
FROM quota_claim q
JOIN booking b ON b.tenant = q.tenant AND b.resource = q.resource AND b.uid = q.uid
WHERE q.tenant = :tenant AND q.quota = :quota AND q.organizer = :organizer
    AND b.endless_until_s IS NOT NULL AND b.endless_until_s < CAST(:before_s AS BIGINT)

-- name: events_in_quota
SELECT resource, uid FROM quota_charge WHERE tenant = :tenant AND quota = :quota
UNION
SELECT resource, uid FROM quota_claim WHERE tenant = :tenant AND quota = :quota
ORDER BY 1, 2
