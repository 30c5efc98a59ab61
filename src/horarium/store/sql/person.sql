-- name: queue_of_event
SELECT recurrence_key, kind, attendee, sequence, dtstamp_s, queued_s, text FROM person_queue
WHERE tenant = :tenant AND person = :person AND uid = :uid
ORDER BY recurrence_key, kind, attendee

-- name: person_queue
SELECT uid, recurrence_key, kind, attendee, sequence, dtstamp_s, queued_s, text FROM person_queue
WHERE tenant = :tenant AND person = :person
ORDER BY queued_s, uid, recurrence_key, kind, attendee

-- name: put_queued
INSERT INTO person_queue (tenant, person, uid, recurrence_key, kind, attendee, sequence, dtstamp_s,
    queued_s, text)
VALUES (:tenant, :person, :uid, :recurrence_key, :kind, :attendee, :sequence, :dtstamp_s, :queued_s, :text)

-- name: drop_queue_of_event
DELETE FROM person_queue WHERE tenant = :tenant AND person = :person AND uid = :uid

-- name: attendance_of_event
SELECT recurrence_key, attendee, sequence, dtstamp_s, partstat, delegated_from, delegated_to
FROM person_attendance
WHERE tenant = :tenant AND person = :person AND uid = :uid
ORDER BY recurrence_key, attendee

-- name: put_attendance
INSERT INTO person_attendance (tenant, person, uid, recurrence_key, attendee, sequence, dtstamp_s,
    partstat, delegated_from, delegated_to)
VALUES (:tenant, :person, :uid, :recurrence_key, :attendee, :sequence, :dtstamp_s,
    :partstat, :delegated_from, :delegated_to)

-- name: drop_attendance_of_event
DELETE FROM person_attendance WHERE tenant = :tenant AND person = :person AND uid = :uid

-- name: offers_of_event
SELECT recurrence_key, start_s, end_s, expires_s FROM person_offer
WHERE tenant = :tenant AND person = :person AND uid = :uid
ORDER BY recurrence_key, start_s

-- name: offers_of_person
SELECT start_s, end_s FROM person_offer
WHERE tenant = :tenant AND person = :person AND expires_s > CAST(:now_s AS BIGINT)
ORDER BY start_s, end_s

-- name: put_offer
INSERT INTO person_offer (tenant, person, uid, recurrence_key, start_s, end_s, expires_s)
VALUES (:tenant, :person, :uid, :recurrence_key, :start_s, :end_s, :expires_s)

-- name: drop_offers_of_event
DELETE FROM person_offer WHERE tenant = :tenant AND person = :person AND uid = :uid

-- name: known_of_party
SELECT party, uid, start_s, end_s, fbtype, stated_s FROM known_freebusy
WHERE tenant = :tenant AND person = :person AND party = :party
ORDER BY start_s, end_s, fbtype, uid

-- name: known_of_all
SELECT party, uid, start_s, end_s, fbtype, stated_s FROM known_freebusy
WHERE tenant = :tenant AND person = :person
ORDER BY party, start_s, end_s, fbtype, uid

-- name: put_known
INSERT INTO known_freebusy (tenant, person, party, uid, start_s, end_s, fbtype, stated_s)
VALUES (:tenant, :person, :party, :uid, :start_s, :end_s, :fbtype, :stated_s)
ON CONFLICT (tenant, person, party, uid, start_s, end_s, fbtype, stated_s) DO NOTHING

-- name: drop_known
DELETE FROM known_freebusy
WHERE tenant = :tenant AND person = :person AND party = :party AND uid = :uid AND start_s = :start_s
    AND end_s = :end_s AND fbtype = :fbtype AND stated_s = :stated_s

-- name: partstats_of_events@sqlite
SELECT uid, recurrence_key, partstat FROM person_attendance
WHERE tenant = :tenant AND person = :person AND attendee = :attendee
    AND uid IN (SELECT value FROM json_each(:uids))

-- name: events_of_person
SELECT DISTINCT uid FROM calendar_object
WHERE tenant = :tenant AND resource = :person AND uid > :after
ORDER BY uid
LIMIT :many

-- name: forget_person_queue
DELETE FROM person_queue WHERE tenant = :tenant AND person = :resource

-- name: forget_person_attendance
DELETE FROM person_attendance WHERE tenant = :tenant AND person = :resource

-- name: forget_person_offers
DELETE FROM person_offer WHERE tenant = :tenant AND person = :resource

-- name: forget_known_freebusy
DELETE FROM known_freebusy WHERE tenant = :tenant AND person = :resource

-- name: drop_expired_offers
DELETE FROM person_offer WHERE tenant = :tenant AND expires_s <= CAST(:now_s AS BIGINT)

-- name: drop_stray_attendance
DELETE FROM person_attendance WHERE tenant = :tenant AND NOT EXISTS (
    SELECT 1 FROM calendar_object c WHERE c.tenant = person_attendance.tenant
        AND c.resource = person_attendance.person AND c.uid = person_attendance.uid)

-- name: drop_past_known
DELETE FROM known_freebusy WHERE tenant = :tenant AND end_s <= CAST(:now_s AS BIGINT)

-- name: kind_of_mail
SELECT kind FROM outbox WHERE message_id = :message_id
