-- name: appointer_state
SELECT time_s, number, counted_from, returned FROM appointer_state WHERE tenant = :tenant AND name = :name

-- name: put_appointer_state
INSERT INTO appointer_state (tenant, name, time_s, number, counted_from, returned)
VALUES (:tenant, :name, :time_s, :number, :counted_from, :returned)
ON CONFLICT (tenant, name) DO UPDATE SET time_s = excluded.time_s, number = excluded.number,
    counted_from = excluded.counted_from, returned = excluded.returned

-- name: assistant_state
SELECT turn, turns, owed FROM assistant_state WHERE tenant = :tenant AND name = :name

-- name: put_assistant_state
INSERT INTO assistant_state (tenant, name, turn, turns, owed) VALUES (:tenant, :name, :turn, :turns, :owed)
ON CONFLICT (tenant, name) DO UPDATE SET turn = excluded.turn, turns = excluded.turns, owed = excluded.owed

-- name: add_appointment
INSERT INTO appointment (id, tenant, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits,
    expires_s, client_name, client_mail, client_zone, client_language, fields, token, mail_token, source, reason, series,
    created_s, changed_s)
VALUES (:id, :tenant, :uid, :sequence, :service, :team, :turn, :start_s, :end_s, :seats, :state, :awaits,
    :expires_s, :client_name, :client_mail, :client_zone, :client_language, :fields, :token, :mail_token, :source, :reason, :series,
    :created_s, :changed_s)

-- name: update_appointment
UPDATE appointment SET sequence = :sequence, turn = :turn, start_s = :start_s, end_s = :end_s, seats = :seats,
    state = :state, awaits = :awaits, expires_s = :expires_s, client_name = :client_name,
    client_mail = :client_mail, client_zone = :client_zone, client_language = :client_language,
    fields = :fields, token = COALESCE(:token, token), mail_token = :mail_token, reason = :reason, changed_s = :changed_s
WHERE tenant = :tenant AND id = :id

-- name: appointment_number
SELECT number FROM appointment WHERE tenant = :tenant AND id = :id

-- name: newest_appointment
SELECT COALESCE(MAX(number), 0) FROM appointment WHERE tenant = :tenant

-- name: drop_appointment_hosts
DELETE FROM appointment_host WHERE appointment = :appointment

-- name: add_appointment_host
INSERT INTO appointment_host (tenant, host, appointment, occupied_s, occupied_end_s, is_long)
VALUES (:tenant, :host, :appointment, :occupied_s, :occupied_end_s, :is_long)

-- name: appointment_by_id
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment WHERE tenant = :tenant AND id = :id

-- name: appointment_by_uid
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment WHERE tenant = :tenant AND uid = :uid

-- name: appointment_by_token
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment WHERE tenant = :tenant AND token = :token

-- name: appointment_by_mail_token
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment WHERE tenant = :tenant AND mail_token = :token

-- name: hosts_of_appointment
SELECT host FROM appointment_host WHERE appointment = :appointment ORDER BY host

-- name: engagements
SELECT h.host, h.occupied_s, h.occupied_end_s, a.number, a.id, a.service, a.start_s, a.end_s, a.seats,
    a.state, a.expires_s
FROM appointment_host h JOIN appointment a ON a.number = h.appointment
WHERE h.tenant = :tenant AND h.host = :host AND h.is_long = 0
    AND h.occupied_end_s > CAST(:start_s AS BIGINT) AND h.occupied_end_s < CAST(:end_s + :short_s AS BIGINT)
    AND h.occupied_s < CAST(:end_s AS BIGINT)
UNION ALL
SELECT h.host, h.occupied_s, h.occupied_end_s, a.number, a.id, a.service, a.start_s, a.end_s, a.seats,
    a.state, a.expires_s
FROM appointment_host h JOIN appointment a ON a.number = h.appointment
WHERE h.tenant = :tenant AND h.host = :host AND h.is_long = 1
    AND h.occupied_end_s > CAST(:start_s AS BIGINT) AND h.occupied_s < CAST(:end_s AS BIGINT)
ORDER BY 7, 4

-- name: appointments_between
SELECT a.number, a.id, a.uid, a.sequence, a.service, a.team, a.turn, a.start_s, a.end_s, a.seats, a.state,
    a.awaits, a.expires_s, a.client_name, a.client_mail, a.client_zone, a.client_language, a.fields, a.source,
    a.reason, a.series, a.created_s, a.changed_s
FROM appointment a
WHERE a.tenant = :tenant AND a.start_s >= CAST(:start_s AS BIGINT) AND a.start_s < CAST(:end_s AS BIGINT)
ORDER BY a.start_s, a.number

-- name: appointments_of_client
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment
WHERE tenant = :tenant AND client_mail = :client_mail AND client_mail <> ''
    AND end_s > CAST(:after_s AS BIGINT)
ORDER BY start_s, number

-- name: expired_appointments
SELECT number, id, uid, sequence, service, team, turn, start_s, end_s, seats, state, awaits, expires_s,
    client_name, client_mail, client_zone, client_language, fields, source, reason, series, created_s, changed_s
FROM appointment
WHERE expires_s IS NOT NULL AND expires_s <= CAST(:now_s AS BIGINT) AND tenant = :tenant
ORDER BY expires_s, number LIMIT :many

-- name: team_bookings
SELECT h.host, a.created_s, a.state, a.expires_s
FROM appointment a JOIN appointment_host h ON h.appointment = a.number
WHERE a.tenant = :tenant AND a.team = :team AND a.created_s >= CAST(:since_s AS BIGINT)
ORDER BY a.number

-- name: blank_old_clients
UPDATE appointment SET client_name = '', client_mail = '', client_zone = '', client_language = '', fields = '{}'
WHERE tenant = :tenant AND end_s < CAST(:before_s AS BIGINT) AND (client_name <> '' OR client_mail <> '')

-- name: blank_client
UPDATE appointment SET client_name = '', client_mail = '', client_zone = '', client_language = '', fields = '{}'
WHERE tenant = :tenant AND client_mail = :client_mail AND client_mail <> '' AND end_s <= CAST(:before_s AS BIGINT)

-- name: dead_holds
SELECT number, id FROM appointment
WHERE tenant = :tenant AND state IN ('released', 'expired') AND client_mail = ''
    AND changed_s <= CAST(:before_s AS BIGINT)
ORDER BY changed_s LIMIT :many

-- name: drop_reminders_of
DELETE FROM reminder WHERE tenant = :tenant AND appointment = :id

-- name: drop_offers_of
DELETE FROM waiting_offer WHERE tenant = :tenant AND appointment = :id

-- name: drop_replies_of
DELETE FROM client_reply WHERE tenant = :tenant AND appointment = :id

-- name: drop_links_of
DELETE FROM appointment_link WHERE tenant = :tenant AND appointment = :id

-- name: drop_appointment
DELETE FROM appointment WHERE number = :appointment
