-- name: add_client_reply
INSERT INTO client_reply (tenant, appointment, sequence, word, at_s, followed)
VALUES (:tenant, :appointment, :sequence, :word, :at_s, 0)

-- name: waiting_client_replies
SELECT number, appointment, sequence, word, at_s FROM client_reply
WHERE tenant = :tenant AND followed = 0 ORDER BY number LIMIT :many

-- name: follow_client_reply
UPDATE client_reply SET followed = 1 WHERE number = :number AND followed = 0

-- name: latest_client_reply
SELECT number, appointment, sequence, word, at_s FROM client_reply
WHERE tenant = :tenant AND appointment = :appointment ORDER BY number DESC LIMIT 1

-- name: add_appointment_link
INSERT INTO appointment_link (digest, tenant, appointment) VALUES (:digest, :tenant, :appointment)

-- name: appointment_of_link
SELECT appointment FROM appointment_link WHERE digest = :digest AND tenant = :tenant
