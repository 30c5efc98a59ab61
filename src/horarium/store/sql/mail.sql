-- name: add_to_ledger
INSERT INTO ledger (key, tenant, recipient, sender, method, uid, received_s, state, reason)
VALUES (:key, :tenant, :recipient, :sender, :method, :uid, :received_s, :state, :reason)
ON CONFLICT (key) DO NOTHING

-- name: in_ledger
SELECT state, reason FROM ledger WHERE key = :key

-- name: ledger_counts
SELECT state, COUNT(*) FROM ledger WHERE tenant = :tenant GROUP BY state ORDER BY state

-- name: ledger_lines
SELECT key, recipient, sender, method, uid, received_s, state, reason FROM ledger
WHERE tenant = :tenant AND received_s >= CAST(:since_s AS BIGINT)
ORDER BY received_s DESC, key
LIMIT :many

-- name: drop_old_ledger
DELETE FROM ledger WHERE tenant = :tenant AND received_s < CAST(:before_s AS BIGINT)

-- name: add_to_outbox
INSERT INTO outbox (tenant, message_id, kind, resource, uid, sequence, envelope_from, recipient, content,
    state, created_s, due_s, attempts, rev, resends, answer, finished_s)
VALUES (:tenant, :message_id, :kind, :resource, :uid, :sequence, :envelope_from, :recipient, :content,
    :state, :created_s, :created_s, 0, 0, 0, '', :finished_s)
ON CONFLICT (message_id) DO NOTHING

-- name: answers_since
SELECT COUNT(*) FROM outbox
WHERE recipient = :recipient AND uid = :uid AND sequence = :sequence
    AND created_s > CAST(:since_s AS BIGINT)

-- name: last_answer
SELECT id, resends, kind, message_id, envelope_from, content, finished_s, recipient FROM outbox
WHERE tenant = :tenant AND resource = :resource AND uid = :uid AND sequence = :sequence
    AND kind = 'reply'
ORDER BY id DESC
LIMIT 1

-- name: send_again
UPDATE outbox SET state = :state, due_s = :due_s, resends = :resends, rev = rev + 1, attempts = 0,
    finished_s = :due_s
WHERE id = :id AND state IN ('sent', 'dead')

-- name: note_bounce
UPDATE outbox SET state = 'dead', answer = :answer, finished_s = :finished_s
WHERE tenant = :tenant AND message_id = :message_id AND state IN ('sent', 'dead')

-- name: due_mails
SELECT o.id, o.message_id, o.envelope_from, o.recipient, o.content, o.attempts, o.rev, o.created_s, o.kind
FROM outbox o
WHERE o.state = 'pending' AND o.due_s <= CAST(:now_s AS BIGINT)
    AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.recipient = o.recipient AND p.uid = o.uid
        AND p.state IN ('pending', 'sending') AND p.id < o.id)
ORDER BY o.due_s, o.id
LIMIT :many

-- name: claim_mail
UPDATE outbox SET state = 'sending', rev = rev + 1, attempts = attempts + 1,
    due_s = CAST(:lease_s AS BIGINT)
WHERE id = :id AND rev = :rev AND state = 'pending'

-- name: finish_mail
UPDATE outbox SET state = :state, rev = rev + 1, due_s = CAST(:due_s AS BIGINT), answer = :answer,
    finished_s = :finished_s
WHERE id = :id AND rev = :rev AND state = 'sending'

-- name: free_lost_mails
UPDATE outbox SET state = 'pending', rev = rev + 1, due_s = CAST(:now_s AS BIGINT)
WHERE state = 'sending' AND due_s <= CAST(:ended_s AS BIGINT)

-- A mail that waits behind another is not due by itself, however long ago it was written.
-- name: next_mail_due
SELECT MIN(due_s) FROM (
    SELECT due_s FROM (
        SELECT o.due_s FROM outbox o
        WHERE o.state = 'pending'
            AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.recipient = o.recipient AND p.uid = o.uid
                AND p.state IN ('pending', 'sending') AND p.id < o.id)
        ORDER BY o.due_s, o.id
        LIMIT 1
    ) AS first_pending
    UNION ALL
    SELECT MIN(due_s) FROM outbox WHERE state = 'sending'
) AS ends

-- name: outbox_lines
SELECT id, message_id, kind, recipient, uid, state, created_s, due_s, attempts, answer FROM outbox
WHERE tenant = :tenant AND (:state = '' OR state = :state)
ORDER BY id DESC
LIMIT :many

-- name: oldest_open
SELECT MIN(created_s) FROM outbox WHERE tenant = :tenant AND state IN ('pending', 'sending')

-- name: answers_to
SELECT state FROM outbox WHERE tenant = :tenant AND uid = :uid

-- name: outbox_counts
SELECT state, COUNT(*), MIN(created_s) FROM outbox WHERE tenant = :tenant GROUP BY state ORDER BY state

-- name: mail_content
SELECT envelope_from, recipient, content FROM outbox WHERE tenant = :tenant AND message_id = :message_id

-- name: retry_dead
UPDATE outbox SET state = 'pending', due_s = :now_s, rev = rev + 1
WHERE tenant = :tenant AND state = 'dead' AND (:id = 0 OR id = :id)

-- name: drop_old_mails
DELETE FROM outbox WHERE tenant = :tenant AND state IN ('sent', 'dropped')
    AND finished_s < CAST(:before_s AS BIGINT)

-- name: note_attempt
INSERT INTO quarantine (tenant, digest, recipient, sender, reason, received_s, attempts, held, content)
VALUES (:tenant, :digest, :recipient, :sender, :reason, :received_s, 1, :held, :content)
ON CONFLICT (tenant, digest, recipient) DO UPDATE SET
    attempts = quarantine.attempts + 1, reason = excluded.reason,
    held = MAX(quarantine.held, excluded.held)

-- name: attempts_of
SELECT attempts, held FROM quarantine
WHERE tenant = :tenant AND digest = :digest AND recipient = :recipient

-- name: hold_message
UPDATE quarantine SET held = 1 WHERE tenant = :tenant AND digest = :digest AND recipient = :recipient

-- name: forget_attempts
DELETE FROM quarantine
WHERE tenant = :tenant AND digest = :digest AND recipient = :recipient AND held = 0

-- name: quarantined
SELECT id, recipient, sender, reason, received_s, attempts FROM quarantine
WHERE tenant = :tenant AND held = 1
ORDER BY id DESC
LIMIT :many

-- name: quarantined_content
SELECT recipient, sender, content FROM quarantine WHERE tenant = :tenant AND id = :id AND held = 1

-- name: drop_quarantined
DELETE FROM quarantine WHERE tenant = :tenant AND id = :id

-- name: add_notice
INSERT INTO notice (tenant, subject, cause, day, text)
VALUES (:tenant, :subject, :cause, :day, :text)
ON CONFLICT (tenant, day, subject, cause) DO NOTHING

-- name: notices
SELECT subject, cause, day, text FROM notice WHERE tenant = :tenant ORDER BY day DESC, subject, cause
LIMIT :many

-- name: count_sender
INSERT INTO sender_rate (tenant, name, hour, messages) VALUES (:tenant, :name, :hour, 1)
ON CONFLICT (tenant, name, hour) DO UPDATE SET messages = messages + 1

-- name: sender_rates
SELECT hour, messages FROM sender_rate
WHERE tenant = :tenant AND name = :name AND hour >= CAST(:hour AS BIGINT) - 1

-- name: drop_old_rates
DELETE FROM sender_rate WHERE hour < CAST(:hour AS BIGINT) - 1
