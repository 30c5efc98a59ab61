-- name: add_reminder
INSERT INTO reminder (tenant, appointment, sequence, what, due_s, state)
VALUES (:tenant, :appointment, :sequence, :what, :due_s, :state)
ON CONFLICT (tenant, appointment, sequence, what) DO NOTHING

-- name: has_reminders
SELECT 1 FROM reminder WHERE tenant = :tenant AND appointment = :appointment AND sequence = :sequence LIMIT 1

-- name: drop_reminders
DELETE FROM reminder WHERE tenant = :tenant AND appointment = :appointment AND state = 'due'

-- name: due_reminders
SELECT appointment, sequence, what, due_s FROM reminder
WHERE state = 'due' AND tenant = :tenant AND due_s <= CAST(:now_s AS BIGINT)
ORDER BY due_s, appointment, what LIMIT :many

-- name: finish_reminder
UPDATE reminder SET state = :state
WHERE tenant = :tenant AND appointment = :appointment AND sequence = :sequence AND what = :what AND state = 'due'

-- name: reminders_of
SELECT sequence, what, due_s, state FROM reminder
WHERE tenant = :tenant AND appointment = :appointment ORDER BY sequence, due_s, what
