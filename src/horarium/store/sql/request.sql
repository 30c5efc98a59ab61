-- name: put_held
INSERT INTO held_time (tenant, resource, uid, original_s, holding, start_s, end_s, event_start_s, event_end_s,
    recurring, organizer, organizer_name, summary, expires_s, asked_by, sequence, digest)
VALUES (:tenant, :resource, :uid, :original_s, :holding, :start_s, :end_s, :event_start_s, :event_end_s,
    :recurring, :organizer, :organizer_name, :summary, :expires_s, :asked_by, :sequence, :digest)

-- name: drop_held
DELETE FROM held_time WHERE tenant = :tenant AND resource = :resource AND uid = :uid

-- name: held_of_event
SELECT uid, original_s, start_s, end_s, event_start_s, event_end_s, recurring, organizer, organizer_name,
    summary, holding, expires_s, asked_by, sequence, digest
FROM held_time
WHERE tenant = :tenant AND resource = :resource AND uid = :uid
    AND (expires_s IS NULL OR expires_s > CAST(:now_s AS BIGINT))
ORDER BY start_s, original_s

-- name: held_overlapping
SELECT uid, original_s, start_s, end_s, event_start_s, event_end_s, recurring, organizer, organizer_name,
    summary, holding, expires_s
FROM held_time
WHERE tenant = :tenant AND resource = :resource
    AND end_s > CAST(:start_s AS BIGINT) AND start_s < CAST(:end_s AS BIGINT)
    AND (expires_s IS NULL OR expires_s > CAST(:now_s AS BIGINT))
ORDER BY start_s, uid, original_s

-- name: drop_expired_held
DELETE FROM held_time WHERE expires_s IS NOT NULL AND expires_s <= CAST(:now_s AS BIGINT)

-- name: open_requests_of_event
SELECT id, uid, slot, awaits, sequence, dtstamp_s, organizer, start_s, end_s, expires_s, facts
FROM open_request
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND closed_s IS NULL
ORDER BY number

-- name: waiting_before
SELECT COUNT(*) FROM open_request
WHERE tenant = :tenant AND resource = :resource AND awaits = 'time' AND closed_s IS NULL
    AND start_s < CAST(:end_s AS BIGINT) AND end_s > CAST(:start_s AS BIGINT)

-- name: put_open_request
INSERT INTO open_request (id, tenant, resource, uid, slot, awaits, sequence, dtstamp_s, organizer, start_s,
    end_s, arrived_s, expires_s, due_s, due_why, comment, answered_by, turns, facts, recipient, sender, content)
VALUES (:id, :tenant, :resource, :uid, :slot, :awaits, :sequence, :dtstamp_s, :organizer, :start_s,
    :end_s, :arrived_s, :expires_s, NULL, '', '', '', 0, :facts, :recipient, :sender, :content)

-- name: update_open_request
UPDATE open_request SET awaits = :awaits, sequence = :sequence, dtstamp_s = :dtstamp_s, start_s = :start_s,
    end_s = :end_s, expires_s = :expires_s, due_s = NULL, due_why = '', facts = :facts,
    sender = CASE WHEN :content IS NULL THEN sender ELSE :sender END,
    content = COALESCE(:content, content)
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND slot = :slot AND closed_s IS NULL

-- name: close_open_request
UPDATE open_request SET closed_s = :now_s, due_s = NULL, content = X'', answered_by =
    CASE WHEN answered_by = '' THEN :by ELSE answered_by END
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND slot = :slot AND closed_s IS NULL

-- name: close_open_requests_of_event
UPDATE open_request SET closed_s = :now_s, due_s = NULL, content = X''
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND closed_s IS NULL

-- name: want_open_request
UPDATE open_request SET due_s = :now_s, due_why = :why, comment = :comment,
    answered_by = CASE WHEN :by = '' THEN answered_by ELSE :by END
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND slot = :slot AND closed_s IS NULL

-- name: wake_waiting
UPDATE open_request SET due_s = :now_s, due_why = 'freed'
WHERE tenant = :tenant AND resource = :resource AND awaits = 'time' AND closed_s IS NULL
    AND start_s < CAST(:end_s AS BIGINT) AND end_s > CAST(:start_s AS BIGINT)

-- name: wake_own_time
UPDATE open_request SET due_s = :now_s, due_why = 'own_freed'
WHERE tenant = :tenant AND awaits = 'own_time' AND closed_s IS NULL
    AND organizer = :organizer AND expires_s > CAST(:now_s AS BIGINT)

-- name: due_open_request
SELECT number, id, resource, uid, slot, awaits, due_why, comment, answered_by, turns, recipient, sender,
    content, arrived_s
FROM open_request
WHERE due_s IS NOT NULL AND tenant = :tenant
ORDER BY awaits <> 'own_time', number
LIMIT 1

-- name: take_turn
UPDATE open_request SET turns = turns + 1, due_s = NULL WHERE number = :number

-- name: expired_open_requests
SELECT resource, uid, slot, awaits FROM open_request
WHERE closed_s IS NULL AND expires_s IS NOT NULL AND expires_s <= CAST(:now_s AS BIGINT)
    AND due_s IS NULL AND tenant = :tenant
ORDER BY expires_s, number
LIMIT 100

-- name: open_request_by_id
SELECT id, uid, slot, awaits, sequence, dtstamp_s, organizer, start_s, end_s, expires_s, facts,
    resource, arrived_s, answered_by, due_why, closed_s
FROM open_request WHERE tenant = :tenant AND id = :id

-- name: open_requests_awaiting
SELECT id, uid, slot, awaits, sequence, dtstamp_s, organizer, start_s, end_s, expires_s, facts,
    resource, arrived_s, answered_by, due_why, closed_s
FROM open_request WHERE tenant = :tenant AND closed_s IS NULL AND (:awaits = '' OR awaits = :awaits)
ORDER BY number

-- name: drop_closed_requests
DELETE FROM open_request WHERE closed_s IS NOT NULL AND closed_s < CAST(:before_s AS BIGINT)

-- name: pool_turns
SELECT resource, assigned_s FROM pool_turn WHERE tenant = :tenant AND quota = :quota

-- name: put_pool_turn
INSERT INTO pool_turn (tenant, quota, resource, assigned_s) VALUES (:tenant, :quota, :resource, :assigned_s)
ON CONFLICT (tenant, quota, resource) DO UPDATE SET assigned_s = excluded.assigned_s

-- name: put_check_in
INSERT INTO check_in (tenant, resource, uid, original_s, at_s, what)
VALUES (:tenant, :resource, :uid, :original_s, :at_s, :what)
ON CONFLICT (tenant, resource, uid, original_s, what) DO NOTHING

-- name: check_ins
SELECT uid, original_s, what FROM check_in
WHERE tenant = :tenant AND resource = :resource AND at_s >= CAST(:since_s AS BIGINT)

-- name: drop_old_check_ins
DELETE FROM check_in WHERE at_s < CAST(:before_s AS BIGINT)

-- name: forget_user_held
DELETE FROM held_time WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_requests
DELETE FROM open_request WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_check_ins
DELETE FROM check_in WHERE tenant = :tenant AND resource = :resource

-- name: open_requests_of_organizer
SELECT COUNT(*) FROM open_request
WHERE tenant = :tenant AND organizer = :organizer AND closed_s IS NULL AND awaits IN ('approval', 'time')
