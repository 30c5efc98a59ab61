-- name: add_waiting
INSERT INTO waiting (tenant, id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name,
    client_mail, client_zone, client_language, fields, token, state, created_s, last_s)
VALUES (:tenant, :id, :service, :host, :spans, :weekdays, :from_s, :to_s, :duration, :seats, :priority, :client_name,
    :client_mail, :client_zone, :client_language, :fields, :token, 'waiting', :created_s, :last_s)

-- name: waiting_by_id
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND id = :id

-- name: waiting_by_token
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND token = :token

-- name: waiting_of_client
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND service = :service AND client_mail = :client_mail AND state = 'waiting'

-- name: waiting_entries
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND state = 'waiting'

-- name: waiting_of_service
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND service = :service AND state = 'waiting'

-- name: waiting_passed
SELECT id, service, host, spans, weekdays, from_s, to_s, duration, seats, priority, client_name, client_mail,
    client_zone, client_language, fields, created_s, state
FROM waiting WHERE tenant = :tenant AND state = 'waiting' AND last_s <= CAST(:now_s AS BIGINT)
ORDER BY last_s, id LIMIT :many

-- name: anybody_waiting
SELECT 1 FROM waiting WHERE tenant = :tenant AND state = 'waiting' LIMIT 1

-- name: finish_waiting
UPDATE waiting SET state = :state, last_s = CAST(:now_s AS BIGINT) WHERE tenant = :tenant AND id = :id AND state = 'waiting'

-- name: forget_waiting
DELETE FROM waiting WHERE tenant = :tenant AND client_mail = :client_mail AND state <> 'waiting'

-- name: drop_old_waiting
DELETE FROM waiting WHERE tenant = :tenant AND state <> 'waiting' AND last_s < CAST(:before_s AS BIGINT)

-- name: add_waiting_offer
INSERT INTO waiting_offer (tenant, appointment, entry, passed) VALUES (:tenant, :appointment, :entry, :passed)

-- name: waiting_offer
SELECT entry, passed FROM waiting_offer WHERE tenant = :tenant AND appointment = :appointment

-- name: waiting_offers_of
SELECT appointment FROM waiting_offer WHERE tenant = :tenant AND entry = :entry ORDER BY appointment

-- name: add_freed
INSERT INTO freed (tenant, host, start_s, end_s, passed) VALUES (:tenant, :host, :start_s, :end_s, :passed)

-- name: freed
SELECT number, host, start_s, end_s, passed FROM freed WHERE tenant = :tenant ORDER BY number LIMIT :many

-- name: take_freed
DELETE FROM freed WHERE number = :number
