-- name: add_timer
INSERT INTO timer (tenant, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s)
VALUES (:tenant, :entry, :task, :position, :line, :name, :text, :schedule, :signal,
    :activated_s, :anchor_s, :cursor_s, :next_due_s)

-- name: standing_timers
SELECT id, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s, begun_s, ended_s, taken_out_s
FROM timer WHERE tenant = :tenant AND taken_out_s IS NULL ORDER BY position, task

-- name: due_timers
SELECT id, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s, begun_s, ended_s, taken_out_s
FROM timer
WHERE tenant = :tenant AND task = :task AND taken_out_s IS NULL
    AND next_due_s IS NOT NULL AND next_due_s <= :now_s
ORDER BY next_due_s LIMIT :many

-- name: next_due
SELECT MIN(next_due_s) FROM timer
WHERE tenant = :tenant AND task = :task AND taken_out_s IS NULL AND next_due_s IS NOT NULL

-- name: standing_timer
SELECT id, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s, begun_s, ended_s, taken_out_s
FROM timer WHERE tenant = :tenant AND entry = :entry AND task = :task AND taken_out_s IS NULL

-- name: timers_that_stood
SELECT id, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s, begun_s, ended_s, taken_out_s
FROM timer WHERE tenant = :tenant AND (taken_out_s IS NULL OR taken_out_s > :since_s) ORDER BY id

-- name: timer_by_id
SELECT id, entry, task, position, line, name, text, schedule, signal,
    activated_s, anchor_s, cursor_s, next_due_s, begun_s, ended_s, taken_out_s
FROM timer WHERE tenant = :tenant AND id = :id

-- name: advance_timer
UPDATE timer SET cursor_s = :cursor_s, next_due_s = :next_due_s WHERE id = :id

-- name: timer_begun
UPDATE timer SET begun_s = :begun_s, ended_s = NULL WHERE id = :id

-- name: timer_ended
UPDATE timer SET ended_s = :ended_s WHERE id = :id AND begun_s IS NOT NULL AND ended_s IS NULL

-- name: take_out_timer
UPDATE timer SET taken_out_s = :at_s, next_due_s = NULL WHERE id = :id

-- name: move_timer
UPDATE timer SET position = :position, line = :line, text = :text WHERE id = :id

-- name: reschedule_timer
UPDATE timer SET schedule = :schedule, next_due_s = :next_due_s WHERE id = :id

-- name: ask_all_timers
UPDATE timer SET next_due_s = :at_s WHERE tenant = :tenant AND taken_out_s IS NULL

-- name: listening_until
SELECT MAX(cursor_s) FROM timer WHERE tenant = :tenant AND signal = :name AND taken_out_s IS NULL

-- name: add_signal
INSERT INTO signal (tenant, name, at_s) VALUES (:tenant, :name, :at_s) ON CONFLICT DO NOTHING

-- name: wake_listeners
UPDATE timer SET next_due_s = MIN(COALESCE(next_due_s, :at_s), :at_s)
WHERE tenant = :tenant AND signal = :name AND taken_out_s IS NULL

-- name: signals
SELECT at_s FROM signal WHERE tenant = :tenant AND name = :name AND at_s > :after_s ORDER BY at_s

-- name: drop_old_signals
DELETE FROM signal WHERE tenant = :tenant AND at_s < :before_s

-- name: add_firing
INSERT INTO firing (tenant, timer, entry, task, kind, due_s, first_due_s, count, at_least, state,
    reason, decided_s, started_s, ended_s, attempts, worker, status, detail, output, output_octets)
VALUES (:tenant, :timer, :entry, :task, :kind, :due_s, :first_due_s, :count, :at_least, :state,
    :reason, :decided_s, :started_s, :ended_s, :attempts, :worker, NULL, :detail, X'', 0)
ON CONFLICT (tenant, entry, task, due_s) WHERE kind = 'run' DO NOTHING
RETURNING id

-- name: settle_firing
UPDATE firing SET state = :state, reason = COALESCE(NULLIF(:reason, ''), reason),
    ended_s = :ended_s, status = :status,
    detail = :detail, output = :output, output_octets = :output_octets
WHERE id = :id AND state = 'started' AND attempts = :attempts

-- name: begin_again
UPDATE firing SET attempts = attempts + 1, started_s = :started_s, worker = :worker
WHERE id = :id AND state = 'started' AND attempts = :attempts

-- name: open_firings
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE tenant = :tenant AND task = :task AND state IN ('asked', 'started')
    AND state = :state ORDER BY id

-- name: begin_asked
UPDATE firing SET state = 'started', started_s = :started_s, attempts = 1, worker = :worker
WHERE id = :id AND state = 'asked'

-- name: refuse_asked
UPDATE firing SET state = 'failed', reason = :reason, ended_s = :at_s
WHERE tenant = :tenant AND task = :task AND state = 'asked' AND decided_s < :at_s

-- name: firing_by_id
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE tenant = :tenant AND id = :id

-- name: firings_of
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE timer = :timer ORDER BY id DESC LIMIT :many

-- name: firings_between
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE tenant = :tenant AND decided_s >= :start_s AND decided_s < :end_s ORDER BY id

-- name: firings_about
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE timer = :timer AND first_due_s <= :end_s AND due_s >= :start_s
ORDER BY id DESC LIMIT :many

-- name: runs_between
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, X'', output_octets
FROM firing WHERE tenant = :tenant AND decided_s >= :start_s AND decided_s < :end_s
    AND kind <> 'skip' AND started_s IS NOT NULL ORDER BY id

-- name: firing_counts
SELECT state, reason, COUNT(*), SUM(CASE WHEN kind = 'skip' THEN count ELSE 1 END)
FROM firing WHERE tenant = :tenant AND decided_s >= :start_s AND decided_s < :end_s
GROUP BY state, reason ORDER BY state, reason

-- name: last_firings
SELECT id, timer, entry, task, kind, due_s, first_due_s, count, at_least, state, reason, decided_s,
    started_s, ended_s, attempts, worker, status, detail, output, output_octets
FROM firing WHERE tenant = :tenant ORDER BY id DESC LIMIT :many

-- name: drop_old_wishes
DELETE FROM wish WHERE tenant = :tenant AND made_s < :before_s

-- name: drop_old_firings
DELETE FROM firing WHERE tenant = :tenant AND decided_s < :before_s AND state <> 'started'
    AND id NOT IN (SELECT firing FROM wish)
    AND id NOT IN (SELECT MAX(id) FROM firing GROUP BY timer HAVING timer IN
        (SELECT id FROM timer WHERE tenant = :tenant AND (taken_out_s IS NULL OR taken_out_s >= :before_s)))

-- name: drop_old_timers
DELETE FROM timer WHERE tenant = :tenant AND taken_out_s < :before_s
    AND NOT EXISTS (SELECT 1 FROM firing WHERE firing.timer = timer.id)

-- name: add_worker
INSERT INTO worker (tenant, task, node, process, started_s, seen_s)
VALUES (:tenant, :task, :node, :process, :at_s, :at_s) RETURNING id

-- name: worker_seen
UPDATE worker SET seen_s = MAX(seen_s, :at_s) WHERE id = :id

-- name: worker_stopped
UPDATE worker SET seen_s = MAX(seen_s, :at_s), stopped_s = :at_s WHERE id = :id

-- name: last_worker
SELECT id, task, node, process, started_s, seen_s, stopped_s FROM worker
WHERE tenant = :tenant AND task = :task ORDER BY id DESC LIMIT 1

-- name: worker_before
SELECT id, task, node, process, started_s, seen_s, stopped_s FROM worker
WHERE tenant = :tenant AND task = :task AND id < :id ORDER BY id DESC LIMIT 1

-- name: workers_since
SELECT id, task, node, process, started_s, seen_s, stopped_s FROM worker
WHERE tenant = :tenant AND seen_s >= :since_s ORDER BY id

-- name: drop_old_workers
DELETE FROM worker WHERE tenant = :tenant AND seen_s < :before_s

-- name: add_control_file
INSERT INTO control_file (tenant, path, digest, content, lists, activated_s)
VALUES (:tenant, :path, :digest, :content, :lists, :activated_s)

-- name: newest_control_file
SELECT id, path, digest, content, lists, activated_s FROM control_file
WHERE tenant = :tenant ORDER BY id DESC LIMIT 1

-- name: set_variable
INSERT INTO variable (tenant, name, value, set_s) VALUES (:tenant, :name, :value, :set_s)
ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value, set_s = excluded.set_s

-- name: variables
SELECT name, value FROM variable WHERE tenant = :tenant ORDER BY name

-- name: add_wish
INSERT INTO wish (firing, tenant, keyword, text, made_s, until_s, state)
VALUES (:firing, :tenant, :keyword, :text, :made_s, :until_s, :state)
