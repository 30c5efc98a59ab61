-- Feeds, answers that were given, and decisions of one resource.

-- name: add_feed
INSERT INTO feed (digest, tenant, account, thing, form, created_s)
VALUES (:digest, :tenant, :account, :thing, :form, :created_s)

-- name: feeds_of_account
SELECT digest, account, thing, form, created_s, last_used FROM feed
WHERE tenant = :tenant AND account = :account
ORDER BY number

-- name: feed_of_digest
SELECT digest, account, thing, form, created_s, last_used FROM feed
WHERE tenant = :tenant AND digest = :digest

-- name: drop_feed
DELETE FROM feed WHERE tenant = :tenant AND digest = :digest

-- name: drop_feeds_of_account
DELETE FROM feed WHERE tenant = :tenant AND account = :account

-- name: use_feed
UPDATE feed SET last_used = :day WHERE tenant = :tenant AND digest = :digest

-- name: begin_answer
INSERT INTO given_answer (tenant, key, request, made_s, status, body)
VALUES (:tenant, :key, :request, :made_s, NULL, '')
ON CONFLICT (tenant, key) DO NOTHING

-- name: given_answer
SELECT request, made_s, status, body FROM given_answer WHERE tenant = :tenant AND key = :key

-- name: keep_answer
UPDATE given_answer SET status = :status, body = :body WHERE tenant = :tenant AND key = :key

-- name: drop_answer
DELETE FROM given_answer WHERE tenant = :tenant AND key = :key

-- name: sweep_answers
DELETE FROM given_answer WHERE (tenant, key) IN (
    SELECT tenant, key FROM given_answer WHERE made_s < CAST(:before_s AS BIGINT) LIMIT :many
)

-- name: last_decisions_of
SELECT d.id, u.uri, d.uid, d.recurrence_key, d.decided_s, d.method, d.sequence, d.organizer, d.sender,
    d.outcome, d.reason, d.trace
FROM decision d JOIN calendar_user u ON u.id = d.resource
WHERE d.tenant = :tenant AND d.resource = :resource
ORDER BY d.number DESC
LIMIT :many

-- name: account_of_id
SELECT name FROM account WHERE tenant = :tenant AND id = :id
