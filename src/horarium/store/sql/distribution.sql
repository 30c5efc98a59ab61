-- name: realm_in_effect
SELECT kind, name, body FROM realm_in_effect WHERE tenant = :tenant ORDER BY kind, name

-- name: realm_is_in_effect
SELECT 1 FROM realm_in_effect WHERE tenant = :tenant LIMIT 1

-- name: is_in_effect
SELECT 1 FROM realm_in_effect WHERE tenant = :tenant AND kind = :kind AND name = :name

-- name: put_in_effect
INSERT INTO realm_in_effect (tenant, kind, name, body) VALUES (:tenant, :kind, :name, :body)
ON CONFLICT (tenant, kind, name) DO UPDATE SET body = excluded.body

-- name: drop_from_effect
DELETE FROM realm_in_effect WHERE tenant = :tenant AND kind = :kind AND name = :name

-- name: all_metadata
SELECT name, content FROM metadata WHERE tenant = :tenant

-- name: metadata_named
SELECT number, signed_s, content FROM metadata WHERE tenant = :tenant AND name = :name

-- name: metadata_numbers
SELECT name, number, signed_s FROM metadata WHERE tenant = :tenant AND name >= :first AND name < :after

-- name: put_metadata
INSERT INTO metadata (tenant, name, number, signed_s, content)
VALUES (:tenant, :name, :number, :signed_s, :content)
ON CONFLICT (tenant, name) DO UPDATE SET number = excluded.number, signed_s = excluded.signed_s,
    content = excluded.content

-- name: drop_metadata
DELETE FROM metadata WHERE tenant = :tenant AND name = :name

-- name: add_version
INSERT INTO version (tenant, distribution, number, built_s, record)
VALUES (:tenant, :distribution, :number, :built_s, :record)

-- name: retained_versions
SELECT record FROM version WHERE tenant = :tenant AND distribution = :distribution
    AND retired_s IS NULL ORDER BY number

-- name: versions_of
SELECT record, retired_s FROM version WHERE tenant = :tenant AND distribution = :distribution
ORDER BY number DESC LIMIT :many

-- name: newest_number
SELECT MAX(number) FROM version WHERE tenant = :tenant AND distribution = :distribution

-- name: save_version_record
UPDATE version SET record = :record
WHERE tenant = :tenant AND distribution = :distribution AND number = :number

-- name: retire_version
UPDATE version SET retired_s = :at_s
WHERE tenant = :tenant AND distribution = :distribution AND number = :number AND retired_s IS NULL

-- name: begin_build
INSERT INTO build (tenant, distribution, cause, started_s)
VALUES (:tenant, :distribution, :cause, :started_s) RETURNING id

-- name: end_build
UPDATE build SET ended_s = :ended_s, outcome = :outcome, reason = :reason, version = :version,
    size = :size, delta = :delta WHERE id = :id AND outcome IS NULL

-- name: abandon_builds
UPDATE build SET ended_s = :at_s, outcome = 'cancelled', reason = 'the distributor ended'
WHERE tenant = :tenant AND outcome IS NULL

-- name: builds_of
SELECT id, distribution, cause, started_s, ended_s, outcome, reason, version, size, delta
FROM build WHERE tenant = :tenant AND distribution = :distribution ORDER BY id DESC LIMIT :many

-- name: put_receiver
INSERT INTO receiver (tenant, distribution, version, subscriber, state, reason, percent, octets,
    at_s, sequence, signature)
VALUES (:tenant, :distribution, :version, :subscriber, :state, :reason, :percent, :octets, :at_s,
    :sequence, :signature)
ON CONFLICT (tenant, distribution, version, subscriber) DO UPDATE SET state = excluded.state,
    reason = excluded.reason, percent = excluded.percent, octets = excluded.octets,
    at_s = excluded.at_s, sequence = excluded.sequence, signature = excluded.signature

-- name: expect_receiver
INSERT INTO receiver (tenant, distribution, version, subscriber, state, reason, percent, octets,
    at_s, sequence, signature)
VALUES (:tenant, :distribution, :version, :subscriber, 'pending', '', 0, 0, :at_s, 0, '')
ON CONFLICT DO NOTHING

-- name: known_subscribers
SELECT subscriber, MIN(state = 'unsubscribed') FROM receiver
WHERE tenant = :tenant AND distribution = :distribution GROUP BY subscriber

-- name: unsubscribe_receiver
UPDATE receiver SET state = 'unsubscribed', reason = 'was ' || state, at_s = :at_s
WHERE tenant = :tenant AND distribution = :distribution AND subscriber = :subscriber
    AND state <> 'unsubscribed'

-- name: resubscribe_receiver
UPDATE receiver SET at_s = :at_s, reason = '', state = CASE
    WHEN reason IN ('was received', 'was extract_wait', 'was extracted', 'was superseded')
    THEN SUBSTR(reason, 5) ELSE 'pending' END
WHERE tenant = :tenant AND distribution = :distribution AND subscriber = :subscriber
    AND state = 'unsubscribed'

-- name: highest_sequence
SELECT COALESCE(MAX(sequence), 0) FROM receiver
WHERE tenant = :tenant AND subscriber = :subscriber

-- name: begin_receiver_anew
UPDATE receiver SET at_s = :at_s, percent = 0, octets = 0, sequence = :sequence, signature = '',
    reason = CASE state WHEN 'unsubscribed' THEN 'was pending' ELSE '' END,
    state = CASE state WHEN 'unsubscribed' THEN state ELSE 'pending' END
WHERE tenant = :tenant AND subscriber = :subscriber AND EXISTS (
    SELECT 1 FROM version AS v WHERE v.tenant = receiver.tenant AND v.retired_s IS NULL
        AND v.distribution = receiver.distribution AND v.number = receiver.version)

-- name: waiting_subscribers
SELECT DISTINCT subscriber FROM receiver WHERE tenant = :tenant AND distribution = :distribution
    AND version < :version AND state IN ('not_eligible', 'pending', 'offered', 'refused',
        'receiving', 'suspended', 'verifying', 'corrupt')

-- name: supersede_receiver
UPDATE receiver SET state = 'superseded', reason = :reason, at_s = :at_s
WHERE tenant = :tenant AND distribution = :distribution AND version < :version
    AND subscriber = :subscriber AND state IN ('not_eligible', 'pending', 'offered', 'refused',
        'receiving', 'suspended', 'verifying', 'corrupt')

-- name: receiver_row
SELECT distribution, version, subscriber, state, reason, percent, octets, at_s, sequence, signature
FROM receiver WHERE tenant = :tenant AND distribution = :distribution AND version = :version
    AND subscriber = :subscriber

-- name: receivers_of_version
SELECT distribution, version, subscriber, state, reason, percent, octets, at_s, sequence, signature
FROM receiver WHERE tenant = :tenant AND distribution = :distribution AND version = :version
ORDER BY subscriber

-- name: add_passage
INSERT INTO passage (tenant, distribution, version, subscriber, what, at_s, octets, reason)
VALUES (:tenant, :distribution, :version, :subscriber, :what, :at_s, :octets, :reason)

-- name: passages_between
SELECT distribution, version, subscriber, what, at_s, octets, reason FROM passage
WHERE tenant = :tenant AND distribution = :distribution AND at_s >= :from_s AND at_s < :to_s
ORDER BY id LIMIT :many

-- name: drop_old_passages
DELETE FROM passage WHERE tenant = :tenant AND at_s < :before_s

-- name: put_node
INSERT INTO node (tenant, name, serial, key, issued_s, expires_s)
VALUES (:tenant, :name, :serial, :key, :issued_s, :expires_s)
ON CONFLICT (tenant, name) DO UPDATE SET serial = excluded.serial, key = excluded.key,
    issued_s = excluded.issued_s, expires_s = excluded.expires_s, revoked_s = NULL

-- name: node_named
SELECT name, serial, key, issued_s, expires_s, revoked_s, seen_s
FROM node WHERE tenant = :tenant AND name = :name

-- name: nodes
SELECT name, serial, key, issued_s, expires_s, revoked_s, seen_s
FROM node WHERE tenant = :tenant ORDER BY name

-- name: revoke_node
UPDATE node SET revoked_s = :at_s WHERE tenant = :tenant AND name = :name AND revoked_s IS NULL

-- name: node_seen
UPDATE node SET seen_s = :at_s WHERE tenant = :tenant AND name = :name

-- name: add_revoked
INSERT INTO revoked_certificate (tenant, serial, node, expires_s)
VALUES (:tenant, :serial, :node, :expires_s) ON CONFLICT DO NOTHING

-- name: revoked
SELECT serial FROM revoked_certificate WHERE tenant = :tenant AND expires_s > :now_s ORDER BY serial

-- name: put_enrolment
INSERT INTO enrolment (tenant, name, digest, expires_s, used_s, tries)
VALUES (:tenant, :name, :digest, :expires_s, NULL, 0)
ON CONFLICT (tenant, name) DO UPDATE SET digest = excluded.digest, expires_s = excluded.expires_s,
    used_s = NULL, tries = 0

-- name: enrolment_named
SELECT digest, expires_s, used_s, tries FROM enrolment WHERE tenant = :tenant AND name = :name

-- name: use_enrolment
UPDATE enrolment SET used_s = :at_s WHERE tenant = :tenant AND name = :name AND used_s IS NULL

-- name: failed_enrolment
UPDATE enrolment SET tries = tries + 1 WHERE tenant = :tenant AND name = :name

-- name: act_named
SELECT name, schedule, activated_s, anchor_s, cursor_s, begun_s, ended_s
FROM act WHERE tenant = :tenant AND name = :name

-- name: acts
SELECT name, schedule, activated_s, anchor_s, cursor_s, begun_s, ended_s
FROM act WHERE tenant = :tenant ORDER BY name

-- name: put_act
INSERT INTO act (tenant, name, schedule, activated_s, anchor_s, cursor_s)
VALUES (:tenant, :name, :schedule, :activated_s, :anchor_s, :cursor_s)
ON CONFLICT (tenant, name) DO UPDATE SET schedule = excluded.schedule,
    activated_s = excluded.activated_s, anchor_s = excluded.anchor_s, cursor_s = excluded.cursor_s

-- name: drop_act
DELETE FROM act WHERE tenant = :tenant AND name = :name

-- name: advance_act
UPDATE act SET cursor_s = :cursor_s WHERE tenant = :tenant AND name = :name

-- name: act_begun
UPDATE act SET begun_s = :at_s, ended_s = NULL WHERE tenant = :tenant AND name = :name

-- name: act_ended
UPDATE act SET ended_s = :at_s WHERE tenant = :tenant AND name = :name

-- name: log_act
INSERT INTO act_log (tenant, name, due_s, at_s, what, reason, count)
VALUES (:tenant, :name, :due_s, :at_s, :what, :reason, :count)

-- name: act_log
SELECT name, due_s, at_s, what, reason, count FROM act_log
WHERE tenant = :tenant AND name = :name ORDER BY id DESC LIMIT :many

-- name: drop_old_act_log
DELETE FROM act_log WHERE tenant = :tenant AND at_s < :before_s

-- name: open_extra_window
INSERT INTO extra_window (tenant, channel, opened_s, opened_by)
VALUES (:tenant, :channel, :opened_s, :opened_by) RETURNING id

-- name: close_extra_windows
UPDATE extra_window SET closed_s = :closed_s WHERE tenant = :tenant AND channel = :channel
    AND closed_s IS NULL

-- name: extra_windows
SELECT id, channel, opened_s, opened_by, closed_s FROM extra_window
WHERE tenant = :tenant AND (closed_s IS NULL OR closed_s > :since_s) ORDER BY id

-- name: put_release
INSERT INTO staged_release (tenant, channel, distribution, version, rings, opened_s, soaked, state,
    reason, changed_s, changed_by, forgiven)
VALUES (:tenant, :channel, :distribution, :version, :rings, :opened_s, :soaked, :state, :reason,
    :changed_s, :changed_by, :forgiven)
ON CONFLICT (tenant, channel, distribution, version) DO UPDATE SET rings = excluded.rings,
    opened_s = excluded.opened_s, soaked = excluded.soaked, state = excluded.state,
    reason = excluded.reason, changed_s = excluded.changed_s, changed_by = excluded.changed_by,
    forgiven = excluded.forgiven

-- name: releases
SELECT channel, distribution, version, rings, opened_s, soaked, state, reason, changed_s, changed_by,
    forgiven
FROM staged_release WHERE tenant = :tenant ORDER BY channel, distribution, version

-- name: put_holding
INSERT INTO holding (tenant, distribution, version, base, digest, received_s)
VALUES (:tenant, :distribution, :version, :base, :digest, :received_s) ON CONFLICT DO NOTHING

-- name: holdings
SELECT distribution, version, base, digest, received_s FROM holding
WHERE tenant = :tenant ORDER BY distribution, version, base

-- name: drop_holding
DELETE FROM holding WHERE tenant = :tenant AND distribution = :distribution AND version = :version
    AND base = :base

-- name: put_transfer
INSERT INTO transfer (tenant, digest, distribution, version, length, durable)
VALUES (:tenant, :digest, :distribution, :version, :length, :durable)
ON CONFLICT (tenant, digest) DO UPDATE SET durable = MAX(durable, excluded.durable)

-- name: transfers
SELECT digest, distribution, version, length, durable FROM transfer WHERE tenant = :tenant
ORDER BY distribution, version

-- name: drop_transfer
DELETE FROM transfer WHERE tenant = :tenant AND digest = :digest

-- name: put_known_manifest
INSERT INTO known_manifest (tenant, distribution, version, digest)
VALUES (:tenant, :distribution, :version, :digest)
ON CONFLICT (tenant, distribution, version) DO UPDATE SET digest = excluded.digest

-- name: known_manifest
SELECT digest FROM known_manifest
WHERE tenant = :tenant AND distribution = :distribution AND version = :version

-- name: known_manifests
SELECT distribution, version, digest FROM known_manifest WHERE tenant = :tenant

-- name: drop_known_manifests
DELETE FROM known_manifest
WHERE tenant = :tenant AND distribution = :distribution AND version < :version

-- name: add_distribution_notice
INSERT INTO distribution_notice (tenant, at_s, level, what, about, text, told, tries, due_s)
SELECT :tenant, :at_s, :level, :what, :about, :text, 0, 0, :at_s
WHERE NOT EXISTS (SELECT 1 FROM distribution_notice WHERE tenant = :tenant AND what = :what
    AND about = :about AND text = :text AND at_s > :since_s)

-- name: due_distribution_notices
SELECT id, at_s, level, what, about, text, told, tries FROM distribution_notice
WHERE tenant = :tenant AND due_s <= :now_s ORDER BY id LIMIT :many

-- name: told_distribution_notice
UPDATE distribution_notice SET told = 1 WHERE id = :id

-- name: post_distribution_notice
UPDATE distribution_notice SET due_s = :due_s, tries = tries + 1 WHERE id = :id

-- name: newest_distribution_notices
SELECT id, at_s, level, what, about, text FROM distribution_notice
WHERE tenant = :tenant ORDER BY id DESC LIMIT :many

-- name: count_distribution_notices
SELECT level, what, COUNT(*) FROM distribution_notice WHERE tenant = :tenant GROUP BY level, what

-- name: drop_old_distribution_notices
DELETE FROM distribution_notice WHERE tenant = :tenant AND at_s < :before_s

-- name: count_receivers
SELECT state, COUNT(*) FROM receiver AS r WHERE tenant = :tenant AND version = (
    SELECT MAX(number) FROM version AS v
    WHERE v.tenant = r.tenant AND v.distribution = r.distribution)
GROUP BY state

-- name: extracted_behind
SELECT MAX(newest - extracted) FROM (
    SELECT MAX(CASE WHEN state = 'extracted' THEN version ELSE 0 END) AS extracted,
        MAX(version) AS newest
    FROM receiver WHERE tenant = :tenant AND state <> 'unsubscribed'
    GROUP BY distribution, subscriber)

-- name: count_passages
SELECT COUNT(*), COALESCE(SUM(octets), 0) FROM passage WHERE tenant = :tenant AND what = :what
