-- name: accounts
SELECT id, name, created_s, roles, resources, display_name, mail, zone, language, person, host, status,
    last_sign_in, password
FROM account WHERE tenant = :tenant ORDER BY name

-- name: account_named
SELECT id, name, created_s, roles, resources, display_name, mail, zone, language, person, host, status,
    last_sign_in, password
FROM account WHERE tenant = :tenant AND name = :name

-- name: add_account
INSERT INTO account (id, tenant, name, created_s, roles, resources, display_name, mail, zone, language,
    person, host, status, last_sign_in, password)
VALUES (:id, :tenant, :name, :created_s, :roles, :resources, :display_name, :mail, :zone, :language,
    :person, :host, :status, :last_sign_in, :password)
ON CONFLICT DO NOTHING

-- name: save_account
UPDATE account SET roles = :roles, resources = :resources, display_name = :display_name, mail = :mail,
    zone = :zone, language = :language, person = :person, host = :host, status = :status,
    last_sign_in = :last_sign_in, password = :password
WHERE tenant = :tenant AND id = :id

-- name: drop_account
DELETE FROM account WHERE tenant = :tenant AND id = :id

-- name: drop_tokens_of_account
DELETE FROM api_token WHERE tenant = :tenant AND account = :id

-- name: drop_browsers_of_account
DELETE FROM known_browser WHERE tenant = :tenant AND account = :id

-- name: drop_group_members_named
DELETE FROM session_group_member WHERE tenant = :tenant AND kind = :kind AND member = :member

-- name: session_groups
SELECT g.name, m.kind, m.member
FROM session_group g LEFT JOIN session_group_member m ON m.tenant = g.tenant AND m.name = g.name
WHERE g.tenant = :tenant ORDER BY g.name, m.kind, m.member

-- name: add_session_group
INSERT INTO session_group (tenant, name) VALUES (:tenant, :name)

-- name: drop_session_group_members
DELETE FROM session_group_member WHERE tenant = :tenant AND name = :name

-- name: add_session_group_member
INSERT INTO session_group_member (tenant, name, kind, member) VALUES (:tenant, :name, :kind, :member)

-- name: drop_session_group
DELETE FROM session_group WHERE tenant = :tenant AND name = :name

-- name: add_session
INSERT INTO session (tenant, format, name, user_name, rid, digest, path, kind, creation_s, modification_s,
    last_seen_s, max_age, closed, reason, cookie_name, csrf_secret, source, browser, ends_s, revision)
VALUES (:tenant, :format, :name, :user_name, :rid, :digest, :path, :kind, :creation_s, :modification_s,
    :last_seen_s, :max_age, :closed, :reason, :cookie_name, :csrf_secret, :source, :browser, :ends_s, 1)
ON CONFLICT DO NOTHING

-- name: session_of_digest
SELECT number, format, name, user_name, rid, digest, path, kind, creation_s, modification_s, last_seen_s,
    max_age, closed, reason, cookie_name, csrf_secret, source, browser, revision
FROM session WHERE tenant = :tenant AND digest = :digest

-- name: session_with_account
SELECT s.number, s.format, s.name, s.user_name, s.rid, s.digest, s.path, s.kind, s.creation_s,
    s.modification_s, s.last_seen_s, s.max_age, s.closed, s.reason, s.cookie_name, s.csrf_secret, s.source,
    s.browser, s.revision,
    a.id, a.name, a.created_s, a.roles, a.resources, a.display_name, a.mail, a.zone, a.language, a.person,
    a.host, a.status, a.last_sign_in, a.password
FROM session s LEFT JOIN account a ON a.tenant = s.tenant AND a.name = s.user_name
WHERE s.tenant = :tenant AND s.digest = :digest

-- name: sessions_after
SELECT number, format, name, user_name, rid, digest, path, kind, creation_s, modification_s, last_seen_s,
    max_age, closed, reason, cookie_name, csrf_secret, source, browser, revision
FROM session WHERE tenant = :tenant AND number > :after ORDER BY number LIMIT :many

-- name: sessions_of_user
SELECT number, format, name, user_name, rid, digest, path, kind, creation_s, modification_s, last_seen_s,
    max_age, closed, reason, cookie_name, csrf_secret, source, browser, revision
FROM session WHERE tenant = :tenant AND user_name = :user_name ORDER BY number

-- name: open_sessions_of_user
SELECT number, format, name, user_name, rid, digest, path, kind, creation_s, modification_s, last_seen_s,
    max_age, closed, reason, cookie_name, csrf_secret, source, browser, revision
FROM session
WHERE tenant = :tenant AND user_name = :user_name AND closed = 0
    AND (ends_s IS NULL OR ends_s > CAST(:now_s AS BIGINT))
ORDER BY last_seen_s, number

-- name: sessions_beginning
SELECT number, format, name, user_name, rid, digest, path, kind, creation_s, modification_s, last_seen_s,
    max_age, closed, reason, cookie_name, csrf_secret, source, browser, revision
FROM session WHERE tenant = :tenant AND digest >= :low AND digest < :high ORDER BY digest LIMIT 2

-- name: save_session
UPDATE session SET format = :format, user_name = :user_name, rid = :rid, digest = :digest, path = :path,
    kind = :kind, modification_s = :modification_s, last_seen_s = :last_seen_s, max_age = :max_age,
    closed = :closed, reason = :reason, cookie_name = :cookie_name, csrf_secret = :csrf_secret,
    ends_s = :ends_s, revision = revision + 1
WHERE tenant = :tenant AND number = :number AND revision = :revision

-- name: see_session
UPDATE session SET last_seen_s = :now_s, ends_s = :ends_s
WHERE tenant = :tenant AND digest = :digest AND closed = 0

-- name: drop_session
DELETE FROM session WHERE tenant = :tenant AND digest = :digest

-- name: close_open_sessions_of_user
UPDATE session SET closed = 1, max_age = 0, reason = :reason, modification_s = :now_s, ends_s = :now_s,
    revision = revision + 1
WHERE tenant = :tenant AND user_name = :user_name AND digest <> :keep AND closed = 0
    AND kind NOT IN ('setup', 'reset') AND (ends_s IS NULL OR ends_s > CAST(:now_s AS BIGINT))

-- name: close_ended_sessions_of_user
UPDATE session SET closed = 1, max_age = 0, reason = :reason, modification_s = :now_s, ends_s = :now_s,
    revision = revision + 1
WHERE tenant = :tenant AND user_name = :user_name AND digest <> :keep AND closed = 0

-- name: close_open_sessions
UPDATE session SET closed = 1, max_age = 0, reason = :reason, modification_s = :now_s, ends_s = :now_s,
    revision = revision + 1
WHERE tenant = :tenant AND digest <> :keep AND closed = 0
    AND kind NOT IN ('setup', 'reset') AND (ends_s IS NULL OR ends_s > CAST(:now_s AS BIGINT))

-- name: close_ended_sessions
UPDATE session SET closed = 1, max_age = 0, reason = :reason, modification_s = :now_s, ends_s = :now_s,
    revision = revision + 1
WHERE tenant = :tenant AND digest <> :keep AND closed = 0

-- name: visitors_of_source
SELECT COUNT(*) FROM session
WHERE tenant = :tenant AND source = :source AND creation_s > CAST(:since_s AS BIGINT)
    AND kind = 'visitor' AND closed = 0

-- name: session_counts
SELECT kind, closed, CASE WHEN ends_s <= CAST(:now_s AS BIGINT) THEN 1 ELSE 0 END AS ended, COUNT(*)
FROM session WHERE tenant = :tenant
GROUP BY kind, closed, ended ORDER BY kind, closed, ended

-- name: sweep_sessions
DELETE FROM session WHERE number IN (
    SELECT number FROM session WHERE ends_s <= CAST(:before_s AS BIGINT) ORDER BY ends_s LIMIT :many
)

-- name: sweep_failures
DELETE FROM sign_in_failure WHERE number IN (
    SELECT number FROM sign_in_failure WHERE at_s <= CAST(:before_s AS BIGINT) ORDER BY at_s LIMIT :many
)

-- name: sweep_browsers
DELETE FROM known_browser WHERE digest IN (
    SELECT digest FROM known_browser
    WHERE created_s <= CAST(:before_s AS BIGINT) ORDER BY created_s LIMIT :many
)

-- name: sweep_identity_log
DELETE FROM identity_log WHERE number IN (
    SELECT number FROM identity_log WHERE at_s <= CAST(:before_s AS BIGINT) ORDER BY at_s LIMIT :many
)

-- name: add_failure
INSERT INTO sign_in_failure (tenant, counter, at_s) VALUES (:tenant, :counter, :at_s)

-- name: failures
SELECT at_s FROM sign_in_failure
WHERE tenant = :tenant AND counter = :counter AND at_s > CAST(:since_s AS BIGINT)
    AND at_s < CAST(:until_s AS BIGINT)
ORDER BY at_s DESC LIMIT :many

-- name: drop_one_failure
DELETE FROM sign_in_failure WHERE number = (
    SELECT MAX(number) FROM sign_in_failure
    WHERE tenant = :tenant AND counter = :counter AND at_s = CAST(:at_s AS BIGINT)
)

-- name: drop_failures
DELETE FROM sign_in_failure WHERE tenant = :tenant AND counter = :counter

-- name: add_browser
INSERT INTO known_browser (digest, tenant, account, created_s) VALUES (:digest, :tenant, :account, :created_s)

-- name: browser
SELECT account FROM known_browser
WHERE tenant = :tenant AND digest = :digest AND created_s > CAST(:since_s AS BIGINT)

-- name: add_token
INSERT INTO api_token (digest, tenant, account, scopes, created_s, expires_s, last_used, revoked_s)
VALUES (:digest, :tenant, :account, :scopes, :created_s, :expires_s, NULL, NULL)

-- name: tokens
SELECT t.digest, t.account, t.scopes, t.created_s, t.expires_s, t.last_used, t.revoked_s, a.name
FROM api_token t JOIN account a ON a.id = t.account
WHERE t.tenant = :tenant ORDER BY a.name, t.created_s, t.digest

-- name: token_with_account
SELECT t.digest, t.account, t.scopes, t.created_s, t.expires_s, t.last_used, t.revoked_s,
    a.id, a.name, a.created_s, a.roles, a.resources, a.display_name, a.mail, a.zone, a.language, a.person,
    a.host, a.status, a.last_sign_in, a.password
FROM api_token t JOIN account a ON a.id = t.account
WHERE t.tenant = :tenant AND t.digest = :digest

-- name: revoke_token
UPDATE api_token SET revoked_s = :now_s WHERE tenant = :tenant AND digest = :digest AND revoked_s IS NULL

-- name: use_token
UPDATE api_token SET last_used = :day WHERE tenant = :tenant AND digest = :digest

-- name: add_identity_log
INSERT INTO identity_log (tenant, at_s, what, account, actor, source, session, detail)
VALUES (:tenant, :at_s, :what, :account, :actor, :source, :session, :detail)

-- name: identity_log
SELECT at_s, what, account, actor, source, session, detail FROM identity_log
WHERE tenant = :tenant AND at_s >= CAST(:since_s AS BIGINT) ORDER BY number

-- name: resets_since
SELECT COUNT(*) FROM session
WHERE tenant = :tenant AND user_name = :user_name AND kind = 'reset'
    AND creation_s > CAST(:since_s AS BIGINT)
