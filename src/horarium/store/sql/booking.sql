-- name: event_entries
SELECT recurrence_key, sequence, dtstamp_s, state, this_and_future, organizer, made_by, digest, zone_data, text
FROM calendar_object
WHERE tenant = :tenant AND resource = :resource AND uid = :uid
ORDER BY recurrence_key

-- name: put_entry
INSERT INTO calendar_object (tenant, resource, uid, recurrence_key, sequence, dtstamp_s, state,
    this_and_future, organizer, made_by, digest, zone_data, stored_s, text)
VALUES (:tenant, :resource, :uid, :recurrence_key, :sequence, :dtstamp_s, :state,
    :this_and_future, :organizer, :made_by, :digest, :zone_data, :stored_s, :text)
ON CONFLICT (tenant, resource, uid, recurrence_key) DO UPDATE SET
    sequence = excluded.sequence, dtstamp_s = excluded.dtstamp_s, state = excluded.state,
    this_and_future = excluded.this_and_future, organizer = excluded.organizer,
    made_by = excluded.made_by, digest = excluded.digest, zone_data = excluded.zone_data,
    stored_s = excluded.stored_s, text = excluded.text

-- name: drop_entry
DELETE FROM calendar_object
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND recurrence_key = :recurrence_key

-- name: drop_old_tombstones
DELETE FROM calendar_object
WHERE state = 'cancelled' AND stored_s < CAST(:before_s AS BIGINT)

-- name: booking_head
SELECT organizer, organizer_name, summary, accepted_s, capacity, endless_until_s, ends_s
FROM booking
WHERE tenant = :tenant AND resource = :resource AND uid = :uid

-- name: put_booking
INSERT INTO booking (tenant, resource, uid, organizer, organizer_name, summary, accepted_s, capacity,
    endless_until_s, ends_s)
VALUES (:tenant, :resource, :uid, :organizer, :organizer_name, :summary, :accepted_s, :capacity,
    :endless_until_s, :ends_s)
ON CONFLICT (tenant, resource, uid) DO UPDATE SET
    organizer = excluded.organizer, organizer_name = excluded.organizer_name,
    summary = excluded.summary, accepted_s = excluded.accepted_s, capacity = excluded.capacity,
    endless_until_s = excluded.endless_until_s, ends_s = excluded.ends_s

-- name: drop_booking
DELETE FROM booking WHERE tenant = :tenant AND resource = :resource AND uid = :uid

-- name: laid_before
SELECT b.uid, b.endless_until_s, b.organizer, b.organizer_name, b.ends_s
FROM booking b
WHERE b.tenant = :tenant AND b.resource = :resource
    AND b.endless_until_s IS NOT NULL
    AND b.endless_until_s < CAST(:instant_s AS BIGINT)
ORDER BY b.uid

-- name: longest_period
SELECT longest_s FROM calendar_user_longest WHERE tenant = :tenant AND resource = :resource

-- name: raise_longest
INSERT INTO calendar_user_longest (tenant, resource, longest_s)
VALUES (:tenant, :resource, :longest_s)
ON CONFLICT (tenant, resource) DO UPDATE SET longest_s = excluded.longest_s
WHERE calendar_user_longest.longest_s < excluded.longest_s

-- The sign before `start_s` keeps the long ones from being looked for by their start, which would
-- walk through everything that began earlier.
-- name: periods_overlapping
SELECT p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM booking_period p
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE p.tenant = :tenant AND p.resource = :resource
    AND p.start_s < CAST(:end_s AS BIGINT)
    AND p.start_s > CAST(:start_s AS BIGINT) - CAST(:longest_s AS BIGINT)
    AND p.end_s > CAST(:start_s AS BIGINT)
    AND p.is_long = 0
UNION ALL
SELECT p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM booking_period p
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE p.tenant = :tenant AND p.resource = :resource
    AND p.is_long = 1
    AND p.end_s > CAST(:start_s AS BIGINT)
    AND +p.start_s < CAST(:end_s AS BIGINT)
ORDER BY 3, 1, 2

-- name: periods_overlapping_any@sqlite
SELECT DISTINCT p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM json_each(:spans) s
CROSS JOIN booking_period p INDEXED BY booking_period_time
    ON p.tenant = :tenant AND p.resource = :resource
    AND p.start_s < json_extract(s.value, '$[1]')
    AND p.start_s > json_extract(s.value, '$[0]') - CAST(:longest_s AS BIGINT)
    AND p.end_s > json_extract(s.value, '$[0]')
    AND p.is_long = 0
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
UNION
SELECT p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM booking_period p
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE p.tenant = :tenant AND p.resource = :resource
    AND p.is_long = 1
    AND p.end_s > CAST(:start_s AS BIGINT)
    AND +p.start_s < CAST(:end_s AS BIGINT)
ORDER BY 3, 1, 2

-- name: periods_of_event
SELECT p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM booking_period p
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE p.tenant = :tenant AND p.resource = :resource AND p.uid = :uid
ORDER BY p.start_s, p.original_s

-- name: put_period
INSERT INTO booking_period (tenant, resource, start_s, end_s, uid, original_s, recurring,
    event_start_s, event_end_s, is_long, is_exclusive)
VALUES (:tenant, :resource, :start_s, :end_s, :uid, :original_s, :recurring,
    :event_start_s, :event_end_s, :is_long, :is_exclusive)
ON CONFLICT (tenant, resource, uid, original_s) DO UPDATE SET
    start_s = excluded.start_s, end_s = excluded.end_s, recurring = excluded.recurring,
    event_start_s = excluded.event_start_s, event_end_s = excluded.event_end_s,
    is_long = excluded.is_long, is_exclusive = excluded.is_exclusive

-- name: drop_period
DELETE FROM booking_period
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND original_s = :original_s

-- name: booked_uids
SELECT uid FROM booking WHERE tenant = :tenant AND resource = :resource ORDER BY uid

-- name: endless_due
SELECT b.resource, b.uid FROM booking b
WHERE b.tenant = :tenant AND b.resource = :resource AND b.endless_until_s IS NOT NULL
    AND b.endless_until_s < CAST(:until_s AS BIGINT)
    AND b.uid > :after
ORDER BY b.uid
LIMIT :many

-- name: events_with_other_zone_data
SELECT DISTINCT c.uid FROM calendar_object c
JOIN booking b ON b.tenant = c.tenant AND b.resource = c.resource AND b.uid = c.uid
WHERE c.tenant = :tenant AND c.resource = :resource AND c.zone_data <> :zone_data
    AND c.state = 'booked' AND c.uid > :after
ORDER BY c.uid
LIMIT :many

-- name: put_decision
INSERT INTO decision (id, tenant, resource, uid, recurrence_key, decided_s, method, sequence,
    organizer, sender, outcome, reason, trace)
VALUES (:id, :tenant, :resource, :uid, :recurrence_key, :decided_s, :method, :sequence,
    :organizer, :sender, :outcome, :reason, :trace)
ON CONFLICT (id) DO NOTHING

-- name: decisions_of_event
SELECT d.id, u.uri, d.uid, d.recurrence_key, d.decided_s, d.method, d.sequence, d.organizer, d.sender,
    d.outcome, d.reason, d.trace
FROM decision d JOIN calendar_user u ON u.id = d.resource
WHERE d.tenant = :tenant AND d.uid = :uid
ORDER BY d.number

-- name: last_decisions
SELECT d.id, u.uri, d.uid, d.recurrence_key, d.decided_s, d.method, d.sequence, d.organizer, d.sender,
    d.outcome, d.reason, d.trace
FROM decision d JOIN calendar_user u ON u.id = d.resource
WHERE d.tenant = :tenant
ORDER BY d.number DESC
LIMIT :many

-- name: drop_old_decisions
DELETE FROM decision WHERE tenant = :tenant AND decided_s < CAST(:before_s AS BIGINT)

-- One walk over the resources, each with one search of the index; a resource without a longest period has
-- no short ones.
-- name: periods_of_all
SELECT p.resource, p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM calendar_user_longest l
CROSS JOIN booking_period p ON p.tenant = l.tenant AND p.resource = l.resource
    AND p.start_s < CAST(:end_s AS BIGINT)
    AND p.start_s > CAST(:start_s AS BIGINT) - l.longest_s
    AND p.end_s > CAST(:start_s AS BIGINT)
    AND p.is_long = 0
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE l.tenant = :tenant
UNION ALL
SELECT p.resource, p.uid, p.original_s, p.start_s, p.end_s, p.event_start_s, p.event_end_s, p.recurring,
    b.organizer, b.organizer_name, b.summary
FROM calendar_user u
CROSS JOIN booking_period p ON p.tenant = u.tenant AND p.resource = u.id
    AND p.is_long = 1
    AND p.end_s > CAST(:start_s AS BIGINT)
    AND +p.start_s < CAST(:end_s AS BIGINT)
JOIN booking b ON b.tenant = p.tenant AND b.resource = p.resource AND b.uid = p.uid
WHERE u.tenant = :tenant
ORDER BY 1, 4, 2, 3

-- name: laid_before_of_all
SELECT b.resource, b.uid, b.endless_until_s, b.organizer, b.organizer_name
FROM calendar_user u
CROSS JOIN booking b ON b.tenant = u.tenant AND b.resource = u.id
    AND b.endless_until_s IS NOT NULL
    AND b.endless_until_s < CAST(:instant_s AS BIGINT)
WHERE u.tenant = :tenant
ORDER BY b.resource, b.uid

-- name: held_of_all
SELECT h.resource, h.uid, h.original_s, h.start_s, h.end_s, h.event_start_s, h.event_end_s, h.recurring,
    h.organizer, h.organizer_name, h.summary, h.holding, h.expires_s
FROM calendar_user u
CROSS JOIN held_time h ON h.tenant = u.tenant AND h.resource = u.id
    AND h.end_s > CAST(:start_s AS BIGINT) AND h.start_s < CAST(:end_s AS BIGINT)
    AND (h.expires_s IS NULL OR h.expires_s > CAST(:now_s AS BIGINT))
WHERE u.tenant = :tenant
ORDER BY h.resource, h.start_s, h.uid, h.original_s
