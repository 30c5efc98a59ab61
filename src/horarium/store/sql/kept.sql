-- name: keep_message
INSERT INTO kept_message (tenant, key, resource, recipient, sender, received_s, vouched, policy, packed, content)
VALUES (:tenant, :key, :resource, :recipient, :sender, :received_s, :vouched, :policy, 0, :content)

-- name: kept_messages
SELECT number, key, resource, recipient, sender, received_s, vouched, policy, packed, content FROM kept_message
WHERE tenant = :tenant AND number > :after
ORDER BY number
LIMIT :many

-- name: kept_keys
SELECT key, resource, received_s, policy FROM kept_message WHERE tenant = :tenant ORDER BY number

-- name: kept_count
SELECT COUNT(*) FROM (SELECT 1 FROM kept_message WHERE tenant = :tenant LIMIT :most) AS some

-- name: unpacked_messages
SELECT number, packed, content FROM kept_message
WHERE number > CAST(:after AS BIGINT)
ORDER BY number
LIMIT :many

-- name: pack_message
UPDATE kept_message SET packed = 1, content = :content WHERE number = :number AND packed = 0

-- name: drop_old_kept_messages
DELETE FROM kept_message
WHERE received_s < CAST(:before_s AS BIGINT)
    AND number IN (SELECT number FROM kept_message WHERE tenant = :tenant ORDER BY number LIMIT :many)

-- name: forget_user_kept
DELETE FROM kept_message WHERE tenant = :tenant AND resource = :resource

-- name: stored_events
SELECT uid, MIN(stored_s) FROM calendar_object
WHERE tenant = :tenant AND resource = :resource
GROUP BY uid
ORDER BY 2, 1

-- name: decisions_between
SELECT d.id, u.uri, d.uid, d.recurrence_key, d.decided_s, d.method, d.sequence, d.organizer, d.sender,
    d.outcome, d.reason, d.trace
FROM decision d JOIN calendar_user u ON u.id = d.resource
WHERE d.tenant = :tenant AND d.decided_s >= CAST(:since_s AS BIGINT)
    AND d.decided_s < CAST(:until_s AS BIGINT)
ORDER BY d.number
